"""Speak with a Layerlift server: `connect` to it, `decompose`, `edit`, `inpaint` … there, or watch, fetch, cancel and
keep its jobs.

>>> from layerlift.client import connect
>>> with connect(start=True) as client:                  # doctest: +SKIP
...     stack = client.decompose("poster.png")

Floor: knows the wire, imaging and the errors; no engine, no file format, no server's code. One sans-IO room (exchanges,
plans, conversation and what they need) and two thin shells with the same verbs, `sync` and `asyncio`, which differ only
in how they wait. `connect_async` is asyncio's `connect`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerlift.client.asyncio.client import AsyncClient as AsyncClient
    from layerlift.client.asyncio.client import connect as connect_async  # noqa: F401 (in `_HOME`, like the others)
    from layerlift.client.errors import ConnectionLost as ConnectionLost
    from layerlift.client.errors import NoServer as NoServer
    from layerlift.client.errors import ServerError as ServerError
    from layerlift.client.errors import Untrusted as Untrusted
    from layerlift.client.sync.client import Client as Client
    from layerlift.client.sync.client import connect as connect
    from layerlift.wire.params import Drawing as Drawing

_HOME = {
    "AsyncClient": ("asyncio.client", "AsyncClient"),
    "Client": ("sync.client", "Client"),
    "ConnectionLost": ("errors", "ConnectionLost"),
    "Drawing": ("orders", "Drawing"),
    "NoServer": ("errors", "NoServer"),
    "ServerError": ("errors", "ServerError"),
    "Untrusted": ("errors", "Untrusted"),
    "connect": ("sync.client", "connect"),
    "connect_async": ("asyncio.client", "connect"),
}
__all__ = list(_HOME)


def __getattr__(name: str) -> object:
    """Load a public name at its first use (PEP 562): who only starts a server need not load numpy."""
    if name not in _HOME:
        raise AttributeError(f"module 'layerlift.client' has no attribute {name!r}")
    module, attribute = _HOME[name]
    value = getattr(import_module(f"layerlift.client.{module}"), attribute)
    globals()[name] = value
    return value
