"""The real `layerlift serve`, as a process of its own with a home of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from server.talk import Talker

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds for a server to come up or to go."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """A server that can be stopped and started again at the same port, with the same data."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> Served:
        """Start it and wait until it can be found."""
        environment = {
            **os.environ,
            "LAYERLIFT_DATA_DIR": str(self.home / "data"),
            "LAYERLIFT_RUNTIME_DIR": str(self.home / "run"),
            "OMP_NUM_THREADS": "1",
        }
        with (self.home / "log").open("ab") as log:
            command = [sys.executable, "-m", "layerlift", "serve", "--port", str(self.port)]
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while not self._card():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)
        return self

    def stop(self, *, kill: bool = False) -> None:
        """End it and wait until it has gone; `kill`: without a word of farewell."""
        if self.process is None:
            return
        if kill:
            self.process.kill()
        else:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
        self.process = None

    def link(self) -> str:
        """A link to the page that works once."""
        card = self._card()
        headers = {"Authorization": f"Bearer {card['token']}"}
        request = urllib.request.Request(f"{self.address}link", method="POST", headers=headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return str(json.load(answer)["url"])

    def talk(self, say: Callable[[Talker, str], Coroutine[Any, Any, T]]) -> T:
        """What `say(talker, token)` gives: another client's conversation, in a thread of its own (this one's is taken:
        Playwright's loop runs in it)."""

        async def conversation() -> T:
            async with Talker(self.port) as talker:
                return await say(talker, str(self._card()["token"]))

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, conversation()).result(PATIENCE)

    def log(self) -> str:
        """What it said."""
        return (self.home / "log").read_text(encoding="utf-8", errors="replace")

    def _card(self) -> dict[str, Any]:
        pid = self.process.pid if self.process else 0
        path = self.home / "run" / f"server-{pid}.json"
        found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return found
