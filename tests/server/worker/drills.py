"""Engines that misbehave on command, for tests: `what`, or for any operation `negative`, says how. Imported in the
worker by its module name."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from layerlift.engines.fake import FakeEngine
from layerlift.engines.port import DecomposeRequest, EditRequest, EngineInfo, GenerateRequest, InpaintRequest
from layerlift.errors import EngineError
from layerlift.imaging.layer import LayerStack
from layerlift.progress import Progress

DEFAULT = "drill"
RESTED = "LAYERLIFT_TEST_RESTED"


class OutOfMemoryError(RuntimeError):
    """What a GPU library raises."""


class Drill:
    """The fake engine, after it has done what it was told: "verb" or "verb path" (then only if the path isn't there
    yet; the path is made first)."""

    info = replace(FakeEngine.info, name="drill", title="Drill")

    def decompose(self, request: DecomposeRequest, progress: Progress) -> LayerStack:
        self._drill(request.what or request.sampling.negative, progress)
        return FakeEngine().decompose(replace(request, what=None), progress)

    def edit(self, request: EditRequest, progress: Progress) -> NDArray[np.uint8]:
        self._drill(request.sampling.negative, progress)
        return FakeEngine().edit(request, progress)

    def generate(self, request: GenerateRequest, progress: Progress) -> NDArray[np.uint8]:
        self._drill(request.sampling.negative, progress)
        return FakeEngine().generate(request, progress)

    def inpaint(self, request: InpaintRequest, progress: Progress) -> NDArray[np.uint8]:
        self._drill(request.sampling.negative, progress)
        return FakeEngine().inpaint(request, progress)

    def _drill(self, said: str | None, progress: Progress) -> None:
        verb, _, where = (said or "").partition(" ")
        progress.stage(f"Drill {verb}", 0.01)
        if verb == "wait":
            while not Path(where).exists():
                progress.check()
                time.sleep(0.005)
        elif verb and (not where or not Path(where).exists()):
            if where:
                part = Path(f"{where}.part")
                part.write_text(str(os.getpid()))
                part.replace(where)
            _misbehave(verb)

    def rest(self) -> None:
        """Say so, where a test looks."""
        if where := os.environ.get(RESTED):
            Path(where).write_text("rested")


def _misbehave(verb: str) -> None:
    if verb == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if verb == "segfault":
        ctypes.string_at(0)
    if verb == "exit":
        os._exit(7)
    if verb == "deaf":
        while True:
            time.sleep(60)
    if verb == "memory":
        raise MemoryError
    if verb == "gpu":
        raise OutOfMemoryError("CUDA out of memory")
    if verb == "defect":
        raise ZeroDivisionError("a defect")
    if verb == "sorry":
        raise EngineError("The engine found nothing.", "Try another one.")
    raise AssertionError(verb)


class Absent(Drill):
    """An engine that cannot run here."""

    info = replace(FakeEngine.info, name="absent", operations=("decompose",), missing="There are no weights here.")


def available() -> list[EngineInfo]:
    return [Drill.info, Absent.info]


def get(name: str) -> Drill:
    return {"drill": Drill, "absent": Absent}[name]()
