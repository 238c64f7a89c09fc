"""Sharpen enlarged copy offsets: every patch of equal offset is nudged until it continues what lies around it.

Law: offsets in, offsets out; copies nothing.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.channels import least
from layerlift.imaging.layer import Mask, Plane

_MOST = 400
"""Regions that are nudged, largest first: the rest are a few pixels each."""
_SAMPLES = 300
_RIM = 2


def align(image: Plane, hole: Mask, known: Mask, offset: NDArray[np.int32], reach: int = 2) -> NDArray[np.int32]:
    """`offset` (H, W, 2) with each connected region of one offset moved by up to `reach` pixels.

    A nudge is judged on the rim of the region: what the copy would show there against what is there, known pixels
    or the copies of the neighbours.
    """
    offset = offset.copy()
    labels, boxes = _regions(hole, offset)
    picture = _shown(image, hole, known, offset)
    steps = np.array([(y, x) for y in range(-reach, reach + 1) for x in range(-reach, reach + 1)], np.int32)
    steps = steps[np.argsort((steps**2).sum(1), kind="stable")]
    order = np.argsort(-boxes[:, cv2.CC_STAT_AREA], kind="stable")[:_MOST]
    for number in order:
        x, y, width, height = (int(v) for v in boxes[number][:4])
        y0, x0 = max(0, y - _RIM), max(0, x - _RIM)
        window = (slice(y0, y + height + _RIM), slice(x0, x + width + _RIM))
        region = labels[window] == number
        if boxes[number][cv2.CC_STAT_AREA] < 9:
            continue
        size = 2 * _RIM + 1
        rim = (cv2.dilate(region.astype(np.uint8), np.ones((size, size), np.uint8)) > 0) & ~region
        rim &= known[window] | hole[window]
        ys, xs = np.nonzero(rim)
        if len(ys) == 0:
            continue
        thin = len(ys) // _SAMPLES + 1
        ys, xs = ys[::thin] + y0, xs[::thin] + x0
        first = np.argmax(region)
        own = offset[window].reshape(-1, 2)[first]
        best = own + steps[_best(image, known, picture, ys, xs, own + steps)]
        if (best != own).any():
            _move(image, known, offset[window], picture[window], region, best, (y0, x0))
    return offset


def _regions(hole: Mask, offset: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Label (−1 outside) and statistics of the connected regions of one offset, by cutting at every change."""
    height, width = hole.shape
    # Twice the size, with a gap of one cell between neighbours that differ: connected components do the rest.
    fine = np.zeros((2 * height - 1, 2 * width - 1), np.uint8)
    fine[::2, ::2] = hole
    same_y = hole[1:] & hole[:-1] & least(offset[1:] == offset[:-1])
    same_x = hole[:, 1:] & hole[:, :-1] & least(offset[:, 1:] == offset[:, :-1])
    fine[1::2, ::2], fine[::2, 1::2] = same_y, same_x
    count, label = cv2.connectedComponents(fine, connectivity=4)
    label = label[::2, ::2].astype(np.int32) - 1
    boxes = np.zeros((count - 1, 5), np.int32)
    boxes[:, :2] = np.iinfo(np.int32).max
    ys, xs = np.nonzero(hole)
    number = label[ys, xs]
    np.minimum.at(boxes[:, 0], number, xs)
    np.minimum.at(boxes[:, 1], number, ys)
    np.maximum.at(boxes[:, 2], number, xs)
    np.maximum.at(boxes[:, 3], number, ys)
    boxes[:, 2:4] += 1 - boxes[:, :2]
    boxes[:, 4] = np.bincount(number, minlength=count - 1)
    return label, boxes


def _shown(image: Plane, hole: Mask, known: Mask, offset: NDArray[np.int32]) -> Plane:
    picture: Plane = image.copy()
    ys, xs = np.nonzero(hole)
    picture[ys, xs] = image[
        np.clip(ys + offset[ys, xs, 0], 0, hole.shape[0] - 1), np.clip(xs + offset[ys, xs, 1], 0, hole.shape[1] - 1)
    ]
    return picture


def _best(
    image: Plane, known: Mask, picture: Plane, ys: NDArray[np.intp], xs: NDArray[np.intp], offsets: NDArray[np.int32]
) -> int:
    sy = np.clip(ys + offsets[:, :1], 0, known.shape[0] - 1)
    sx = np.clip(xs + offsets[:, 1:], 0, known.shape[1] - 1)
    able = known[sy, sx].astype(np.float32)
    cost = np.minimum(np.abs(image[sy, sx] - picture[ys, xs]).sum(2), np.float32(0.6)) * able
    mean = cost.sum(1) / np.maximum(able.sum(1), 1)
    mean[able.sum(1) < 0.5 * able.sum(1).max()] = np.inf
    return int(np.argmin(mean))


def _move(
    image: Plane,
    known: Mask,
    offset: NDArray[np.int32],
    picture: Plane,
    region: Mask,
    best: NDArray[np.int32],
    origin: tuple[int, int],
) -> None:
    """Give `region` the offset `best`, in place, where its new source is inside the picture and known."""
    ys, xs = np.nonzero(region)
    sy, sx = ys + origin[0] + best[0], xs + origin[1] + best[1]
    able = (sy >= 0) & (sx >= 0) & (sy < known.shape[0]) & (sx < known.shape[1])
    ys, xs, sy, sx = ys[able], xs[able], sy[able], sx[able]
    able = known[sy, sx]
    offset[ys[able], xs[able]] = best
    picture[ys[able], xs[able]] = image[sy[able], sx[able]]
