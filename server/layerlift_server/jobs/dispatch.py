"""Work and workers brought together: who waits, who runs, what becomes of a run whose worker dies.

Law: knows the queue, the slots and the tracker; no socket, no SQL. A run ends in one of six ways: done, failed (the
engine explained it), out of memory or crashed (begun once more on a new worker, then failed), given up (nothing was
heard of it for too long; a second time would be no better), cancelled.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable

from layerlift.errors import Cancelled
from layerlift.wire.values import EngineOffer, Problem
from layerlift_server.jobs import crashes, refusals
from layerlift_server.jobs.queue import FairQueue
from layerlift_server.jobs.results import Results
from layerlift_server.jobs.settings import JobSettings
from layerlift_server.jobs.slot import NEVER_STARTED, Run, Slot
from layerlift_server.jobs.store import Job
from layerlift_server.jobs.tracker import Tracker
from layerlift_server.jobs.uploads import Uploads
from layerlift_server.worker import entry, manifest, messages

_LOG = logging.getLogger("layerlift_server.jobs")
_CANCELLED = Problem("cancelled", Cancelled().sentence, "", True)
_ONCE_MORE = "Beginning once more."
_ASLEEP = 60.0
"""Seconds between two ticks after which the whole computer has slept, and no engine is to blame for its silence."""


class Dispatch:
    """The queue, the slots and what goes on between them. `told` receives what a worker says of its engines."""

    def __init__(
        self,
        book: Tracker,
        uploads: Uploads,
        results: Results,
        settings: JobSettings,
        told: Callable[[tuple[EngineOffer, ...]], None],
    ) -> None:
        self._tracker, self._uploads, self._results, self._settings = book, uploads, results, settings
        self._told = told
        self._queue = FairQueue()
        self._stopping = False
        self._ticked = settings.steady()
        self._idle = asyncio.Event()
        self._idle.set()
        self.slots = [
            Slot(entry.Plan(settings.engines, device), self._on_event, self._on_end, settings.steady)
            for device in settings.devices
        ]

    def start(self, waiting: Iterable[Job], *, eagerly: bool) -> None:
        """Take in what waited; `eagerly`: have workers before there is work."""
        for row in waiting:
            self._queue.put(row.job, _lane(row))
        if eagerly:
            self.awake()
        self.pump()

    def awake(self) -> None:
        """Have workers, also without work."""
        for slot in self.slots:
            slot.start()

    def add(self, row: Job) -> None:
        """One more job waits."""
        self._queue.put(row.job, _lane(row))
        self.pump()

    def pump(self) -> None:
        """Begin what can be begun, and tell the others where they stand."""
        for slot in sorted(self.slots, key=lambda slot: not slot.occupied):  # whoever has its engines loaded, first
            while slot.free and not self._stopping and (job := self._queue.next()) is not None:
                self._begin(slot, job)
        self._tracker.announce_positions(self._queue.order())
        if any(slot.run is not None for slot in self.slots):
            self._idle.clear()
        else:
            self._idle.set()

    def cancel(self, job: str) -> None:
        """Stop it, or see to it that it stops soon."""
        if self._queue.remove(job):
            self._cancelled(job)
            self.pump()
        elif (slot := self._at(job)) is not None:
            slot.cancel()

    def abandon(self, job: str) -> None:
        """It is being dropped: nobody will hear its end."""
        if self._queue.remove(job):
            self.pump()
        elif (slot := self._at(job)) is not None and slot.run is not None:
            slot.cancel()
            slot.run.job = ""

    def tick(self) -> None:
        """Look at the deadlines: deaf engines, silent ones, idle workers."""
        now = self._settings.steady()
        deaf, asleep = now - self._settings.cancel_grace, now - self._ticked
        self._ticked = now
        for slot in self.slots:
            run = slot.run
            if run is not None and asleep > _ASLEEP:
                run.heard += asleep
            if run is not None and run.cancelled is not None and run.cancelled <= deaf:
                _LOG.warning("job %s does not hear its cancel: its worker is replaced", run.job)
                slot.kill()
            elif run is not None and run.cancelled is None:
                self._notice(slot, run, now - run.heard)
            slot.idle(self._settings.rest_after, self._settings.exit_after)
        if len(self._queue):
            self.pump()  # a slot may be free again whose cluster was full

    async def stop(self, grace: float) -> None:
        """Begin nothing more; what runs may end within `grace` seconds, else it waits again. Reaps all workers."""
        self._stopping = True
        try:
            await asyncio.wait_for(self._idle.wait(), max(grace, 0.001))
        except (asyncio.TimeoutError, TimeoutError):
            for slot in self.slots:
                self._interrupt(slot)
        await asyncio.gather(*(slot.close() for slot in self.slots))

    def figures(self) -> dict[str, float]:
        """Who waits and works."""
        return {
            "queued": len(self._queue),
            "running": sum(slot.run is not None for slot in self.slots),
            "workers": sum(slot.occupied for slot in self.slots),
            "worker_restarts_total": sum(slot.lost for slot in self.slots),
        }

    def _begin(self, slot: Slot, job: str) -> None:
        row = self._tracker.row(job)
        assert row is not None  # only jobs of the book wait
        upload = None if row.upload is None else self._uploads.find(row.upload)
        if row.upload is not None and upload is None:
            self._tracker.fail(job, "interrupted", refusals.unknown_upload().problem)
            return
        folder = f"{job}.{secrets.token_hex(4)}"
        row = self._tracker.start(job, folder)
        order = messages.Operate(
            run=folder,
            operation=row.operation,
            engine=row.engine,
            folder=str(self._results.path(folder)),
            params=row.params,
            upload=None if upload is None else str(upload.path),
            document=None if upload is None else upload.row.document,
            source=str(self._results.path(row.source)) if row.source else None,
        )
        slot.run_order(folder, job, order)

    def _notice(self, slot: Slot, run: Run, silent: float) -> None:
        """Say that nothing is heard of a run, and at last give it up."""
        if silent >= self._settings.give_up_after:
            if not run.hung:
                _LOG.warning("job %s has said nothing for %.0f s: its worker is replaced", run.job, silent)
            run.hung = True
            slot.kill()
        elif silent >= self._settings.silent_after:
            self._tracker.silent(run.job, int(silent // 60))

    def _on_event(self, slot: Slot, event: messages.PipeMessage) -> None:
        if isinstance(event, messages.Hello):
            self._told(event.offers)
            return
        run = slot.run
        if run is None or getattr(event, "run", None) != run.name:
            return
        if isinstance(event, messages.Progress):
            self._tracker.progress(run.job, event.stage, event.fraction, event.eta)
        elif isinstance(event, messages.Preview):
            self._tracker.preview(run.job, event.width, event.height, event.png)
        elif isinstance(event, messages.Layer):
            self._tracker.layer(run.job, event.layer)
        elif isinstance(event, messages.Done):
            slot.finished()
            self._done(run)
            self.pump()
        elif isinstance(event, messages.Failed):
            self._failed(slot, run, event)
            self.pump()

    def _done(self, run: Run) -> None:
        row = self._tracker.row(run.job)
        if row is None:  # dropped meanwhile
            self._results.discard(run.name)
            return
        try:
            self._tracker.finish(run.job)
        except manifest.Damaged as damage:
            _LOG.error("job %s: %s", run.job, damage)
            self._give_up(run, refusals.damaged().problem)
        else:
            if row.upload is not None:
                self._uploads.touch(row.upload)

    def _failed(self, slot: Slot, run: Run, event: messages.Failed) -> None:
        if event.trace:
            _LOG.error("job %s failed (%s):\n%s", run.job, event.problem.code, event.trace)
        if event.problem.code == "out-of-memory":
            slot.retire()
            self._once_more(run, event.problem)
            return
        slot.finished()
        if event.problem.code == "cancelled":
            self._cancelled(run.job, run.name)
        else:
            self._give_up(run, event.problem)

    def _on_end(self, slot: Slot, run: Run | None, code: int) -> None:
        if run is not None:
            if run.cancelled is not None:
                self._cancelled(run.job, run.name)
            elif run.hung:
                self._give_up(run, crashes.hung(self._settings.give_up_after))
            elif slot.broken is not None:
                self._give_up(run, slot.broken)
            elif code == entry.NO_PLACE:
                self._put_back(run)
            else:
                run.delivered |= code == NEVER_STARTED
                self._once_more(run, crashes.explain(code, run.kills))
        self.pump()
        if slot.missed and self._settings.prestart and not self._stopping:
            slot.start()

    def _once_more(self, run: Run, problem: Problem) -> None:
        """Let the job wait before all others, unless this was its last attempt."""
        self._results.discard(run.name)
        row = self._tracker.row(run.job)
        if row is None:
            return
        if run.delivered and row.attempt >= self._settings.attempts:
            self._give_up(run, _again(problem, row.attempt))
            return
        self._tracker.requeue(run.job, f"{problem.sentence} {_ONCE_MORE}", counted=run.delivered)
        self._queue.put(run.job, _lane(row), first=True)

    def _put_back(self, run: Run) -> None:
        """It was never begun: let it wait before all others."""
        if (row := self._tracker.row(run.job)) is not None:
            self._tracker.requeue(run.job, None, counted=False)
            self._queue.put(run.job, _lane(row), first=True)

    def _interrupt(self, slot: Slot) -> None:
        """The server goes: what runs here waits for the next one."""
        run = slot.run
        if run is None:
            return
        slot.retire()
        slot.kill()
        self._results.discard(run.name)
        if self._tracker.row(run.job) is not None:
            if run.cancelled is not None:
                self._cancelled(run.job)
            else:
                self._tracker.requeue(run.job, None, counted=False)

    def _give_up(self, run: Run, problem: Problem) -> None:
        self._results.discard(run.name)
        if self._tracker.row(run.job) is not None:
            self._tracker.fail(run.job, "failed", problem)

    def _cancelled(self, job: str, folder: str = "") -> None:
        self._results.discard(folder)
        if self._tracker.row(job) is not None:
            self._tracker.fail(job, "cancelled", _CANCELLED)

    def _at(self, job: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.run is not None and slot.run.job == job), None)


def _lane(row: Job) -> tuple[str, str]:
    return row.owner, row.client


def _again(problem: Problem, attempts: int) -> Problem:
    sentence = f"{problem.sentence} It was tried {attempts} times." if attempts > 1 else problem.sentence
    return Problem(problem.code, sentence, problem.remedy, problem.retryable)
