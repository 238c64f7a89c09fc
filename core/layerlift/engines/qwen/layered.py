"""Taking a picture apart with Qwen-Image-Layered.

Law: the order of the steps and the model card's settings; each step is in a file of its own. In order: lay the picture
on a ground if it is translucent (`context`) → caption it (`words`) → Auto: count its layers (`counting`) → draw
(`steps` watches) → compare the model's own copy with the picture (`selfcheck`) → drop blank and repeated layers
(`tidy`) → name what is left (`naming`). The rough stack is the model's; making it exact is the heart's business.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerlift.engines.port import DecomposeRequest
from layerlift.engines.qwen import glimpse, selfcheck, soundness, tidy, words
from layerlift.engines.qwen.job import Job, settle
from layerlift.engines.qwen.naming import Name
from layerlift.engines.qwen.steps import watching
from layerlift.engines.qwen.words import Habits, Reader
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack
from layerlift.imaging.resample import reduce
from layerlift.progress import Progress

PROMPT_TOKENS = 512
"""The pipeline's own limit: longer prompts are cut."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What the model painted: `layers` (n, h, w, 4) bottom → top and its own copy of the whole, `frame` (h, w, 4)."""

    layers: list[NDArray[np.uint8]]
    frame: NDArray[np.uint8]


def decompose(
    running: Any, request: DecomposeRequest, reader: Reader, habits: Habits, progress: Progress
) -> LayerStack:
    """The rough stack. `running`: the loaded model; `progress` is the whole of it. Raises InputError, EngineError,
    Cancelled."""
    with ExitStack() as eyes:
        job = settle(running, request, reader, habits, progress.part(0.0, 0.1), eyes)
        progress.stage("Reading the words", 0.1)
        embeddings(running, job, progress.part(0.1, 0.12))
    drawing = progress.part(0.12, 0.95)
    answer = running.run(lambda pipeline: draw(running, pipeline, job, drawing), drawing, fast=request.sampling.fast)
    return _stack(answer, job, reader, habits, progress.part(0.95, 1.0))


def embeddings(running: Any, job: Job, progress: Progress) -> dict[str, Any]:
    """The pipeline's arguments for prompt and guidance: read by the encoder, or remembered by `running`."""
    embeds, mask = _embedding(running, job.prompt, progress)
    told = {"prompt_embeds": embeds, "prompt_embeds_mask": mask, "true_cfg_scale": 1.0}
    if job.guidance > 1:
        embeds, mask = _embedding(running, job.negative, progress)
        told |= {"negative_prompt_embeds": embeds, "negative_prompt_embeds_mask": mask}
        told["true_cfg_scale"] = job.guidance
    return told


def _embedding(running: Any, text: str, progress: Progress) -> tuple[Any, Any]:
    import torch

    def make(pipeline: Any) -> tuple[Any, Any]:
        progress.check()
        with torch.no_grad():
            embeds, mask = pipeline.encode_prompt(
                prompt=text, device=pipeline.text_encoder.device, max_sequence_length=PROMPT_TOKENS
            )
        progress.check()
        # None means that every word counts; said outright, the pipeline does not warn that it was left out
        return embeds, torch.ones(embeds.shape[:2], dtype=torch.long, device=embeds.device) if mask is None else mask

    embedding: tuple[Any, Any] = running.embedding(("layered", text), make, progress)
    return embedding


def draw(running: Any, pipeline: Any, job: Job, progress: Progress) -> Answer:
    """One call of the pipeline, and its frame 0. May be called twice (after memory ran out): all of it starts anew."""
    import torch
    from PIL import Image

    told = embeddings(running, job, progress)
    layers, (width, height) = job.count.layers, job.extent
    glimpse.learn(pipeline.vae)

    def preview(latents: Any) -> LayerStack:
        return glimpse.stack(pipeline.vae, latents, width, height, layers + 1, first=1)

    with watching(pipeline, progress, total=job.steps, stage="Separating", preview=preview, frames=layers + 1) as watch:
        painted = pipeline(
            # its fourth channel is alpha, which it was only ever shown full
            image=Image.fromarray(job.shown).convert("RGBA"),
            prompt="x",  # never read: there are embeddings. None would make it write a caption, though.
            **told,
            layers=layers,
            num_inference_steps=job.steps,
            resolution=job.resolution,
            cfg_normalize=True,
            use_en_prompt=True,
            # on the processor whatever the device: the same seed draws the same noise on every machine
            generator=torch.Generator("cpu").manual_seed(job.request.sampling.seed),
            callback_on_step_end=watch.on_step_end,
            output_type="np",
        ).images[0]
        frame = _frame(pipeline, watch.last, width, height, layers + 1)
    return Answer([_bytes(layer) for layer in painted], _bytes(frame))


def _frame(pipeline: Any, packed: Any, width: int, height: int, frames: int) -> NDArray[np.float32]:
    """Frame 0, which the pipeline draws and throws away: the model's own copy of the whole picture, (h, w, 4) 0–1."""
    import torch

    vae = pipeline.vae
    latents = glimpse.unpack(packed, width, height, frames)[:1, :, None].to(vae.dtype)
    mean, deviation = (
        torch.tensor(values).view(1, -1, 1, 1, 1).to(latents.device, latents.dtype)
        for values in (vae.config.latents_mean, vae.config.latents_std)
    )
    with torch.no_grad():
        picture = vae.decode(latents * deviation + mean, return_dict=False)[0][:, :, 0]
    pipeline.maybe_free_model_hooks()
    return np.asarray(pipeline.image_processor.postprocess(picture, output_type="np")[0], np.float32)


def _bytes(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(soundness.finite(picture) * 255).astype(np.uint8)


def _stack(answer: Answer, job: Job, reader: Reader, habits: Habits, progress: Progress) -> LayerStack:
    progress.stage("Checking the layers", 0.0)
    check = selfcheck.check(job.shown, answer.frame, answer.layers)
    own = Extent(job.laid.image.shape[1], job.laid.image.shape[0])
    layers = job.laid.lifted([np.asarray(reduce(layer, own), np.uint8) for layer in answer.layers])
    grounded = job.laid.whole or len(layers) == len(answer.layers)
    kept, remarks = tidy.tidy(layers, job.laid.image)
    called = words.names(
        reader, [layer.pixels for layer in kept], job.request.what, habits, grounded, progress.part(0.1, 1.0)
    )
    notes = (*((job.count.note,) if job.count.note else ()), *remarks, *check.notes)
    return LayerStack(own, tuple(map(_layer, called, kept)), notes=notes, drift=check.drift)


def _layer(name: Name, kept: tidy.Kept) -> Layer:
    bounds = Bounds(0, 0, kept.pixels.shape[1], kept.pixels.shape[0])
    return Layer(name.name, name.role, bounds, kept.pixels, confidence=kept.confidence).cropped()
