"""What all sessions of one server share.

Law: holds, and finds one session for another; knows no socket and no message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from layerlift_server.figures.tally import Tally
from layerlift_server.jobs.port import Jobs, Owner
from layerlift_server.logs import Log
from layerlift_server.trust.devices import Devices
from layerlift_server.trust.doorkeeper import Doorkeeper
from layerlift_server.trust.pairing import PairingCode

if TYPE_CHECKING:
    from layerlift_server.conversation.session import Session
    from layerlift_server.conversation.transfers import Transfers


@dataclass
class House:
    """One server's belongings. `version` is what Welcome says of it."""

    jobs: Jobs
    doorkeeper: Doorkeeper
    devices: Devices
    code: PairingCode
    tally: Tally
    log: Log
    version: str
    closing: bool = False
    sessions: set[Session] = field(default_factory=set)
    uploading: dict[tuple[Owner, str], Transfers] = field(default_factory=dict)
    """Which connection writes an upload: after a cut the old one may not have noticed yet."""

    def sessions_of(self, owner: Owner) -> list[Session]:
        """The open sessions of one owner."""
        return [session for session in self.sessions if session.guest is not None and session.guest.owner == owner]
