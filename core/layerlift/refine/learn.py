"""Better models from the document itself: a step of expectation and maximisation.

Law: reads full-resolution pixels (every other one, only in cells where layers mix), writes models over the grid. The
true colours of thin strokes appear only here: a hair of one pixel has no cell of its own.
Source: Dempster, Laird, Rubin, "Maximum Likelihood from Incomplete Data via the EM Algorithm", JRSS B 1977; E-step:
`unmix`, M-step: moments of the pixels that a layer has (almost) to itself, and the engine's colours as prior, after
`hints` of all others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Document, Mask, Plane, full_scale
from layerlift.imaging.resample import Grid
from layerlift.refine.cells import SOLID, Cells, places
from layerlift.refine.clean import box
from layerlift.refine.colours import visibility
from layerlift.refine.fill import planar, push_pull, pushed_and_pulled, weighed
from layerlift.refine.hints import BESIDE, beside, heeded, hint, unveiled
from layerlift.refine.models import ENOUGH, REACH, SMOOTH, LayerModel, assemble, covariance, hidden_colours
from layerlift.refine.moments import Moments, bands, in_parallel, owners, quarter, stride_for
from layerlift.refine.rough import RoughLayer
from layerlift.refine.symmetric import about, outer
from layerlift.refine.unmix import Finding, Points, unmix

OWN = 0.8
"""Visible share above which a pixel teaches its layer a colour."""
PRIOR = 0.15
"""Weight of the engine's colour against the document's pixels where the layer is alone; elsewhere times its share,
squared (Chuang et al., §3.1): in a cell that a stroke hardly covers the engine's colour is blur and rounding."""
GLIMPSED = 0.1
"""Visible share of the bottom layer in a cell from which on the engine's detail is kept."""
INFLATION = 1e-3
"""Variance of a mean colour that is a guess, as long as no pixel hints at it."""
SPARSE = 3
"""At most every so many-th pixel is looked at along either axis: thin strokes must not be missed."""
_CHUNK = 1 << 13


@dataclass(frozen=True, eq=False)
class Tally:
    """Means over each cell of a layer's box: `alpha` of its alpha; `sums` (10, h, w) of q, q·colour, q·colour²; and,
    summed over a few cells of a row, `hints` (9, h, beside(w)) of its mean colour."""

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
    *,
    last: bool,
) -> list[LayerModel]:
    """Models learnt from the document, given those of the rough stack and its corrected `colours`; `asked`: who does
    the E-step (`expect`, or the same on another device); `last`: with what painting needs."""
    tallies = asked(document, grid, seen, models, cells)
    alphas = [np.where(tally.alpha > 0, tally.alpha, layer.alpha) for tally, layer in zip(tallies, layers, strict=True)]
    shares = visibility([replace(layer, alpha=alpha) for layer, alpha in zip(layers, alphas, strict=True)])

    def one(place: int) -> LayerModel:
        layer, share = layers[place], shares[place]
        colour, doubt = heeded(colours[place], models[place].lead[..., :3], alphas[place], tallies[place].hints)
        highest = models[place].nature[..., 1] if place else None  # the engine's alpha is still the same
        learnt = _maximise(layer, colour, tallies[place], alphas[place], share, highest, INFLATION * doubt)
        if not last:
            return learnt
        fill = hidden_colours(learnt.lead, colour, layer.alpha)
        return replace(learnt, fill=fill, grain=_grain(seen.grain[layer.box.slices], share))

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
    sums = np.empty((10, *here.shape), np.float32)
    sums[0] = here
    np.multiply(seen.planes[:, part[0], part[1]], here, out=sums[1:4])
    np.multiply(seen.second[:, part[0], part[1]], here, out=sums[4:])
    return Tally(here, sums, np.zeros((9, here.shape[0], beside(here.shape[1])), np.float32))


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
    heard: dict[int, Finding] = {}
    for one in reversed(unmix(points, models, tell=lambda found: heard.update({id(found.share): found}))):
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
        found = heard.get(id(one))
        if found is not None:
            colour = unveiled(found, inside[own], colour)
            few = (row[at] - area.y) * tally.hints.shape[2] + (column[at] - area.x) // BESIDE
            _add(tally.hints.reshape(9, -1), few, hint(found, inside) * part)
        _add(tally.sums.reshape(10, -1), cell[own], np.concatenate([q[None], q * colour, q * outer(colour)]))


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


def _maximise(
    layer: RoughLayer,
    colour: Plane,
    tally: Tally,
    alpha: Plane,
    share: Plane,
    highest: Plane | None,
    inflation: float,
) -> LayerModel:
    """The M-step. In the bottom layer, which is opaque, only what the pixels differ from the engine's colours by is
    smoothed, and their detail stays (regression kriging: Hengl, Heuvelink, Rossiter, "About regression-kriging",
    Computers & Geosciences 2007). Elsewhere such detail is the blur of edges as much as the layer's, and all is
    smoothed."""
    count, first, second = tally.sums[0], tally.sums[1:4], tally.sums[4:]
    prior = np.float32(PRIOR) * share * share + np.float32(1e-9)
    trend = _trend(colour, prior, share) if highest is None else None
    weighted = planar(colour) if trend is None else trend * -count
    if trend is None:
        weighted *= prior
    weighted += first
    mean = pushed_and_pulled(cast(Plane, cv2.merge([*weighted, count + prior])), SMOOTH, ENOUGH)
    centre = planar(mean)[:3]
    if trend is not None:
        centre += trend
        mean = cast(Plane, cv2.merge([*centre, count]))

    def away(some: slice) -> Plane:
        return second[:, some] - about(first[:, some], count[some], centre[:, some])

    support = cast(Plane, cv2.GaussianBlur(quarter(count), (0, 0), REACH)) / np.float32(0.03)
    spread = covariance(away, count + np.float32(1e-9), support, inflation)
    blended = (layer.alpha + alpha) * np.float32(0.5)
    expected = np.ones_like(alpha) if highest is None else box(blended, 1)
    return assemble(layer, expected, blended, highest, mean, spread)


def _trend(colour: Plane, prior: Plane, share: Plane) -> Plane:
    """(3, h, w) colours with the engine's detail, but smooth where the layer is hidden: what an engine says there may
    be a ghost of what hides it."""
    smooth = pushed_and_pulled(weighed(colour, prior), SMOOTH, PRIOR * ENOUGH)
    out, detail = planar(smooth)[:3], planar(colour)
    detail -= out
    detail *= np.minimum(share * np.float32(1 / GLIMPSED), 1)
    out += detail
    return out
