"""A real server for the benches: the product's own, in a process of its own, with `engines` in its worker.

    with Serving() as server: ...            # server.client(), server.pid, server.metrics()

Run as a module it is that process.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from layerlift.client import AsyncClient, Client, connect, connect_async
from layerlift.wire import runtime
from layerlift.wire.runtime import ServerFile

ROOT = Path(__file__).parents[3]


class Serving:
    """A server in a folder of its own (`folder`: keep it there, or take up what a killed one left)."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="layerlift-bench-"))
        self._keep = folder is not None
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Serving:
        os.environ.update(self._places())  # for the clients of this process
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if not self._keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> float:
        """Start it; returns the seconds until it could be connected to."""
        begun = time.perf_counter()
        log = (self.folder / "log").open("ab") if self.folder.exists() else subprocess.DEVNULL
        command, environment = [sys.executable, "-m", "tests.bench.server.serving"], {**os.environ, **self._places()}
        self.process = subprocess.Popen(command, cwd=ROOT, stderr=log, env=environment)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise SystemExit(f"The server ended: {(self.folder / 'log').read_text()[-2000:]}")
            if (found := self._found()) is not None:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", found.port), 1):
                    return time.perf_counter() - begun
            time.sleep(0.005)
        raise SystemExit("The server did not come up.")

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)

    def kill(self) -> None:
        """As a power cut or an impatient user does it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def file(self) -> ServerFile:
        found = self._found()
        assert found is not None
        return found

    def _found(self) -> ServerFile | None:
        return runtime.read(self.folder / "run" / f"server-{self.pid}.json")

    def _places(self) -> dict[str, str]:
        return {"LAYERLIFT_RUNTIME_DIR": str(self.folder / "run"), "LAYERLIFT_DATA_DIR": str(self.folder / "data")}

    def client(self) -> Client:
        return connect()

    async def async_client(self) -> AsyncClient:
        return await connect_async()

    def metrics(self) -> dict[str, float]:
        """The server's own figures."""
        asking = http.client.HTTPConnection("127.0.0.1", self.file.port, timeout=10)
        asking.request("GET", "/metrics", headers={"Authorization": f"Bearer {self.file.token}"})
        lines = asking.getresponse().read().decode().splitlines()
        asking.close()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}

    def workers(self) -> list[int]:
        """Its living child processes that compute (Linux)."""
        return [pid for pid in children(self.pid) if b"multiprocessing.spawn" in _read(pid, "cmdline")]


def children(pid: int) -> list[int]:
    """The direct children of a process, zombies too (Linux)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        words = _read(int(entry.name), "stat").rpartition(b")")[2].split()
        if len(words) > 1 and int(words[1]) == pid:
            found.append(int(entry.name))
    return found


def state(pid: int) -> str:
    """One letter, Z for a zombie; "" when it is gone (Linux)."""
    words = _read(pid, "stat").rpartition(b")")[2].split()
    return words[0].decode() if words else ""


def memory(pid: int, what: str = "VmRSS") -> float:
    """A process's memory in MiB: VmRSS now, VmHWM at its peak, RssAnon its own (Linux; 0 elsewhere)."""
    for line in _read(pid, "status").decode().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used, waiting not counted (Linux; 0 elsewhere)."""
    words = _read(pid, "stat").rpartition(b")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK") if len(words) > 12 else 0.0


def open_files(pid: int) -> int:
    """How many files a process holds open (Linux; 0 elsewhere)."""
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0


def _read(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""


def table(title: str, rows: list[tuple[str, ...]]) -> None:
    """Print rows in columns, the first one the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print(f"\n{title}")
    for row in rows:
        print(
            "  "
            + "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        )
    sys.stdout.flush()


def main() -> int:
    from layerlift_server.jobs.desk import Desk
    from layerlift_server.jobs.settings import JobSettings
    from layerlift_server.lifecycle import serve
    from layerlift_server.settings import Settings

    argparse.ArgumentParser().parse_args()
    settings = Settings.from_environment()
    computing = _measure_callbacks()
    code = serve(settings, jobs=lambda own: Desk(own.data, JobSettings(engines="tests.bench.server.engines")))
    ranked = sorted(computing)
    shares = [ranked[min(len(ranked) - 1, int(share * len(ranked)))] for share in (0.5, 0.99, 1.0)]
    (settings.data.parent / "callbacks.json").write_text(json.dumps(shares))
    return code


def _measure_callbacks() -> collections.deque[float]:
    """Processor seconds of each callback of this process's event loops from here on, the last 100 000 of them."""
    taken: collections.deque[float] = collections.deque(maxlen=100_000)
    run = asyncio.Handle._run

    def measured(handle: asyncio.Handle) -> None:
        begun = time.thread_time()
        run(handle)
        taken.append(time.thread_time() - begun)

    asyncio.Handle._run = measured
    return taken


if __name__ == "__main__":
    sys.exit(main())
