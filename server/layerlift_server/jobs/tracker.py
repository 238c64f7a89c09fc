"""The book of jobs: each one's state, in memory and on disk at once, told to whoever listens.

Law: knows rows, results and listeners; no queue and no worker. Every change of a state goes through here: first the
disk, then memory, then the listeners.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal, cast

from layerlift.wire.limits import WORD
from layerlift.wire.messages import Done, Failed, LayerReady, Message, Preview, Queued, Started
from layerlift.wire.text import clipped
from layerlift.wire.values import JobInfo, LayerInfo, Problem
from layerlift_server.jobs import refusals
from layerlift_server.jobs.active import ActiveJob
from layerlift_server.jobs.port import LOCAL, Listener, Owner, Refusal
from layerlift_server.jobs.results import Results
from layerlift_server.jobs.settings import JobSettings
from layerlift_server.jobs.store import Job, Outcome, Store
from layerlift_server.worker import manifest

_LISTED = 100
_LOG = logging.getLogger("layerlift_server.jobs")


class Tracker:
    """All jobs."""

    def __init__(self, store: Store, results: Results, settings: JobSettings) -> None:
        self._store, self._results, self._settings = store, results, settings
        self._active: dict[str, ActiveJob] = {}
        self.ended = dict.fromkeys(("done", "failed", "cancelled", "interrupted"), 0)

    def add(self, job: Job, note: str | None = None) -> None:
        """Take in an unfinished job, new or from before a restart (then `note` says so)."""
        self._active[job.job] = ActiveJob(self._store.save(job), self._settings.steady(), notes=[note] if note else [])
        self._results.hold(job.source)

    def find(self, job: str, owner: Owner) -> Job:
        """The job, if this owner may know of it. Raises Refusal."""
        live = self._active.get(job)
        row = live.row if live is not None else self._store.job(job)
        if row is None or owner not in (LOCAL, row.owner):
            raise refusals.unknown_job()
        return row

    def any(self, job: str) -> Job | None:
        """The job that has this id, whoever's it is."""
        live = self._active.get(job)
        return live.row if live is not None else self._store.job(job)

    def row(self, job: str) -> Job | None:
        """An unfinished job's row; None when it has ended or was dropped meanwhile."""
        live = self._active.get(job)
        return None if live is None else live.row

    def unfinished(self) -> list[Job]:
        """All that wait or run."""
        return [live.row for live in self._active.values()]

    def unwatched(self) -> list[str]:
        """Jobs that need somebody's interest and have had nobody's for too long."""
        before = self._settings.steady() - self._settings.watch_grace
        return [
            job
            for job, live in self._active.items()
            if not live.row.detached and live.unwatched is not None and live.unwatched <= before
        ]

    def watch(self, job: str, owner: Owner, listener: Listener) -> Callable[[], None]:
        """Tell the whole state now and what comes. Raises Refusal."""
        row = self.find(job, owner)
        live = self._active.get(job)
        if live is None:
            for message in self._ended(row):
                listener(message)
            return lambda: None
        stop = live.listen(listener, self._settings.steady)
        for message in tuple(live.state()):
            listener(message)
        return stop

    def info(self, row: Job, owner: Owner) -> JobInfo:
        """The job as a list shows it."""
        live = self._active.get(row.job)
        outcome = row.outcome or Outcome(0, 0, 0, 0, 0)
        return JobInfo(
            job=row.job,
            name=row.name,
            client=row.client,
            operation=row.operation,
            engine=row.engine,
            state=row.state,
            created=row.created,
            mine=owner in (LOCAL, row.owner),
            position=None if live is None else live.position,
            stage="" if live is None else live.shown,
            fraction=float(row.state == "done") if live is None else live.fraction,
            eta=None if live is None else live.now().eta,
            finished=row.finished,
            layers=outcome.layers,
            width=outcome.width,
            height=outcome.height,
            depth=outcome.depth,
            kept=row.kept,
            problem=row.problem,
        )

    def listed(self, owner: Owner, since: float) -> list[JobInfo]:
        """Jobs touched since, newest first."""
        rows = self._store.touched_since(since, None if owner == LOCAL else owner, _LISTED)
        return [self.info(row, owner) for row in rows]

    def announce_positions(self, order: Iterable[str]) -> None:
        """Say who is where in the queue, to those for whom it changed."""
        for position, job in enumerate(order, 1):
            live = self._active[job]
            if live.position != position:
                live.position = position
                live.tell(Queued(job, position))

    def start(self, job: str, folder: str) -> Job:
        """It runs."""
        live = self._active[job]
        row = self._keep(live, state="running", attempt=live.row.attempt + 1, folder=folder)
        live.position = None
        live.restart()
        live.tell(Started(job, row.engine, row.attempt))
        return row

    def progress(self, job: str, stage: str, fraction: float, eta: float | None) -> None:
        """It says where it is."""
        if (live := self._active.get(job)) is not None:
            live.stage, live.fraction, live.eta, live.silent = stage, fraction, eta, 0
            live.tell(live.now())

    def silent(self, job: str, minutes: int) -> None:
        """Nothing has been heard of it for so long."""
        if (live := self._active.get(job)) is not None and live.silent != max(1, minutes):
            live.silent = max(1, minutes)
            live.tell(live.now())

    def preview(self, job: str, width: int, height: int, png: bytes) -> None:
        """It shows something."""
        if (live := self._active.get(job)) is not None:
            live.preview = Preview(job, width, height, png)
            live.tell(live.preview)

    def layer(self, job: str, layer: LayerInfo) -> None:
        """One layer is there."""
        if (live := self._active.get(job)) is not None:
            live.layers.append(layer)
            live.tell(LayerReady(job, layer))

    def layers(self, job: str) -> list[LayerInfo]:
        """The layers that a running job has validation."""
        live = self._active.get(job)
        return [] if live is None else live.layers

    def requeue(self, job: str, note: str | None, *, counted: bool = True) -> None:
        """It waits again; `note` tells the user why, `counted`: the attempt was one."""
        live = self._active[job]
        self._keep(live, state="queued", attempt=live.row.attempt - (not counted), folder="")
        live.restart()
        if note is not None:
            live.notes.append(note)
            live.stage = clipped(note, WORD)
            live.tell(live.now())

    def finish(self, job: str) -> None:
        """It is done. Raises Damaged."""
        live = self._active[job]
        result = self._results.load(live.row.folder)
        outcome = Outcome(result.bytes, len(result.layers), result.width, result.height, result.depth)
        self._end(live, "done", None, outcome)
        live.tell(_done(job, result, tuple(live.notes)))

    def fail(self, job: str, state: Literal["failed", "cancelled", "interrupted"], problem: Problem) -> None:
        """It ended without a result."""
        live = self._active[job]
        self._end(live, state, problem, None)
        live.tell(Failed(job, state, problem))

    def keep(self, job: str, owner: Owner, keep: bool) -> JobInfo:
        """Exempt from expiry, or take that back. Raises Refusal."""
        row = replace(self.find(job, owner), kept=keep, touched=self._settings.clock())
        self._store.save(row)
        if (live := self._active.get(job)) is not None:
            live.row = row
        return self.info(row, owner)

    def forget(self, job: str) -> None:
        """It never was."""
        self._active.pop(job, None)
        self._store.forget(job)

    def _keep(self, live: ActiveJob, **fields: object) -> Job:
        """Change the row. Where the disk fails, memory goes on alone: the next start sees the state before."""
        live.row = replace(live.row, touched=self._settings.clock(), **fields)  # type: ignore[arg-type]
        try:
            self._store.save(live.row)
        except Refusal as refusal:
            _LOG.error("job %s is %s, but that cannot be written down: %s", live.row.job, live.row.state, refusal)
        return live.row

    def _end(self, live: ActiveJob, state: str, problem: Problem | None, outcome: Outcome | None) -> None:
        self._keep(live, state=state, finished=self._settings.clock(), problem=problem, outcome=outcome)
        self.ended[state] += 1
        del self._active[live.row.job]
        self._results.let_go(live.row.source)

    def _ended(self, row: Job) -> list[Message]:
        """What there is to say of a job that ended."""
        if row.state != "done":
            problem = row.problem or refusals.damaged().problem
            return [Failed(row.job, cast(Literal["failed", "cancelled", "interrupted"], row.state), problem)]
        try:
            result = self._results.load(row.folder)
        except manifest.Damaged:
            return [Failed(row.job, "failed", refusals.damaged().problem)]
        return [*(LayerReady(row.job, layer) for layer in result.layers), _done(row.job, result, ())]


def _done(job: str, result: manifest.Result, notes: tuple[str, ...]) -> Done:
    return Done(
        job=job,
        layers=len(result.layers),
        width=result.width,
        height=result.height,
        depth=result.depth,
        icc=result.icc,
        seconds=result.seconds,
        notes=(*result.notes, *notes),
        drift=result.drift,
    )
