"""A place for one worker: started when it is needed, replaced when it dies, sent home when it idles.

Law: knows one worker and the run it is at; no queue, no rows. Whoever owns the slot gets its events and its ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from layerlift.wire.values import Problem
from layerlift_server.jobs.crashes import out_of_memory_kills
from layerlift_server.worker import entry, messages
from layerlift_server.worker.process import Worker

_LOG = logging.getLogger("layerlift_server.jobs")
NEVER_STARTED = 127
"""The exit code of a process that could not even be made."""
_FULL = 15.0
"""Seconds until a slot tries again whose worker found no computer of its cluster free."""
_STILLBORN = 3
"""So many workers in a row that end before their first word: the installation is broken, and only a job is a reason to
try again."""


@dataclass
class Run:
    """One attempt at one job: `name` is unique; `job` is "" once nobody wants it any more; `cancelled`: since when it
    should stop (steady clock); `heard`: when its worker last said anything (the same clock); `hung`: it was given up;
    `kills`: see `crashes`."""

    name: str
    job: str
    order: messages.Operate | messages.Export
    kills: int | None
    heard: float
    delivered: bool = False
    cancelled: float | None = None
    hung: bool = False


class Slot:
    """One worker at most, one run at most.

    `on_event(slot, event)`: what the worker says; `on_end(slot, run, code)`: it ended, with the run that this cost
    (None: it was at none). `lost` counts the ends that nobody wanted; `missed`: the last one was such, and another
    worker can be hoped to do better (not one of several in a row that did not come as far as to say hello); `broken`:
    why the engines could not be loaded.
    """

    def __init__(
        self,
        plan: entry.Plan,
        on_event: Callable[[Slot, messages.PipeMessage], None],
        on_end: Callable[[Slot, Run | None, int], None],
        steady: Callable[[], float],
    ) -> None:
        self.plan = plan
        self.run: Run | None = None
        self.lost = 0
        self.missed = False
        self.broken: Problem | None = None
        self._stillborn = 0
        self._on_event, self._on_end, self._steady = on_event, on_end, steady
        self._worker: Worker | None = None
        self._starting: asyncio.Task[None] | None = None
        self._leaving = self._dismissed = self._rested = False
        self._idle_since = self._full_until = steady()

    @property
    def free(self) -> bool:
        """Whether a run can be begun here."""
        return self.run is None and not self._leaving and self._steady() >= self._full_until

    @property
    def occupied(self) -> bool:
        """Whether there is a worker."""
        return self._worker is not None

    @property
    def pid(self) -> int | None:
        """Its worker's process id."""
        return None if self._worker is None else self._worker.pid

    def run_order(self, name: str, job: str, order: messages.Operate | messages.Export) -> None:
        """Give the order, to a new worker if there is none."""
        self.run = Run(name, job, order, out_of_memory_kills(), self._steady())
        self._rested = False
        if self._worker is None:
            self.start()
        elif self._starting is None:
            self._deliver(self._worker, self.run)

    def start(self) -> None:
        """Have a worker, if there is none."""
        if self._worker is None:
            self.broken = None
            worker = Worker(self.plan, self._on_worker_event, self._on_worker_end)
            self._worker = worker
            self._starting = asyncio.create_task(self._start(worker))

    def cancel(self) -> None:
        """Ask the run to stop."""
        if self.run is not None and self.run.cancelled is None:
            self.run.cancelled = self._steady()
            if self._worker is not None and self.run.delivered:
                self._worker.order(messages.Cancel(self.run.name))

    def finished(self) -> None:
        """The run is over; the worker stays."""
        self.run = None
        self._idle_since = self._steady()

    def retire(self) -> None:
        """The run is over and the worker is going: wait for its end before the next one."""
        self.run = None
        self._leaving = True

    def kill(self) -> None:
        """End the worker now; `ended` will tell."""
        if self._worker is not None:
            self._worker.kill()

    def idle(self, rest_after: float, exit_after: float) -> None:
        """Let an idle worker rest, then end."""
        if self._worker is None or not self.free or self._starting is not None:
            return
        idle = self._steady() - self._idle_since
        if idle >= exit_after:
            self.dismiss()
        elif idle >= rest_after and not self._rested:
            self._rested = self._worker.order(messages.Rest())

    def dismiss(self) -> None:
        """Let the worker go; it is not missed."""
        if self._worker is not None:
            self._leaving = self._dismissed = True
            if not self._worker.order(messages.Quit()):
                self._worker.kill()

    async def close(self) -> None:
        """End the worker and wait until it is reaped."""
        if self._starting is not None:
            await asyncio.wait([self._starting])
        worker = self._worker
        if worker is not None:
            self._leaving = self._dismissed = True
            worker.order(messages.Quit())
            try:
                await asyncio.wait_for(worker.over(), 2.0)
            except (asyncio.TimeoutError, TimeoutError):
                worker.kill()
                await worker.over()

    async def _start(self, worker: Worker) -> None:
        try:
            await worker.start()
        except OSError as error:
            _LOG.error("a worker cannot be started: %s", error)
            self._starting = None
            self._on_worker_end(NEVER_STARTED)
            return
        self._starting = None
        _LOG.info("worker %s started on %s", worker.pid, self.plan.device)
        if self.run is not None:
            self._deliver(worker, self.run)

    def _deliver(self, worker: Worker, run: Run) -> None:
        """Give the order; if the worker has just died, its end will be told and the run is not to blame."""
        run.delivered = worker.order(run.order)
        if run.delivered and run.cancelled is not None:
            worker.order(messages.Cancel(run.name))

    def _on_worker_event(self, event: messages.PipeMessage) -> None:
        if self.run is not None:
            self.run.heard = self._steady()
        if isinstance(event, messages.Hello):
            self._stillborn = -1
            self._idle_since = self._steady()
        elif isinstance(event, messages.Broken):
            self.broken = event.problem
            _LOG.error("a worker cannot load its engines:\n%s", event.trace)
        self._on_event(self, event)

    def _on_worker_end(self, code: int) -> None:
        run, wanted = self.run, self._dismissed or code == entry.NO_PLACE
        if code == entry.NO_PLACE:
            self._full_until = self._steady() + _FULL
        self._worker, self.run = None, None
        self._leaving = self._dismissed = self._rested = False
        self._stillborn += 1
        self.missed = not wanted and self.broken is None and self._stillborn < _STILLBORN
        if not wanted:
            self.lost += 1
            _LOG.warning("a worker ended with exit code %s while %s", code, f"at {run.job}" if run else "idle")
        self._on_end(self, run, code)
