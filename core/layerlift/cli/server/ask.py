"""What the server commands have in common: connect as the command line, find the thing that was meant, say when it was.

Law: small questions to a Client; prints nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TypeVar

from layerlift import __version__
from layerlift.client import Client, connect
from layerlift.errors import RequestError
from layerlift.wire.values import ClientInfo, Device, JobInfo

Thing = TypeVar("Thing", JobInfo, Device)
SHORT = 8
"""How much of an id is shown: enough to tell a day's jobs apart."""


def connected(address: str | None, *, start: bool = False) -> Client:
    """The server at `address`; None or "": the one that runs here. Raises NoServer, ServerError."""
    return connect(address or None, start=start, who=who())


def who() -> ClientInfo:
    """How servers list us."""
    return ClientInfo("layerlift", __version__, "command line")


def meant(typed: str, things: Sequence[Thing], what: str, command: str) -> Thing:
    """The one of `things` whose name is `typed` or whose id begins with it. Raises RequestError."""
    found = [each for each in things if _id(each).startswith(typed.lower())] or [
        each for each in things if each.name == typed
    ]
    if not found:
        raise RequestError(f"There is no {what} “{typed}”.", f"See: {command}")
    if len(found) > 1:
        raise RequestError(f"“{typed}” could be {len(found)} {what}s.", "Type more of its id.")
    return found[0]


def ago(then: float) -> str:
    """ "3 min ago"."""
    seconds = max(0, time.time() - then)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return "just now"


def _id(thing: JobInfo | Device) -> str:
    return thing.job if isinstance(thing, JobInfo) else thing.device
