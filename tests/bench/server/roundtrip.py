"""A document up and its layers down, the engine left out, beside bare TCP and beside PNG over HTTP, in one run.

    python -m tests.bench.server.roundtrip [--side 4096] [--runs 5]

Law: best of `--runs`, taken in turns; processor time counts both ends, and says more than wall time on a busy machine.
Every way brings the same pixels from array to arrays; all of them are compared.
Peak memory is that of the serving process alone, from its start to the end of the last transfer.
"""

from __future__ import annotations

import argparse
import math
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
from tests.bench.server import pnghttp, rawtcp
from tests.bench.server.pictures import photograph
from tests.bench.server.serving import Serving, memory, processor, table

from layerlift.client import Client
from layerlift.client.exchanges.pull import Pull
from layerlift.client.plans import done
from layerlift.client.stack import buffer
from layerlift.imaging.layer import Document
from layerlift.wire import masking
from layerlift.wire import messages as m

MIB = 1 << 20
NETWORK, PEERS = 2.5, 10.0
"""Goals: at most so many times bare TCP; at least so many times faster than PNG over HTTP."""


@dataclass
class Way:
    """One way to bring pixels up or down; `server` is the process at the other end. Keeps its best times."""

    name: str
    act: Callable[[], object]
    server: int
    wall: float = math.inf
    cpu: float = math.inf

    def take(self) -> None:
        others, own, begun = processor(self.server), time.process_time(), time.perf_counter()
        self.act()
        self.wall = min(self.wall, time.perf_counter() - begun)
        self.cpu = min(self.cpu, time.process_time() - own + processor(self.server) - others)


def pull_all(client: Client, job: str, layers: list[m.LayerReady], verify: bool) -> list[np.ndarray]:
    found = []
    for ready in layers:
        into = buffer(ready.layer)
        client._run(done(Pull(job, ready.layer.index, into.data, ready.layer.digest if verify else None)))
        found.append(into)
    return found


def tcp_down(line: socket.socket, sizes: list[int]) -> None:
    for size in sizes:
        rawtcp.down(line, np.empty(size, np.uint8).data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--png-runs", type=int, default=1)
    chosen = parser.parse_args()
    document = Document(photograph(chosen.side), "Photograph")
    hosts_own = patch("layerlift.client.conversation.masked", masking.masked)  # as in a host: no numpy there
    with Serving() as server, server.client() as client, hosts_own, server.client() as plain:
        before = memory(server.pid, "VmHWM")
        job = client.submit(client.upload(document), engine="boxes")
        layers = [event for event in client.watch(job) if isinstance(event, m.LayerReady)]
        sizes = [ready.layer.size for ready in layers]
        pixels = [layer.pixels for layer in client.layers(job)]
        with rawtcp.raw_tcp() as (line, raw), pnghttp.png_server(pixels) as (address, png):
            data = document.pixels.reshape(-1).data
            ways = [
                Way("tcp up", lambda: rawtcp.up(line, data), raw),
                Way("tcp down", lambda: tcp_down(line, sizes), raw),
                Way("up", lambda: client.upload(document), server.pid),
                Way("down", lambda: pull_all(client, job, layers, verify=False), server.pid),
                Way("plain up", lambda: plain.upload(document), server.pid),
                Way("plain down", lambda: pull_all(plain, job, layers, verify=False), server.pid),
                Way("checked", lambda: pull_all(client, job, layers, verify=True), server.pid),
            ]
            for _ in range(chosen.runs):  # in turns, so that a busy moment hits all
                for way in ways:
                    way.take()
            peak, own = memory(server.pid, "VmHWM"), memory(server.pid, "RssAnon")
            pngs = [
                Way(f"png {level} {what}", act, png)
                for level in (6, 1)
                for what, act in (
                    ("up", lambda level=level: pnghttp.up(address, document.pixels, level)),
                    ("down", lambda level=level: [pnghttp.down(address, i, level) for i in range(len(pixels))]),
                )
            ]
            for _ in range(chosen.png_runs):
                for way in pngs:
                    way.take()
        for index, got in enumerate(pull_all(client, job, layers, verify=True)):
            assert np.array_equal(got, pixels[index].reshape(-1)), index
    tcp_up, tcp_dn, up, down, plain_up, plain_down, checked = ways
    pairs = [
        ("bare TCP (stdlib)", tcp_up, tcp_dn),
        ("Layerlift", up, down),
        ("Layerlift, masked by the stdlib", plain_up, plain_down),
        ("Layerlift, digests verified", up, checked),
        ("PNG over HTTP (Pillow's default, 6)", *pngs[:2]),
        ("PNG over HTTP (level 1)", *pngs[2:]),
    ]
    size, below = document.pixels.nbytes, sum(sizes)
    base = tcp_up.wall + tcp_dn.wall, tcp_up.cpu + tcp_dn.cpu
    rows = [("way", "up s", "down s", "both s", "MB/s up", "MB/s down", "× TCP", "CPU s", "× TCP's CPU")]
    for name, one, two in pairs:
        wall, cpu = one.wall + two.wall, one.cpu + two.cpu
        rates = f"{size / one.wall / 1e6:.0f}", f"{below / two.wall / 1e6:.0f}"
        times = f"{wall / base[0]:.2f}", f"{cpu:.3f}", f"{cpu / base[1]:.2f}"
        rows.append((name, f"{one.wall:.3f}", f"{two.wall:.3f}", f"{wall:.3f}", *rates, *times))
    table(f"{chosen.side}² RGBA8 up ({size / MIB:.0f} MiB), {len(sizes)} layers down ({below / MIB:.0f} MiB)", rows)
    ours, limit = plain_up.wall + plain_down.wall, 1.5 * size / MIB + 64
    network = ours / base[0]
    peers = (pngs[2].wall + pngs[3].wall) / ours
    print(f"\n  bare TCP's time: × {network:.2f} (goal ≤ {NETWORK})")
    print(f"  faster than PNG over HTTP at its fastest: × {peers:.0f} (goal ≥ {PEERS:.0f})")
    print(
        f"  the server's peak memory: {peak:.0f} MiB (goal ≤ {limit:.0f}), {before:.0f} before, {own:.0f} its own after"
    )
    print(f"  {os.getloadavg()[0]:.1f} processes wanted to run on {os.cpu_count()} cores meanwhile")
    return 0 if network <= NETWORK and peers >= PEERS and peak <= limit else 1


if __name__ == "__main__":
    raise SystemExit(main())
