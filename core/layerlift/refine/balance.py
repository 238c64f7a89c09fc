"""The smooth errors of a rough stack, found together from what does not add up.

Law: works over the grid, at half its resolution. An engine is wrong smoothly in several ways: its layers are too dense
or too thin (veils: glass, fog, shadows), tinted, and their colours are blurred. All of it shows in one residual,
document − composite, and only together can it be told apart: a tint is the same whatever lies behind, a veil's density
also changes its contrast; so does blur, but not that of large things. To first order, with T_i what is let through by
all that covers layer i, B_i what lies below it, w_i = α_i T_i,

    document − composite  =  Σ_i e_i · 4 α_i (1 − α_i) T_i (C_i − B_i)
                             +  w_i (t_i + o_i + g_i C_i − ½ s_i ∇²C_i)  +  noise,

e_i (a quarter of the log-odds of density) and t_i (tint, per channel) smooth fields; o_i and g_i (what the engine
added to the layer's colour and multiplied it by, per channel) and s_i (variance of the blur) numbers for the whole
layer: where it is seen bare they show, and hold below veils too. Blur matters: without s the contrast of the document
beside the engine's colours is not 1 − α even where α is right, and every veil comes out too thin (a slope is biased by
what was done to its regressor: Fuller, "Measurement Error Models", 1987, §1.1). A linear Gaussian model whose posterior
mean is found by conjugate gradients, linearised again a few times, the prior staying where it was (Gauss–Newton). The
prior of the fields is a Gaussian Markov random field over blocks of cells (Rue & Held, "Gaussian Markov Random Fields",
2005, §3.2). Cells with edges have no say: there, residuals mean misregistration.
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
from layerlift.refine.field import COLUMNS, Samples, Unknowns, left_over
from layerlift.refine.fill import alike
from layerlift.refine.moments import in_parallel
from layerlift.refine.normal import solve
from layerlift.refine.rough import RoughLayer

BLOCK = 8
"""Side of a block in half cells."""
EVERY = 2
"""Every so many-th half cell along either axis is a sample: blurred, they say no more together."""
TURNS, ENOUGH = 4, 0.1
"""The model is linearised so often; each time its equations are solved until so much of their residual is left, because
the next turn has better ones (inexact Newton: Dembo, Eisenstat, Steihaug 1982)."""
DENSITY, TINT = 0.2, 0.008
"""Standard deviation of a field's differences between neighbouring blocks."""
OFFSET, GAIN, BLUR = 0.006, 0.01, 0.1
"""Standard deviations of a layer's numbers: its tint, 0–1, where it is black, and what comes on top per unit of its
colour (engines multiply as well as add: white drifts further than black); blur, half cells²."""
NOISE = 0.003
"""Least standard deviation of what the model cannot explain."""
CORRELATED = 25.0
"""So many samples and channels say what one independent one would: models err in patches."""
DEEP = 8
"""At most so many layers are asked about in one block, the most visible ones."""
FARTHEST = 0.7
"""Largest |e| that is believed."""
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
    given = in_parallel(lambda place: _half(layers[place], bottom=place == 0), range(len(layers)))
    everywhere = Bounds(0, 0, width, height)
    shown = _reduced(mean, everywhere, _whole_blocks(everywhere))
    inside = np.zeros(shown.shape[:2], np.float32)
    inside[: height // 2, : width // 2] = 1
    noise = np.full(blocks[0] * blocks[1], np.float32(3 * NOISE * NOISE))
    total = Unknowns.none(len(layers), blocks[0] * blocks[1])
    halves = given
    for _ in range(TURNS):
        samples = _sampled(shown, inside, halves, blocks, total)
        step = solve(samples, noise * np.float32(CORRELATED), total, ENOUGH)
        noise = _noise(samples, step)
        total.add(step, 1)
        halves = [
            _moved(half, total.fields[place].reshape(-1, *blocks), total.numbers[place], shown.shape[:2])
            for place, half in enumerate(given)
        ]
    grid = blocks[0] * side, blocks[1] * side

    def one(place: int) -> RoughLayer:
        layer = layers[place]
        whole = _Half(layer.box, layer.alpha, layer.colour, layer.alpha)
        moved = _moved(whole, total.fields[place].reshape(-1, *blocks), total.numbers[place], grid)
        return replace(layer, alpha=moved.alpha, colour=moved.colour)

    return in_parallel(one, range(len(layers)))


def _noise(samples: Samples, step: Unknowns) -> Plane:
    """Variance of one sample of every block (b,), pooled over its neighbours."""
    squares = (left_over(samples, step) ** 2).mean(1)
    seen = samples.weight.sum(-1).reshape(samples.blocks)
    sums = (squares * samples.weight).sum(-1).reshape(samples.blocks)
    near = cv2.blur(sums, (3, 3)) / np.maximum(cv2.blur(seen, (3, 3)), np.float32(1e-3))
    return cast(Plane, near.ravel() + np.float32(NOISE * NOISE))


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
    small = [_reduced(plane, layer.box, whole) for plane in (alpha, layer.colour, edges)]
    box = Bounds(whole.x // 2, whole.y // 2, whole.width // 2, whole.height // 2)
    return _Half(box, *small)


def _sampled(shown: Plane, inside: Plane, halves: Sequence[_Half], blocks: tuple[int, int], held: Unknowns) -> Samples:
    """What every block says about the layers that one sees most there."""
    through, weight = _weighted(inside, halves)
    composite, power = np.zeros_like(shown), np.zeros(shown.shape[:2], np.float32)
    designs: list[Plane] = []
    for half, clear in zip(halves, through, strict=True):
        part = half.box.slices
        visible = clear * half.alpha
        designs.append(_design(half, visible, composite[part]))
        composite[part] += alike(half.alpha, 3) * (half.colour - composite[part])
        power[part] += visible**2  # every layer's own noise shows by as much as one sees of it
    samples = Samples.empty(blocks, BLOCK // EVERY, min(DEEP, len(halves)), len(halves))
    weight /= np.maximum(power, np.float32(0.05))
    samples.observe(_sparse(shown - composite), weight[::EVERY, ::EVERY])
    shares = np.zeros((len(halves), *blocks), np.float32)
    boxes = [
        Bounds(*(v // BLOCK for v in (half.box.x, half.box.y, half.box.width, half.box.height))) for half in halves
    ]
    side = BLOCK // EVERY
    for place, (box, design) in enumerate(zip(boxes, designs, strict=True)):
        visible = design[..., 1] * np.float32(1 / TINT)
        shares[place][box.slices] = visible.reshape(box.height, side, box.width, side).mean((1, 3))
    samples.choose(shares, _SEEN)
    for place, (box, design) in enumerate(zip(boxes, designs, strict=True)):
        samples.put(place, box, design)
    # blur is not undone in the layers themselves: what it explained is explained once more
    nuisance = Unknowns(np.zeros_like(held.fields), np.zeros_like(held.numbers))
    nuisance.numbers[:, 0] = held.numbers[:, 0]
    samples.rest = left_over(samples, nuisance)
    return samples


def _weighted(inside: Plane, halves: Sequence[_Half]) -> tuple[list[Plane], Plane]:
    """What is let through by all that covers each layer, over its box; and where residuals mean something."""
    remaining, weight = np.ones_like(inside), inside.copy()
    through: list[Plane] = []
    for half in reversed(halves):
        part = half.box.slices
        through.append(remaining[part].copy())
        weight[part] *= 1 - np.clip(3 * half.edge * remaining[part], 0, 1)
        remaining[part] *= 1 - half.alpha
    return through[::-1], weight


def _design(half: _Half, visible: Plane, below: Plane) -> Plane:
    """Columns (h, w, 3 · COLUMNS) of a layer at every sample, in units of the prior's standard deviations."""
    out = np.empty((*(-(-side // EVERY) for side in visible.shape), 3, COLUMNS), np.float32)
    dense = alike(np.float32(4 * DENSITY) * visible * (1 - half.alpha), 3) * (half.colour - below)
    curved = cast(Plane, cv2.Laplacian(half.colour, cv2.CV_32F, borderType=cv2.BORDER_REPLICATE))
    curved *= alike(np.float32(-0.5 * BLUR) * visible, 3)
    out[..., 0], out[..., 2] = _sparse(dense), _sparse(curved)
    out[..., 1] = (_sparse(visible) * np.float32(TINT))[..., None]
    out[..., 3] = out[..., 1] * np.float32(OFFSET / TINT)
    out[..., 4] = _sparse(alike(np.float32(GAIN) * visible, 3) * half.colour)
    return out.reshape(*out.shape[:2], -1)


def _sparse(planes: Plane) -> Plane:
    """Blurred, and only every so many-th half cell."""
    return cast(Plane, cv2.GaussianBlur(planes, (0, 0), _BLUR)[::EVERY, ::EVERY])


def _moved(half: _Half, fields: Plane, numbers: Plane, size: tuple[int, int]) -> _Half:
    """The layer after the corrections `fields` (FIELDS, blocks) and `numbers`, in a picture of `size` (h, w)."""
    here = [
        cv2.resize(one, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)[half.box.slices]
        for one in (fields[0] * np.float32(DENSITY), *(fields[1:] * np.float32(TINT)))
    ]
    odds = np.exp(4 * np.clip(here[0], -FARTHEST, FARTHEST))
    thicker = half.alpha * odds / (1 + half.alpha * (odds - 1))
    tinted = cast(Plane, cv2.merge(here[1:]))
    tinted += numbers[1:4] * np.float32(OFFSET)
    tinted += half.colour * (1 + numbers[4:] * np.float32(GAIN))
    np.clip(tinted, 0, 1, out=tinted)
    return replace(half, alpha=thicker.astype(np.float32), colour=tinted)
