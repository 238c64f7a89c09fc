"""How long the server keeps others waiting while it works: a job computes, a client moves 256 MB, a third one asks.

    python -m tests.bench.server.lag [--seconds 30]

Law: lag is measured inside the serving process (how much later than asked its timers fire, ten times a second), and
seen from outside as the time of a small question. Beside it, in the same seconds, the same timer in a process whose
loop has nothing to do: what the machine itself keeps waiting. On a busy machine that is most of it, so the serving loop
also says how long its callbacks compute (their processor time): what it does to others by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import threading
import time
from multiprocessing.connection import Connection

import numpy as np
from tests.bench.server.pictures import photograph
from tests.bench.server.serving import Serving, table

from layerlift.client import Client
from layerlift.imaging.layer import Document
from layerlift.wire import messages as m
from layerlift_server.observe.loop_lag import LoopLag

GOAL = 0.020
BYTES = 256_000_000


def _idle(pipe: Connection) -> None:
    """A loop with nothing to do but to measure itself."""

    async def live() -> None:
        lag = LoopLag()
        measuring = asyncio.ensure_future(lag.measure())
        await asyncio.to_thread(pipe.recv)
        measuring.cancel()
        pipe.send([lag.lag(share) for share in (0.5, 0.99, 1.0)])

    asyncio.run(live())


def _transfer(client: Client, document: Document, stop: threading.Event, moved: list[int]) -> None:
    """Up and down, again and again."""
    with client:
        job = client.submit(client.upload(document), engine="boxes", params={"layers": 4}, detached=True)
        while not stop.is_set():
            moved.append(document.pixels.nbytes)
            client.upload(document)
            for layer in client.layers(job, verify=False):
                moved.append(layer.pixels.nbytes)
                if stop.is_set():
                    return


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    chosen = parser.parse_args()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    with Serving() as server, server.client() as asking:
        document = Document(photograph(4096), "Large")
        small = Document(photograph(512), "Small")
        moved: list[int] = []
        stop = threading.Event()
        moving = threading.Thread(target=_transfer, args=(server.client(), document, stop, moved))
        moving.start()
        while len(moved) < 2:  # its job has been computed: from here on it only moves bytes
            time.sleep(0.05)
        idle = multiprocessing.get_context("spawn").Process(target=_idle, args=(theirs,), daemon=True)
        idle.start()
        burning = asking.submit(
            asking.upload(small), engine="burn", params={"what": str(chosen.seconds)}, detached=True
        )
        for event in asking.watch(burning):
            if isinstance(event, m.Started):
                break
        before, begun, seen = sum(moved), time.monotonic(), []
        while time.monotonic() - begun < chosen.seconds:
            asked = time.perf_counter()
            asking.devices()
            seen.append(time.perf_counter() - asked)
            time.sleep(0.05)
        bytes_moved = sum(moved) - before
        figures = server.metrics()
        stop.set()
        asking.cancel(burning)
        moving.join()
        ours.send("enough")
        bare = ours.recv()
        idle.join()
        server.stop()
        computing = json.loads((server.folder / "callbacks.json").read_text())
    inside = [figures[f"layerlift_loop_lag_{name}_seconds"] for name in ("p50", "p99", "worst")]
    outside = [float(np.quantile(seen, share)) for share in (0.5, 0.99, 1.0)]
    rows: list[tuple[str, ...]] = [("lag in ms", "median", "p99", "worst")]
    for name, lags in (
        ("a loop with nothing to do, beside it", bare),
        ("the serving loop, from inside", inside),
        ("a small question, from outside", outside),
        ("one callback's own computing", computing),
    ):
        rows.append((name, *(f"{lag * 1000:.1f}" for lag in lags)))
    table(f"A job computes for {chosen.seconds:.0f} s while another client moves {bytes_moved / 1e6:.0f} MB", rows)
    print(f"\n  p99 {inside[1] * 1000:.1f} ms (goal < {GOAL * 1000:.0f}), enough moved: {bytes_moved >= BYTES}")
    print(f"  {os.getloadavg()[0]:.1f} processes wanted to run on {os.cpu_count()} cores meanwhile")
    return 0 if inside[1] < GOAL and bytes_moved >= BYTES else 1


if __name__ == "__main__":
    raise SystemExit(main())
