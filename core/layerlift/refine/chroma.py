"""What a JPEG did to colour, undone as far as luma tells: a document to ask, beside the one to paint.

Law: document in, document out, or None where nothing was halved; luma stays. JPEG, lossy WebP and video keep chroma at
half size (4:2:0, 4:2:2) and enlarge it again, so beside an edge pixels have colours that belong to neither side, and
would be taken for mixtures. `halved` recognises the enlargement, for it leaves half of all numbers without anything to
say; `restored` puts chroma where luma changes, after a linear model of one from the other in every neighbourhood, and
what the model does not explain stays where it was. Alphas are decided on the answer; what is painted is the document.

Sources: the enlargement, ITU-T T.871 (JFIF) §7 and libjpeg's triangle filter ("fancy upsampling"); the model, "CCLM",
Zhang et al., "Enhanced Cross-Component Linear Model for Chroma Intra-Prediction in Video Coding", IEEE TIP 2018, as
He, Sun, Tang, "Guided Image Filtering", TPAMI 2013, has its window; consistency, Irani & Peleg's back-projection, 1991.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Document, Pixels, Plane, full_scale
from layerlift.imaging.resample import translucent
from layerlift.refine.moments import in_parallel

LUMA_CHROMA: Plane = np.array(
    [[0.299, 0.587, 0.114], [-0.168735892, -0.331264108, 0.5], [0.5, -0.418687589, -0.081312411]], np.float32
)
"""Y, Cb, Cr of red, green and blue (ITU-T T.871 §7, without the offset)."""
_BACK = np.linalg.inv(LUMA_CHROMA.astype(np.float64)).astype(np.float32)
TILE, TILES = 64, 32
"""Side in pixels of the squares that are looked at for the enlargement, and how many of them: where colours change."""
CHANGE = 6 / 255
"""Difference of chroma between neighbouring cells from which on a place is worth looking at."""
ALIKE = 0.45
"""Samples that lie right leave at most this share of the energy that samples a pixel beside leave."""
_ROUNDING = 0.015
"""Energy, in squared levels, that rounding red, green and blue leaves in either."""
WINDOW = 1.0
"""Gaussian sigma of a neighbourhood, in chroma samples."""
NOISE = (1 / 255) ** 2
"""Variance of luma that is taken for noise: chroma does not follow it."""
TURNS = 4
"""Steps of back-projection to the samples that were enlarged."""
ROWS, HALO = 128, 24
"""Rows of the document restored at a time, and beside them: nothing reaches farther than 20. Both are even."""


@dataclass(frozen=True)
class Halving:
    """Which neighbouring pixels share a sample of chroma: along rows and columns, those from `x` (`y`) on, 0 or 1, in
    pairs; None: that axis is whole."""

    x: int | None
    y: int | None


def restored(document: Document, small: Pixels) -> Document | None:
    """The document with chroma where luma says that it was before it was halved; None where it was not (or where
    nothing can be told: grey, translucent, scaled since). `small`: the document reduced, to know where to look."""
    if translucent(document.pixels):
        return None
    halving = halved(document, small)
    if halving is None:
        return None
    out = document.pixels.copy()
    tops = range(0, document.extent.height, ROWS)
    in_parallel(lambda top: _restore(document.pixels, out, top, halving), tops)
    return replace(document, pixels=out)


def halved(document: Document, small: Pixels) -> Halving | None:
    """How the document's chroma was halved, as its strongest changes of colour tell."""
    tiles = _tiles(document, small)
    if tiles.size == 0:
        return None
    least = _ROUNDING / full_scale(document.pixels) ** 2
    x, y = _phase(tiles.swapaxes(1, 2), least), _phase(tiles, least)
    return None if x is None and y is None else Halving(x, y)


def _tiles(document: Document, small: Pixels) -> NDArray[np.float64]:
    """Cb and Cr (n, TILE, TILE, 2) of squares of the document around the strongest changes of chroma in `small`."""
    width, height = document.extent
    if min(width, height) < TILE:
        return np.empty(0)
    chroma = _luma_chroma(small)[..., 1:]
    lines, places = small.shape[:2]
    change = np.zeros((lines, places), np.float32)
    for plane in (chroma[..., 0], chroma[..., 1]):
        change[:, 1:] += np.abs(np.diff(plane, axis=1))
        change[1:] += np.abs(np.diff(plane, axis=0))
    tall, wide = height / lines, width / places
    rows, columns = max(1, round(TILE / tall)), max(1, round(TILE / wide))
    squares = np.pad(change, ((0, -lines % rows), (0, -places % columns)))
    down, across = squares.shape[0] // rows, squares.shape[1] // columns
    squares = squares.reshape(down, rows, across, columns).swapaxes(1, 2).reshape(down * across, rows * columns)
    out = []
    for square in np.argsort(-squares.max(1), kind="stable")[:TILES]:
        strongest = int(squares[square].argmax())
        if squares[square, strongest] < CHANGE:
            break
        row, column = square // across * rows + strongest // columns, square % across * columns + strongest % columns
        y = int(np.clip((row + 0.5) * tall - TILE / 2, 0, height - TILE)) & ~1
        x = int(np.clip((column + 0.5) * wide - TILE / 2, 0, width - TILE)) & ~1
        out.append(_luma_chroma(document.pixels[y : y + TILE, x : x + TILE])[..., 1:])
    return np.array(out, np.float64)


