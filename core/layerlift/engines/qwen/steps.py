"""Watching a pipeline of the family work: progress, previews, cancelling, broken numbers, and what is left behind.

Law: knows torch and how diffusers' pipelines are built, not what they draw. One watch serves every pipeline of the
family: they share their components' names. Cancelling is heard before every pass of the encoder, the transformer (twice
a step with guidance) and the VAE (once a picture), and after every step.

    with watching(pipeline, progress, total=50) as watch:
        pipeline(…, num_inference_steps=50, callback_on_step_end=watch.on_step_end)
"""

from __future__ import annotations

import gc
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from layerlift.engines.qwen.soundness import finite_latents
from layerlift.progress import Progress

ENCODING, DRAWING, DECODING = 0.03, 0.93, 1.0
"""Shares of a call at which its words have been read, its steps are done and its pictures are painted: estimates, the
steps are nearly all of it."""
FIRST_LOOK = 0.15
"""Share of the steps before which there is nothing but noise to look at."""
LOOKS = 8
"""Previews offered in one call."""

Glimpse = Callable[[Any], Any]
"""From the estimated clean latents, as the pipeline packs them, to what `Progress.preview` takes."""


class Watch:
    """One pipeline call being watched. `frames`: pictures that the VAE will decode."""

    def __init__(
        self,
        pipeline: Any,
        progress: Progress,
        *,
        total: int,
        stage: str = "Drawing",
        preview: Glimpse | None = None,
        frames: int = 1,
    ) -> None:
        self._pipeline, self._progress, self._total = pipeline, progress, max(1, total)
        self._stage, self._preview, self._frames = stage, preview, max(1, frames)
        self._latents: Any = None
        self._done = self._decoded = 0
        self.last: Any = None
        """The latents after the last step, as the pipeline packs them."""

    def on_step_end(self, pipeline: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        """diffusers' `callback_on_step_end`. Raises Cancelled, and EngineError when the numbers broke down."""
        self._progress.check()
        latents = tensors["latents"]
        self._done = step + 1
        finite_latents(latents, self._done, self._total)
        before, self._latents = self._latents, latents
        if self._preview is not None and before is not None and self._worth_a_look():
            glimpse = self._preview
            self._progress.preview(lambda: glimpse(clean_estimate(pipeline.scheduler, before, latents)))
        self.last = latents
        self._report()
        return tensors

    def _worth_a_look(self) -> bool:
        every = max(1, self._total // LOOKS)
        return self._done >= FIRST_LOOK * self._total and self._done % every == 0 and self._done < self._total

    def _report(self) -> None:
        share = self._done / self._total
        at = ENCODING + (DRAWING - ENCODING) * share
        if self._done < self._total:
            self._progress.stage(f"{self._stage}, step {self._done + 1} of {self._total}", at)
        else:
            self._progress.stage("Painting", at)

    def before_encoder(self, *_: Any) -> None:
        """Hook: the encoder is about to read."""
        self._progress.stage("Reading the words", 0.0)

    def before_transformer(self, *_: Any) -> None:
        """Hook: half a step is about to begin."""
        if self._done == 0:
            self._progress.stage(f"{self._stage}, step 1 of {self._total}", ENCODING)
        self._progress.check()

    def before_vae(self, *_: Any) -> None:
        """Hook: the VAE is about to read a picture."""
        self._progress.check()

    def before_decoder(self, *_: Any) -> None:
        """Hook: the VAE is about to paint a picture."""
        share = min(1.0, self._decoded / self._frames)
        self._progress.stage("Painting", DRAWING + (DECODING - DRAWING) * share)
        self._decoded += 1

    def forget(self) -> None:
        """Let go of every tensor."""
        self._latents = self.last = None


@contextmanager
def watching(
    pipeline: Any,
    progress: Progress,
    *,
    total: int,
    stage: str = "Drawing",
    preview: Glimpse | None = None,
    frames: int = 1,
) -> Iterator[Watch]:
    """Watch one call of `pipeline` of `total` steps; `progress` is the whole call's.

    However it ends, hooks are gone; when it ends by an exception, so is everything that the call had on the device.
    """
    watch = Watch(pipeline, progress, total=total, stage=stage, preview=preview, frames=frames)
    handles = list(_hooked(pipeline, watch))
    try:
        yield watch
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)
        abandon(pipeline)
        raise
    finally:
        for handle in handles:
            handle.remove()
        watch.forget()


def _hooked(pipeline: Any, watch: Watch) -> Iterator[Any]:
    vae = getattr(pipeline, "vae", None)
    places = (
        (getattr(pipeline, "text_encoder", None), watch.before_encoder),
        (getattr(pipeline, "transformer", None), watch.before_transformer),
        (getattr(vae, "encoder", None), watch.before_vae),
        (getattr(vae, "decoder", None), watch.before_decoder),
    )
    for module, hook in places:
        if module is not None and hasattr(module, "register_forward_pre_hook"):
            yield module.register_forward_pre_hook(hook)


def abandon(pipeline: Any) -> None:
    """After a call that did not end by itself: components go back to where they rest, caches between steps and between
    frames are emptied, and the device's memory is given back."""
    pipeline.maybe_free_model_hooks()
    pipeline._current_timestep = None  # as diffusers leaves it when a call ends by itself
    if hasattr(getattr(pipeline, "vae", None), "clear_cache"):
        pipeline.vae.clear_cache()
    gc.collect()
    give_back()


def give_back() -> None:
    """What torch keeps of the device's memory for later, back to the system."""
    torch = sys.modules.get("torch")
    if torch is None:
        return
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def clean_estimate(scheduler: Any, before: Any, after: Any) -> Any:
    """Where the picture is heading: x₀ = x − σ·v, with the velocity v that led from `before` to `after` over one Euler
    step (exact for flow matching: Lipman et al., "Flow Matching for Generative Modeling", ICLR 2023)."""
    place = scheduler.step_index
    was, now = (float(sigma) for sigma in scheduler.sigmas[place - 1 : place + 1])
    if was == now:
        return after
    velocity = (after.float() - before.float()) / (now - was)
    return after.float() - now * velocity
