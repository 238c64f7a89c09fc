"""How a canvas grows. Law: numbers only."""

from __future__ import annotations

Margins = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels."""

ASPECTS = ((1, 1), (5, 4), (4, 3), (3, 2), (16, 9), (2, 1), (21, 9), (4, 5), (3, 4), (2, 3), (9, 16))
"""Width to height, as pictures are asked for."""


def margins_for(width: int, height: int, aspect: tuple[int, int]) -> Margins:
    """The least margins that give a canvas of `width` × `height` that aspect, the same on opposite sides (an odd pixel
    goes right or below)."""
    across, down = aspect
    wanted_width = max(width, -(-height * across // down))
    wanted_height = max(height, -(-width * down // across))
    if wanted_width > width:
        wanted_height = height
    spare_x, spare_y = wanted_width - width, wanted_height - height
    return spare_x // 2, spare_y // 2, spare_x - spare_x // 2, spare_y - spare_y // 2
