"""A document up and its layers down, the engine left out, beside bare TCP and beside PNG over HTTP, in one run.

    python -m tests.bench.server.roundtrip [--side 4096] [--runs 5]

Law: best of `--runs`, taken in turns. Every way brings the same pixels from array to arrays; all of them are compared.
Peak memory is that of the serving process alone, from its start to the end of the last transfer.
"""

from __future__ import annotations

import argparse
import socket
import time
from collections.abc import Callable

import numpy as np

from layerlift.client import Client
from layerlift.client.exchanges.pull import Pull
from layerlift.client.plans import done
from layerlift.client.stack import buffer
from layerlift.imaging.layer import Document
from layerlift.wire import messages as m
from tests.bench.server import pnghttp, rawtcp
from tests.bench.server.pictures import photograph
from tests.bench.server.serving import Serving, memory, table

MIB = 1 << 20
NETWORK, PEERS = 2.5, 10.0
"""Goals: at most so many times bare TCP; at least so many times faster than PNG over HTTP."""


def best(runs: int, *ways: Callable[[], object]) -> list[float]:
    """Seconds of the fastest run of each way; they take turns, so that a busy moment hits all."""
    times = [[] for _ in ways]
    for _ in range(runs):
        for way, taken in zip(ways, times, strict=True):
            begun = time.perf_counter()
            way()
            taken.append(time.perf_counter() - begun)
    return [min(taken) for taken in times]


def pull_all(client: Client, job: str, layers: list[m.LayerReady], verify: bool) -> list[np.ndarray]:
    found = []
    for ready in layers:
        into = buffer(ready.layer)
        client._run(done(Pull(job, ready.layer.index, into.data, ready.layer.digest if verify else None)))
        found.append(into)
    return found


def tcp_up_and_down(line: socket.socket, document: np.ndarray, sizes: list[int]) -> list[Callable[[], None]]:
    data = document.reshape(-1).data
    into = [np.empty(size, np.uint8) for size in sizes]
    return [lambda: rawtcp.up(line, data), lambda: [rawtcp.down(line, each.data) for each in into] and None]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    document = Document(photograph(chosen.side), "Photograph")
    size = document.pixels.nbytes
    with Serving() as server, server.client() as client:
        idle = memory(server.pid, "VmHWM")
        job = client.submit(client.upload(document), engine="boxes")
        layers = [event for event in client.watch(job) if isinstance(event, m.LayerReady)]
        sizes = [ready.layer.size for ready in layers]
        pixels = [layer.pixels for layer in client.layers(job)]
        with rawtcp.raw_tcp() as line, pnghttp.png_server(pixels) as address:
            tcp_up, tcp_down = tcp_up_and_down(line, document.pixels, sizes)
            ways = [
                tcp_up,
                tcp_down,
                lambda: client.upload(document),
                lambda: pull_all(client, job, layers, verify=False),
                lambda: pull_all(client, job, layers, verify=True),
            ]
            raw_up, raw_down, up, down, checked = best(chosen.runs, *ways)
            peak, anonymous = memory(server.pid, "VmHWM"), memory(server.pid, "RssAnon")
            png = {}
            for level in (6, 1):
                png[level] = best(
                    min(2, chosen.runs),
                    lambda level=level: pnghttp.up(address, document.pixels, level),
                    lambda level=level: [pnghttp.down(address, index, level) for index in range(len(pixels))],
                )
        for index, data in enumerate(pull_all(client, job, layers, verify=True)):
            assert np.array_equal(data, pixels[index].reshape(-1)), index
    below = sum(sizes)
    rows: list[tuple[str, ...]] = [("way", "up s", "down s", "round trip s", "MB/s up", "MB/s down", "× bare TCP")]

    def row(name: str, up: float, down: float) -> None:
        rate = f"{size / up / 1e6:.0f}", f"{below / down / 1e6:.0f}", f"{(up + down) / (raw_up + raw_down):.2f}"
        rows.append((name, f"{up:.3f}", f"{down:.3f}", f"{up + down:.3f}", *rate))

    row("bare TCP (stdlib)", raw_up, raw_down)
    row("Layerlift", up, down)
    row("Layerlift, digests verified", up, checked)
    row("PNG over HTTP (Pillow's default)", *png[6])
    row("PNG over HTTP (level 1)", *png[1])
    ours = up + down
    table(f"{chosen.side}² RGBA8 up ({size / MIB:.0f} MiB), {len(sizes)} layers down ({below / MIB:.0f} MiB)", rows)
    limit = 1.5 * size / MIB + 64
    network, peers = ours / (raw_up + raw_down), sum(png[1]) / ours
    print(f"\n  times bare TCP: {network:.2f} (goal ≤ {NETWORK}; verified {(up + checked) / (raw_up + raw_down):.2f})")
    print(f"  faster than PNG over HTTP: {sum(png[6]) / ours:.0f}× (level 1: {peers:.0f}×; goal ≥ {PEERS:.0f})")
    print(f"  server's peak memory: {peak:.0f} MiB, of it {idle:.0f} before; own memory after {anonymous:.0f} MiB; goal ≤ {limit:.0f} MiB")
    return 0 if network <= NETWORK and peers >= PEERS and peak <= limit else 1


if __name__ == "__main__":
    raise SystemExit(main())
