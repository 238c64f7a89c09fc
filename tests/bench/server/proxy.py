"""A wire that can be cut: a TCP proxy before the server, which clients find by a runtime file of its own.

Law: passes bytes and understands none of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import threading
from pathlib import Path

from layerlift.wire.runtime import ServerFile


class Proxy:
    """In a thread of its own. `aim` it at a server, `cut` a random connection or all of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: list[asyncio.StreamWriter] = []
        self._target: ServerFile | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def aim(self, server: ServerFile) -> None:
        """Pass on to `server` from now on, and say its token under our own address."""
        self._target = server
        self._folder.mkdir(mode=0o700, exist_ok=True)
        ours = ServerFile(self.port, os.getpid(), server.token, server.protocol, server.version)
        beside = self._folder / "new"
        beside.write_text(ours.text)
        beside.replace(self._folder / ours.name)

    def cut(self, choose: random.Random) -> bool:
        """Break off one connection; False if there is none."""
        lines = [line for line in self._lines if not line.is_closing()]
        if not lines:
            return False
        self._loop.call_soon_threadsafe(choose.choice(lines).transport.abort)
        return True

    async def _live(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._pass, "127.0.0.1", 0, limit=1 << 20)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        for line in self._lines:
            line.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.append(writer)
        other = None
        with contextlib.suppress(OSError):
            assert self._target is not None
            onward, other = await asyncio.open_connection("127.0.0.1", self._target.port, limit=1 << 20)
            await asyncio.wait(
                [asyncio.ensure_future(_copy(*way)) for way in ((reader, other), (onward, writer))],
                return_when=asyncio.FIRST_COMPLETED,
            )
        self._lines.remove(writer)
        for end in (writer, other):
            if end is not None:
                end.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 18):
            writer.write(data)
            await writer.drain()
