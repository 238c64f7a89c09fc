"""The edge of a thing of flat colours follows from its colours and its ground, better than from any matte.

Law: mathematics on pictures; knows no network. After LayerD §3.3 (arXiv 2509.25134). Where one flat colour F (or one of
two) makes a connected part of the thing, α = (C − B)·(F − B)/|F − B|² (A. R. Smith, J. F. Blinn, "Blue Screen Matting",
SIGGRAPH 1996, eq. 1 solved for α) for every pixel of that colour and a little around: pieces that the matte had missed
belong to it, too, and what the matte had too much of does not.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.layerd.palette import COVERED, TOLERANCE, frequent
from layerlift.imaging.layer import Mask, Plane

MOST = 2
"""Colours that one part of a thing may have and still be flat (the paper's)."""
_MIXED = 4
"""Colours beyond those that are looked at because they may be mixtures with the ground."""
_LENT = 4
"""Colours of other parts that a part without one of its own may take."""
_PLAIN = 0.2
"""Share of a part's pixels that must lie in plain areas (the paper's)."""
_APART = 24 / 255
"""Colours nearer than this cannot tell a soft edge: rounding would be a tenth of it."""
_ON_LINE = 2 * TOLERANCE / 255
"""How far a mixture of two colours may be off the line between them, at least, …"""
_SMEARED = 0.12
"""… in parts of their distance, for a colour to be taken for flat …"""
_NEAR_LINE = 0.25
"""… and for an edge to be told by it, in parts of their distance: JPEG smears colours (not lightness) over 16 pixels
and rings, so edges leave the line. What is farther off has another ground than was guessed."""
_FAINT = 0.01
"""Alpha below which it is noise of the ground."""

Window = tuple[slice, slice]


def sharpen(image: Plane, ground: Plane, alpha: Plane, reach: int) -> tuple[Plane, Plane, bool]:
    """`alpha` (h, w) and the colours (h, w, 3) of what stands over `ground` in `image`, exact up to `reach` pixels
    around its flat parts; and whether there was any such part."""
    alpha, colours = alpha.copy(), image.copy()
    parts, label = _parts(image, ground, alpha, reach)
    lent = _lent(parts)
    areas: dict[bytes, _Areas] = {}
    found = False
    for part in parts:
        window, inside = part.window, label[part.window] == part.number
        free = inside | (label[window] == 0)
        for flat in part.flats if len(part.flats) else _borrowed(image[window], ground[window], inside, lent):
            key = np.rint(flat * 255 / TOLERANCE).tobytes()
            if key not in areas:
                areas[key] = _Areas(image, flat)
            own = areas[key].mostly(inside, window)
            # A borrowed colour need not be pure anywhere: strokes of one pixel are all edge.
            own = own if own.any() or len(part.flats) else inside
            _sharpen(image[window], ground[window], alpha[window], colours[window], own, free, flat, reach)
            found |= bool(own.any())
    return alpha, colours, found


class _Part(NamedTuple):
    """One connected part of a thing: its number in the label map, a window with room around it, how many pixels it has
    and the flat colours that it is made of (none: it is not)."""

    number: int
    window: Window
    size: int
    flats: NDArray[np.float32]


def _parts(image: Plane, ground: Plane, alpha: Plane, reach: int) -> tuple[list[_Part], NDArray[np.int32]]:
    count, label, boxes, _ = cv2.connectedComponentsWithStats((alpha > 0.5).astype(np.uint8), connectivity=8)
    parts = []
    for number in range(1, count):
        x, y, width, height, size = (int(value) for value in boxes[number])
        window = (slice(max(0, y - reach), y + height + reach), slice(max(0, x - reach), x + width + reach))
        parts.append(_Part(number, window, size, _flats(image[window], ground[window], label[window] == number)))
    return parts, np.asarray(label, np.int32)


def _lent(parts: list[_Part]) -> NDArray[np.float32]:
    """The colours of the largest flat parts: what a letter is too thin to show, the others of its word do."""
    known: list[NDArray[np.float32]] = []
    for part in sorted(parts, key=lambda part: -part.size):
        for flat in part.flats:
            if len(known) < _LENT and all(np.abs(flat - other).max() > TOLERANCE / 255 for other in known):
                known.append(flat)
    return np.array(known, np.float32).reshape(-1, 3)


def _borrowed(image: Plane, ground: Plane, part: Mask, lent: NDArray[np.float32]) -> NDArray[np.float32]:
    """The first of the lent colours that alone explains the part, if any does."""
    able = (index for index, flat in enumerate(lent) if _explained(image[part], ground[part], flat[None]))
    index = next(able, None)
    return lent[:0] if index is None else lent[index : index + 1]


def _flats(image: Plane, ground: Plane, part: Mask) -> NDArray[np.float32]:
    """The fewest colours that make `part` of the picture, most frequent first; none where it takes more than MOST."""
    pixels, behind = image[part], ground[part]
    pure = _pure(frequent(image, part, MOST + _MIXED, plain=_PLAIN), behind)
    enough = (count for count in range(1, min(MOST, len(pure)) + 1) if _explained(pixels, behind, pure[:count]))
    return pure[: next(enough, 0)]


def _pure(flats: NDArray[np.float32] | None, behind: Plane) -> NDArray[np.float32]:
    """The colours that are no mixtures of another one and the ground (an edge along a pixel row is as plain as any)."""
    if flats is None:
        return np.zeros((0, 3), np.float32)
    ground = np.median(behind, axis=0).astype(np.float32)
    mixed = [
        any(
            _mixture(flat, ground, other)[1] <= _ON_LINE
            and np.linalg.norm(other - ground) > np.linalg.norm(flat - ground)
            for other in flats
        )
        for flat in flats
    ]
    return flats[~np.array(mixed)]


def _explained(pixels: Plane, behind: Plane, flats: NDArray[np.float32]) -> bool:
    """Whether nearly all pixels are one of the colours, or a mixture of one with what is behind."""
    near = [
        _mixture(pixels, behind, flat)[1] <= np.maximum(_ON_LINE, _SMEARED * np.abs(flat - behind).max(1))
        for flat in flats
    ]
    return bool(np.any(near, axis=0).mean() >= COVERED)


class _Areas:
    """The connected areas of one colour in the whole picture."""

    def __init__(self, image: Plane, flat: NDArray[np.float32]) -> None:
        near = np.abs(image - flat).max(2) <= (TOLERANCE + 0.5) / 255
        count, self._label = cv2.connectedComponents(near.astype(np.uint8), connectivity=8)
        self._sizes = np.bincount(self._label.ravel(), minlength=count)

    def mostly(self, part: Mask, window: Window) -> Mask:
        """Within `window`: those areas of which most lies in `part`."""
        label = self._label[window]
        inside = np.bincount(label[part], minlength=len(self._sizes))
        most = inside > 0.5 * self._sizes
        most[0] = False
        return np.asarray(most[label])


def _sharpen(
    image: Plane,
    ground: Plane,
    alpha: Plane,
    colours: Plane,
    own: Mask,
    free: Mask,
    flat: NDArray[np.float32],
    reach: int,
) -> None:
    """In place: alpha and colours of the areas `own` and of what is `free` around them."""
    around = np.ones((2 * reach + 1,) * 2, np.uint8)
    near = cv2.dilate(own.astype(np.uint8), around) > 0
    rim = cv2.dilate((free & (alpha <= 0.5)).astype(np.uint8), around) > 0
    share, off = _mixture(image, ground, flat)
    share[share < _FAINT] = 0
    contrast = np.abs(flat - ground).max(2)
    sure = (off <= np.maximum(_ON_LINE, _NEAR_LINE * contrast)) & (contrast > _APART)
    zone = near & free & (own | (share > alpha) | (alpha < 1) | rim)
    # Where the pixel is no mixture of the two, the ground has been guessed wrong: the colour is right even so.
    colours[zone & (sure | (alpha > 0))] = flat
    alpha[zone & sure] = share[zone & sure]


def _mixture(image: Plane, ground: Plane, flat: NDArray[np.float32]) -> tuple[Plane, Plane]:
    """α by the equation, and how far the pixel is off the line between its ground and `flat`."""
    span, off = flat - ground, image - ground
    length = np.maximum((span * span).sum(-1), np.float32(1e-6))
    share = np.clip((off * span).sum(-1) / length, 0, 1)
    return np.asarray(share, np.float32), np.asarray(np.abs(off - share[..., None] * span).max(-1), np.float32)
