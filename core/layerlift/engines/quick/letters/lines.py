"""Lines of text as figures in the plane: doubles, reading order, blocks.

Law: geometry of `TextLine`s only; reads no pixel and knows no recogniser.
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.imaging.layer import TextLine

SAME = 0.6
"""Share of the smaller quad's area inside the other one from which two lines are readings of the same text."""


def area(line: TextLine) -> float:
    """Area of the line's quad in square pixels."""
    return float(cv2.contourArea(np.array(line.quad, np.float32)))


def common(one: TextLine, other: TextLine) -> float:
    """Area that the two lines' quads share, in square pixels."""
    a, b = np.array(one.quad, np.float32), np.array(other.quad, np.float32)
    if (a.max(axis=0) <= b.min(axis=0)).any() or (b.max(axis=0) <= a.min(axis=0)).any():
        return 0.0
    return float(np.asarray(cv2.intersectConvexConvex(a, b)[0]))


def without_doubles(lines: list[TextLine]) -> list[TextLine]:
    """Of lines that cover the same text, the one that says most with most certainty."""
    kept: list[TextLine] = []
    for line in sorted(lines, key=_weight, reverse=True):
        size = area(line)
        if size > 0 and all(common(line, other) < SAME * min(size, area(other)) for other in kept):
            kept.append(line)
    return kept


def _weight(line: TextLine) -> float:
    return line.confidence * (len(line.content) + 1) ** 0.5


def reading_order(lines: list[TextLine]) -> list[TextLine]:
    """Lines top → bottom; those that stand side by side (more than half of the lower one's height) left → right."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=_middle):
        row = rows[-1] if rows else []
        if row and abs(_middle(line) - _middle(row[-1])) < 0.5 * min(line.height, row[-1].height):
            row.append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: min(x for x, _ in line.quad))]


def _middle(line: TextLine) -> float:
    return sum(y for _, y in line.quad) / 4
