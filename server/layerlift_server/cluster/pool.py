"""A place in a Ray cluster: found, called, given up. The one file that imports Ray.

Law: runs in the bridge's process alone (Ray ends its driver's process when the cluster goes). Sends nothing home: Ray's
usage report is switched off before it is imported. Ray has no authentication and unpickles what its computers say: a
private network is its only protection (docs/scale-out.md).
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from layerlift.errors import LayerliftError
from layerlift_server.cluster.place import Place

_REACH = 5.0
"""Seconds to find out whether anything listens at the cluster's address; Ray itself would try for 40."""
_FULL = 5.0
"""Seconds without room before the cluster is called full: what Ray says of its resources is a second old."""
_SLOW = 30.0
"""The same where there was room: a place that is just starting (a cold Python, a busy computer) has taken it."""
_NOT_INSTALLED = ("ModuleNotFoundError", "ImportError")
"""What Ray's long report has in it when a computer cannot import the place."""


class Unreachable(LayerliftError):
    """There is no cluster there, no Ray here, or no Layerlift there."""

    code = "engine-unavailable"


class Full(Exception):
    """No computer of the cluster is free."""


class Gone(Exception):
    """The place is not there any more: its process or its computer has ended."""


class Pool:
    """A connection to the cluster at `address` ("HOST:PORT", or "auto": the one that this computer belongs to)."""

    def __init__(self, address: str) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # the coming default; else a warning
        self._ray: Any = _ray()
        _reach(address)
        try:
            self._ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)
        except Exception as failure:  # Ray raises whatever its layers raise
            raise Unreachable(
                f"The Ray cluster at {address} cannot be joined ({_short(failure)}).", "See docs/scale-out.md."
            ) from failure

    def resources(self) -> dict[str, float]:
        """What the whole cluster has: "GPU", "CPU", …"""
        return dict(self._ray.cluster_resources())

    def places(self) -> int:
        """For how many workers there is room: one for each GPU, else one for each computer that has a processor."""
        if gpus := int(self.resources().get("GPU", 0)):
            return gpus
        alive = [node for node in self._ray.nodes() if node["Alive"]]
        return sum(node["Resources"].get("CPU", 0) >= 1 for node in alive)

    def find(self, waiting: Callable[[], None] = lambda: None) -> Any:
        """A new place on a free computer, as a handle for `call`; `waiting` is called while there is none. Raises Full,
        Gone."""
        need = "GPU" if self.resources().get("GPU", 0) else "CPU"
        options: dict[str, Any] = {"num_gpus": 1, "num_cpus": 0} if need == "GPU" else {"num_cpus": 1}
        maker = self._ray.remote(Place).options(
            max_concurrency=8, max_restarts=0, max_task_retries=0, scheduling_strategy="SPREAD", **options
        )
        place = maker.remote()
        answer = place.about.remote()
        room, since = self._room(need), time.monotonic()
        while not self._ray.wait([answer], timeout=0.5)[0]:
            if self._room(need):
                room, since = True, time.monotonic()
            if time.monotonic() - since > (_SLOW if room else _FULL):
                self._ray.kill(place)
                raise Full
            waiting()
        return place

    def call(self, place: Any, method: str, *arguments: Any) -> Any:
        """Call a method of a place and wait. Raises Gone, Unreachable; an OSError of the method's passes through."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(getattr(place, method).remote(*arguments))
        except errors.RayTaskError as failure:
            raise (failure.cause if isinstance(failure.cause, OSError | EOFError) else Gone(_short(failure))) from None
        except errors.RayError as failure:
            if any(words in str(failure) for words in _NOT_INSTALLED):
                raise Unreachable(
                    "A computer of the cluster cannot load Layerlift.", "Install the same version everywhere."
                ) from failure
            raise Gone(_short(failure)) from failure

    def give_up(self, place: Any) -> None:
        """Let a place go, its files deleted."""
        try:
            self._ray.get(place.close.remote(), timeout=_REACH)
        finally:
            self._ray.kill(place)

    def _room(self, need: str) -> bool:
        """Whether one more place would find what it needs now."""
        return bool(self._ray.available_resources().get(need, 0) >= 1)


def _ray() -> Any:
    if find_spec("ray") is None:
        raise Unreachable("Ray is not installed here.", "Install it: pip install 'layerlift[cluster]'.")
    import ray
    import ray.exceptions

    return ray


def _reach(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not port.isdigit() or not host:
        if address == "auto":
            return
        raise Unreachable(f"“{address}” is no cluster's address.", "Give HOST:PORT, as `ray start --head` prints it.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACH).close()
    except OSError as error:
        raise Unreachable(
            f"No Ray cluster answers at {address} ({error.strerror or error}).",
            "Start it (`ray start --head`), or correct the address.",
        ) from error


def _short(failure: BaseException) -> str:
    return f"{type(failure).__name__}: {failure}".splitlines()[0][:200]
