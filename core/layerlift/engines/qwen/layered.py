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
from layerlift.engines.qwen import glimpse, naming, selfcheck, soundness, tidy, words
from layerlift.engines.qwen.family.canvas import picture
from layerlift.engines.qwen.job import Job, see, settle
from layerlift.engines.qwen.naming import Name
from layerlift.engines.qwen.steps import watching
from layerlift.engines.qwen.words import Habits, Reader
from layerlift.errors import EngineError
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role
from layerlift.imaging.resample import reduce
from layerlift.progress import Progress

PROMPT_TOKENS = 512
"""The pipeline's own limit: longer prompts are cut."""
LOOK, READ, CHECK, NAME = 0.06, 0.01, 0.01, 0.04
"""Shares of a job: each question before it is drawn, reading the prompt, the self-check, naming. Estimates; of what is
skipped or remembered the share is nothing."""


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
    view = see(request)
    asked = words.unanswered(running.pipeline, reader, view.shown, request.layers, request.what, habits)
    looked, named = LOOK * len(asked), 1.0 - (NAME if habits.names else 0.0)
    with ExitStack() as eyes:
        if asked:
            progress.stage("Looking at the picture", 0.0)
            eyes.enter_context(reader.encoder(progress.part(0.0, looked * words.LOADING)))
        job = settle(running, request, view, reader, habits, progress.part(looked * words.LOADING, looked))
        progress.stage("Reading the words", looked)
        embeddings(running, job, progress.part(looked, looked + READ))
    drawing = progress.part(looked + READ, named - CHECK)
    answer = running.run(lambda pipeline: draw(running, pipeline, job, drawing), drawing, fast=request.sampling.fast)
    return _stack(answer, job, reader, habits, progress.part(named - CHECK, 1.0))


def whole(image: NDArray[np.uint8]) -> LayerStack:
    """The picture as one layer: no model has to be asked for that."""
    bounds = Bounds(0, 0, image.shape[1], image.shape[0])
    return LayerStack(bounds.extent, (Layer("Background", Role.BACKGROUND, bounds, image),))


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

    told = embeddings(running, job, progress)
    layers, (width, height) = job.count.layers, job.view.extent
    glimpse.learn(pipeline.vae)

    def preview(latents: Any) -> LayerStack:
        return glimpse.stack(pipeline.vae, latents, width, height, layers + 1, first=1)

    with watching(pipeline, progress, total=job.steps, stage="Separating", preview=preview, frames=layers + 1) as watch:
        painted = pipeline(
            # At its own size: the pipeline's size follows from the aspect, and that of `shown` is already rounded. The
            # fourth channel is alpha, which it was only ever shown full.
            image=picture(job.view.laid.shown).convert("RGBA"),
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
        painted = vae.decode(latents * deviation + mean, return_dict=False)[0][:, :, 0]
    pipeline.maybe_free_model_hooks()
    return np.asarray(pipeline.image_processor.postprocess(painted, output_type="np")[0], np.float32)


def _bytes(painted: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(soundness.finite(painted) * 255).astype(np.uint8)


def _stack(answer: Answer, job: Job, reader: Reader, habits: Habits, progress: Progress) -> LayerStack:
    progress.stage("Checking the layers", 0.0)
    laid = job.view.laid
    check = selfcheck.check(job.view.shown, answer.frame, answer.layers)
    own = Extent(laid.image.shape[1], laid.image.shape[0])
    layers = laid.lifted([np.asarray(reduce(layer, own), np.uint8) for layer in answer.layers])
    grounded = laid.whole or len(layers) == len(answer.layers)
    kept, remarks = tidy.tidy(layers, laid.image)
    pixels = [layer.pixels for layer in kept]
    try:
        called = words.names(reader, pixels, job.request.what, habits, grounded, progress.part(0.1, 1.0))
    except (EngineError, MemoryError, RuntimeError) as problem:  # torch's shortage of memory is a RuntimeError
        called = naming.numbered(len(kept), ground=grounded)
        remarks = (*remarks, f"The layers could not be named ({_short(problem)}).")
    notes = (*((job.count.note,) if job.count.note else ()), *remarks, *check.notes)
    return LayerStack(own, tuple(map(_layer, called, kept)), notes=notes, drift=check.drift)


def _short(problem: BaseException) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0][:120]


def _layer(name: Name, kept: tidy.Kept) -> Layer:
    bounds = Bounds(0, 0, kept.pixels.shape[1], kept.pixels.shape[0])
    return Layer(name.name, name.role, bounds, kept.pixels, confidence=kept.confidence).cropped()
