"""The child process that stands where the worker next door would: the same pipe, but the work is done in a cluster.

Law: knows the pipe, the pool and the carriage; no queue, no pixels beyond their files. When the pipe ends (the server
is gone or wants nothing more) the process ends at once, and Ray ends the place with it. When the place ends, the
process ends, too: what that costs is decided where it always is, in `jobs.dispatch`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from layerlift import __version__
from layerlift.errors import Cancelled, LayerliftError
from layerlift.wire.values import Problem
from layerlift_server.cluster import carriage
from layerlift_server.worker import entry, failures, messages

Call = Callable[..., Any]
"""`call(method, *arguments)`: see `carriage`."""
_WAITING = "Waiting for a computer of the cluster"
_CANCELLED = Problem("cancelled", Cancelled().sentence, "", True)


class Bridge:
    """One slot's way to one place. `leave` ends this process; `share`: use files where they lie where the place sees
    them."""

    def __init__(self, pipe: Connection, *, leave: Callable[[int], Any] = os._exit, share: bool = True) -> None:
        self._pipe, self._leave, self._share = pipe, leave, share
        self._speaking, self._there = threading.Lock(), threading.Event()
        self._call: Call | None = None
        self._close: Callable[[], None] = lambda: None
        self._over = False
        self._orders: list[messages.Operate] = []
        self._unwanted: set[str] = set()
        self._carried: dict[str, tuple[str, Path]] = {}
        self._new = threading.Semaphore(0)

    @property
    def over(self) -> bool:
        """Whether the server wants nothing more."""
        return self._over

    def start(self) -> None:
        """Hear the server's orders from here on."""
        threading.Thread(target=self._listen, name="layerlift-orders", daemon=True).start()

    def waiting(self) -> None:
        """Tell the job that waits already why nothing happens."""
        for order in self._orders[:1]:
            self.say(messages.Progress(order.run, _WAITING, 0.0))

    def cross(self, call: Call, close: Callable[[], None] = lambda: None) -> None:
        """Stand between the server and the place behind `call` until one of them ends; `close` gives the place up.
        Raises what `call` raises."""
        self._call, self._close = call, close
        self._there.set()
        threading.Thread(target=self._carry, name="layerlift-carriage", daemon=True).start()
        while not self._over:
            for data in call("hear"):
                self._pass(data)

    def say(self, event: messages.Event) -> None:
        """Tell the server."""
        self._send(messages.encode(event))

    def _send(self, data: bytes) -> None:
        with self._speaking:
            try:
                self._pipe.send_bytes(data)
            except OSError:  # the server is gone
                self._leave(0)

    def _listen(self) -> None:
        """Hear orders; a cancel overtakes files that are still on their way."""
        try:
            while True:
                self._heard(messages.decode(self._pipe.recv_bytes(messages.LONGEST)))
        except (EOFError, OSError, messages.Garbled):
            self._over = True
            with suppress(Exception):
                self._close()
            self._leave(0)
        except Exception:  # noqa: BLE001 (the place is gone, as whoever hears it finds out, too)
            self._leave(entry.PLACE_GONE)

    def _heard(self, said: messages.PipeMessage) -> None:
        if isinstance(said, messages.Quit):
            raise EOFError
        if isinstance(said, messages.Operate):
            self._orders.append(said)
            self._new.release()
            return
        if isinstance(said, messages.Cancel):
            self._unwanted.add(said.run)
            if self._call is None and self._withdrawn(said.run):
                self.say(messages.Failed(said.run, _CANCELLED))
        if self._call is not None and isinstance(said, messages.Cancel | messages.Rest):
            self._call("order", messages.encode(said))

    def _withdrawn(self, run: str) -> bool:
        """Whether that order waited and is taken back."""
        kept = [order for order in self._orders if order.run != run]
        kept, self._orders = self._orders, kept
        return len(kept) > len(self._orders) and self._new.acquire(blocking=False)

    def _carry(self) -> None:
        """Bring one order after the other to the place, files first."""
        assert self._call is not None
        while True:
            self._new.acquire()
            order = self._orders.pop(0)
            try:
                self._bring(self._call, order)
            except OSError as failure:
                self.say(messages.Failed(order.run, failures.problem(failure, order.engine), failures.trace(failure)))
            except Exception:  # noqa: BLE001 (the place is gone; whoever hears it finds out the same)
                return

    def _bring(self, call: Call, order: messages.Operate) -> None:
        here = Path(order.folder)
        if not (self._share and carriage.shared(call, here.parent)):
            there = carriage.send(call, order, lambda: order.run not in self._unwanted)
            self._carried[order.run] = (there.folder, here)
            order = there
        if order.run in self._unwanted:  # said again: the first time may have come before the service was there
            call("order", messages.encode(messages.Cancel(order.run)))
        call("order", messages.encode(order))

    def _pass(self, data: bytes) -> None:
        """An event to the server, after the files that it speaks of."""
        event = messages.decode(data)
        run = getattr(event, "run", "")
        there = self._carried.get(run)
        if isinstance(event, messages.Done | messages.Failed):
            self._unwanted.discard(run)
        if there is not None and self._call is not None:
            try:
                self._bring_back(self._call, event, *there)
            except (OSError, carriage.Lost) as failure:
                self._carried.pop(run, None)
                self._call("order", messages.encode(messages.Cancel(run)))
                self.say(messages.Failed(run, _problem(failure), failures.trace(failure)))
                return
        self._send(data)
        if isinstance(event, messages.Broken):
            self._leave(entry.BROKEN)

    def _bring_back(self, call: Call, event: messages.PipeMessage, there: str, here: Path) -> None:
        if isinstance(event, messages.Layer):
            carriage.fetch_layer(call, event, there, here)
        elif isinstance(event, messages.Done | messages.Failed):
            if isinstance(event, messages.Done):
                carriage.fetch_rest(call, there, here)
            del self._carried[event.run]
            call("forget", event.run)


