"""Completion: the whole outline of a shape of which a part is hidden.

Law: masks in, masks out; one shape at a time. Where the outline is seen, a completion must agree with it; it may add
only what something else could hide. Candidates in the order of how much they claim to know: ellipse, rectangle,
rounded rectangle, then the continuation of the seen edges (relatability: P. Kellman, T. Shipley, "A theory of visual
interpolation in object perception", Cognitive Psychology 1991), then the convex hull.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Mask

_SHIFT = 4
_TOLERANCE = 0.75
"""How far (pixels, mean along the outline) a candidate may be from what is seen of the outline."""


@dataclass(frozen=True, eq=False)
class Completion:
    """`mask` (bool, like the input); `kind`; `cost`: mismatch in pixels along the outline plus the kind's price;
    `strong` where a primitive explains the outline; `added` pixels that were hidden."""

    mask: Mask
    kind: str
    cost: float
    strong: bool
    added: int


_PRICE = {"ellipse": 0.0, "rectangle": 0.0, "rounded": 0.15, "edges": 0.2, "hull": 0.3, "seen": 0.7}


def _outline(mask: Mask) -> NDArray[np.int32]:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(contours, key=len)[:, 0, :].astype(np.int32) if contours else np.zeros((0, 2), np.int32)


def _polygon(points: NDArray[np.float64], shape: tuple[int, int]) -> Mask:
    out = np.zeros(shape, np.uint8)
    fixed = np.rint(np.clip(points, -2000, 30000) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(out, [fixed], 1, cv2.LINE_8, _SHIFT)
    return out > 0


def _ellipse(support: NDArray[np.int32], shape: tuple[int, int]) -> Mask | None:
    if len(support) < 12:
        return None
    (cx, cy), (a, b), angle = cv2.fitEllipseDirect(support.astype(np.float32))
    if not (2 < a < 3 * max(shape) and 2 < b < 3 * max(shape)) or max(a, b) > 12 * min(a, b):
        return None
    circle = np.deg2rad(np.arange(0, 360, 2.0))
    points = np.stack([np.cos(circle) * a / 2, np.sin(circle) * b / 2], axis=1)
    turn = np.deg2rad(angle)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return _polygon(points @ rotation + (cx, cy), shape)


def _rounded(
    box: tuple[tuple[float, float], tuple[float, float], float], radius: float, shape: tuple[int, int]
) -> Mask:
    (cx, cy), (width, height), angle = box
    w, h = width / 2, height / 2
    r = min(radius, w, h)
    arc = np.deg2rad(np.arange(0, 91, 6))
    corners = [
        np.stack([sx * (w - r) + r * np.cos(arc + t), sy * (h - r) + r * np.sin(arc + t)], axis=1)
        for sx, sy, t in ((1, 1, 0), (-1, 1, np.pi / 2), (-1, -1, np.pi), (1, -1, 1.5 * np.pi))
    ]
    turn = np.deg2rad(angle)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return _polygon(np.concatenate(corners) @ rotation + (cx, cy), shape)


def _boxes(outline: NDArray[np.int32]) -> list[tuple[tuple[float, float], tuple[float, float], float]]:
    x, y, width, height = cv2.boundingRect(outline)
    upright = ((x + (width - 1) / 2, y + (height - 1) / 2), (float(width - 1), float(height - 1)), 0.0)
    (cx, cy), (w, h), angle = cv2.minAreaRect(outline)
    tilted = ((float(cx), float(cy)), (float(w), float(h)), float(angle))
    return [upright] if min(angle % 90, 90 - angle % 90) < 0.5 else [upright, tilted]


def _continued(outline: NDArray[np.int32], seen: Mask, shape: tuple[int, int]) -> Mask | None:
    """The outline with every hidden stretch replaced by its two neighbours' edges, prolonged to where they meet."""
    count = len(outline)
    if seen.all() or seen.sum() < 0.3 * count:
        return None
    start = int(np.flatnonzero(seen & ~np.roll(seen, 1))[0])
    points, seen = np.roll(outline, -start, axis=0).astype(np.float64), np.roll(seen, -start)
    out: list[NDArray[np.float64]] = []
    i = 0
    while i < count:
        j = i
        while j < count and seen[j] == seen[i]:
            j += 1
        if seen[i] or j - i <= 3:
            out.append(points[i:j])
        else:
            meeting = _meet(_straight(points, i - 2, -1), _straight(points, j + 1, 1))
            if meeting is not None:
                out.append(meeting[None])
        i = j
    return _polygon(np.concatenate(out), shape) if out else None


