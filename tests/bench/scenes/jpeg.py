"""Pictures that went through JPEG: colour smeared over things' edges, luma that rings beside them.

The truth is what was drawn; only the *document* is what a JPEG leaves of it. What artists see is the halo: hide a
thing, and look at the ground beside where it was.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tests.bench.scenes import tuning
from tests.bench.scenes.draw import SENTENCE, Plane, Stack, flat, layer, noise, photo, ramp, shape, text
from tests.bench.scenes.metrics import flatten

QUALITIES = (90, 75)
BAND = 4
"""Pixels beside a thing in which its colours can show in the ground."""
SEEN = 8
"""Levels from which on a halo on an even ground catches the eye."""


@dataclass(frozen=True)
class Halo:
    """What hiding things leaves under their edges and within `BAND` pixels of them: `mean` difference to the true
    ground in levels, and the share (%) of these pixels in which a channel is off by more than `SEEN`."""

    mean: float
    seen: float

    def __str__(self) -> str:
        return f"halo {self.mean:5.2f} {self.seen:5.1f} %"


def through_jpeg(levels: Plane, quality: int, subsampling: str = "4:2:0") -> NDArray[np.uint8]:
    """(h, w, 3) levels 0–255 as a JPEG of them opens."""
    stream = io.BytesIO()
    Image.fromarray(np.rint(levels).astype(np.uint8)).save(
        stream, "JPEG", quality=quality, subsampling={"4:2:0": 2, "4:2:2": 1, "4:4:4": 0}[subsampling]
    )
    return np.asarray(Image.open(stream))


def halo(ours: Stack, truth: Stack) -> Halo:
    """Every layer but the bottom one is hidden in turn, with all above it, and what is left compared beside it where
    nothing else covered it."""
    total = seen = count = 0.0
    free = np.ones(truth[0].shape[:2], np.bool_)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * BAND + 1, 2 * BAND + 1))
    for place in range(len(truth) - 1, 0, -1):
        alpha = truth[place][..., 3]
        band = (cv2.dilate((alpha > 200).astype(np.uint8), disc) > 0) & (alpha < 128) & free
        error = np.abs(flatten(ours[:place]) - flatten(truth[:place]))[band]
        total += float(error.mean(-1).sum())
        seen += float((error.max(-1) > SEEN).sum())
        count += float(band.sum())
        free &= alpha == 0
    return Halo(total / max(1, count), seen / max(1, count) * 100)


def _signs(h: int, w: int, *, ground: Plane) -> Stack:
    """Things in strong colours, and print in every size."""
    x, y = ramp(h, w)
    shapes = shape(
        h,
        w,
        lambda d, s: (
            d.ellipse([0.06 * w * s, 0.08 * h * s, 0.36 * w * s, 0.38 * h * s], fill=255),
            d.polygon(
                [(0.5 * w * s, 0.4 * h * s), (0.62 * w * s, 0.08 * h * s), (0.72 * w * s, 0.41 * h * s)], fill=255
            ),
            d.rounded_rectangle([0.76 * w * s, 0.1 * h * s, 0.95 * w * s, 0.5 * h * s], 0.03 * w * s, fill=255),
        ),
    )
    colour = np.where((x < 0.45)[..., None], np.float32([0.85, 0.08, 0.1]), np.float32([0.1, 0.25, 0.8]))
    colour = np.where((x > 0.74)[..., None], np.float32([0.1, 0.65, 0.2]), colour)
    lines = [(0.06, 0.55, 0.13, "Sale today"), (0.06, 0.72, 0.06, "red on grey, and thin")]
    lines += [(0.06, 0.82 + 0.035 * k, 0.022, SENTENCE[:62]) for k in range(4)]
    ink = np.where((y < 0.7)[..., None], np.float32([0.9, 0.1, 0.15]), np.float32([0.75, 0.05, 0.45]))
    return [
        layer(ground, np.ones((h, w), np.float32)),
        layer(colour, shapes),
        layer(ink, text(h, w, lines)),
    ]


def signs(h: int, w: int) -> Stack:
    """On even pale grey-blue."""
    return _signs(h, w, ground=flat(h, w, (0.78, 0.84, 0.86)))


def signs_dark(h: int, w: int) -> Stack:
    """On a dark gradient, of about the luma of the things."""
    x, y = ramp(h, w)
    return _signs(h, w, ground=np.stack([0.2 + 0.1 * x, 0.22 + 0.2 * y, 0.3 + 0.15 * x * y], -1))


def signs_photo(h: int, w: int) -> Stack:
    """On a photo with grain."""
    return _signs(h, w, ground=photo("rocket", h, w, 3) * 0.7 + 0.2)


def signs_gravel(h: int, w: int) -> Stack:
    """On grey texture."""
    return _signs(h, w, ground=photo("gravel", h, w, 5) * np.float32([1, 0.97, 0.9]))


def signs_cloth(h: int, w: int) -> Stack:
    """On a ground whose own colour varies."""
    rough = np.stack([noise(h, w, 14, 40 + c) for c in range(3)], -1) * 0.06
    return _signs(
        h, w, ground=np.clip(flat(h, w, (0.6, 0.55, 0.35)) + rough + noise(h, w, 1, 4)[..., None] * 0.02, 0, 1)
    )


SCENES: dict[str, Callable[[int, int], Stack]] = {
    "signs": signs,
    "signs_dark": signs_dark,
    "signs_photo": signs_photo,
    "signs_gravel": signs_gravel,
    "signs_cloth": signs_cloth,
    "poster": tuning.poster,
    "cartoon": tuning.cartoon,
}


def cases(side: int, only: str) -> Iterator[tuple[str, Stack, NDArray[np.uint8]]]:
    """Every scene (or those named, comma-separated) of side² pixels, clean and in each quality: name, truth, and the
    levels (h, w, 3) of the document."""
    for name, draw in SCENES.items():
        if only and name not in only.split(","):
            continue
        truth = draw(side, side)
        levels = flatten(truth)
        yield f"{name} clean", truth, np.rint(levels).astype(np.uint8)
        for quality in QUALITIES:
            yield f"{name} {quality}", truth, through_jpeg(levels, quality)
