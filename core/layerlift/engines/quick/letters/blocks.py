"""Which lines form one block of text, and what the block is called.

Law: works on lines and their colours; reads no pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from layerlift.imaging.layer import Plane, TextLine

SIMILAR_HEIGHT = 1.3
"""Ratio of line heights within one block."""
GAP = 0.95
"""Largest gap between consecutive lines of a block, in heights of the lower one."""
SIMILAR_STROKE = 1.16
"""Ratio of mean stroke widths within one block. It tells a heading from its paragraph where heights do not: lines of
one font agree within 10 %, a semibold heading one size up differs by half (measured on the tuning designs)."""
SIMILAR_COLOUR = 0.16
"""Largest difference of mean ink colours (largest channel, 0–1) within one block."""
TURN = 3.0
"""Largest difference of reading directions within one block, in degrees."""
NAME_LENGTH = 32
"""A layer's name is cut to this many characters, at a word where possible."""


@dataclass(frozen=True, eq=False)
class InkedLine:
    """A line with the mean colour (3,) of its ink, 0–1, and its mean `stroke` width in pixels."""

    line: TextLine
    colour: tuple[float, float, float]
    stroke: float


def blocks(lines: list[InkedLine]) -> list[list[int]]:
    """Indices of `lines` grouped into blocks, each in the order of `lines`; every index once."""
    parent = list(range(len(lines)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for j in range(len(lines)):
        for i in range(j):
            if _follows(lines[i], lines[j]) or _follows(lines[j], lines[i]):
                parent[root(j)] = root(i)
    groups: dict[int, list[int]] = {}
    for i in range(len(lines)):
        groups.setdefault(root(i), []).append(i)
    return sorted(groups.values(), key=lambda group: group[0])


def _follows(upper: InkedLine, lower: InkedLine) -> bool:
    """Whether `lower` can be the next line below `upper` in one block."""
    a, b = upper.line, lower.line
    heights = a.height, b.height
    if max(heights) > SIMILAR_HEIGHT * min(heights) or abs((a.angle - b.angle + 180) % 360 - 180) > TURN:
        return False
    if max(abs(x - y) for x, y in zip(upper.colour, lower.colour, strict=True)) > SIMILAR_COLOUR:
        return False
    if max(upper.stroke, lower.stroke) > SIMILAR_STROKE * min(upper.stroke, lower.stroke):
        return False
    (left, top, right, bottom), (left2, top2, right2, _) = _box(a, a.angle), _box(b, a.angle)
    gap = (top2 - bottom) / max(b.height, 1)
    if not -0.5 < gap < GAP or top2 <= top:
        return False
    tolerance = 0.6 * max(heights)
    aligned = (
        abs(left - left2) < tolerance
        or abs(right - right2) < tolerance
        or abs((left + right) - (left2 + right2)) / 2 < tolerance
    )
    shared = min(right, right2) - max(left, left2)
    return aligned and shared > 0.5 * min(right - left, right2 - left2)


def _box(line: TextLine, angle: float) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in coordinates turned so that text at `angle` is horizontal."""
    turn = np.radians(angle)
    quad = np.array(line.quad)
    along, across = quad @ [np.cos(turn), np.sin(turn)], quad @ [-np.sin(turn), np.cos(turn)]
    return float(along.min()), float(across.min()), float(along.max()), float(across.max())


def stroke_width(alpha: Plane) -> float:
    """Mean stroke width in pixels of the ink in `alpha` (h, w): twice its area over the length of its outline."""
    down, right = np.gradient(np.pad(alpha, 1))
    return float(2 * alpha.sum() / max(float(np.hypot(down, right).sum()), 1e-6))


def title(content: str) -> str:
    """A layer's name from what it says: one line, shortened."""
    words = " ".join(content.split())
    if len(words) <= NAME_LENGTH:
        return words or "Text"
    cut = words[: NAME_LENGTH - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[NAME_LENGTH // 2 :] else cut).rstrip() + "…"