def run(pipe: Connection, plan: entry.Plan) -> None:
    """Be a bridge until the pipe or the place ends; "ray:ADDRESS" is the plan's device."""
    sys.stdout = sys.stderr  # Ray prints what it notices
    bridge = Bridge(pipe, share=os.environ.get("LAYERLIFT_CLUSTER_FILES") != "carry")
    try:
        from layerlift_server.cluster import pool

        cluster = pool.Pool(plan.device.partition(":")[2])
    except LayerliftError as failure:
        _end(bridge, _told(failure), failure)
    except Exception as failure:  # noqa: BLE001 (a broken installation has many faces)
        _end(bridge, failures.broken(failure), failure)
    bridge.start()
    try:
        place = cluster.find(bridge.waiting)
        version = cluster.call(place, "about")[0]
        if version != __version__:
            _end(bridge, _other(version), None)
        cluster.call(place, "begin", plan.engines)
        bridge.cross(partial(cluster.call, place), partial(cluster.give_up, place))
    except pool.Unreachable as failure:
        _end(bridge, _told(failure), failure)
    except pool.Full:
        os._exit(entry.NO_PLACE)
    except pool.Gone:
        os._exit(0 if bridge.over else entry.PLACE_GONE)


def _end(bridge: Bridge, problem: Problem, failure: BaseException | None) -> None:
    bridge.say(messages.Broken(problem, "" if failure is None else failures.trace(failure)))
    os._exit(entry.BROKEN)


def _told(failure: LayerliftError) -> Problem:
    return Problem(failure.code, failure.sentence, failure.remedy, True)


def _other(version: str) -> Problem:
    sentence = f"The cluster's computers have Layerlift {version}, this one has {__version__}."
    return Problem("engine-unavailable", sentence, "Install the same version everywhere.")


def _problem(failure: Exception) -> Problem:
    if isinstance(failure, OSError):
        return failures.problem(failure, "cluster")
    return Problem("engine", f"The result did not come back from the cluster whole ({failure}).", "Try again.", True)
