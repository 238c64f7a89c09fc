"""A model that runs: loaded once, kept for job after job, lowered once when memory does not suffice.

Law: the life of one loaded pipeline. Knows no prompt, no picture and no operation: what is to be called comes in.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch

from layerlift.engines.qwen.running import attention, compiling, memory, parts
from layerlift.engines.qwen.running.denoiser import PREPARING
from layerlift.engines.qwen.running.encoder import load_encoder
from layerlift.engines.qwen.running.pace import Pace
from layerlift.engines.qwen.running.placing import weight_bytes
from layerlift.engines.qwen.running.skipping import FirstBlockCache
from layerlift.errors import EngineError
from layerlift.models.host import Host
from layerlift.models.memory import main_memory
from layerlift.models.model import Installed
from layerlift.models.plans import Plan
from layerlift.progress import Progress

T = TypeVar("T")
REMEMBERED = 64
"""How many prompts' embeddings are kept (at most 7 MB each, in main memory)."""
FAST_STEPS = 0.6
LEAST_FAST_STEPS = 4
PATIENCE = 5.0
"""Seconds of reading modulation layers after which it is worth a word: from a quick disk it takes less."""
PASSES_PLANNED = 100
"""What a plan's `seconds` are made of: 50 steps of two passes."""


class Running:
    """See `load`. One job at a time; not to be shared between threads.

    `pipeline` is a diffusers pipeline whose text encoder is only there inside `encoder()`. `plan`: the one that is
    running (lower than the first one if memory did not suffice), `notes`: what people should know about it. `made`:
    parts that are there already.
    """

    def __init__(
        self, family: str, where: Path | Installed, plan: Plan, progress: Progress, made: parts.Parts | None = None
    ):
        self.family, self.plan = family, plan
        self.notes: list[str] = []
        self._where = where
        self._embeddings: OrderedDict[Hashable, tuple[Any, Any]] = OrderedDict()
        self._encoder: Any = None
        self._encoder_here = False
        self._depth = 0
        self._at_work = False
        self._lowered = self._closed = False
        self._parts: parts.Parts | None = None
        try:
            self._parts = made or parts.load_parts(where, plan, progress)
        except Exception as problem:
            if not memory.is_shortage(problem):
                raise
        if self._parts is None:
            self._lower(progress)

    @property
    def pipeline(self) -> Any:
        """The diffusers pipeline."""
        return self._loaded.pipeline

    @property
    def kernel(self) -> str:
        """What computes attention (diffusers' name)."""
        return self._loaded.kernel

    @property
    def transformer(self) -> Any:
        """The transformer, wherever it is."""
        return self._loaded.pipeline.transformer

    def steps(self, full: int) -> int:
        """How many steps fast mode makes instead of `full`."""
        return min(full, max(LEAST_FAST_STEPS, round(FAST_STEPS * full)))

    def run(self, call: Callable[[Any], T], progress: Progress, *, fast: bool = False) -> T:
        """`call(pipeline)`, watched: between any two blocks it can be cancelled or found too slow, and nothing of it is
        left behind however it ends. `fast`: with the first-block cache.

        When memory does not suffice, the plan is lowered once for as long as this lives and `call` is called a second
        time: it must make its generators and fetch its embeddings itself. Raises what `call` raises, Cancelled,
        EngineError with a remedy.
        """
        while True:
            try:
                return self._attempt(call, progress, fast)
            except Exception as problem:
                way_out = self._way_out(problem)
                if way_out is None:
                    raise
            # outside of the except block: the traceback would keep the job's tensors alive
            way_out(progress)

    @contextmanager
    def encoder(self, progress: Progress) -> Iterator[Any]:
        """The pipeline with its text encoder on the device. Afterwards it is gone again where the plan has no room for
        it. May be nested."""
        self._depth += 1
        try:
            if self._depth == 1:
                self._bring_encoder(progress)
            with torch.no_grad():
                yield self.pipeline
        except Exception as problem:
            # inside `run`, which lowers the plan, a shortage is passed on as it is
            if self._at_work or not memory.is_shortage(problem):
                raise
            raise self._too_much() from None
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._send_encoder_away()

    def embedding(self, key: Hashable, make: Callable[[Any], tuple[Any, Any]], progress: Progress) -> tuple[Any, Any]:
        """(embeddings, mask or None) on the device: remembered under `key` (a digest of the words and pictures that
        were encoded), else made by `make(pipeline)` inside `encoder()`."""
        if key not in self._embeddings:
            with self.encoder(progress) as pipeline:
                embeds, mask = make(pipeline)
            self._embeddings[key] = (embeds.cpu(), None if mask is None else mask.cpu())
            while len(self._embeddings) > REMEMBERED:
                self._embeddings.popitem(last=False)
        self._embeddings.move_to_end(key)
        embeds, mask = self._embeddings[key]
        device = self._loaded.placing.device
        # copies: what is remembered is nobody's to write into
        return embeds.to(device, copy=True), None if mask is None else mask.to(device, copy=True)

    def rest(self) -> None:
        """Give the device's memory to others; everything stays in main memory."""
        self._park_encoder()
        self._loaded.placing.go()
        self.pipeline.vae.to("cpu")
        memory.give_back(self._loaded.placing.device)

    def wake(self) -> None:
        """Be ready again. `run` and `encoder` do it by themselves."""
        self.pipeline.vae.to(self._loaded.placing.device)

    def close(self) -> None:
        """Free everything. Not to be used afterwards; may be called twice."""
        self._closed, self._encoder = True, None
        self._embeddings.clear()
        if self._parts is not None:
            self._parts.free()
            self._parts = None

    @property
    def _loaded(self) -> parts.Parts:
        if self._closed:
            raise EngineError("The model has been closed.", "Load it again.")
        if self._parts is None:  # somebody cancelled while a lower plan was being loaded
            self._parts = parts.load_parts(self._where, self.plan, Progress())
        return self._parts

    def _attempt(self, call: Callable[[Any], T], progress: Progress, fast: bool) -> T:
        loaded = self._loaded
        self.wake()
        expected = None if self.plan.seconds is None else self.plan.seconds / PASSES_PLANNED
        pace = Pace(expected) if loaded.placing.device.type != "cpu" else None

        preparing: float | None = None

        def pause(block: int, _count: int) -> None:
            nonlocal preparing
            progress.check()
            if block == PREPARING:
                preparing = preparing or time.monotonic()
                if time.monotonic() - preparing > PATIENCE:
                    progress.stage("Preparing the steps")
                return
            preparing = None
            if pace is not None:
                if block == 0:
                    pace.begin()
                pace.check()

        loaded.denoiser.pause = pause
        loaded.denoiser.cache = FirstBlockCache() if fast else None
        self._at_work = True
        try:
            with torch.no_grad():
                return call(loaded.pipeline)
        finally:
            self._at_work = False
            loaded.denoiser.reset()
            loaded.placing.reset()

    def _way_out(self, problem: BaseException) -> Callable[[Progress], None] | None:
        """What to do before `problem`'s job is done again; None: it is no problem of ours."""
        if memory.is_shortage(problem):
            return self._lower
        return self._compile_less if self._loaded.compiled and compiling.failed(problem) else None

    def _lower(self, progress: Progress) -> None:
        """Load again by the next lower plan. EngineError when there is none or it has been done before."""
        lower = self.plan.lower()
        if lower is None or self._lowered:
            memory.tidy(torch.device(self.plan.device))
            raise self._too_much()
        if self._parts is not None:
            self._parts.free()
        self._parts = self._encoder = None
        memory.tidy(torch.device(lower.device))
        self.notes.append(f"There was not enough graphics memory, so a smaller plan is used: {lower.reason}")
        self.plan, self._lowered = lower, True
        try:
            self._parts = parts.load_parts(self._where, lower, progress)
        except Exception as problem:
            if not memory.is_shortage(problem):
                raise
        if self._parts is None:
            raise self._too_much()

    def _too_much(self) -> EngineError:
        return EngineError(
            "There is not enough graphics memory for this picture, even with a smaller plan.",
            "Close other programs that use the graphics card, work at 640, ask for fewer layers, "
            "or fetch smaller weights: `layerlift models plan` lists them.",
        )

    def _compile_less(self, _progress: Progress) -> None:
        """Compile with the attention kernel that every compiler knows, or, if that was it, not at all."""
        loaded = self._loaded
        compiling.leave_uncompiled(loaded.pipeline.transformer)
        if loaded.kernel != "native":
            loaded.kernel = "native"
            attention.install(loaded.pipeline.transformer, "native")
            compiling.compile_blocks(loaded.pipeline.transformer)
            return
        loaded.compiled = False
        self.notes.append("The model could not be compiled here and runs uncompiled, which is slower.")

    def _bring_encoder(self, progress: Progress) -> None:
        loaded = self._loaded
        self.wake()
        device = loaded.placing.device
        where = parts.component(self._where, "text_encoder", self.plan.text_encoder)
        if self._encoder is None:
            self._make_room(parts.encoder_bytes(where, self.plan.text_encoder), device)
            dtype = getattr(torch, self.plan.dtype)
            self._encoder = load_encoder(where, self.plan.text_encoder, device, dtype, progress)
        elif not self._encoder_here:
            self._make_room(weight_bytes(self._encoder), device)
            self._encoder.to(device)
        self._encoder_here = True
        loaded.pipeline.text_encoder = self._encoder

    def _make_room(self, needed: int, device: torch.device) -> None:
        """Send the transformer to main memory unless both have room."""
        memory.give_back(device)
        free = memory.free(device)
        if self.plan.offload != "none" or (free is not None and free < 1.05 * needed):
            self._loaded.placing.go()
            memory.give_back(device)

    def _send_encoder_away(self) -> None:
        """Off the device, unless the plan has room for everything and that is how it came."""
        loaded = self._loaded
        loaded.pipeline.text_encoder = loaded.absent
        if self.plan.offload != "none" or not loaded.placing.here:
            self._park_encoder()

    def _park_encoder(self) -> None:
        """To main memory if that is another one and has room; else it will be read again."""
        if self._encoder is None:
            return
        self._encoder_here = False
        device = self._loaded.placing.device
        if self._loaded.placing.shared or self.plan.text_encoder == "nf4" or not _room(weight_bytes(self._encoder)):
            self._encoder = None
            memory.tidy(device)
        else:
            self._encoder.to("cpu")
            memory.give_back(device)


def _room(size: int) -> bool:
    """Whether main memory has room for `size` bytes without pushing others out."""
    return main_memory(Host())[1] > 1.5 * size
