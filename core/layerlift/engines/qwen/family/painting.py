"""New pictures from words, pictures drawn over, and holes filled: Qwen-Image-2512 (holes: Qwen-Image-Edit-2511, too).

Law: what each request means to the pipelines; pixels outside a hole are none of its business (`operations` puts the
originals back exactly). Prompts go to the model as they are, in any language: it reads Chinese and English.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from layerlift.engines.port import GenerateRequest, InpaintRequest
from layerlift.engines.qwen.family import canvas, editing
from layerlift.engines.qwen.family.canvas import Picture
from layerlift.engines.qwen.family.drawing import LEAST_STEPS, Drawing, draw, taken
from layerlift.engines.qwen.family.ground import chinese
from layerlift.engines.qwen.family.holes import continued, in_cells
from layerlift.engines.qwen.family.siblings import edits
from layerlift.engines.qwen.family.sizes import working_at
from layerlift.errors import RequestError
from layerlift.imaging.geometry import Extent
from layerlift.progress import Progress

STEPS = 50
_MULTIPLE = 32
"""Of the sides, so that either model takes the picture as it is."""
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
REMOVAL_ORDER = (
    "Fill the blurred area with what would be behind it: continue the surrounding background seamlessly, with the same "
    "light, colours, texture and grain. Add no object, person or text. Keep everything else unchanged."
)
FILL_ORDER = "Fill the blurred area with this: {}. Keep everything else unchanged."
FILL_ORDER_CHINESE = "将模糊区域填充为：{}。其他部分保持不变。"
"""What the edit model is told, which takes orders and sees the picture (with the hole blurred): none of it is from a
model card."""


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

    `running` is Qwen-Image-2512 or, where that is not here, Qwen-Image-Edit-2511. Around the hole it is the picture as
    the model's VAE gives it back (a little off, which tells how much the fill is off too), and up to seven pixels of it
    are drawn anew: the model keeps or draws whole cells of 8×8. A hole may be as large as the canvas around a picture.
    Raises Cancelled, EngineError, RequestError (no hole)."""
    image, hole = request.image, request.mask > 0
    if not hole.any():
        raise RequestError("Nothing is selected, so there is nothing to fill.", "Select what shall be drawn anew.")
    size = canvas.working(canvas.extent_of(image), request.sampling.resolution, _MULTIPLE)
    shown = canvas.picture(canvas.placed(continued(canvas.on_white(image), hole), size))
    mask = canvas.picture(in_cells(canvas.placed(hole.astype(np.uint8) * 255, size)))
    words = _orders(request.prompt) if edits(running.pipeline) else _description(request.prompt)
    drawing = Drawing(
        kind="inpaint",
        stage="Filling",
        prompt=words.prompt,
        negative=words.negative,
        steps=words.steps,
        extent=size,
        sampling=request.sampling,
        seen=(shown,) if edits(running.pipeline) else (),
        settings={"image": shown, "mask_image": mask, "strength": 1.0},
    )
    # A logo taken off a white page leaves a white page: blank is wrong only where there is something to see.
    with working_at(size):
        made = draw(running, drawing, progress, may_be_blank=bool(hole.all()) or _flat(image[~hole]))
    return canvas.with_alpha(canvas.back(made, canvas.extent_of(image)), np.where(hole, 255, image[..., 3]))


class _Words(NamedTuple):
    """What a model is told for a hole, and its card's number of steps."""

    prompt: str
    negative: str
    steps: int


def _description(prompt: str | None) -> _Words:
    """For the model that draws what is described."""
    if prompt is not None and prompt.strip():
        return _Words(prompt, NEGATIVE, STEPS)
    return _Words(REMOVAL, REMOVAL_NEGATIVE, STEPS)


def _orders(prompt: str | None) -> _Words:
    """For the model that does as it is told."""
    if prompt is None or not prompt.strip():
        return _Words(REMOVAL_ORDER, editing.NEGATIVE, editing.STEPS)
    order = FILL_ORDER_CHINESE if chinese(prompt) else FILL_ORDER
    return _Words(order.format(prompt.strip().rstrip("。.")), editing.NEGATIVE, editing.STEPS)


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
