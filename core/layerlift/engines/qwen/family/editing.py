"""Pictures and layers changed by words: Qwen-Image-Edit-2511.

Law: what an edit request means to the pipeline. The model knows no alpha: a layer is laid on a plain ground that it
does not share a colour with, and taken off again afterwards. Prompts go to the model as they are, in any language.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from layerlift.engines.port import EditRequest
from layerlift.engines.qwen import soundness
from layerlift.engines.qwen.family import canvas
from layerlift.engines.qwen.family.canvas import Picture
from layerlift.engines.qwen.family.drawing import Drawing, draw
from layerlift.engines.qwen.family.ground import ground_for, told
from layerlift.engines.qwen.family.matte import rematte
from layerlift.engines.qwen.family.sizes import working_at
from layerlift.errors import EngineError, RequestError
from layerlift.progress import Progress

STEPS = 40
NEGATIVE = " "
"""Both the model card's."""
MOST_PICTURES = 4
"""One to edit and three to look at: the model was trained with up to three; each costs as much as the first."""
_FAINTEST = 16
"""Alpha (0–255) below which everywhere a layer is empty."""
_MULTIPLE = 32
"""Of the sides that the pipeline gives its pictures."""


def edit(running: Any, request: EditRequest, progress: Progress) -> Picture:
    """The first picture, changed: (h, w, 4) uint8 of its size.

    An opaque picture stays opaque. Of a layer (any alpha below 255) the answer's alpha is a new matte, and its colours
    go on under alpha 0, so that the former alpha can be put on them as well. Where the model did not keep the ground,
    no matte can be told: then the former alpha is kept. Raises Cancelled, EngineError, RequestError (no words, nothing
    to see, too many pictures).
    """
    first = _checked(request)
    if canvas.opaque(first):
        return canvas.with_alpha(_edited(running, request, first[..., :3], request.prompt, progress, _plain(first)))
    ground = ground_for(first, request.prompt)
    laid = canvas.over_plain(first, ground.colour)
    changed = _edited(running, request, laid, told(request.prompt, ground), progress, True)
    matte = rematte(changed, ground.colour, first[..., 3])
    if not matte.trusted:
        return canvas.with_alpha(soundness.drawn(changed), first[..., 3])
    if matte.pixels[..., 3].max() < _FAINTEST:
        raise EngineError(
            "The edit left nothing of the layer.",
            "Say what shall be there instead, or delete the layer if nothing shall.",
        )
    return matte.pixels


def _checked(request: EditRequest) -> Picture:
    """The picture to edit, of a request that makes sense."""
    if not request.prompt.strip():
        raise RequestError("There are no words to edit by.", "Say in a prompt what shall change.")
    if not 1 <= len(request.images) <= MOST_PICTURES:
        raise RequestError(
            f"{len(request.images)} pictures cannot be edited together.",
            f"Give the one to edit and at most {MOST_PICTURES - 1} to look at.",
        )
    if not request.images[0][..., 3].any():
        raise RequestError("The layer is empty, so there is nothing to edit.", "Choose a layer that shows something.")
    return request.images[0]


def _edited(
    running: Any, request: EditRequest, colours: Picture, prompt: str, progress: Progress, may_be_blank: bool
) -> Picture:
    """(h, w, 3) `colours` as the model changes them."""
    own = canvas.extent_of(colours)
    size = canvas.working(own, request.sampling.resolution, _MULTIPLE)
    others = (canvas.on_white(image) for image in request.images[1:])
    pictures = tuple(map(canvas.picture, (canvas.placed(colours, size), *others)))
    drawing = Drawing(
        kind="edit",
        stage="Editing",
        prompt=prompt,
        negative=NEGATIVE,
        steps=STEPS,
        extent=size,
        sampling=request.sampling,
        seen=pictures,
        settings={"image": list(pictures)},
    )
    with working_at(size):
        made = draw(running, drawing, progress, may_be_blank=may_be_blank)
    return canvas.back(made, own)


def _plain(pixels: Picture) -> bool:
    """Whether there is nothing to see on (h, w, 4) in the first place."""
    return float(pixels[..., :3].reshape(-1, 3).astype(np.float32).std(0).max()) < 3
