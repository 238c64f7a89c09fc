"""New pictures from words, pictures drawn over, and holes filled: Qwen-Image-2512.

Law: what each request means to the pipelines; pixels outside a hole are none of its business (`operations` puts the
originals back exactly). Prompts go to the model as they are, in any language: it reads Chinese and English.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from layerlift.engines.port import GenerateRequest, InpaintRequest
from layerlift.engines.qwen.family import canvas
from layerlift.engines.qwen.family.canvas import Picture
from layerlift.engines.qwen.family.drawing import LEAST_STEPS, Drawing, draw, taken
from layerlift.errors import RequestError
from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Mask, Plane
from layerlift.progress import Progress

STEPS = 50
NEGATIVE = (
    "低分辨率，低画质，肢体畸形，手指畸形，画面过饱和，蜡像感，人脸无细节，过度光滑，画面具有AI感。"
    "构图混乱。文字模糊，扭曲。"
)
"""The model card's own for Qwen-Image-2512: low resolution and quality, deformed limbs and fingers, oversaturation,
wax, blank faces, smoothness, artificiality, confusion, blurred and warped text."""
REMOVAL = (
    "An empty continuation of the surrounding background, seamless, with the same light, colours, texture, blur and "
    "grain as around it. Nothing else is there: no object, no person, no text."
)
"""The prompt for a hole that shall look as if the thing had never been there. The model draws pictures of what a prompt
describes; it takes no orders, so this describes. A caption of the surroundings would say more, but costs tens of
seconds of the encoder, and this model comes without the part of it that sees."""
REMOVAL_NEGATIVE = f"object, person, animal, text, logo, watermark, frame, shadow of an object. {NEGATIVE}"
_CELL = 8
"""Pixels of a latent's side: what the model can keep or draw anew."""


def generate(running: Any, request: GenerateRequest, progress: Progress) -> Picture:
    """The picture, (h, w, 4) uint8, opaque, of `request.extent`. With `start`, that picture is drawn over; strength 0,
    or so little that no step would be made, gives it back. Raises Cancelled, EngineError, RequestError (no words)."""
    _needs_words(request.prompt)
    size = canvas.working(request.extent, request.sampling.resolution)
    if request.start is None:
        made = draw(running, _drawing(request, size, "picture"), progress)
        return canvas.with_alpha(canvas.back(made, request.extent))
    steps = max(LEAST_STEPS, request.sampling.steps or STEPS)
    start = canvas.on_white(request.start)
    if taken(steps, request.strength) < 1:
        progress.advance(1.0)
        return canvas.with_alpha(start)
    image = canvas.picture(canvas.placed(start, size))
    settings = {"image": image, "strength": request.strength}
    made = draw(running, _drawing(request, size, "picture from picture", settings), progress)
    return canvas.with_alpha(canvas.back(made, request.extent))


def inpaint(running: Any, request: InpaintRequest, progress: Progress) -> Picture:
    """The whole picture with the hole filled: (h, w, 4) uint8; opaque in the hole, `request.image`'s alpha elsewhere.

    Around the hole it is the picture as the model's VAE gives it back (a little off, which tells how much the fill is
    off too), and up to seven pixels of it are drawn anew: the model keeps or draws whole cells of 8×8.
    A hole may be as large as the canvas around a picture. Raises Cancelled, EngineError, RequestError (no hole)."""
    image, hole = request.image, request.mask > 0
    if not hole.any():
        raise RequestError("Nothing is selected, so there is nothing to fill.", "Select what shall be drawn anew.")
    size = canvas.working(canvas.extent_of(image), request.sampling.resolution)
    plain = continued(canvas.on_white(image), hole)
    mask = canvas.placed(hole.astype(np.uint8) * 255, size)
    prompt = (request.prompt or "").strip()
    drawing = Drawing(
        kind="inpaint",
        stage="Filling",
        prompt=request.prompt if prompt and request.prompt else REMOVAL,
        negative=NEGATIVE if prompt else REMOVAL_NEGATIVE,
        steps=STEPS,
        extent=size,
        sampling=request.sampling,
        settings={
            "image": canvas.picture(canvas.placed(plain, size)),
            "mask_image": canvas.picture(in_cells(mask)),
            "strength": 1.0,
        },
    )
    # A logo taken off a white page leaves a white page: blank is wrong only where there is something to see.
    made = draw(running, drawing, progress, may_be_blank=bool(hole.all()) or _flat(image[~hole]))
    return canvas.with_alpha(canvas.back(made, canvas.extent_of(image)), np.where(hole, 255, image[..., 3]))


def _drawing(request: GenerateRequest, size: Extent, kind: Any, settings: dict[str, Any] | None = None) -> Drawing:
    return Drawing(
        kind=kind,
        stage="Drawing",
        prompt=request.prompt,
        negative=NEGATIVE,
        steps=STEPS,
        extent=size,
        sampling=request.sampling,
        settings=settings or {},
        strength=1.0 if request.start is None else request.strength,
    )


def _needs_words(prompt: str) -> None:
    if not prompt.strip():
        raise RequestError("There are no words to draw from.", "Say in a prompt what shall be there.")


def _flat(pixels: Picture) -> bool:
    """Whether (n, 4) pixels are all about one colour."""
    return float(pixels[:, :3].astype(np.float32).std(0).max()) < 3


def in_cells(mask: Picture) -> Picture:
    """`mask` (h, w) with sides multiples of 8, grown to whole cells: the pipeline looks at one pixel of each cell only,
    so that a thin line would be lost."""
    height, width = mask.shape
    cells = mask.reshape(height // _CELL, _CELL, width // _CELL, _CELL).max((1, 3))
    return np.repeat(np.repeat(cells, _CELL, 0), _CELL, 1)


def continued(colours: Picture, hole: Mask) -> Picture:
    """(h, w, 3) `colours` with the hole filled smoothly from around it (averages of ever larger neighbourhoods).

    The model does not look into the hole, but the VAE's cells beside it do: what is to go would shine into them."""
    known: Plane = (~hole).astype(np.float32)[..., None]
    out: Picture = colours.copy()
    out[hole] = np.rint(_pulled(np.asarray(colours * known, np.float32), known)[hole]).clip(0, 255).astype(np.uint8)
    return out


def _pulled(weighted: Plane, weight: Plane) -> Plane:
    """Push–pull: (h, w, 3) colours times `weight` (h, w, 1; 0–1), completed with those of the level below (S. J.
    Gortler et al., "The Lumigraph", SIGGRAPH 1996, §3.4)."""
    height, width = weight.shape[:2]
    if min(height, width) <= 1 or weight.min() >= 1:
        rest = weighted.sum((0, 1)) / max(float(weight.sum()), 1e-6)
        return np.asarray(weighted + (1 - weight) * rest)
    half = (max(1, width // 2), max(1, height // 2))
    both = cv2.resize(np.dstack([weighted, weight]), half, interpolation=cv2.INTER_AREA)
    small: Plane = np.asarray(both, np.float32)
    # Four pixels, one of them known: that one is as good as four. Averages would fade with every level.
    small *= np.minimum(np.float32(4), 1 / np.maximum(small[..., 3:], np.float32(1e-6)))
    below = _pulled(small[..., :3], small[..., 3:])
    larger = cv2.resize(below, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(weighted + (1 - weight) * larger)
