"""One light for what was put together: an engine says how light and colour should be, all else stays the document's.

Law: of the engine's drawing only the slow, smooth part is taken (a local affine map of every colour channel), so that
no line, letter or face can change; the result is one layer of corrected pixels over what changed.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.decomposition import as_document
from layerlift.engines.port import DRAWN, Editor, Sampling
from layerlift.errors import RequestError
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Document, Layer, LayerStack, Pixels, Plane, Role
from layerlift.operations import params as read
from layerlift.operations.changes import unrepainted
from layerlift.operations.detail import affine
from layerlift.operations.drawing import Drawn, draw
from layerlift.operations.enlarging import Enlarged, strips
from layerlift.operations.offering import require
from layerlift.operations.task import Task
from layerlift.operations.working import as_float, as_levels
from layerlift.progress import Progress

PROMPT = (
    "Harmonise the picture: make the lighting, colour temperature, contrast and shadows of all its parts match, as if "
    "they had been photographed together. Keep every object, its shape, its place, all text and the composition."
)
"""What is asked for when nothing is said."""
_SLOW = 0.02
"""Radius of the smooth part, in the longer side of the working picture: light changes over an object, not a stroke."""
_LEAST, _FULL = np.float32(1.5 / 255), np.float32(4 / 255)
"""Correction (0–1) below which nothing is done, and from which it is done fully."""
_MOST = np.float32(0.3)
"""Largest correction: more is another picture, not another light."""
_ODD = np.float32(0.06)
"""How much a pixel's change may differ from its neighbours' before it is a line or a thing, and no light."""
_REACH = 0.02
"""How far around a selection its light may reach (its shadow, its glow), in the longer side of the picture."""


def perform(task: Task) -> LayerStack:
    """`run("harmonise", …)`: prompt, a mask of what was changed, and how to draw."""
    return harmonise(
        task.picture("harmonise"),
        task.mask,
        read.words(task.params, "prompt"),
        engine=task.engine,
        sampling=read.sampling(task.params),
        progress=task.progress,
    )


def harmonise(
    document: Document,
    mask: NDArray[np.uint8] | None = None,
    prompt: str | None = None,
    *,
    engine: Editor,
    sampling: Sampling = DRAWN,
    progress: Progress | None = None,
) -> LayerStack:
    """Correct light and colour of `document`; `mask` (H, W) uint8: only what was put in, and close around it.

    Returns a stack of one layer ("Harmonised") that holds the corrected pixels where anything is corrected. Raises
    RequestError, EngineError, Cancelled.
    """
    progress = progress or Progress()
    require(engine, "harmonise")
    document = as_document(document)
    if mask is not None and (mask.dtype != np.uint8 or mask.shape != document.pixels.shape[:2] or not mask.any()):
        raise RequestError("The selection is empty or of another size.", "Select what was put in, or nothing.")
    drawn = draw(document, prompt or PROMPT, engine, "harmonise", sampling, progress.part(0.0, 0.9))
    progress.stage("Bringing it to full size", 0.9)
    pixels = _corrected(document, drawn, mask, progress.part(0.9, 1.0))
    layer = Layer("Harmonised", Role.GRAPHIC, Bounds.of(document.extent), pixels).cropped()
    notes = document.notes
    if not pixels[..., 3].any():
        notes = (*notes, "Nothing had to be corrected: the parts match already.")
    progress.stage("Done", 1.0)
    return LayerStack(document.extent, (layer,), document.name, document.icc, notes)


def _corrected(document: Document, drawn: Drawn, mask: NDArray[np.uint8] | None, progress: Progress) -> Pixels:
    extent, dtype = document.extent, document.pixels.dtype
    gain, offset, strength = (Enlarged(plane, extent, smooth=True) for plane in _correction(drawn, mask is not None))
    reach = None if mask is None else _around(mask)
    out = np.zeros_like(document.pixels)
    for top, bottom in strips(extent):
        progress.advance(top / extent.height)
        own = as_float(document.pixels[top:bottom])
        values = gain.rows(top, bottom) * own[..., :3] + offset.rows(top, bottom)
        values = own[..., :3] + np.clip(values - own[..., :3], -_MOST, _MOST)
        alpha = np.clip(strength.rows(top, bottom), 0, 1) * (own[..., 3] > 0)
        if reach is not None:
            alpha *= reach[top:bottom].astype(np.float32) * np.float32(1 / 255)
        strip = as_levels(np.dstack([values, alpha * own[..., 3]]), dtype)
        strip[..., :3] *= strip[..., 3:] > 0
        out[top:bottom] = strip
    return out


def _correction(drawn: Drawn, selected: bool) -> tuple[Plane, Plane, Plane]:
    """(gain, offset, strength) at working size."""
    before = np.ascontiguousarray(drawn.before[..., :3])
    # with a selection, what lies outside it says how much the engine merely repainted everything
    after = unrepainted(before, drawn.after[..., :3]) if selected else np.ascontiguousarray(drawn.after[..., :3])
    radius = max(2, round(_SLOW * max(drawn.size)))
    gain, offset = affine(before, _settled(before, after, 2 * radius), radius)
    change = np.abs(gain * before + offset - before).max(axis=2)
    change = cv2.GaussianBlur(change, (0, 0), max(1.0, radius / 2))
    strength = np.clip((change - _LEAST) / (_FULL - _LEAST), 0, 1).astype(np.float32)
    return gain, offset, strength


def _settled(before: Plane, after: Plane, radius: int) -> Plane:
    """`after` without what is drawn in or out of it: where a pixel's change is not like its neighbours', it gets
    theirs (the median)."""
    change = after - before
    out: Plane = after.copy()
    for channel in range(3):
        levels = np.rint(np.clip(change[..., channel] * 0.5 + 0.5, 0, 1) * 255).astype(np.uint8)
        usual = (cv2.medianBlur(levels, 2 * min(radius, 127) + 1).astype(np.float32) / 255 - 0.5) * 2
        odd = np.abs(change[..., channel] - usual) > _ODD
        out[..., channel][odd] = (before[..., channel] + usual)[odd]
    return out


def _around(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The selection with a soft margin outwards."""
    reach = max(2.0, _REACH * max(mask.shape))
    away = cv2.distanceTransform((mask == 0).astype(np.uint8), cv2.DIST_L2, 5)
    soft = np.rint(255 * np.clip(1 - away / reach, 0, 1)).astype(np.uint8)
    return np.maximum(mask, soft)
