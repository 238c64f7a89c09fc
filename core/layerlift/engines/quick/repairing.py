"""What the quick engine does besides taking apart: it continues what is around a hole. It draws nothing.

Law: removal and extension through `filling`; whatever would need a model that draws is refused, with the engines that
have one.
"""

from __future__ import annotations

from typing import NoReturn

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.port import EditRequest, InpaintRequest
from layerlift.engines.quick import ocr
from layerlift.engines.quick.backdrop import flatten
from layerlift.engines.quick.filling.inpaint import fill
from layerlift.engines.quick.raster import grown, resized
from layerlift.errors import RequestError
from layerlift.imaging.layer import Mask, Plane
from layerlift.progress import Progress

PIXELS = 4_000_000
"""Working area: patches are searched small and copied at this size, with the detail and grain of the picture."""
READING_PIXELS = 1_300_000
"""Size at which text is looked for."""
_MARGIN = 0.25
"""Margin around a line of text, in its height: ascenders, shadows, outlines."""
_NEAR = 8
"""Pixels within which text reaches a hole."""
_DRAWS = "The engine “qwen” can (“layerlift models” says what it needs here)."


def continue_around(request: InpaintRequest, progress: Progress) -> NDArray[np.uint8]:
    """The picture with the hole continued from what is around it. Raises RequestError for a prompt."""
    if request.prompt is not None:
        raise RequestError(
            "The engine “quick” fills selections with what is around them; it cannot draw what a prompt says.",
            f"Leave out the prompt. {_DRAWS}",
        )
    progress.stage("Reading text", 0.0)
    image, _ = flatten(request.image)
    hole: Mask = request.mask > 0
    avoid = _written(image, hole) | (request.image[..., 3] == 0)
    progress.stage("Filling", 0.1)
    filled = fill(image, hole, progress.part(0.1, 0.98), avoid=avoid if avoid.any() else None)
    out = request.image.copy()
    out[hole, :3] = np.rint(np.clip(filled[hole], 0, 1) * 255).astype(np.uint8)
    out[hole, 3] = 255
    progress.advance(1.0)
    return out


def _written(image: Plane, hole: Mask) -> Mask:
    """Where text stands, with a margin: half a word, copied, is never what a picture continues with. Lines that reach
    the hole stay: from them its colours hang."""
    scale = min(1.0, (READING_PIXELS / hole.size) ** 0.5)
    size = max(1, round(hole.shape[1] * scale)), max(1, round(hole.shape[0] * scale))
    near = grown(hole, _NEAR)
    out = np.zeros(hole.shape, np.bool_)
    for line in ocr.recognise(resized(image, size) if scale < 1 else image):
        corners = np.rint(np.array(line.quad, np.float32) / np.float32(scale)).astype(np.int32)
        one = np.zeros(hole.shape, np.uint8)
        cv2.fillPoly(one, [corners], 1)
        cv2.polylines(one, [corners], True, 1, 2 * max(1, round(_MARGIN * line.height / scale)) + 1)
        if not (one[near] > 0).any():
            out |= one > 0
    return out


def refuse_edit(request: EditRequest) -> NoReturn:
    """Exact commands never come here (they need no engine); all else needs one that draws."""
    raise RequestError(
        f"The engine “quick” does exact commands only, and “{_short(request.prompt)}” is none.",
        'Say, for example, "move the title 20 px left" or "recolour the star to red". '
        f"For anything else an engine that draws is needed. {_DRAWS}",
    )


def _short(prompt: str) -> str:
    return prompt if len(prompt) <= 60 else f"{prompt[:59]}…"