def _phase(lines: NDArray[np.float64], least: float) -> int | None:
    """Whether numbers along the second axis of (n, TILE, …) come from half as many, and how they pair: 0, 1 or None."""
    flat = np.moveaxis(lines, 1, 0).reshape(TILE, -1)
    rest = [max(0.0, float(np.square(_unexplained(phase) @ flat).mean()) - least) for phase in (0, 1)]
    best = int(rest[1] < rest[0])
    return best if rest[best] < ALIKE * rest[1 - best] else None


def _unexplained(phase: int) -> NDArray[np.float64]:
    """(TILE, TILE): takes off a line whatever the triangle filter makes of samples that lie so."""
    enlarged = np.zeros((TILE, TILE // 2 + 2))
    for pixel in range(TILE):
        sample, second = divmod(pixel + phase, 2)
        enlarged[pixel, sample + 1] = 0.75
        enlarged[pixel, sample + 2 * second] = 0.25
    basis, _ = np.linalg.qr(enlarged[:, enlarged.any(0)])
    return np.eye(TILE) - basis @ basis.T


def _restore(pixels: Pixels, out: Pixels, top: int, halving: Halving) -> None:
    """Restore ROWS rows of `pixels` into `out`."""
    height, width = pixels.shape[:2]
    bottom = min(top + ROWS, height)
    shift, left = halving.y or 0, halving.x or 0
    first, last = max(0, top - HALO - shift), min(height, bottom + HALO)
    above = shift if first == 0 else 0  # pairs are never cut
    padded = cv2.copyMakeBorder(
        pixels[first:last, :, :3], above, (last - first + above) % 2, left, (width + left) % 2, cv2.BORDER_REPLICATE
    )
    whole = _luma_chroma(cast(Pixels, padded))
    factor = (1 if halving.x is None else 2, 1 if halving.y is None else 2)
    luma = np.ascontiguousarray(whole[..., 0])
    small = _smaller(luma, factor)
    detail = luma - _larger(small, factor)
    mean = _around(small)
    variance = _around(small * small) - mean * mean + np.float32(NOISE)
    for k in (1, 2):
        samples = _samples(np.ascontiguousarray(whole[..., k]), factor)
        average = _around(samples)
        shared = _around(small * samples) - mean * average
        own = np.maximum(_around(samples * samples) - average * average, 0) + np.float32(NOISE / 4)
        # The slope, as far as the model explains what chroma does here.
        slope = shared / variance * np.minimum(shared * shared / (variance * own), 1)
        whole[..., k] = _larger(samples, factor) + _larger(slope, factor) * detail
    inner = slice(top - first + above, bottom - first + above), slice(left, left + width)
    scale = full_scale(pixels)
    colour = cv2.transform(np.ascontiguousarray(whole[inner]), _BACK) * np.float32(scale)
    out[top:bottom, :, :3] = np.clip(np.rint(colour), 0, scale)


def _luma_chroma(pixels: Pixels) -> Plane:
    """(h, w, 3) float32: luma 0–1, chroma -0.5…0.5."""
    levels = np.ascontiguousarray(pixels[..., :3]).astype(np.float32) * np.float32(1 / full_scale(pixels))
    return cast(Plane, cv2.transform(levels, LUMA_CHROMA))


def _samples(plane: Plane, factor: tuple[int, int]) -> Plane:
    """The samples that were enlarged to `plane`: back-projected from its means."""
    means = _smaller(plane, factor)
    out = means
    for _ in range(TURNS):
        out = out + (means - _smaller(_larger(out, factor), factor))
    return out


def _smaller(plane: Plane, factor: tuple[int, int]) -> Plane:
    size = plane.shape[1] // factor[0], plane.shape[0] // factor[1]
    return cast(Plane, cv2.resize(plane, size, interpolation=cv2.INTER_AREA))


def _larger(plane: Plane, factor: tuple[int, int]) -> Plane:
    size = plane.shape[1] * factor[0], plane.shape[0] * factor[1]
    return cast(Plane, cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR))


def _around(plane: Plane) -> Plane:
    return cast(Plane, cv2.GaussianBlur(plane, (0, 0), WINDOW))
