"""The desk where sessions hand in work and fetch it: the `Jobs` of the port.

Law: order of things only; who knows what: `intake` (orders), `uploads` (documents), `tracker` (states), `dispatch`
(queue and workers), `results` (layers), `exports` (files), `store` (the disk). Everything runs in the event loop's
thread.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path

from layerlift.errors import OutputError
from layerlift.wire.messages import Submit
from layerlift.wire.values import DocumentInfo, EngineOffer, JobInfo, LayerInfo, Limits, Problem
from layerlift_server.jobs import arena, refusals, validation
from layerlift_server.jobs.database import Newer
from layerlift_server.jobs.dispatch import Dispatch
from layerlift_server.jobs.exports import Exports
from layerlift_server.jobs.intake import Intake
from layerlift_server.jobs.port import Download, Listener, Owner, Refusal, Upload
from layerlift_server.jobs.recovery import RESUMED, recover
from layerlift_server.jobs.results import Results
from layerlift_server.jobs.settings import JobSettings
from layerlift_server.jobs.store import Job, Store
from layerlift_server.jobs.tracker import Tracker
from layerlift_server.jobs.uploads import Uploads
from layerlift_server.security import private_files
from layerlift_server.worker import manifest

_LOG = logging.getLogger("layerlift_server.jobs")
_ABLE = ("decompose", "edit", "inpaint", "extend")
_PRESUMED = (EngineOffer("quick", "Quick (embedded, no GPU, no download)", _ABLE, 64, default=True),)
"""What is offered until a worker has spoken for the first time on this machine (about a second)."""
_STALE = frozenset({"engine-unavailable", "unsupported-operation"})
"""Refusals that may be yesterday's news: where no worker runs, one is started, and says what the engines can do now."""
_DROPPED = Problem("cancelled", "The job was dropped.")
_CHORES = 60.0
"""Seconds between two looks at what has expired, and two checkpoints of the database."""


