"""Replay, at full size, the copies that were found at a small one, and blend their seams away.

Law: knows where to copy from; never decides it. One crop, float32.
Sources: A. Agarwala et al., "Interactive Digital Photomontage", SIGGRAPH 2004, §4 (gradients of the copies are
composited, differing ones averaged across a seam); P. Pérez et al., "Poisson Image Editing", SIGGRAPH 2003, eq. 7.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.filling.align import align
from layerlift.engines.quick.filling.membrane import stitch
from layerlift.engines.quick.filling.patchfill import Completion
from layerlift.imaging.channels import largest
from layerlift.imaging.layer import Mask, Plane

_STEP, _EDGE = np.float32(0.08), np.float32(0.2)
"""A seam's colour step is taken out up to the first; above the second it is an edge that the copies cut, and taking
it out would spread its colour over the whole fill."""
_TIE = 1 / 40**2
"""Where a hole leans on the picture's frame, what is taken out of a seam fades over 40 pixels: with one side free, seam
after seam would add up to another colour."""


def replay(image: Plane, hole: Mask, known: Mask, completion: Completion) -> Plane:
    """`image` (H, W, 3) with `hole` copied from `known` pixels as `completion`, at its smaller size, says."""
    offset = align(image, hole, known, _upscaled(completion.offset, hole))
    copied, offset, valid = _copied(image, hole, known, offset)
    if not valid[hole].all():
        height, width = hole.shape
        soft = cv2.resize(completion.image, (width, height), interpolation=cv2.INTER_CUBIC)
        copied[hole & ~valid] = soft[hole & ~valid]
    out: Plane = image.copy()
    out[hole] = np.clip(copied + _seams(image, copied, hole, known, offset, valid), 0, 1)[hole]
    return out


def _upscaled(offset: NDArray[np.int32], hole: Mask) -> NDArray[np.int32]:
    height, width = hole.shape
    ratio = np.array([height / offset.shape[0], width / offset.shape[1]], np.float32)
    big = cv2.resize(offset.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST)
    out: NDArray[np.int32] = np.rint(big * ratio).astype(np.int32)
    return out


def _sources(mask: Mask, offset: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp], Mask]:
    """For the pixels of `mask`: where they are copied from (y, x, inside the picture), and whether that was inside."""
    height, width = mask.shape
    ys, xs = np.nonzero(mask)
    ys, xs = ys + offset[ys, xs, 0], xs + offset[ys, xs, 1]
    inside = (ys >= 0) & (ys < height) & (xs >= 0) & (xs < width)
    return np.clip(ys, 0, height - 1), np.clip(xs, 0, width - 1), inside


def _copied(image: Plane, hole: Mask, known: Mask, offset: NDArray[np.int32]) -> tuple[Plane, NDArray[np.int32], Mask]:
    """The copies, the offsets used (a pixel whose source is no good takes its nearest neighbour's), what is valid."""
    valid = known.copy()
    offset = np.where(hole[..., None], offset, 0)
    for attempt in range(2):
        ys, xs, inside = _sources(hole, offset)
        valid[hole] = inside & known[ys, xs]
        if attempt or valid[hole].all() or not valid[hole].any():
            break
        wrong = hole & ~valid
        _, label = cv2.distanceTransformWithLabels(
            (~(hole & valid)).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        table = np.zeros((int(label.max()) + 1, 2), np.int32)
        table[label[hole & valid]] = offset[hole & valid]
        offset[wrong] = table[label[wrong]]
    copied: Plane = image.copy()
    copied[hole] = image[ys, xs]
    return copied, offset, valid


def _seams(image: Plane, copied: Plane, hole: Mask, known: Mask, offset: NDArray[np.int32], valid: Mask) -> Plane:
    """(H, W, 3) what to add inside `hole` so that gradients, not colours, are what was copied."""
    load = np.zeros_like(image)
    wires = np.zeros(hole.shape, np.float32)
    for axis in (0, 1):
        before = (slice(None, -1), slice(None)) if axis == 0 else (slice(None), slice(None, -1))
        after = (slice(1, None), slice(None)) if axis == 0 else (slice(None), slice(1, None))
        wired = (hole[before] | hole[after]) & (hole | known)[before] & (hole | known)[after]
        wires[before] += wired
        wires[after] += wired
        seam = wired & largest(offset[before] != offset[after])
        ys, xs = np.nonzero(seam)
        down, right = (1, 0) if axis == 0 else (0, 1)
        first = _gradient(image, known, valid, offset, ys, xs, down, right, 0)
        second = _gradient(image, known, valid, offset, ys + down, xs + right, down, right, -1)
        count = first[1] + second[1]
        wanted = (first[0] * first[1] + second[0] * second[1]) / np.maximum(count, 1)
        shown = copied[ys + down, xs + right] - copied[ys, xs]
        step = (wanted - shown) * (count > 0)
        height = np.abs(step).max(1, keepdims=True)
        step *= np.clip((_EDGE - height) / (_EDGE - _STEP), 0, 1)
        load[ys, xs] -= step
        load[ys + down, xs + right] += step
    return stitch(load, hole, wires, cycles=1, tie=_TIE if _leaning(hole) else 0.0)


def _leaning(hole: Mask) -> bool:
    """Whether the hole reaches the frame of the crop, which then is the picture's: there nothing holds the colours."""
    return bool(hole[0].any() or hole[-1].any() or hole[:, 0].any() or hole[:, -1].any())


def _gradient(
    image: Plane,
    known: Mask,
    valid: Mask,
    offset: NDArray[np.int32],
    ys: NDArray[np.intp],
    xs: NDArray[np.intp],
    down: int,
    right: int,
    shift: int,
) -> tuple[Plane, Plane]:
    """The step along the axis in the source of each pixel (from it for `shift` 0, to it for −1), and whether it is
    known (n, 1)."""
    height, width = known.shape
    ay, ax = ys + offset[ys, xs, 0] + shift * down, xs + offset[ys, xs, 1] + shift * right
    by, bx = ay + down, ax + right
    able = valid[ys, xs] & (ay >= 0) & (ax >= 0) & (by < height) & (bx < width)
    ay, by = np.clip(ay, 0, height - 1), np.clip(by, 0, height - 1)
    ax, bx = np.clip(ax, 0, width - 1), np.clip(bx, 0, width - 1)
    able &= known[ay, ax] & known[by, bx]
    return image[by, bx] - image[ay, ax], able[:, None].astype(np.float32)
