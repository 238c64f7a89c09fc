"""The same unmixing on another device: `unmix`, equation by equation, in PyTorch.

Law: the only file that loads torch, and only when a device is asked for; nothing of torch leaves it. Exactness does
not depend on it: the alphas it finds are projected onto the document like any others. It agrees with `unmix` up to
the order of float32 operations (positions are rounded as OpenCV's remap rounds them); the tolerance is stated and
held in tests/core/refine/test_torches.py.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from layerlift.errors import RequestError
from layerlift.refine.cells import CLEAR, SOLID
from layerlift.refine.models import LayerModel
from layerlift.refine.unmix import MIXED, NOISE, PULL, TINY, UNSEEN, Points, Share

Tensor: TypeAlias = Any
Belief: TypeAlias = "tuple[Tensor, ...]"
"""mean (3, k), covariance (6, k), alpha, edge, ceiling (k,), and of what lies below, mean and covariance."""
_STEPS = 32
"""Positions are rounded to 1/_STEPS of a cell, as OpenCV does (INTER_TAB_SIZE)."""
_LEAST = 1e-6
"""Smallest pivot, as in `symmetric`."""


def torch_unmix(device: str) -> Callable[[Points, Sequence[LayerModel]], list[Share]]:
    """`unmix` on a torch device ("cuda", "mps", "cpu"). Raises RequestError where there is no such thing."""
    try:
        torch = importlib.import_module("torch")
        torch.zeros(1, device=device)
    except ImportError as error:
        raise RequestError("Refining on a GPU needs PyTorch.", "Install torch, or leave the device out.") from error
    except (RuntimeError, AssertionError) as error:
        raise RequestError(f"PyTorch has no device “{device}” here.", "Leave the device out.") from error
    return _Unmixer(torch, device)


class _Unmixer:
    """Keeps the models of one scene on the device."""

    def __init__(self, torch: Any, device: str) -> None:
        self._torch, self._device = torch, device
        self._models: Sequence[LayerModel] = ()
        self._planes: list[tuple[Tensor, Tensor]] = []

    def __call__(self, points: Points, models: Sequence[LayerModel]) -> list[Share]:
        torch = self._torch
        with torch.no_grad():
            if self._models is not models:
                planes = [self._upload(model) for model in models]
                self._planes, self._models = planes, models
            return self._unmix(points, models)

    def _upload(self, model: LayerModel) -> tuple[Tensor, Tensor]:
        fine = np.concatenate([model.lead, model.nature], -1).transpose(2, 0, 1)
        coarse = np.concatenate(model.spread, -1).transpose(2, 0, 1)
        return self._put(fine), self._put(coarse)

    def _put(self, array: Any) -> Tensor:
        return self._torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

    def _unmix(self, points: Points, models: Sequence[LayerModel]) -> list[Share]:
        torch = self._torch
        x, y, colour = self._put(points.x), self._put(points.y), self._put(points.colour)
        base, mixed = self._put(points.base.astype(np.int64)), self._put(points.mixed.astype(np.int64))
        mean, spread = torch.zeros_like(colour), colour.new_zeros((6, points.count))
        found: list[tuple[int, Tensor, Tensor, Tensor, Belief | None]] = []
        for place, model in enumerate(models):
            at = torch.nonzero(base == place)[:, 0]
            if at.numel():
                lead, own = self._read(place, model, x[at], y[at])
                mean[:, at], spread[:, at] = lead[:3], own
                found.append((place, at, torch.ones_like(x[at]), _variance(own), None))
            at = torch.nonzero((mixed >> place) & 1)[:, 0]
            if at.numel() == 0:
                continue
            lead, own = self._read(place, model, x[at], y[at])
            belief: Belief = (lead[:3], own, lead[3], lead[4], lead[5], mean[:, at], spread[:, at])
            mean[:, at], spread[:, at] = _mixture(torch, belief)
            found.append((place, at, lead[3], _variance(own), belief))
        through = torch.ones_like(x)
        shares: list[Share] = []
        for place, at, alpha, variance, known in reversed(found):
            if known is not None:
                alpha = self._peel(place, at, known, colour, through, mixed)
            index = at.cpu().numpy().astype(np.intp)
            shares.append(Share(place, index, alpha.cpu().numpy(), variance.cpu().numpy()))
        return shares[::-1]

    def _peel(self, place: int, at: Tensor, belief: Belief, colour: Tensor, through: Tensor, mixed: Tensor) -> Tensor:
        """Alpha of one layer; `colour` and `through` become those of what lies below it."""
        torch = self._torch
        seen, here = through[at], colour[:, at]
        prior, edge = belief[2], belief[3]
        sharp = prior + edge * ((2 * prior - 0.5).clamp(0, 1) - prior)
        alpha = torch.where(seen > UNSEEN, _alpha(torch, belief, here, seen), sharp)
        below = mixed[at] & ((1 << place) - 1)
        more = torch.nonzero((below != 0) & (seen > UNSEEN) & (alpha > CLEAR) & (alpha < SOLID))[:, 0]
        if more.numel():
            few = tuple(plane[..., more] for plane in belief)
            colour[:, at[more]] = _below(torch, few, here[:, more], alpha[more])
        through[at] = seen * (1 - alpha)
        return alpha

    def _read(self, place: int, model: LayerModel, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """`lead` and `nature` (6, k), covariance (6, k)."""
        fine, coarse = self._planes[place]
        x, y = x - model.box.x, y - model.box.y
        height, width = coarse.shape[1:]
        u = (x + 0.5) * (width / model.box.width) - 0.5
        v = (y + 0.5) * (height / model.box.height) - 0.5
        return self._sample(fine, x, y), self._sample(coarse, u, v)

    def _sample(self, planes: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Bilinear, the border continued: (c, h, w) at k positions → (c, k)."""
        torch = self._torch
        height, width = planes.shape[1:]
        x, y = (torch.round(v * _STEPS) / _STEPS for v in (x, y))
        left, top = torch.floor(x), torch.floor(y)
        s, t = x - left, y - top
        columns = [(left.long() + k).clamp(0, width - 1) for k in (0, 1)]
        rows = [(top.long() + k).clamp(0, height - 1) * width for k in (0, 1)]
        flat = planes.reshape(planes.shape[0], -1)
        upper = flat[:, rows[0] + columns[0]] * (1 - s) + flat[:, rows[0] + columns[1]] * s
        lower = flat[:, rows[1] + columns[0]] * (1 - s) + flat[:, rows[1] + columns[1]] * s
        return upper * (1 - t) + lower * t


