"""What is behind a thing that was taken away: LaMa where its file is here, the quick engine's filling where not.

Law: pictures and holes; knows the network's signature, not where its file comes from: inputs (1, 3, S, S) 0–1 and
(1, 1, S, S) 0 or 1, output (1, 3, S, S), 0–255 or 0–1. The published file takes 512 × 512 and nothing else, so that it
is shown one hole at a time with as much around it as fits, at full size wherever it can be.
Source: R. Suvorov et al., "Resolution-robust Large Mask Inpainting with Fourier Convolutions", WACV 2022.
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.engines.layerd.network import Network
from layerlift.engines.quick.filling import inpaint
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Plane
from layerlift.progress import Progress

SIDE = 512
"""What the published file takes; for files that take any size, the most that is shown at once."""
_CONTEXT = 0.6
"""What is shown around a hole, on each side, in parts of the hole's longer side."""
_JOIN = 24
"""Holes nearer than this (pixels) are filled together: one must not be taken for the other's surroundings."""


def fill(network: Network | None, image: Plane, hole: Mask, progress: Progress) -> Plane:
    """`image` (h, w, 3) float32 0–1 with `hole` (h, w) filled; pixels outside are bit-identical. Raises Cancelled,
    EngineError."""
    if network is None:
        return inpaint.fill(image, hole, progress)
    out: Plane = image.copy()
    parts = _clusters(hole)
    for index, part in enumerate(parts):
        progress.advance(index / len(parts))
        window = _window(Bounds(*part), hole.shape).slices
        # Every hole in the window is hidden from it, only its own is filled: the others' turn comes.
        shown = _shown(network, out[window], hole[window], progress)
        own = np.zeros_like(hole)
        own[Bounds(*part).slices] = hole[Bounds(*part).slices]
        out[own] = shown[own[window]]
    progress.advance(1.0)
    return out


def _clusters(hole: Mask) -> list[tuple[int, int, int, int]]:
    """x, y, width, height of holes, near ones as one, top left first."""
    grown = cv2.dilate(hole.astype(np.uint8), np.ones((_JOIN + 1, _JOIN + 1), np.uint8))
    count, label = cv2.connectedComponents(grown, connectivity=8)
    label = np.where(hole, label, 0).astype(np.uint16 if count < 65536 else np.int32)
    return [cv2.boundingRect((label == number).astype(np.uint8)) for number in range(1, count)]  # type: ignore[misc]


def _window(part: Bounds, shape: tuple[int, ...]) -> Bounds:
    """A square around the part with its context, at least SIDE wide, moved into the picture and cut to it."""
    longest = max(part.width, part.height)
    side = max(SIDE, round(longest * (1 + 2 * _CONTEXT)))
    height, width = shape[:2]
    x = min(max(0, part.x + part.width // 2 - side // 2), max(0, width - side))
    y = min(max(0, part.y + part.height // 2 - side // 2), max(0, height - side))
    return Bounds(x, y, min(side, width - x), min(side, height - y))


def _shown(network: Network, image: Plane, hole: Mask, progress: Progress) -> Plane:
    """The window as the network fills it."""
    height, width = hole.shape
    side = network.side(SIDE) or SIDE
    scale = min(1.0, side / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
    covered = cv2.resize(hole.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    margin = ((0, side - size[1]), (0, side - size[0]))
    # Mirrored beyond the picture's edge: what it sees there looks like what is here.
    picture = np.pad(small, (*margin, (0, 0)), mode="symmetric").transpose(2, 0, 1)[None]
    mask = np.pad(covered, margin, mode="symmetric")[None, None].astype(np.float32)
    painted = network(progress, np.ascontiguousarray(picture, np.float32), mask)[0].transpose(1, 2, 0)
    painted = np.clip(painted * _unit(painted, picture[0].transpose(1, 2, 0), mask[0, 0] < 0.5), 0, 1)
    inside = np.ascontiguousarray(painted[: size[1], : size[0]], np.float32)
    return inside if scale == 1 else np.asarray(cv2.resize(inside, (width, height), interpolation=cv2.INTER_CUBIC))


def _unit(painted: Plane, picture: Plane, known: Mask) -> np.float32:
    """What makes the output 0–1: told by what it left alone, or by its brightest pixel in a black picture."""
    before, after = float(picture[known].sum()), float(painted[known].sum())
    wide = after > 16 * before if before > 1 else float(painted.max()) > 1.5
    return np.float32(1 / 255 if wide else 1)
