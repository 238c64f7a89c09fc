"""Recognised text travels with its layer. Law: corner points only; no pixels."""

from __future__ import annotations

from dataclasses import replace

from layerlift.imaging.layer import Text

Point = tuple[float, float]
Matrix = tuple[Point, Point]


def moved(text: Text | None, dx: float, dy: float) -> Text | None:
    """Every line somewhere else."""
    return turned(text, (0.0, 0.0), ((1.0, 0.0), (0.0, 1.0)), (dx, dy))


def turned(text: Text | None, centre: Point, matrix: Matrix, onto: Point) -> Text | None:
    """Every corner p at matrix · (p − centre) + onto."""
    if text is None:
        return None
    (a, b), (c, d) = matrix

    def place(point: Point) -> Point:
        x, y = point[0] - centre[0], point[1] - centre[1]
        return a * x + b * y + onto[0], c * x + d * y + onto[1]

    lines = tuple(replace(line, quad=tuple(place(point) for point in line.quad)) for line in text.lines)
    return replace(text, lines=lines)
