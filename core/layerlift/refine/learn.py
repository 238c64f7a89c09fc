"""Better models from the document itself: a step of expectation and maximisation.

Law: reads full-resolution pixels (every other one, only in cells where layers mix), writes models over the grid. The
true colours of thin strokes appear only here: a hair of one pixel has no cell of its own.
Source: Dempster, Laird, Rubin, "Maximum Likelihood from Incomplete Data via the EM Algorithm", JRSS B 1977; E-step:
`unmix`, M-step: moments of the pixels that a layer has (almost) to itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Document, Mask, Plane, full_scale
from layerlift.imaging.resample import Grid
from layerlift.refine.cells import SOLID, Cells, places
from layerlift.refine.clean import box
from layerlift.refine.colours import visibility
from layerlift.refine.fill import enlarge, push_pull
from layerlift.refine.models import ENOUGH, REACH, SMOOTH, LayerModel, assemble, covariance
from layerlift.refine.moments import Moments, bands, in_parallel, owners, quarter, stride_for
from layerlift.refine.rough import RoughLayer
from layerlift.refine.symmetric import add_to_diagonal, dot, inverse, outer, times
from layerlift.refine.unmix import Finding, Points, unmix

OWN = 0.8
"""Visible share above which a pixel teaches its layer a colour."""
PRIOR = 0.1
"""Weight of the engine's colour against the document's pixels, where the layer is seen."""
INFLATION = float(__import__("os").environ.get("LINF", 1e-3))
SPARSE = 3
"""At most every so many-th pixel is looked at along either axis: thin strokes must not be missed."""
_CHUNK = 1 << 13
import os
HSEEN = float(os.environ.get("HSEEN", 0.9))
HLEAST = float(os.environ.get("HLEAST", 0.1))
HEDGE = float(os.environ.get("HEDGE", 0.3))
HNOISE = float(os.environ.get("HNOISE", 1e-4))
HT = float(os.environ.get("HT", 30))
SG = float(os.environ.get("SG", 0.04))
SL = float(os.environ.get("SL", 0.02))
INFL = os.environ.get("INFL", "0") == "1"


@dataclass(frozen=True, eq=False)
class Tally:
    """Means over each cell of a layer's box: `alpha` of its alpha; `sums` (10, h, w) of q, q·colour, q·colour²; over
    four cells of a row, sums of what mixed pixels say of its mean colour: `hints` (9, h, w/4), precision and pull."""

    alpha: Plane
    sums: Plane
    hints: Plane


def learn(
    document: Document,
    grid: Grid,
    seen: Moments,
    layers: Sequence[RoughLayer],
    colours: Sequence[Plane],
    models: Sequence[LayerModel],
    cells: Cells,
    asked: Callable[[Document, Grid, Moments, Sequence[LayerModel], Cells], list[Tally]],
) -> list[LayerModel]:
    """Models learnt from the document, given those of the rough stack and its corrected `colours`; `asked`: who does
    the E-step (`expect`, or the same on another device)."""
    tallies = asked(document, grid, seen, models, cells)
    alphas = [np.where(tally.alpha > 0, tally.alpha, layer.alpha) for tally, layer in zip(tallies, layers, strict=True)]
    shares = visibility([replace(layer, alpha=alpha) for layer, alpha in zip(layers, alphas, strict=True)])

    def one(place: int) -> LayerModel:
        layer, share = layers[place], shares[place]
        learnt = _maximise(layer, colours[place], tallies[place], alphas[place], share, models[place], bottom=place == 0)
        return replace(learnt, grain=_grain(seen.grain[layer.box.slices], share))

    return in_parallel(one, range(len(layers)))


def prepared(grid: Grid, seen: Moments, models: Sequence[LayerModel], cells: Cells) -> tuple[int, Mask, list[Tally]]:
    """Before the E-step: every how many-th pixel to look at, in which cells (h, w), and the tallies of all others."""
    stride = min(SPARSE, stride_for(grid, 1.5))
    touched: Mask = cv2.dilate((cells.mixed != 0).astype(np.uint8), np.ones((2, 2), np.uint8), anchor=(1, 1)) > 0
    tallies = in_parallel(
        lambda place: _untouched(seen, models[place], (cells.base == place) & ~touched), range(len(models))
    )
    return stride, touched, tallies


def expect(document: Document, grid: Grid, seen: Moments, models: Sequence[LayerModel], cells: Cells) -> list[Tally]:
    """The E-step: how much of each layer every cell holds, and its colours where it is (almost) alone."""
    stride, touched, tallies = prepared(grid, seen, models, cells)
    columns = owners(grid.document.width, grid.cells.width, stride)
    rows = owners(grid.document.height, grid.cells.height, stride)
    share = np.float32(1) / np.outer(np.bincount(rows, minlength=grid.cells.height), np.bincount(columns)).astype(
        np.float32
    )
    unit = np.float32(1 / full_scale(document.pixels))

    def band(job: tuple[slice, slice]) -> None:
        _, lines = job
        first = lines.start // stride
        mine = rows[first : (lines.stop - 1) // stride + 1]
        row, column = places(touched[mine][:, columns])
        row += first
        for begin in range(0, row.size, _CHUNK):
            r, c = row[begin : begin + _CHUNK], column[begin : begin + _CHUNK]
            colour = document.pixels[r * stride, c * stride, :3].T.astype(np.float32) * unit
            x, y = grid.columns((c * stride).astype(np.int32)), grid.rows((r * stride).astype(np.int32))
            corner = np.floor(y).clip(0).astype(np.intp), np.floor(x).clip(0).astype(np.intp)
            points = Points(np.ascontiguousarray(colour), x, y, cells.base[corner], cells.mixed[corner])
            _count(points, models, rows[r], columns[c], share, tallies)

    in_parallel(band, bands(grid, stride))
    return tallies


def _untouched(seen: Moments, model: LayerModel, alone: Mask) -> Tally:
    """Cells of one solid layer need no look at their pixels: their moments are known."""
    part = model.box.slices
    here = alone[part].astype(np.float32)
    mean = seen.mean[part].transpose(2, 0, 1)
    second = seen.inner[:, part[0], part[1]] + outer(mean)
    hints = np.zeros((9, here.shape[0], -(-here.shape[1] // 4)), np.float32)
    return Tally(here.copy(), np.concatenate([here[None], mean * here, second * here]), hints)


def _count(
    points: Points,
    models: Sequence[LayerModel],
    row: NDArray[np.intp],
    column: NDArray[np.intp],
    portion: Plane,
    tallies: Sequence[Tally],
) -> None:
    """Add the points to the tallies of the layers that show there."""
    through = np.ones(points.count, np.float32)
    def hear(found: Finding) -> None:
        _hint(found, models[found.share.layer].box, tallies[found.share.layer].hints, row, column, portion)

    for one in reversed(unmix(points, models, hear)):
        visible = through[one.at] * one.alpha
        through[one.at] -= visible
        area, tally = models[one.layer].box, tallies[one.layer]
        inside = np.flatnonzero(
            (row[one.at] >= area.y)
            & (row[one.at] < area.bottom)
            & (column[one.at] >= area.x)
            & (column[one.at] < area.right)
        )
        at = one.at[inside]
        part = portion[row[at], column[at]]
        cell = (row[at] - area.y) * area.width + column[at] - area.x
        _add(tally.alpha.reshape(1, -1), cell, (one.alpha[inside] * part)[None])
        own = np.flatnonzero(visible[inside] > OWN)
        q = ((visible[inside][own] - np.float32(OWN)) * np.float32(1 / (1 - OWN))) ** 2 * part[own]
        colour = points.colour[:, at[own]]
        _add(tally.sums.reshape(10, -1), cell[own], np.concatenate([q[None], q * colour, q * outer(colour)]))


def _hint(
    found: Finding, area: Bounds, hints: Plane, row: NDArray[np.intp], column: NDArray[np.intp], portion: Plane
) -> None:
    """What mixed pixels say of the layer's mean colour, whatever their alpha: it lies on the line from what lies below
    through the colour that is seen. Gauss–Newton on min over α of rᵀ S⁻¹ r, r = I − α m − (1 − α) μ."""
    alpha, at = found.share.alpha, found.share.at
    use = np.flatnonzero(
        (found.seen > HSEEN)
        & (alpha > HLEAST)
        & (found.belief.edge > HEDGE)
        & (row[at] >= area.y)
        & (row[at] < area.bottom)
        & (column[at] >= area.x)
        & (column[at] < area.right)
    )
    if use.size == 0:
        return
    belief, alpha, at = found.belief.some(use), alpha[use], at[use]
    spread = alpha * alpha * belief.spread + (1 - alpha) ** 2 * belief.below_spread
    inverted = inverse(add_to_diagonal(spread, np.float32(HNOISE)))
    apart = belief.mean - belief.below
    rest = found.colour[:, use] - belief.below - alpha * apart
    pulled = times(inverted, apart)
    inverted -= outer(pulled) / np.maximum(dot(pulled, apart), np.float32(1e-6))
    part = portion[row[at], column[at]] * alpha
    values = np.concatenate([inverted * (part * alpha), times(inverted, rest) * part])
    cell = (row[at] - area.y) * hints.shape[2] + (column[at] - area.x) // 4
    _add(hints.reshape(9, -1), cell, values)


def _add(sums: Plane, cell: NDArray[np.intp], values: Plane) -> None:
    if cell.size == 0:
        return
    low, high = int(cell.min()), int(cell.max()) + 1
    for total, value in zip(sums, values, strict=True):
        total[low:high] += np.bincount(cell - low, value, high - low).astype(np.float32)


def _grain(fine: Plane, share: Plane) -> Plane:
    """The grain of the cells that a layer has to itself, continued to where it is hidden."""
    weight = (share > SOLID).astype(np.float32) + np.float32(1e-9)
    small = quarter(weight)
    return push_pull(quarter(fine * weight)[..., None], small, REACH, ENOUGH)[..., 0]


def _believed(colour: Plane, tally: Tally, alpha: Plane, model: LayerModel) -> Plane:
    """The engine's colours after what mixed pixels say of them."""
    h, w = alpha.shape
    qh, qw = -(-h // 4), -(-w // 4)
    padded = np.zeros((9, qh * 4, qw), np.float32)
    padded[:, :h] = tally.hints
    hints = padded.reshape(9, qh, 4, qw).sum(2) / np.float32(HT)
    if not hints.any():
        return colour
    weight = quarter(alpha) + np.float32(1e-6)
    off = quarter(np.ascontiguousarray((model.lead[..., :3] - colour) * alpha[..., None])) / weight[..., None]
    force = hints[6:] + times(hints[:6], off.transpose(2, 0, 1))
    precision = hints[:6]
    total = np.concatenate([precision, force]).sum((1, 2), dtype=np.float64)
    a, b, c, d, e, f = total[:6]
    whole = np.linalg.solve(np.array([[a, b, c], [b, d, e], [c, e, f]]) + np.eye(3) / SG**2, total[6:])
    near = np.stack([cv2.GaussianBlur(p, (0, 0), REACH) for p in np.concatenate([precision, force])]) * np.float32(2*np.pi*REACH**2)
    least = np.float32(1 / SL**2)
    force = near[6:] + least * whole.astype(np.float32)[:, None, None]
    moved = times(inverse(add_to_diagonal(near[:6].copy(), least)), force)
    if os.environ.get("HSHOW"): print(model.source.name, "whole", np.round(whole * 255, 1), "local rms", np.sqrt(((moved-whole[:,None,None].astype(np.float32))**2).mean())*255)
    return np.clip(colour + enlarge(np.ascontiguousarray(moved.transpose(1, 2, 0)), w, h), 0, 1)


def _maximise(
    layer: RoughLayer, colour: Plane, tally: Tally, alpha: Plane, share: Plane, model: LayerModel, *, bottom: bool
) -> LayerModel:
    if not bottom and HT > 0:
        colour = _believed(colour, tally, alpha, model)
    count, first, second = tally.sums[0], tally.sums[1:4], tally.sums[4:]
    prior = np.float32(PRIOR) * share + np.float32(1e-9)
    mean = push_pull(
        np.ascontiguousarray(first.transpose(1, 2, 0)) + colour * prior[..., None], count + prior, SMOOTH, ENOUGH
    )
    centre = mean.transpose(2, 0, 1)
    cross = outer(first + centre) - outer(first) - outer(centre)
    away = (second - cross + count * outer(centre)) * (count > 0)
    support = cast(Plane, cv2.GaussianBlur(quarter(count), (0, 0), REACH)) / np.float32(0.03)
    spread = covariance(away, count + np.float32(1e-9), support, INFLATION)
    blended = (layer.alpha + alpha) * np.float32(0.5)
    expected = np.ones_like(alpha) if bottom else box(blended, 1)
    return assemble(layer, expected, layer.alpha, mean, spread, colour, bottom=bottom, edges=blended)
