"""A bridge to a place in this very process: all of the cluster but Ray."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import numpy as np

from layerlift.wire.limits import LATTICE
from layerlift.wire.params import check
from layerlift.wire.values import DocumentInfo, Native
from layerlift_server.cluster.bridge import Bridge
from layerlift_server.cluster.place import Place
from layerlift_server.worker import messages
from server.jobs.desks import picture

PATIENCE = 60.0


class Ended(Exception):
    """The place is gone."""


class Near:
    """A bridge, its pipe's other end, and a place that it calls directly. `left` are the exit codes that the bridge
    would have ended with. `between(method, arguments)` sees each call first and may raise."""

    def __init__(
        self,
        *,
        share: bool = False,
        engines: str = "server.worker.drills",
        between: Callable[[str, tuple[Any, ...]], None] = lambda method, arguments: None,
    ) -> None:
        self.pipe, theirs = Pipe()
        self.left: list[int] = []
        self.closed: list[bool] = []
        self.heard: list[messages.PipeMessage] = []
        self.over = threading.Event()
        self.between = between
        self.place = Place(leave=self._end)
        self.bridge = Bridge(theirs, leave=self._end, share=share)
        self.engines = engines
        self._crossing = threading.Thread(target=self._cross, daemon=True)

    def start(self, *, there: bool = True) -> None:
        """Hear orders; `there`: have a place, too."""
        self.bridge.start()
        if there:
            self.arrive()

    def arrive(self) -> None:
        """The place is found."""
        self.place.begin(self.engines)
        self._crossing.start()

    def order(self, order: messages.Order) -> None:
        self.pipe.send_bytes(messages.encode(order))

    def until(self, *kinds: type[messages.PipeMessage]) -> Any:
        """The next event of these kinds."""
        while True:
            assert self.pipe.poll(PATIENCE), self.heard
            self.heard.append(messages.decode(self.pipe.recv_bytes()))
            if isinstance(self.heard[-1], kinds):
                return self.heard[-1]

    def close(self) -> None:
        """The server goes."""
        self.pipe.close()
        assert self.over.wait(PATIENCE)
        if self._crossing.ident is not None:
            self._crossing.join(PATIENCE)
            assert not self._crossing.is_alive()

    def _call(self, method: str, *arguments: Any) -> Any:
        if self.over.is_set():
            raise Ended
        self.between(method, arguments)
        return getattr(self.place, method)(*arguments)

    def _cross(self) -> None:
        try:
            self.bridge.cross(self._call, self._close)
        except Ended:
            self._end(5)

    def _close(self) -> None:
        self.closed.append(True)
        self.place.close()

    def _end(self, code: int) -> None:
        self.left.append(code)
        self.over.set()


def job(
    folder: Path, run: str = "run", pixels: np.ndarray | None = None, native: bool = False, **params: Any
) -> messages.Operate:
    """An order for a picture that lies in `folder`; `native`: with CMYK of its own beside it."""
    pixels = picture() if pixels is None else pixels
    upload = folder / f"{run}.upload"
    area = pixels.shape[0] * pixels.shape[1]
    upload.write_bytes(pixels.tobytes() + bytes(native * 5 * (area + LATTICE**3)))
    info = DocumentInfo("Poster", width=pixels.shape[1], height=pixels.shape[0], depth=8 * pixels.dtype.itemsize)
    info = replace(info, native=Native(4, 8) if native else None)
    given = {"layers": 3, **params}
    return messages.Operate(
        run, "decompose", "drill", str(folder / f"{run}.result"), check("decompose", given), str(upload), info
    )
