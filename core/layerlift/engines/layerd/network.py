"""An ONNX file as a function of arrays that can be cancelled while it runs.

Law: the only file of this engine that knows onnxruntime; knows no picture. Two seconds of computing can become thirty
on a laptop, so it runs beside the waiting thread, which looks ten times a second whether anybody wants the result,
and stops it before its next node where nobody does.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerlift.errors import EngineError
from layerlift.progress import Progress

_PREFERRED = ("CUDAExecutionProvider", "ROCMExecutionProvider", "CPUExecutionProvider")
"""What may compute, best first; what onnxruntime was built without is passed over."""
_LOOK = 0.1
"""Seconds between two looks at whether the job was cancelled."""
_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class Network:
    """One loaded ONNX file. Use `load`."""

    def __init__(self, session: Any, name: str) -> None:
        self._session, self._name = session, name
        self._inputs = session.get_inputs()
        self._outputs = [output.name for output in session.get_outputs()]

    def side(self, usual: int | None = None) -> int | None:
        """Height that its first input insists on; `usual` where it takes any."""
        height = self._inputs[0].shape[2]
        return height if isinstance(height, int) else usual

    def __call__(self, progress: Progress, *arrays: NDArray[np.float32]) -> NDArray[np.float32]:
        """Its last output (networks with outputs on the side give the final one last) as float32. Raises Cancelled,
        EngineError when the file takes other inputs or its numbers break down."""
        progress.check()
        if len(arrays) != len(self._inputs):
            raise self._unfit(f"takes {len(self._inputs)} inputs, not {len(arrays)}")
        feed = {
            place.name: array.astype(_TYPES.get(place.type, np.float32), copy=False)
            for place, array in zip(self._inputs, arrays, strict=True)
        }
        run = _Run(self._session, self._outputs, feed)
        run.start()
        while not run.finished.wait(_LOOK):
            if progress.cancelled:
                run.options.terminate = True  # it stops before its next node
        run.join()
        progress.check()
        if run.problem is not None:
            raise self._unfit(f"failed: {str(run.problem).splitlines()[0]}") from run.problem
        values: NDArray[np.float32] = np.asarray(run.results[-1], np.float32)
        if not np.isfinite(values).all():
            raise self._unfit("gave values that are no numbers")
        return values

    def _unfit(self, what: str) -> EngineError:
        return EngineError(f"The network {self._name} {what}.", "Check the file with `layerlift models verify`.")


class _Run(threading.Thread):
    """One run in a thread of its own (`run_async` needs a second thread of onnxruntime's own, which one core lacks)."""

    def __init__(self, session: Any, outputs: list[str], feed: dict[str, Any]) -> None:
        import onnxruntime

        super().__init__(name="layerd network", daemon=True)
        self.options = onnxruntime.RunOptions()
        self.finished = threading.Event()
        self.results: Any = None
        self.problem: Exception | None = None
        self._session, self._outputs, self._feed = session, outputs, feed

    def run(self) -> None:
        """Compute; keep what came of it."""
        try:
            self.results = self._session.run(self._outputs, self._feed, self.options)
        except Exception as problem:  # noqa: BLE001 — onnxruntime's errors share no class; the waiting thread raises it
            self.problem = problem
        finally:
            self.finished.set()


def load(path: Path) -> Network:
    """The network in the file at `path`, kept while the file stays the same. Raises EngineError when it cannot be
    read."""
    return _load(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _load(path: Path, _changed: int) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    built = onnxruntime.get_available_providers()
    able = [provider for provider in _PREFERRED if provider in built]
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=able)
    except Exception as problem:  # onnxruntime's errors share no class
        raise EngineError(
            f"The network {path.name} could not be loaded: {str(problem).splitlines()[0]}",
            "Fetch it again with `layerlift models download`.",
        ) from problem
    return Network(session, path.name)
