"""Speak with a Layerlift server: `connect` to it, `decompose` there, or watch, fetch, cancel and keep its jobs.

>>> from layerlift.client import connect
>>> with connect(start=True) as client:                  # doctest: +SKIP
...     stack = client.decompose("poster.png")

Floor: knows the wire, imaging and the errors; no engine, no file format, no server's code. One sans-IO room (exchanges,
plans, conversation and what they need) and two thin shells with the same verbs, `sync` and `asyncio`, which differ only
in how they wait. `connect_async` is asyncio's `connect`.
"""

from __future__ import annotations

from layerlift.client.asyncio.client import AsyncClient
from layerlift.client.asyncio.client import connect as connect_async
from layerlift.client.errors import ConnectionLost, NoServer, ServerError, Untrusted
from layerlift.client.sync.client import Client, connect

__all__ = [
    "AsyncClient",
    "Client",
    "ConnectionLost",
    "NoServer",
    "ServerError",
    "Untrusted",
    "connect",
    "connect_async",
]
