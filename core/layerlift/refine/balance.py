"""The smooth errors of a rough stack, found together from what does not add up.

Law: works over the grid, at half its resolution. An engine is wrong smoothly in two ways: its layers are too dense or
too thin (veils: glass, fog, shadows), and tinted. Both show in one residual, document − composite, and only together
can they be told apart: a tint is the same whatever lies behind, a veil's density also changes its contrast. To first
order, with T_i what is let through by all that covers layer i, B_i what lies below it, w_i = α_i T_i,

    document − composite  =  Σ_i e_i · 4 α_i (1 − α_i) T_i (C_i − B_i)  +  Σ_i w_i o_i  +  noise,

e_i (density) and o_i (tint, per channel) smooth fields: a linear Gaussian model whose posterior mean is found by
conjugate gradients. The prior is a Gaussian Markov random field over blocks of cells (Rue & Held, "Gaussian Markov
Random Fields", 2005, §3.2). Cells with edges have no say: there, residuals mean misregistration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Plane
from layerlift.refine.clean import edge
from layerlift.refine.field import Samples, left_over, solve
from layerlift.refine.moments import in_parallel
from layerlift.refine.rough import RoughLayer

BLOCK = 8
"""Side of a block in half cells."""
TURNS = 3
"""The model is linearised so often."""
NOISE = 0.004
"""Least standard deviation of what the model cannot explain."""
CORRELATED = 50.0
"""So many half cells and channels say what one independent one would: models err in patches."""
DEEP = 8
"""At most so many layers are asked about in one block, the most visible ones."""
THIN, AROUND = 0.08, 13
"""Within so many half cells of a veil, alphas below this say nothing: where an engine lost a thin veil, its density is
no matter of degree."""
FARTHEST = 0.35
"""Largest |e| that is believed."""
_DENSEST, _SHARP = 0.95, 0.3
"""Alpha and edge-ness below which something is a veil."""
_BLUR = 1.0
"""Gaussian sigma in half cells before comparing: the engine's picture may be shifted by part of a cell."""
_SEEN = 0.02
"""Mean visibility in a block below which a layer is not asked about."""


@dataclass(eq=False)
class _Half:
    """A layer at half resolution over whole blocks: `alpha` (h, w), `colour` (h, w, 3); `edge` (h, w), the same for
    all turns; `box` in half cells."""

    box: Bounds
    alpha: Plane
    colour: Plane
    edge: Plane


