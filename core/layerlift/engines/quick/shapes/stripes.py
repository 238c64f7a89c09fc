"""Stripes: two colours that take turns in equal measure are one ground, not many bars.

Law: surfaces and the families of one colour that they form in, the families of which two alternate out; knows no depth.
Which of two alternating colours lies on the other nobody can see: where each borders on the other again and again, and
the bars of each are equally thick, both are the one pattern with which a designer would have filled the canvas.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.shapes.surface import Labels, nearest
from layerlift.imaging.layer import Mask

_TURNS = 3
"""Fewest surfaces of each of the two colours."""
_MUTUAL, _MOSTLY = 0.25, 0.7
"""Share of either colour's border (canvas edge apart) that runs along the other, of all and of what runs along colours
that come as often; what lies on the stripes is neither."""
_EQUAL, _ALIKE = 0.25, 0.6
"""By how much the thickness of a bar may be off the family's, and the share of their area in bars that are not."""


def alternating(labels: Labels, family: NDArray[np.intp], members: Mask) -> list[tuple[int, int]]:
    """Pairs of families (numbers as in `family`, (count,)) that take turns. `members` (count,) bool: the surfaces that
    can be bars, those that run off the canvas."""
    often = np.flatnonzero(np.bincount(family[members], minlength=len(family)) >= _TURNS)
    if len(often) < 2:
        return []
    field, _, _ = nearest(labels)
    index = np.zeros(len(family), np.intp)
    index[often] = np.arange(1, len(often) + 1)
    borders = _borders(field, np.where(members, index[family], 0), len(often) + 1)
    total, among = (np.maximum(part.sum(axis=1), 1) for part in (borders, borders[:, 1:]))
    equal = _equal(field, family, members, often)
    return [
        (int(often[i - 1]), int(often[j - 1]))
        for i in range(1, len(often) + 1)
        for j in range(i + 1, len(often) + 1)
        if borders[i, j] > max(_MUTUAL * max(total[i], total[j]), _MOSTLY * max(among[i], among[j]))
        and equal[i - 1]
        and equal[j - 1]
    ]


def _borders(field: Labels, index: NDArray[np.intp], size: int) -> NDArray[np.int64]:
    """(size, size): pixels along which surfaces of two indices border on each other."""
    borders = np.zeros((size, size), np.int64)
    for one, two in ((field[:-1], field[1:]), (field[:, :-1], field[:, 1:])):
        ys, xs = np.nonzero(one != two)
        pairs = index[one[ys, xs]] * size + index[two[ys, xs]]
        counts = np.bincount(pairs, minlength=size * size).reshape(size, size)
        borders += counts + counts.T
    return borders


def _equal(field: Labels, family: NDArray[np.intp], members: Mask, often: NDArray[np.intp]) -> list[bool]:
    """For every family in `often` whether most of it is in bars of one thickness."""
    inner = np.zeros(field.shape, np.uint8)
    inner[1:-1, 1:-1] = 1
    inner[1:][field[1:] != field[:-1]] = 0
    inner[:, 1:][field[:, 1:] != field[:, :-1]] = 0
    depth = cv2.distanceTransform(inner, cv2.DIST_L2, 5)
    thickness = np.zeros(len(family), np.float32)
    np.maximum.at(thickness, field.ravel(), depth.ravel())
    areas = np.bincount(field.ravel(), minlength=len(family))
    out = []
    for number in often:
        bars = np.flatnonzero(members & (family == number))
        bars = bars[np.argsort(thickness[bars])]
        share = np.cumsum(areas[bars]) / areas[bars].sum()
        middle = thickness[bars][int(np.searchsorted(share, 0.5))]
        out.append(
            bool(areas[bars][np.abs(thickness[bars] / middle - 1) <= _EQUAL].sum() >= _ALIKE * areas[bars].sum())
        )
    return out
