"""Blends: the colour gradients that designers draw, which run along a line or around a centre through any stops.

Law: mathematics on samples; knows no masks and no surfaces. A quadratic polynomial follows a plain two-stop gradient,
but neither the cone that a radial one is, nor the kinks of three stops.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Indices = NDArray[np.intp]

KNOTS = 24
"""Stops of the fitted table: three drawn stops are then met within a level."""
SEARCH_SAMPLES = 300
"""Pixels at which candidates are compared; the table is fitted to all that are given."""
ANGLES, CENTRES = 12, 6
"""Directions and centres (per axis) tried before refining."""
REFINEMENTS, COARSE_REACH = 6, 8.0
"""Halvings of the step, and by how much tolerance is multiplied at first: far from the truth all look as wrong."""
LIKELY = 1.5
"""A kind whose best start is worse than the best of all by this factor is not pursued."""
STIFF = 0.1
"""How stiff the table is: where few pixels are left beside a thing, their neighbours' slope goes on."""
CLIPPED = 3.0
"""A pixel is wrong at most so many tolerances: things in front of the gradient must not bend it."""


@dataclass(frozen=True, eq=False)
class Blend:
    """Colour as a function of one number t: with `round`, the distance from the centre (`x`, `y`) where heights count
    `aspect` times; else the place along the direction (`x`, `y`). `table` (KNOTS, 3): colours, evenly from t = `low` to
    `high`."""

    round: bool
    x: float
    y: float
    aspect: float = 1.0
    low: float = 0.0
    high: float = 1.0
    table: Values | None = None

    def place(self, y: Indices | Values, x: Indices | Values) -> Values:
        """t of each pixel."""
        if self.round:
            return np.asarray(np.hypot(x - self.x, (y - self.y) * self.aspect), np.float64)
        return np.asarray(x * self.x + y * self.y, np.float64)

    def colours(self, y: Indices, x: Indices) -> Values:
        """Colours (n, 3) at the pixels (y, x); beyond the table its last slope goes on."""
        assert self.table is not None
        t = (self.place(y, x) - self.low) / max(self.high - self.low, 1e-9) * (KNOTS - 1)
        left = np.clip(t.astype(np.intp), 0, KNOTS - 2)
        share = (t - left)[:, None]
        return np.asarray(self.table[left] * (1 - share) + self.table[left + 1] * share, np.float64)