def balance(mean: Plane, layers: Sequence[RoughLayer]) -> list[RoughLayer]:
    """The layers, bottom first, with densities and tints corrected by the document's cell means (h, w, 3)."""
    height, width = mean.shape[:2]
    side = 2 * BLOCK
    blocks = -(-height // side), -(-width // side)
    halves = in_parallel(lambda place: _half(layers[place], bottom=place == 0), range(len(layers)))
    everywhere = Bounds(0, 0, width, height)
    shown = _reduced(mean, everywhere, _whole_blocks(everywhere))
    inside = np.zeros(shown.shape[:2], np.float32)
    inside[: height // 2, : width // 2] = 1
    noise = np.full(blocks[0] * blocks[1], np.float32(3 * NOISE * NOISE))
    total = np.zeros((len(layers), 4, *blocks), np.float32)
    for _ in range(TURNS):
        samples = _sampled(shown, inside, halves, blocks)
        fields = solve(samples, noise * np.float32(CORRELATED))
        noise = left_over(samples, fields) + np.float32(NOISE * NOISE)
        for half, field in zip(halves, fields, strict=True):
            half.alpha, half.colour = _moved(half.alpha, half.colour, field, half.box, shown.shape[:2])
        total += fields
    grid = blocks[0] * side, blocks[1] * side
    return [
        replace(layer, alpha=alpha, colour=colour)
        for layer, (alpha, colour) in zip(
            layers,
            in_parallel(
                lambda place: _moved(layers[place].alpha, layers[place].colour, total[place], layers[place].box, grid),
                range(len(layers)),
            ),
            strict=True,
        )
    ]


def _whole_blocks(box: Bounds) -> Bounds:
    """The box grown to whole blocks, in cells."""
    side = 2 * BLOCK
    x, y = box.x // side * side, box.y // side * side
    return Bounds(x, y, -(-box.right // side) * side - x, -(-box.bottom // side) * side - y)


def _reduced(plane: Plane, box: Bounds, whole: Bounds) -> Plane:
    """A plane over `box` at half resolution over `whole`, zero outside."""
    padded = np.zeros((whole.height, whole.width, *plane.shape[2:]), np.float32)
    padded[box.shift(-whole.x, -whole.y).slices] = plane
    half = cv2.resize(padded, (whole.width // 2, whole.height // 2), interpolation=cv2.INTER_AREA)
    return cast(Plane, half.reshape(whole.height // 2, whole.width // 2, *plane.shape[2:]))


def _half(layer: RoughLayer, *, bottom: bool) -> _Half:
    whole = _whole_blocks(layer.box)
    alpha = np.ones_like(layer.alpha) if bottom else layer.alpha
    edges = cast(Plane, cv2.dilate(edge(alpha), np.ones((3, 3), np.uint8)))
    return _Half(
        Bounds(whole.x // 2, whole.y // 2, whole.width // 2, whole.height // 2),
        *(_reduced(plane, layer.box, whole) for plane in (alpha, layer.colour, edges)),
    )


def _sampled(shown: Plane, inside: Plane, halves: Sequence[_Half], blocks: tuple[int, int]) -> Samples:
    """What every block says about the layers that one sees most there."""
    remaining, weight = np.ones(shown.shape[:2], np.float32), inside.copy()
    through: list[Plane] = []
    for half in reversed(halves):
        part = half.box.slices
        through.append(remaining[part].copy())
        weight[part] *= 1 - np.clip(3 * half.edge * remaining[part], 0, 1)
        veil = ((half.alpha > THIN) & (half.alpha < _DENSEST) & (half.edge < _SHARP)).astype(np.uint8)
        weight[part] *= 1 - cv2.dilate(veil, np.ones((AROUND, AROUND), np.uint8)) * (half.alpha < THIN)
        remaining[part] *= 1 - half.alpha
    through.reverse()
    composite = np.zeros_like(shown)
    designs: list[Plane] = []
    for half, clear in zip(halves, through, strict=True):
        part = half.box.slices
        apart = half.colour - composite[part]
        visible = clear * half.alpha
        columns = np.empty((*visible.shape, 4), np.float32)
        columns[..., 0] = visible
        columns[..., 1:] = (4 * visible * (1 - half.alpha))[..., None] * apart
        designs.append(_blurred(columns))
        composite[part] += half.alpha[..., None] * apart
    samples = Samples.empty(blocks, BLOCK, min(DEEP, len(halves)), len(halves))
    samples.observe(_blurred(shown - composite), weight)
    shares = np.zeros((len(halves), *blocks), np.float32)
    boxes = [
        Bounds(*(v // BLOCK for v in (half.box.x, half.box.y, half.box.width, half.box.height))) for half in halves
    ]
    for place, (box, design) in enumerate(zip(boxes, designs, strict=True)):
        shares[place][box.slices] = design[..., 0].reshape(box.height, BLOCK, box.width, BLOCK).mean((1, 3))
    samples.choose(shares, _SEEN)
    for place, (box, design) in enumerate(zip(boxes, designs, strict=True)):
        samples.put(place, box, design)
    return samples


def _blurred(planes: Plane) -> Plane:
    return cast(Plane, cv2.GaussianBlur(planes, (0, 0), _BLUR))


def _moved(alpha: Plane, colour: Plane, field: Plane, box: Bounds, size: tuple[int, int]) -> tuple[Plane, Plane]:
    """Alpha and colour over `box` of a picture of `size` (h, w) after the corrections `field` (4, blocks)."""
    here = [cv2.resize(one, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)[box.slices] for one in field]
    density = np.clip(here[0], -FARTHEST, FARTHEST)
    thicker = np.clip(alpha + 4 * alpha * (1 - alpha) * density, 0, 1)
    tinted = np.clip(colour + np.stack(here[1:], -1), 0, 1)
    return cast(Plane, thicker.astype(np.float32)), cast(Plane, tinted.astype(np.float32))
