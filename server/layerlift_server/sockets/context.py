"""What all sessions of one server share.

Law: holds, and finds one session for another; knows no socket and no message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from layerlift_server.jobs.port import Jobs, Owner
from layerlift_server.observe.counters import Counters
from layerlift_server.observe.logs import Log
from layerlift_server.security.authentication import Authenticator
from layerlift_server.security.devices import Devices
from layerlift_server.security.pairing import PairingCode

if TYPE_CHECKING:
    from layerlift_server.sockets.session import Session
    from layerlift_server.sockets.transfers import Transfers


@dataclass
class Context:
    """One server's belongings. `version` is what Welcome says of it."""

    jobs: Jobs
    authenticator: Authenticator
    devices: Devices
    code: PairingCode
    counters: Counters
    log: Log
    version: str
    closing: bool = False
    sessions: set[Session] = field(default_factory=set)
    uploading: dict[tuple[Owner, str], Transfers] = field(default_factory=dict)
    """Which connection writes an upload: after a cut the old one may not have noticed yet."""

    def sessions_of(self, owner: Owner) -> list[Session]:
        """The open sessions of one owner."""
        return [one for one in self.sessions if one.identity is not None and one.identity.owner == owner]
