"""For how many workers a cluster has room, asked in a process of its own so that the server never joins it.

Law: stdlib in the serving process; the child imports Ray.
"""

from __future__ import annotations

import multiprocessing
from contextlib import suppress
from multiprocessing.connection import Connection

from layerlift.errors import LayerliftError
from layerlift_server.worker import entry

_PATIENCE = 60.0


class NoCluster(LayerliftError):
    """The cluster cannot be used."""

    code = "no-cluster"
    retryable = True


def devices(address: str, workers: int | None = None) -> tuple[str, ...]:
    """The device of each worker in the cluster at `address`: so many, or as many as it has room for now, at least one.
    Raises NoCluster."""
    room = count(address)
    return (f"{entry.CLUSTER}{address}",) * max(1, room if workers is None else workers)


def count(address: str) -> int:
    """How many GPUs the cluster has, or computers if there are none. Raises NoCluster."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe(duplex=False)
    child = spawn.Process(target=_count, args=(theirs, address), name="layerlift-places", daemon=True)
    child.start()
    theirs.close()
    try:
        answer = ours.recv() if ours.poll(_PATIENCE) else ("The cluster does not answer.", "See docs/scale-out.md.")
    except EOFError:
        answer = ("Ray ended while it joined the cluster.", "See docs/scale-out.md.")
    finally:
        child.kill()
        child.join()
        child.close()
        ours.close()
    if isinstance(answer, int):
        return answer
    raise NoCluster(*answer)


def _count(pipe: Connection, address: str) -> None:
    from layerlift_server.cluster import pool

    try:
        pipe.send(pool.Pool(address).places())
    except LayerliftError as failure:
        with suppress(OSError):
            pipe.send((failure.sentence, failure.remedy))
