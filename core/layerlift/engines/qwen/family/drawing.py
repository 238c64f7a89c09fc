"""One drawing with a pipeline of the family: defaults, seed, words read once, every step watched, a sound result.

Law: knows how a pipeline is called, not what for. A running model may ask for a call twice (when memory ran out and it
was loaded in a lower form): then everything, the seed too, starts anew, so that the result is the same as if it had
begun that way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from layerlift.engines.port import Sampling
from layerlift.engines.qwen import glimpse, soundness
from layerlift.engines.qwen.family.canvas import Picture
from layerlift.engines.qwen.family.mrope import seen_in_place
from layerlift.engines.qwen.family.siblings import Kind, sibling
from layerlift.engines.qwen.steps import watching
from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import LayerStack
from layerlift.progress import Progress

GUIDANCE = 4.0
"""True CFG scale of all their model cards."""
LEAST_STEPS = 2
"""Their schedule ends at shift_terminal 0.02; stretched over one step it divides by zero (diffusers 0.42.1)."""
LONGEST_PROMPT = 1024
"""Tokens; the most that the pipelines take. They would cut at 512 otherwise."""
GLANCE_PIXELS = 384 * 384
"""At about this area the encoder looks at pictures (CONDITION_IMAGE_SIZE of the pipeline)."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """What to draw: `prompt`; `negative` unless the sampling names another; `steps` likewise; `extent` in pixels
    (sides multiples of 16); `seen`: pictures that the words speak of; `settings`: what else the pipeline takes;
    `strength`: the share of the steps that are really made."""

    kind: Kind
    stage: str
    prompt: str
    negative: str
    steps: int
    extent: Extent
    sampling: Sampling
    seen: tuple[Image.Image, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    strength: float = 1.0

    @property
    def guidance(self) -> float:
        """True CFG scale; at 1 and below nothing is guided, which halves the time."""
        return GUIDANCE if self.sampling.guidance is None else self.sampling.guidance


def draw(running: Any, drawing: Drawing, progress: Progress, *, may_be_blank: bool = False) -> Picture:
    """(h, w, 3) uint8 of `drawing.extent`. `running`: the loaded model. Raises Cancelled, EngineError (numbers that
    broke down; a blank picture, unless it may be one)."""
    progress.stage(drawing.stage, 0.0)
    steps = max(LEAST_STEPS, drawing.sampling.steps or drawing.steps)
    if drawing.sampling.fast and drawing.sampling.steps is None:
        steps = max(LEAST_STEPS, running.steps(steps))

    _words(running, drawing, progress)

    def call(pipeline: Any) -> Picture:
        import torch

        words = _words(running, drawing, progress)
        able = sibling(pipeline, drawing.kind)
        able.set_progress_bar_config(disable=True)
        glimpse.learn(able.vae)

        def look(latents: Any) -> LayerStack:
            return glimpse.stack(able.vae, latents, *drawing.extent, 1)

        total = taken(steps, drawing.strength)
        with watching(able, progress, total=total, stage=drawing.stage, preview=look) as watch:
            made = able(
                **words,
                **drawing.settings,
                width=drawing.extent.width,
                height=drawing.extent.height,
                num_inference_steps=steps,
                # On the processor whatever the device: the same seed draws the same on every machine.
                generator=torch.Generator("cpu").manual_seed(drawing.sampling.seed),
                max_sequence_length=LONGEST_PROMPT,
                callback_on_step_end=watch.on_step_end,
                output_type="np",
            )
            painted = soundness.finite(np.asarray(made.images[0], np.float32))
        return np.rint(painted[..., :3] * 255).astype(np.uint8)

    pixels: Picture = running.run(call, progress, fast=drawing.sampling.fast)
    progress.advance(1.0)
    progress.check()
    return pixels if may_be_blank else soundness.drawn(pixels)


def taken(steps: int, strength: float) -> int:
    """How many of `steps` are made at `strength`, as the pipelines' `get_timesteps` counts them."""
    return steps - int(max(steps - min(steps * strength, steps), 0))


def _words(running: Any, drawing: Drawing, progress: Progress) -> dict[str, Any]:
    """The pipeline's arguments for prompt and guidance, read by the encoder or remembered."""
    embeds, mask = _embedding(running, drawing, drawing.prompt, progress)
    words = {"prompt_embeds": embeds, "prompt_embeds_mask": mask, "true_cfg_scale": 1.0}
    if drawing.guidance > 1:
        negative = drawing.negative if drawing.sampling.negative is None else drawing.sampling.negative
        # An empty text means none to the pipelines; a blank is what the model cards give.
        embeds, mask = _embedding(running, drawing, negative or " ", progress)
        words |= {"negative_prompt_embeds": embeds, "negative_prompt_embeds_mask": mask}
        words["true_cfg_scale"] = drawing.guidance
    return words


def _embedding(running: Any, drawing: Drawing, text: str, progress: Progress) -> tuple[Any, Any]:
    import torch

    def make(pipeline: Any) -> tuple[Any, Any]:
        progress.stage("Reading the words", 0.0)
        seen = {"image": [_glance(image) for image in drawing.seen]} if drawing.seen else {}
        encoder = pipeline.text_encoder
        with torch.no_grad(), seen_in_place(encoder), stoppable(encoder, progress):
            embeds, mask = pipeline.encode_prompt(
                prompt=text, device=encoder.device, max_sequence_length=LONGEST_PROMPT, **seen
            )
        progress.check()
        # None means that every word counts; said outright, the pipelines do not warn of what was left out.
        return embeds, torch.ones(embeds.shape[:2], dtype=torch.long, device=embeds.device) if mask is None else mask

    digest = hashlib.sha256(text.encode())
    for image in drawing.seen:
        digest.update(repr(image.size).encode() + image.tobytes())
    embedding: tuple[Any, Any] = running.embedding(("words", digest.hexdigest()), make, progress)
    return embedding


@contextmanager
def stoppable(module: Any, progress: Progress) -> Iterator[None]:
    """As long as this lasts, a cancelled `progress` stops `module` between any two of its layers (members of a list of
    modules): an encoder on a slow machine takes half a minute."""
    lists = (part for part in module.modules() if type(part).__name__ == "ModuleList")
    handles = [layer.register_forward_pre_hook(lambda *_: progress.check()) for part in lists for layer in part]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _glance(image: Image.Image) -> Image.Image:
    """`image` as the encoder looks at it: at the pipeline's condition size, sides multiples of 32."""
    ratio = image.width / image.height
    width, height = (GLANCE_PIXELS * ratio) ** 0.5, (GLANCE_PIXELS / ratio) ** 0.5
    size = max(32, round(width / 32) * 32), max(32, round(height / 32) * 32)
    return image.resize(size, Image.Resampling.LANCZOS)