class Desk:
    """All of it. Make it, `start` it in a running loop, `stop` it. One server per folder: whoever starts it sees to
    that (`serve` holds a lock)."""

    def __init__(self, folder: Path, settings: JobSettings) -> None:
        self._folder, self._settings = folder, settings
        self._stopping = False
        self._told = False
        self._offers: tuple[EngineOffer, ...] = _PRESUMED
        self._chores_at = settings.steady() + _CHORES
        self._checkpoint: asyncio.Future[None] | None = None
        self._ticking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the store, settle what a dead server left, be ready. Raises OutputError (the folder cannot be used)."""
        try:
            with ExitStack() as undo:
                private_files.folder(self._folder)
                self._open(undo)
                self._close = undo.pop_all()
        except (OSError, sqlite3.Error, Newer, Refusal) as error:
            raise OutputError(
                f"The folder {self._folder} cannot be used: {error}.", "Move it away, or set LAYERLIFT_DATA_DIR."
            ) from error
        self._ticking = asyncio.create_task(self._housekeep())

    def _open(self, undo: ExitStack) -> None:
        settings = self._settings
        self._trash = arena.Trash(self._folder / "trash")
        undo.callback(self._trash.close)
        self._store = Store(arena.private_file(self._folder / "jobs.sqlite"))
        undo.callback(self._store.close)
        self._results = Results(self._folder / "results", self._trash)
        self._uploads = Uploads(self._folder / "uploads", self._store, self._trash, settings, self._needed)
        self._tracker = Tracker(self._store, self._results, settings)
        self._intake = Intake(self._uploads, self._tracker, self._results, settings)
        self._exports = Exports(self._results, settings)
        self._dispatch = Dispatch(self._tracker, self._uploads, self._results, settings, self._on_offers)
        known = self._store.offers(settings.engines)
        self._told, self._offers = known is not None, known or _PRESUMED
        waiting = recover(self._store, self._uploads, self._results, settings)
        for job in waiting:
            self._tracker.add(job, RESUMED if job.attempt else None)
        self._dispatch.start(waiting, eagerly=settings.prestart or not self._told)

    async def stop(self, *, grace: float) -> None:
        """Take no more work, let the running job end within `grace` seconds, else put it back into the queue."""
        if self._stopping or self._ticking is None:
            return
        self._stopping = True
        self._ticking.cancel()
        with suppress(asyncio.CancelledError):
            await self._ticking
        await asyncio.gather(self._exports.stop(), self._dispatch.stop(grace))
        if self._checkpoint is not None:
            await asyncio.wait([self._checkpoint])
        self._uploads.close()
        await asyncio.to_thread(self._trash.close)
        self._close.close()

    def offers(self) -> Sequence[EngineOffer]:
        """The engines here."""
        return self._offers

    def limits(self) -> Limits:
        """What is taken here."""
        return self._settings.limits

    def upload(self, upload: str, size: int, document: DocumentInfo, owner: Owner) -> Upload:
        """Begin or resume an upload. Raises Refusal."""
        if self._stopping:
            raise refusals.stopping()
        return self._uploads.announce(upload, size, document, owner)

    def submit(self, order: Submit, owner: Owner, client: str) -> JobInfo:
        """Take a job; the same id again is the same job. Raises Refusal."""
        validation.identity(order.job, "job")
        content = _digest(order)
        known = self._tracker.any(order.job)
        if known is not None:
            if (known.owner, known.content) != (owner, content):
                raise refusals.taken("job")
            return self._tracker.info(known, owner)
        if self._stopping:
            raise refusals.stopping()
        try:
            row = self._intake.take(order, content, owner, client, self._offers, self._told)
        except Refusal as refusal:
            if refusal.problem.code in _STALE:
                self._dispatch.awake()
            raise
        self._tracker.add(row)
        self._dispatch.add(row)
        return self._tracker.info(self._tracker.find(row.job, owner), owner)

    def watch(self, job: str, owner: Owner, listener: Listener) -> Callable[[], None]:
        """Tell `listener` the job's whole state now and all that comes. Raises Refusal."""
        return self._tracker.watch(job, owner, listener)

    def cancel(self, job: str, owner: Owner) -> None:
        """Ask the job to stop; one that has ended stays as it is. Raises Refusal."""
        if self._tracker.find(job, owner).unfinished:
            self._dispatch.cancel(job)

    def drop(self, job: str, owner: Owner) -> None:
        """Forget it and delete its files. Raises Refusal."""
        row = self._tracker.find(job, owner)
        if row.unfinished:
            self._dispatch.abandon(job)
            self._tracker.fail(job, "cancelled", _DROPPED)
        else:
            self._results.discard(row.folder)
        self._tracker.forget(job)

    def keep(self, job: str, owner: Owner, keep: bool) -> JobInfo:
        """Exempt its result from expiry, or take that back. Raises Refusal."""
        return self._tracker.keep(job, owner, keep)

    def list(self, owner: Owner, since: float) -> Sequence[JobInfo]:
        """Jobs touched at or after `since`, newest first, at most 100."""
        return self._tracker.listed(owner, since)

    def download(self, job: str, owner: Owner, layer: int | None, native: bool = False) -> Download:
        """A layer's pixels (`native`: in its document's own numbers), or the profile. Raises Refusal."""
        row = self._tracker.find(job, owner)
        if row.state == "running" and layer is not None:
            layers: Sequence[LayerInfo] = self._tracker.layers(job)
            icc = 0
        elif row.state == "done":
            result = self._result(row)
            layers, icc = result.layers, result.icc
        else:
            raise refusals.not_finished()
        if layer is None:
            return self._results.profile(row.folder, icc)
        if layer < 0 or (row.state == "done" and layer >= len(layers)):
            raise refusals.no_layer()
        if layer >= len(layers):
            raise refusals.not_finished()
        pixels = layers[layer].native if native else layers[layer]
        if pixels is None:
            raise refusals.no_native()
        return self._results.layer(row.folder, layer, pixels.size, native)

    async def export(self, job: str, owner: Owner, format: str) -> Path:
        """The result as a file, made once and kept beside it. Raises Refusal."""
        if self._stopping:
            raise refusals.stopping()
        row = self._tracker.find(job, owner)
        if row.state != "done":
            raise refusals.not_finished()
        return await self._exports.export(row.folder, format)

    def forget_owner(self, owner: Owner) -> None:
        """A device was revoked: cancel and drop what is its own."""
        for row in self._store.of_owner(owner):
            self.drop(row.job, owner)
        self._uploads.forget_owner(owner)

    def figures(self) -> dict[str, float]:
        """Counters and gauges for /metrics."""
        counts = self._store.counts()
        return {
            **self._dispatch.figures(),
            **{f"{state}_total": float(number) for state, number in self._tracker.ended.items()},
            **self._uploads.figures(),
            "results": counts.get("done", 0.0),
            "result_bytes": counts["bytes"],
            "exports_total": self._exports.made,
        }

    def tick(self) -> None:
        """Look at all deadlines. The server's own clockwork calls it; tests that turn the clock do so too."""
        for job in self._tracker.unwatched():
            _LOG.info("job %s is cancelled: nobody has watched it for a while", job)
            self._dispatch.cancel(job)
        self._dispatch.tick()
        self._exports.tick()
        if self._settings.steady() >= self._chores_at:
            self._chores_at = self._settings.steady() + _CHORES
            self._expire()
            if self._checkpoint is None or self._checkpoint.done():
                self._checkpoint = asyncio.get_running_loop().run_in_executor(None, self._store.checkpoint)

    def _expire(self) -> None:
        self._uploads.expire()
        for row in self._store.expired(self._settings.clock() - self._settings.result_ttl):
            self._results.discard(row.folder)
            self._tracker.forget(row.job)

    async def _housekeep(self) -> None:
        while True:
            await asyncio.sleep(self._settings.tick)
            try:
                self.tick()
            except Exception:  # noqa: BLE001 (one bad tick must not be the last)
                _LOG.exception("housekeeping failed")

    def _on_offers(self, offers: tuple[EngineOffer, ...]) -> None:
        if offers != self._offers or not self._told:
            with suppress(Refusal):  # then it is asked again next time
                self._store.save_offers(self._settings.engines, offers)
        self._told, self._offers = True, offers

    def _needed(self) -> set[str]:
        return {row.upload for row in self._tracker.unfinished() if row.upload is not None}

    def _result(self, row: Job) -> manifest.Result:
        try:
            return self._results.load(row.folder)
        except manifest.Damaged as error:
            raise refusals.damaged() from error


def _digest(order: Submit) -> str:
    """What makes two orders the same one."""
    asked = {name: value for name, value in asdict(order).items() if name != "job"}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