def _variance(spread: Tensor) -> Tensor:
    return (spread[0] + spread[3] + spread[5]) / 3 + 1e-4


def _outer(torch: Any, d: Tensor) -> Tensor:
    return torch.stack([d[i] * d[j] for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))])


def _mixture(torch: Any, belief: Belief) -> tuple[Tensor, Tensor]:
    own, spread, alpha, edge, _, below, below_spread = belief
    doubt = alpha * (1 - alpha) * edge
    apart = own - below
    both = (doubt + alpha**2) * spread + (doubt + (1 - alpha) ** 2) * below_spread
    return below + alpha * apart, both + doubt * _outer(torch, apart)


def _factors(belief: Belief, alpha: Tensor, noise: Tensor | float) -> tuple[Tensor, ...]:
    """L D Lᵀ of α² V + (1 − α)² P + ε, as in `symmetric.factor`."""
    a, b, c, d, e, f = alpha * alpha * belief[1] + (1 - alpha) ** 2 * belief[6]
    d1 = (a + noise).clamp_min(_LEAST)
    l21, l31 = b / d1, c / d1
    d2 = (d + noise - l21 * b).clamp_min(_LEAST)
    cross = e - l21 * c
    l32 = cross / d2
    return d1, l21, l31, d2, l32, (f + noise - l31 * c - l32 * cross).clamp_min(_LEAST)


def _solve(torch: Any, factors: tuple[Tensor, ...], v: Tensor) -> Tensor:
    d1, l21, l31, d2, l32, d3 = factors
    y = v[1] - l21 * v[0]
    third = (v[2] - l31 * v[0] - l32 * y) / d3
    second = y / d2 - l32 * third
    return torch.stack([v[0] / d1 - l21 * second - l31 * third, second, third])


def _surprise(torch: Any, factors: tuple[Tensor, ...], v: Tensor) -> Tensor:
    d1, l21, l31, d2, l32, d3 = factors
    y = v[1] - l21 * v[0]
    z = v[2] - l31 * v[0] - l32 * y
    return v[0] ** 2 / d1 + y**2 / d2 + z**2 / d3 + torch.log(d1 * d2 * d3)


def _alpha(torch: Any, belief: Belief, colour: Tensor, through: Tensor) -> Tensor:
    """Posterior mean of α, as in `unmix`."""
    own, _, prior, edge, ceiling, below, _ = belief
    noise = NOISE * (1 + 1 / through.clamp_min(UNSEEN) ** 2)
    apart, away, top = own - below, colour - below, torch.maximum(ceiling, prior)
    mix = torch.full_like(top, 0.5)
    for _ in range(2):
        last = _factors(belief, mix, noise)
        pulled = _solve(torch, last, apart)
        curvature = (apart * pulled).sum(0).clamp_min(0) + PULL
        mix = torch.minimum((((pulled * away).sum(0) + PULL * prior) / curvature).clamp_min(0), top)
    wholes = [
        -0.5 * _surprise(torch, _factors(belief, fixed, noise), away - fixed * apart)
        for fixed in (top, torch.zeros_like(top), prior)
    ]
    mixed = -0.5 * (_surprise(torch, last, away - mix * apart) - torch.log((6.2832 / curvature).clamp_max(1)))
    scores = torch.stack([*wholes, mixed])
    wide = edge * (1 - MIXED)
    priors = torch.stack([prior * wide, (1 - prior) * wide, 1 - edge, 4 * MIXED * edge * prior * (1 - prior)])
    weight = torch.exp(scores - scores.max(0).values) * (priors + TINY)
    out = (weight[0] * top + weight[2] * prior + weight[3] * mix) / weight.sum(0)
    return torch.where(prior < SOLID, out, prior)


def _below(torch: Any, belief: Belief, colour: Tensor, alpha: Tensor) -> Tensor:
    own, _, _, _, _, below, (a, b, c, d, e, f) = belief
    z0, z1, z2 = _solve(torch, _factors(belief, alpha, NOISE), colour - below - alpha * (own - below))
    moved = torch.stack([a * z0 + b * z1 + c * z2, b * z0 + d * z1 + e * z2, c * z0 + e * z1 + f * z2])
    return below + (1 - alpha) * moved
