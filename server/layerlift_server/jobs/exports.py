"""Results as files for other programs, made by a worker of their own so that no job waits for them.

Law: knows results' folders and one slot. Each file is made once, beside its result, and goes with it.
"""

from __future__ import annotations

import asyncio
import math
import secrets
from collections import deque
from pathlib import Path

from layerlift_server.jobs import crashes, refusals
from layerlift_server.jobs.port import Refusal
from layerlift_server.jobs.results import Results
from layerlift_server.jobs.settings import JobSettings
from layerlift_server.jobs.slot import Run, Slot
from layerlift_server.worker import entry, messages

FORMATS = ("psd", "ora", "pptx", "zip")
_EXIT_AFTER = 60.0
"""Idle until its worker ends: a second download of the same result often follows the first."""


class Exports:
    """What is being exported."""

    def __init__(self, results: Results, settings: JobSettings) -> None:
        self._results = results
        self._slot = Slot(entry.Plan("", "cpu"), self._on_event, self._on_end, settings.steady)
        self._waiting: deque[messages.Export] = deque()
        self._making: dict[str, asyncio.Future[Path]] = {}
        self.made = 0

    async def export(self, folder: str, format: str) -> Path:
        """The result in `folder` as a file. Raises Refusal."""
        if format not in FORMATS:
            raise refusals.bad(f"There is no format called “{format[:20]}”.", f"Known are {', '.join(FORMATS)}.")
        target = self._results.path(folder) / f"export.{format}"
        if target.exists():
            return target
        if str(target) not in self._making:
            self._making[str(target)] = asyncio.get_running_loop().create_future()
            source = str(self._results.path(folder))
            self._waiting.append(messages.Export(secrets.token_hex(8), source, str(target), format))
            self._next()
        return await asyncio.shield(self._making[str(target)])

    def tick(self) -> None:
        """Let an idle worker go."""
        self._slot.idle(math.inf, _EXIT_AFTER)

    async def stop(self) -> None:
        """Nobody waits for a file any more."""
        waiting, self._making = self._making, {}
        for future in waiting.values():
            _refuse(future, refusals.stopping())
        self._waiting.clear()
        self._slot.kill()
        await self._slot.close()

    def _next(self) -> None:
        if self._slot.free and self._waiting:
            order = self._waiting.popleft()
            self._slot.run_order(order.run, "an export", order)

    def _on_event(self, slot: Slot, event: messages.PipeMessage) -> None:
        if slot.run is None or getattr(event, "run", None) != slot.run.name:
            return
        target = _target(slot.run)
        if isinstance(event, messages.Done):
            slot.finished()
            self.made += 1
            future = self._making.pop(target)
            if not future.done():
                future.set_result(Path(target))
        elif isinstance(event, messages.Failed):
            if event.problem.code == "out-of-memory":
                slot.retire()
            else:
                slot.finished()
            _refuse(self._making.pop(target), Refusal(event.problem))
        self._next()

    def _on_end(self, slot: Slot, run: Run | None, code: int) -> None:
        if run is not None:
            target = Path(_target(run))
            self._results.tidy(target.parent.name)
            if (future := self._making.pop(str(target), None)) is not None:
                _refuse(future, Refusal(slot.broken or crashes.explain(code, run.kills)))
        self._next()


def _target(run: Run) -> str:
    assert isinstance(run.order, messages.Export)
    return run.order.target


def _refuse(future: asyncio.Future[Path], refusal: Refusal) -> None:
    if not future.done():
        future.set_exception(refusal)
        future.exception()  # whoever asked may be gone: then nobody looks at it
