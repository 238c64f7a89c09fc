"""What the quick engine does besides taking apart: it continues what is around a hole. It draws nothing.

Law: removal and extension through `filling`; whatever would need a model that draws is refused, with the engines that
have one.
"""

from __future__ import annotations

from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from layerlift.engines.port import EditRequest, InpaintRequest
from layerlift.engines.quick.backdrop import flatten
from layerlift.engines.quick.filling.inpaint import fill
from layerlift.errors import RequestError
from layerlift.imaging.layer import Mask
from layerlift.progress import Progress

PIXELS = 4_000_000
"""Working area: patches are searched small and copied at this size, with the detail and grain of the picture."""
_DRAWS = "The engine “qwen” can (“layerlift models” says what it needs here)."


def continue_around(request: InpaintRequest, progress: Progress) -> NDArray[np.uint8]:
    """The picture with the hole continued from what is around it. Raises RequestError for a prompt."""
    if request.prompt is not None:
        raise RequestError(
            "The engine “quick” fills selections with what is around them; it cannot draw what a prompt says.",
            f"Leave out the prompt. {_DRAWS}",
        )
    progress.stage("Filling", 0.0)
    image, _ = flatten(request.image)
    hole: Mask = request.mask > 0
    unseen = request.image[..., 3] == 0
    filled = fill(image, hole, progress.part(0.05, 0.98), avoid=unseen if unseen.any() else None)
    out = request.image.copy()
    out[hole, :3] = np.rint(np.clip(filled[hole], 0, 1) * 255).astype(np.uint8)
    out[hole, 3] = 255
    progress.advance(1.0)
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
