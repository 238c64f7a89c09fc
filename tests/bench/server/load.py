"""Many clients at once, each with small pictures of its own, for a minute.

    python -m tests.bench.server.load [--clients 50] [--seconds 60]

Law: every job is counted from its submission to its end, and every result is composited and compared with its own
picture, so that one that was lost or given to the wrong client cannot go unnoticed. Memory is the serving process's and
the worker's, each second.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from dataclasses import dataclass, field

import numpy as np
from tests.bench.server.serving import Serving, memory, open_files, table

from layerlift.client import connect_async
from layerlift.errors import LayerliftError
from layerlift.imaging.layer import Document
from layerlift.inspection import compare
from layerlift.wire.values import ClientInfo


@dataclass
class Tally:
    submitted: int = 0
    done: int = 0
    crossed: int = 0
    failed: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def picture(client: int, turn: int) -> Document:
    """Nobody else's: noise of this client and turn over a colour of the client's own."""
    random = np.random.default_rng(client * 100_003 + turn)
    pixels = random.integers(0, 60, (96, 128, 4), np.uint8) + np.uint8(client * 3 % 190)
    pixels[..., 3] = 255
    return Document(pixels, f"{client}-{turn}")


async def one(number: int, until: float, tally: Tally) -> None:
    """A client's minute."""
    client = await connect_async(who=ClientInfo(f"client {number}", "1", "bench"))
    async with client:
        turn = 0
        while time.monotonic() < until:
            document, begun, turn = picture(number, turn), time.perf_counter(), turn + 1
            tally.submitted += 1
            try:
                stack = await client.decompose(document, engine="boxes", layers=3)
            except LayerliftError as failure:
                tally.failed.append(f"{failure.code}: {failure}")
                continue
            tally.seconds.append(time.perf_counter() - begun)
            tally.done += 1
            if stack.name != document.name or compare(stack, document).maximum > 1:
                tally.crossed += 1


async def watch_memory(server: Serving, until: float, samples: list[tuple[float, float]]) -> None:
    while time.monotonic() < until:
        workers = server.workers()
        samples.append((memory(server.pid), memory(workers[0]) if workers else 0.0))
        await asyncio.sleep(1.0)


async def load(server: Serving, clients: int, seconds: float) -> tuple[Tally, list[tuple[float, float]]]:
    tally, samples = Tally(), []
    until = time.monotonic() + seconds
    await asyncio.gather(
        watch_memory(server, until, samples), *(one(number, until, tally) for number in range(clients))
    )
    return tally, samples


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    chosen = parser.parse_args()
    with Serving() as server:
        with server.client() as client:
            client.decompose(picture(999, 0), engine="boxes")  # the worker is up
        files = open_files(server.pid)
        tally, samples = asyncio.run(load(server, chosen.clients, chosen.seconds))
        with server.client() as client:
            left = [job for job in client.jobs() if job.state in ("queued", "running")]
        files_after = open_files(server.pid)
    third = max(1, len(samples) // 3)
    early, late = (np.mean(part, axis=0) for part in (samples[third : 2 * third] or samples, samples[2 * third :]))
    rows: list[tuple[str, ...]] = [
        ("jobs", "submitted", "done", "failed", "crossed", "unfinished", "median s", "p99 s", "jobs/s"),
        (
            f"{chosen.clients} clients",
            *(str(number) for number in (tally.submitted, tally.done, len(tally.failed), tally.crossed, len(left))),
            f"{np.median(tally.seconds):.2f}",
            f"{np.quantile(tally.seconds, 0.99):.2f}",
            f"{tally.done / chosen.seconds:.1f}",
        ),
    ]
    table(f"{chosen.clients} clients for {chosen.seconds:.0f} s", rows)
    memories: list[tuple[str, ...]] = [("memory in MiB", "at first", "second third", "last third", "at most")]
    for index, name in enumerate(("serving process", "worker")):
        series = [sample[index] for sample in samples]
        memories.append((name, *(f"{x:.0f}" for x in (series[0], early[index], late[index], max(series)))))
    table("Memory", memories)
    flat = bool(late[0] < 1.05 * early[0] + 4)
    print(f"\n  none lost: {tally.done == tally.submitted}; none crossed: {tally.crossed == 0}; memory flat: {flat}")
    print(f"  open files of the server: {files} before, {files_after} after")
    print(f"  {os.getloadavg()[0]:.1f} processes wanted to run on {os.cpu_count()} cores meanwhile")
    for failure in sorted(set(tally.failed))[:5]:
        print(f"  failed: {failure}")
    return 0 if tally.done == tally.submitted and not tally.crossed and flat and not left else 1


if __name__ == "__main__":
    raise SystemExit(main())