def _straight(
    points: NDArray[np.float64], begin: int, step: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Point and direction (towards `begin`) of the straight edge that runs through `begin` and on by `step`."""
    count = len(points)
    for reach in (60, 36, 22, 14, 9, 6):
        if reach > count // 4:
            continue
        run = np.take(points, range(begin, begin + step * reach, step), axis=0, mode="wrap")
        middle = run.mean(axis=0)
        _, _, axes = np.linalg.svd(run - middle, full_matrices=False)
        off = np.abs((run - middle) @ axes[1])
        if off.max() <= 0.9:
            direction = axes[0] if (run[0] - run[-1]) @ axes[0] > 0 else -axes[0]
            return middle + direction * ((run[0] - middle) @ direction), direction
    return None


def _meet(
    before: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    after: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
) -> NDArray[np.float64] | None:
    """Where two edges meet when prolonged into the gap between them; None where they don't."""
    if before is None or after is None:
        return None
    (p, d), (q, e) = before, after
    cross = d[0] * e[1] - d[1] * e[0]
    if abs(cross) < 0.1:
        return None
    gap = q - p
    s, t = (gap[0] * e[1] - gap[1] * e[0]) / cross, (gap[0] * d[1] - gap[1] * d[0]) / cross
    return p + s * d if s > -2 and t > -2 else None


def complete(seen: Mask, hiding: Mask, veil: Mask, *, weak: bool = True) -> list[Completion]:
    """What `seen` (h, w) bool may look like as a whole, cheapest explanation first.

    `hiding`: where something could hide more of it (other shapes, and beyond the canvas); `veil`: where nothing is
    known, so that even what `seen` says does not count. The list always ends with
    the mask itself where nothing better explains it. With `weak` false only primitives are tried.
    """
    shape = (int(seen.shape[0]), int(seen.shape[1]))
    outline = _outline(seen)
    if len(outline) < 8:
        return [Completion(seen, "seen", _PRICE["seen"], False, 0)]
    hiding = hiding | veil
    near = cv2.dilate(hiding.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    visible = ~near[outline[:, 1], outline[:, 0]]
    support = outline[visible]
    trials: list[tuple[str, Mask]] = []
    if len(support) >= 0.25 * len(outline):
        ellipse = _ellipse(support, shape)
        if ellipse is not None:
            trials.append(("ellipse", ellipse))
        boxes = _boxes(outline)
        known = _outline(seen & ~veil) if (seen & veil).any() else outline[:0]
        if len(known) >= 8:
            boxes += _boxes(known)
        for box in boxes:
            trials.append(("rectangle", _rounded(box, 0.0, shape)))
            side = min(box[1])
            trials += [
                ("rounded", _rounded(box, f * side, shape)) for f in (0.05, 0.1, 0.15, 0.2, 0.27, 0.35, 0.43, 0.5)
            ]
        if weak:
            edges = _continued(outline, visible, shape)
            if edges is not None:
                trials.append(("edges", edges))
            trials.append(("hull", _polygon(cv2.convexHull(outline)[:, 0].astype(np.float64), shape)))
    length = max(8, len(support))
    found = [Completion(seen, "seen", _PRICE["seen"], False, 0)]
    for kind, mask in trials:
        wrong = int(((mask ^ seen) & ~hiding).sum()) / length
        if wrong <= _TOLERANCE:
            strong = kind in ("ellipse", "rectangle", "rounded")
            whole = mask if strong else (seen & ~veil) | (mask & hiding)
            found.append(Completion(whole, kind, wrong + _PRICE[kind], strong, int((whole & ~seen).sum())))
    return sorted(found, key=lambda c: c.cost)
