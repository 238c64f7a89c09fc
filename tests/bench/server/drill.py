"""The fault drill: workers killed, connections cut and the server itself killed, at random, while jobs run.

    python -m tests.bench.server.drill [--faults 200] [--pace 1.5] [--seed N] [--folder DIR]

Law: every job that was ever submitted is accounted for: it ends as done, cancelled, failed or interrupted, with a
reason where it is not done; every result that was said to be done can be fetched and is its own document's; afterwards
there is no zombie, no orphan, no open or left-over file. With `--folder` a drill that was stopped goes on.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import random
import shutil
import signal
import tempfile
import threading
import time
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from tests.bench.server.proxy import Proxy
from tests.bench.server.serving import Serving, children, open_files, state, table

from layerlift.client import Client, ConnectionLost, NoServer, ServerError, connect
from layerlift.errors import LayerliftError
from layerlift.imaging.layer import Document, LayerStack
from layerlift.inspection import compare
from layerlift.wire.values import ClientInfo

CLIENTS = 4
PATIENCE = 90.0
"""Seconds after which a job without an end counts as stuck."""


@dataclass
class Ledger:
    """All that happened; saved after every fault, so that a drill can go on."""

    seed: int
    faults: dict[str, int] = field(default_factory=lambda: {"worker": 0, "cut": 0, "server": 0})
    ends: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    kept: dict[str, int] = field(default_factory=dict)  # finished jobs and the seed of their documents
    reasons: dict[str, int] = field(default_factory=dict)


def document(seed: int) -> Document:
    """Some 1.2 to 5 MB of noise that no other job has."""
    random_ = np.random.default_rng(seed)
    height, width = int(random_.integers(500, 1000)), int(random_.integers(600, 1250))
    pixels = random_.integers(0, 256, (height, width, 4), np.uint8)
    pixels[..., 3] = 255
    return Document(pixels, f"drill {seed}")


class Customer(threading.Thread):
    """A client that orders one job after the other and follows each to its end, whatever happens in between."""

    def __init__(self, number: int, ledger: Ledger, lock: threading.Lock, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._who = ClientInfo(f"customer {number}", "1", "drill")
        self._random = random.Random(f"{ledger.seed} {number} {sum(ledger.ends.values())}")
        self._ledger, self._lock, self._enough = ledger, lock, stop

    def run(self) -> None:
        while not self._enough.is_set():
            seed, job = self._random.randrange(1 << 40), str(uuid.UUID(int=self._random.getrandbits(128), version=4))
            until, end = time.monotonic() + PATIENCE, ""
            while not end and time.monotonic() < until:
                try:
                    with connect(who=self._who) as client:
                        end = self._follow(client, job, seed)
                except (ConnectionLost, NoServer):
                    time.sleep(0.1)  # the server is being started again
                except ServerError as failure:
                    if not failure.retryable:
                        end = f"refused: {failure.code}"
            with self._lock:
                self._count(job, seed, end or "stuck")

    def _follow(self, client: Client, job: str, seed: int) -> str:
        """Order the job, or take it up again; returns how it ended."""
        mine = {info.job for info in client.jobs() if info.job == job}
        if not mine:
            engine, what = self._random.choice([("steps", "0.4"), ("steps", "1.0"), ("boxes", ""), ("burn", "0.5")])
            params = {"what": what, "layers": 3} if what else {"layers": 3}
            client.submit(client.upload(document(seed)), engine=engine, params=params, job=job, detached=True)
            if self._random.random() < 0.1:
                client.cancel(job)
        try:
            stack = client.result(job)
        except LayerliftError as failure:
            if failure.code in ("connection-lost", "no-server"):
                raise
            with self._lock:
                reason = f"{failure.code}: {failure.sentence}"
                self._ledger.reasons[reason] = self._ledger.reasons.get(reason, 0) + 1
            (info,) = [info for info in client.jobs() if info.job == job] or [None]
            return info.state if info is not None else f"gone ({failure.code})"
        return "done" if right(stack, seed) else "crossed"

    def _count(self, job: str, seed: int, end: str) -> None:
        self._ledger.ends[end] = self._ledger.ends.get(end, 0) + 1
        if end == "done":
            self._ledger.kept[job] = seed
        elif end not in ("cancelled", "failed", "interrupted"):
            self._ledger.wrong.append(f"{job}: {end}")


def right(stack: LayerStack, seed: int) -> bool:
    mine = document(seed)
    return stack.extent == mine.extent and compare(stack, mine).maximum <= 1


class Drill:
    def __init__(self, folder: Path, faults: int, pace: float, seed: int) -> None:
        self._saved = folder / "ledger.json"
        known = json.loads(self._saved.read_text()) if self._saved.exists() else {"seed": seed}
        self.ledger, self._faults, self._pace = Ledger(**known), faults, pace
        self._lock, self._enough = threading.Lock(), threading.Event()
        done = sum(self.ledger.faults.values())
        self._random = random.Random(f"{self.ledger.seed} {done}")
        self._orphans: list[int] = []
        self.restarts: list[float] = []

    def save(self) -> None:
        with self._lock:
            self._saved.write_text(json.dumps(asdict(self.ledger)))

    def run(self, server: Serving, proxy: Proxy) -> None:
        customers = [Customer(number, self.ledger, self._lock, self._enough) for number in range(CLIENTS)]
        for customer in customers:
            customer.start()
        while sum(self.ledger.faults.values()) < self._faults:
            time.sleep(self._random.uniform(0.05, 2 * self._pace))
            kind = self._random.choices(("worker", "cut", "server"), (4, 4, 2))[0]
            if getattr(self, f"_{kind}")(server, proxy):
                self.ledger.faults[kind] += 1
                self.save()
        self._enough.set()
        for customer in customers:
            customer.join(2 * PATIENCE)
        self.save()

    def _worker(self, server: Serving, proxy: Proxy) -> bool:
        workers = server.workers()
        if workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._random.choice(workers), signal.SIGKILL)
        return bool(workers)

    def _cut(self, server: Serving, proxy: Proxy) -> bool:
        return proxy.cut(self._random)

    def _server(self, server: Serving, proxy: Proxy) -> bool:
        self._orphans += children(server.pid)
        server.kill()
        self.restarts.append(server.start())
        proxy.aim(server.file)
        return True

    def after(self, server: Serving) -> list[tuple[str, str]]:
        """What is left when everything has ended: (what, nothing but good)."""
        lost = self._fetch_all()
        zombies = _wait_gone([pid for pid in children(server.pid) if state(pid) == "Z"])
        orphans = _wait_gone(self._orphans)
        until = time.monotonic() + 10
        while (trash := _files(server.folder / "data" / "trash")) and time.monotonic() < until:
            time.sleep(0.1)  # what is dropped is deleted in the background
        files = _files(server.folder / "data")
        results = [p for p in files if "results" in p.parts] + trash
        parts = [p for p in files if p.suffix in (".part", ".tmp")]
        return [
            ("results fetched again at the end", f"{len(self.ledger.kept) - len(lost)} of {len(self.ledger.kept)}"),
            ("results lost", str(len(lost))),
            ("zombies", str(len(zombies))),
            ("orphaned workers", str(len(orphans))),
            ("files of dropped results", str(len(results))),
            ("half-written files", str(len(parts))),
            ("open files of the server", str(open_files(server.pid))),
        ]

    def _fetch_all(self) -> list[str]:
        lost = []
        with connect() as client:
            for job, seed in self.ledger.kept.items():
                try:
                    if not right(client.result(job), seed):
                        lost.append(job)
                except LayerliftError as failure:
                    lost.append(f"{job}: {failure}")
            for info in client.jobs():
                with contextlib.suppress(ServerError):
                    client.drop(info.job)
            while left := client.jobs():
                for info in left:
                    client.drop(info.job)
        return lost


def _files(folder: Path) -> list[Path]:
    """Every file below; what vanishes meanwhile is gone."""
    return [Path(place) / name for place, _, names in os.walk(folder) for name in names]


def _wait_gone(pids: list[int]) -> list[int]:
    until = time.monotonic() + 10
    while (left := [pid for pid in pids if state(pid)]) and time.monotonic() < until:
        time.sleep(0.1)
    return left


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--pace", type=float, default=1.5, help="seconds from fault to fault, on average")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--folder", type=Path, default=None)
    chosen = parser.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="layerlift-drill-"))
    folder.mkdir(parents=True, exist_ok=True)
    drill = Drill(
        folder, chosen.faults, chosen.pace, chosen.seed if chosen.seed is not None else random.randrange(1 << 32)
    )
    print(f"seed {drill.ledger.seed}; to go on: --folder {folder}", flush=True)
    with Serving(folder) as server, Proxy(folder / "proxy") as proxy:
        proxy.aim(server.file)
        with server.client() as client:
            client.decompose(document(1), engine="boxes")
        before = open_files(server.pid)
        os.environ["LAYERLIFT_RUNTIME_DIR"] = str(folder / "proxy")  # where clients look from here on
        drill.run(server, proxy)
        left = drill.after(server)
    ledger = drill.ledger
    rows: list[tuple[str, ...]] = [("faults", *ledger.faults), ("", *(str(n) for n in ledger.faults.values()))]
    table(f"{sum(ledger.faults.values())} faults, seed {ledger.seed}", rows)
    ends = collections.Counter(ledger.ends)
    table(f"{sum(ends.values())} jobs", [("end", *ends), ("jobs", *(str(n) for n in ends.values()))])
    table("Reasons of those that are not done", [("reason", "jobs"), *((r, str(n)) for r, n in ledger.reasons.items())])
    table("Afterwards", [("what", "found"), *left, ("open files of the first server, idle", str(before))])
    if drill.restarts:
        print(f"\n  server up again after kill -9 in {max(drill.restarts):.2f} s at most")
    for wrong in ledger.wrong:
        print(f"  WRONG {wrong}")
    bad = [what for what, found in left[1:6] if found != "0"]
    if not chosen.folder:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if bad or ledger.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
