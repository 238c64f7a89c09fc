"""One unfinished job as it is now: its row, what its worker said last, and who listens.

Law: memory only; no disk, no worker. Everything here can be lost with the server: the row says what matters.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from layerlift.wire.limits import WORD
from layerlift.wire.messages import LayerReady as Ready
from layerlift.wire.messages import Message, Preview, Progress, Queued, Started
from layerlift.wire.text import clipped
from layerlift.wire.values import LayerInfo
from layerlift_server.jobs.port import Listener
from layerlift_server.jobs.store import Job

_LOG = logging.getLogger("layerlift_server.jobs")


@dataclass
class ActiveJob:
    """`unwatched`: since when nobody listens (steady clock; None while somebody does); `silent`: for how many minutes
    its engine has reported nothing (0: it does report); `notes` for the user."""

    row: Job
    unwatched: float | None
    position: int | None = None
    stage: str = ""
    fraction: float = 0.0
    eta: float | None = None
    silent: int = 0
    preview: Preview | None = None
    layers: list[LayerInfo] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """The stage as people are told it."""
        if not self.silent:
            return self.stage
        return clipped(f"No news for {self.silent} min; wait or cancel. Last: {self.stage or 'starting'}", WORD)

    def now(self) -> Progress:
        """Where it is."""
        return Progress(self.row.job, self.shown, self.fraction, None if self.silent else self.eta)

    def state(self) -> Iterator[Message]:
        """All that a newcomer has to know, in the order in which it was told to others."""
        row = self.row
        if row.state == "queued":
            if self.position is not None:
                yield Queued(row.job, self.position)
            return
        yield Started(row.job, row.engine, row.attempt)
        if self.shown:
            yield self.now()
        if self.preview is not None:
            yield self.preview
        for layer in self.layers:
            yield Ready(row.job, layer)

    def tell(self, message: Message) -> None:
        """Tell everybody who listens; one that breaks does not keep it from the others."""
        for listener in tuple(self.listeners):
            try:
                listener(message)
            except Exception:  # noqa: BLE001 (a session's defect must not stop the job)
                _LOG.exception("a listener broke")

    def restart(self) -> None:
        """Forget what the last attempt said."""
        self.stage, self.fraction, self.eta, self.silent, self.preview = "", 0.0, None, 0, None
        self.layers.clear()

    def listen(self, listener: Listener, now: Callable[[], float]) -> Callable[[], None]:
        """Add a listener; returns how to stop."""
        self.listeners.append(listener)
        self.unwatched = None

        def stop() -> None:
            if listener in self.listeners:
                self.listeners.remove(listener)
                if not self.listeners:
                    self.unwatched = now()

        return stop
