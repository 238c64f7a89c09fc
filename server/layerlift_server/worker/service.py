"""The worker's life: hear orders, do one at a time, say what happens.

Law: runs in the child alone; knows the pipe, the library and the files that orders name, no queue and no client.
Orders are heard in a thread of their own, so that a cancel is heard while an engine computes; when the pipe ends (the
server is gone or wants nothing more) the process ends at once, whatever it is doing. Engines stay loaded between jobs.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from layerlift.engines.port import EngineInfo
from layerlift.errors import Cancelled
from layerlift.limits import MAX_LAYERS
from layerlift.progress import Progress, Report
from layerlift.wire.limits import NAME, SENTENCE, WORD
from layerlift.wire.text import clipped
from layerlift.wire.values import EngineOffer
from layerlift_server.worker import export, failures, messages, operating, output, preview
from layerlift_server.worker.reporter import Gone, Reporter

GONE, EXHAUSTED = 0, 3
"""Exit codes: the pipe ended; memory ran out (what is left of it cannot be trusted to be enough)."""

LOOK_AGAIN = 20.0
"""Seconds of idleness between two looks at what the engines can do."""


class Service:
    """One worker. `engines`: the module to ask for `available()`, `get(name)` and `DEFAULT`; "": it only exports."""

    def __init__(
        self, pipe: Connection, engines: str, *, leave: Callable[[int], Any] = os._exit, look_again: float = LOOK_AGAIN
    ) -> None:
        self._pipe = pipe
        self._engines = import_module(engines) if engines else None
        self._hello = messages.Hello(
            offers(self._engines.available(), self._engines.DEFAULT) if self._engines is not None else ()
        )
        self._leave, self._look_again = leave, look_again
        self._loaded: dict[str, Any] = {}
        self._orders: queue.SimpleQueue[messages.Order | None] = queue.SimpleQueue()
        self._unwanted: set[str] = set()
        self._current: tuple[str, Progress] | None = None
        self._lock = threading.Lock()
        self._reporter = Reporter(pipe.send_bytes)

    def run(self) -> None:
        """Work until the pipe ends."""
        threading.Thread(target=self._listen, name="layerlift-orders", daemon=True).start()
        try:
            self._reporter.say(self._hello)
            while (order := self._next()) is not None:
                self._obey(order)
        except Gone:
            pass
        self._reporter.close()
        self._leave(GONE)

    def _next(self) -> messages.Order | None:
        """The next order. While there is none, engines are asked now and then what they can do by now: models may come
        (or go) while nobody restarts anything."""
        while True:
            try:
                return self._orders.get(timeout=None if self._engines is None else self._look_again)
            except queue.Empty:
                self._tell_news()

    def _tell_news(self) -> None:
        assert self._engines is not None
        try:
            now = messages.Hello(offers(self._engines.available(), self._engines.DEFAULT))
        except Exception:  # noqa: BLE001 (what an engine cannot say of itself now it may say later)
            return
        if now != self._hello:
            self._hello = now
            self._reporter.say(now)

    def _listen(self) -> None:
        """Hear orders until there is nobody to give any."""
        try:
            while True:
                said = messages.decode(self._pipe.recv_bytes(messages.LONGEST))
                if isinstance(said, messages.Cancel):
                    self._cancel(said.run)
                elif isinstance(said, messages.Operate | messages.Export | messages.Rest):
                    self._orders.put(said)
                elif isinstance(said, messages.Quit):
                    raise EOFError
        except (EOFError, OSError, messages.Garbled):
            self._orders.put(None)
            self._leave(GONE)

    def _cancel(self, run: str) -> None:
        with self._lock:
            if self._current is not None and self._current[0] == run:
                self._current[1].cancel()
            else:
                self._unwanted.add(run)

    def _obey(self, order: messages.Order) -> None:
        if isinstance(order, messages.Rest):
            self._rest()
        elif isinstance(order, messages.Operate | messages.Export):
            self._work(order)

    def _work(self, order: messages.Operate | messages.Export) -> None:
        progress = self._begin(order.run)
        try:
            progress.check()
            if isinstance(order, messages.Export):
                export.export(Path(order.folder), Path(order.target), order.format, progress)
            else:
                self._operate(order, progress)
            self._reporter.say(messages.Done(order.run))
        except Gone:
            raise
        except (Exception, SystemExit) as failure:  # noqa: BLE001 (the job's border: the worker lives on)
            self._explain(order, failure)
        finally:
            self._end()

    def _begin(self, run: str) -> Progress:
        def listen(report: Report) -> None:
            self._reporter.progress(
                messages.Progress(run, clipped(report.stage, WORD), round(report.fraction, 4), report.eta)
            )

        def look(rough: Any) -> None:
            if (seen := preview.rough_preview(rough)) is not None:
                self._reporter.say(messages.Preview(run, *seen))

        progress = Progress(listen, look=look)
        with self._lock:
            self._current = (run, progress)
            if run in self._unwanted:
                progress.cancel()
            self._unwanted.clear()
        return progress

    def _end(self) -> None:
        with self._lock:
            self._current = None

    def _operate(self, order: messages.Operate, progress: Progress) -> None:
        started = time.monotonic()
        stack = operating.perform(order, self._engine(order.engine), progress.part(0.0, 0.95))
        output.write(
            stack,
            Path(order.folder),
            lambda: round(time.monotonic() - started, 3),
            lambda layer: self._reporter.say(messages.Layer(order.run, layer)),
            progress.part(0.95, 1.0),
            operating.native(order, stack),
        )

    def _engine(self, name: str) -> Any:
        if name not in self._loaded:
            assert self._engines is not None  # who exports is never told to do more
            self._loaded[name] = self._engines.get(name)
        return self._loaded[name]

    def _explain(self, order: messages.Operate | messages.Export, failure: BaseException) -> None:
        """Say what broke; a worker out of memory goes, and another takes its place."""
        name = order.engine if isinstance(order, messages.Operate) else "export"
        trace = "" if isinstance(failure, Cancelled) else failures.trace(failure)
        self._reporter.say(messages.Failed(order.run, failures.problem(failure, name), trace))
        if failures.exhausted(failure):
            self._leave(EXHAUSTED)

    def _rest(self) -> None:
        for engine in self._loaded.values():
            rest = getattr(engine, "rest", None)
            if rest is not None:
                rest()


def offers(infos: list[EngineInfo], default: str) -> tuple[EngineOffer, ...]:
    """What engines say of themselves, as the wire says it; the default is one that can run, if there is one."""
    able = [info.name for info in infos if info.missing is None]
    chosen = default if default in able else next(iter(able), default)
    return tuple(
        EngineOffer(
            info.name,
            clipped(info.title, NAME),
            info.operations,
            min(info.max_layers, MAX_LAYERS),
            info.name == chosen,
            None if info.missing is None else clipped(info.missing, SENTENCE),
        )
        for info in infos
    )