def fit(y: Indices, x: Indices, colours: Values, shape: tuple[int, ...], tolerance: float) -> Blend:
    """The blend that most of the pixels (y, x) with their `colours` (n, 3) follow within `tolerance`."""
    stride = max(1, len(y) // SEARCH_SAMPLES)
    sample = y[::stride], x[::stride], colours[::stride]
    starts = [_start(kind, sample, tolerance) for kind in _starts(shape)]
    likely = LIKELY * min(misfit for _, misfit in starts)
    found = [_refined(start, sample, shape, tolerance) for start, misfit in starts if misfit <= likely]
    best, _ = min(found, key=lambda pair: pair[1])
    return _tabled(best, y, x, colours, tolerance)


def _starts(shape: tuple[int, ...]) -> list[list[Blend]]:
    """What is tried first, kind by kind: along a line, around a centre, the same stretched as the picture is."""
    height, width = shape[:2]
    turns = np.arange(ANGLES) * np.pi / ANGLES
    kinds = [[Blend(False, float(np.cos(a)), float(np.sin(a))) for a in turns]]
    shares = np.linspace(0, 1, CENTRES)
    for aspect in dict.fromkeys((1.0, width / height)):
        kinds.append([Blend(True, float(u * width), float(v * height), aspect) for u in shares for v in shares])
    return kinds


def _start(kind: list[Blend], sample: tuple[Indices, Indices, Values], tolerance: float) -> tuple[Blend, float]:
    """The best of one kind, and its misfit."""
    misfits = [_misfit(blend, *sample, COARSE_REACH * tolerance, turns=1) for blend in kind]
    least = min(misfits)
    return kind[misfits.index(least)], least


def _refined(
    best: Blend, sample: tuple[Indices, Indices, Values], shape: tuple[int, ...], tolerance: float
) -> tuple[Blend, float]:
    """`best` moved in ever smaller steps, and its misfit."""
    step, reach = 0.5, COARSE_REACH
    for _ in range(REFINEMENTS):
        tries = [best, *_neighbours(best, shape, step)]
        misfits = [_misfit(blend, *sample, reach * tolerance, turns=2) for blend in tries]
        best = tries[misfits.index(min(misfits))]
        step, reach = step / 2, max(1.0, reach / 2)
    return best, _misfit(best, *sample, tolerance)


def _neighbours(blend: Blend, shape: tuple[int, ...], step: float) -> list[Blend]:
    """Variations by `step` of the distance between starts."""
    if not blend.round:
        turn = step * np.pi / ANGLES
        angle = float(np.arctan2(blend.y, blend.x))
        return [Blend(False, float(np.cos(angle + d)), float(np.sin(angle + d))) for d in (-turn, turn)]
    dx, dy = step * shape[1] / (CENTRES - 1), step * shape[0] / (CENTRES - 1)
    return [replace(blend, x=blend.x + i * dx, y=blend.y + j * dy) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]


def _misfit(blend: Blend, y: Indices, x: Indices, colours: Values, tolerance: float, turns: int = 3) -> float:
    """Mean clipped distance from the best cubic in t."""
    return float(np.minimum(_distance(blend, y, x, colours, tolerance, turns), CLIPPED * tolerance).mean())


def _distance(blend: Blend, y: Indices, x: Indices, colours: Values, tolerance: float, turns: int = 3) -> Values:
    """Distance (largest channel) of each pixel from the cubic in t that most of them follow, found in so many turns."""
    t = blend.place(y, x)
    low, spread = float(t.min()), max(float(np.ptp(t)), 1e-9)
    u = (t - low) / spread * 2 - 1
    basis = np.stack([np.ones_like(u), u, u * u, u * u * u], axis=1)
    keep = np.ones(len(u), bool)
    off = np.zeros(len(u))
    for turn in range(turns):
        some, seen = (basis, colours) if turn == 0 else (basis[keep], colours[keep])
        rest = np.abs(basis @ np.linalg.solve(some.T @ some + 1e-9 * np.eye(4), some.T @ seen) - colours)
        off = np.maximum(np.maximum(rest[:, 0], rest[:, 1]), rest[:, 2])
        keep = off <= max(CLIPPED * tolerance, float(np.median(off)))
    return off


def _tabled(blend: Blend, y: Indices, x: Indices, colours: Values, tolerance: float) -> Blend:
    """The blend with its table: least squares on hat functions, slightly smoothed, outliers left out in turns."""
    t = blend.place(y, x)
    low, high = float(t.min()), float(t.max())
    blend = replace(blend, low=low, high=high)
    at = (t - low) / max(high - low, 1e-9) * (KNOTS - 1)
    left = np.clip(at.astype(np.intp), 0, KNOTS - 2)
    basis = np.zeros((len(at), KNOTS))
    basis[np.arange(len(at)), left] = 1 - (at - left)
    basis[np.arange(len(at)), left + 1] = at - left
    bend = np.diff(np.eye(KNOTS), 2, axis=0)
    off = _distance(blend, y, x, colours, tolerance)
    keep = off <= max(CLIPPED * tolerance, float(np.median(off)))
    table = np.zeros((KNOTS, 3))
    for _ in range(4):
        gram = basis[keep].T @ basis[keep] + STIFF * len(at) / KNOTS * (bend.T @ bend) + 1e-9 * np.eye(KNOTS)
        table = np.linalg.solve(gram, basis[keep].T @ colours[keep])
        off = np.abs(basis @ table - colours).max(axis=1)
        keep = off <= max(1.5 * tolerance, float(np.median(off)))
    return replace(blend, table=table)
