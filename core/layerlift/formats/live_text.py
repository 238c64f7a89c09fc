"""Where recognised text would stand if it were typed: one upright box, turned about its centre, with sized lines.

Law: geometry on `Text`; knows no format and no font.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Text

_EM_SHARE = 0.8
"""Font size over the height of a recognised line: recognisers' quads reach from ascender to descender and a little
beyond, about 1.25 em in common typefaces."""

Alignment = Literal["left", "centre", "right"]


@dataclass(frozen=True)
class BoxLine:
    """One line: `size` of its font and `pitch` (distance from its top to the next line's), in pixels."""

    content: str
    size: float
    pitch: float


@dataclass(frozen=True)
class Box:
    """The upright box (pixels) that, turned clockwise by `angle` degrees about its centre, covers the text."""

    x: float
    y: float
    width: float
    height: float
    angle: float
    alignment: Alignment
    lines: tuple[BoxLine, ...]


def box_of(text: Text) -> Box:
    """The box of a text that has at least one line."""
    angle = float(np.median([line.angle for line in text.lines]))
    corners = np.array([line.quad for line in text.lines], np.float64).reshape(-1, 2)
    centre = (corners.min(axis=0) + corners.max(axis=0)) / 2
    turn = np.radians(-angle)
    back = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    upright = ((corners - centre) @ back.T).reshape(len(text.lines), -1, 2)
    low, high = upright.min(axis=(0, 1)), upright.max(axis=(0, 1))
    # The box's own centre, turned forth again, is where the host turns it about.
    middle = centre + ((low + high) / 2) @ back
    width, height = high - low
    tops = upright[..., 1].min(axis=1)
    heights = [line.height for line in text.lines]
    pitches = [*(float(step) if step > 0 else h for step, h in zip(np.diff(tops), heights, strict=False)), heights[-1]]
    lines = tuple(
        BoxLine(line.content, line.height * _EM_SHARE, pitch) for line, pitch in zip(text.lines, pitches, strict=True)
    )
    return Box(
        x=float(middle[0] - width / 2),
        y=float(middle[1] - height / 2),
        width=float(width),
        height=float(height),
        angle=angle,
        alignment=_alignment(upright[..., 0].min(axis=1) - low[0], high[0] - upright[..., 0].max(axis=1)),
        lines=lines,
    )


def _alignment(left: NDArray[np.float64], right: NDArray[np.float64]) -> Alignment:
    """What varies least: the gaps at the left, the gaps at the right, or their difference."""
    spreads: dict[Alignment, float] = {
        "left": float(np.abs(left).mean()),
        "centre": float(np.abs(left - right).mean()) / 2,
        "right": float(np.abs(right).mean()),
    }
    return min(spreads, key=lambda name: spreads[name])
