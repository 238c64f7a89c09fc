"""The ways in which a server fails, and what each of them means for the job and for the server.

Law: values only. A `Trouble` never reaches the user as it is: the pool tries elsewhere first, then says it in one
sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What went wrong."""

    UNREACHABLE = "unreachable"
    """No connection: nothing listens, no such name, the certificate is not trusted."""
    DROPPED = "dropped"
    """The connection ended before the answer did."""
    SLOW = "slow"
    """No answer within the time that a job may take."""
    BUSY = "busy"
    """429 or 503: it says that it cannot now."""
    BROKEN = "broken"
    """Another 5xx."""
    GARBAGE = "garbage"
    """An answer that is none: no JSON, no pictures, too many, too large."""
    REFUSED = "refused"
    """4xx: it does not want this request, and will not want it again."""
    KEY = "key"
    """401 or 403: it wants another key."""


LASTING = frozenset({Kind.REFUSED, Kind.KEY})
"""Trying the same server again cannot help; another may be different."""
BLAMED = frozenset({Kind.UNREACHABLE, Kind.DROPPED, Kind.SLOW, Kind.BROKEN, Kind.GARBAGE})
"""Something is wrong with the server, not with the request: it is avoided for a while."""


@dataclass(eq=False)
class Trouble(Exception):
    """One failure of one server; `what` says it in a few words, `after`: seconds until it wants to be asked again."""

    kind: Kind
    what: str
    after: float | None = None

    def __str__(self) -> str:
        return self.what
