"""LayerD's protocol: ordered alignment of two stacks, allowing merges of neighbours.

Suzuki et al., "LayerD: Decomposing Raster Graphic Designs into Layers", ICCV 2025, §5.1; the details that the paper
leaves open follow the authors' evaluation code (group_top_layers, LayersEditDist): both stacks are first grouped into
levels of mutually unoccluded top layers; levels are aligned by dynamic time warping with the cost
(RGB L1 + (1 − soft IoU)) / 2; then, up to five times, the one merge of neighbouring levels (in either stack) that gains
most is taken, and the alignment scored again.

Law: arrays and numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
Path = list[tuple[int, int]]
MAX_MERGES = 5
MIN_LEVELS = 2
"""A stack of two is not merged further (the authors' `min_layers`)."""


@dataclass(frozen=True)
class Level:
    """Scores of an alignment: mean RGB L1 where the truth is, and mean soft alpha IoU, over the pairs of the path."""

    rgb_l1: float
    iou: float


def levels(layers: Sequence[U8]) -> list[U8]:
    """The stack (bottom → top) with every set of mutually unoccluded top layers flattened into one, bottom → top."""
    masks = [layer[..., 3] > 0 for layer in layers]
    remaining, groups = list(range(len(layers))), []
    while remaining:
        free = [i for i in remaining if not any((masks[i] & masks[j]).any() for j in remaining if j > i)]
        groups.append(free)
        remaining = [i for i in remaining if i not in free]
    out = []
    for group in reversed(groups):
        flat = layers[group[0]]
        for i in group[1:]:
            flat = over(layers[i], flat)
        out.append(flat)
    return out


def over(top: U8, bottom: U8) -> U8:
    """Straight RGBA uint8 over straight RGBA uint8."""
    a, b = top[..., 3:].astype(np.float32) / 255, bottom[..., 3:].astype(np.float32) / 255
    alpha = a + b * (1 - a)
    colour = top[..., :3] * a + bottom[..., :3] * b * (1 - a)
    np.divide(colour, alpha, out=colour, where=alpha > 0)
    return np.concatenate([colour + 0.5, alpha * 255 + 0.5], -1).astype(np.uint8)


def compare(guess: U8, truth: U8) -> Level:
    """RGB L1 where the truth's alpha is above 0, and soft IoU of the alphas."""
    inside = truth[..., 3] > 0
    difference = (
        np.abs(guess[..., :3][inside].astype(np.float32) - truth[..., :3][inside]).mean() if inside.any() else 0.0
    )
    a, b = guess[..., 3].astype(np.float32), truth[..., 3].astype(np.float32)
    union = float(np.maximum(a, b).sum())
    return Level(float(difference) / 255, float(np.minimum(a, b).sum()) / union if union else 0.0)


def cost(level: Level) -> float:
    """(RGB L1 + (1 − IoU)) / 2."""
    return (level.rgb_l1 + 1 - level.iou) / 2


def aligned(costs: NDArray[np.float64]) -> Path:
    """The cheapest monotone path from corner to corner (dynamic time warping); ties prefer the diagonal."""
    n, m = costs.shape
    total = np.full((n, m), np.inf)
    for i in range(n):
        for j in range(m):
            before = [total[i - 1, j - 1] if i and j else np.inf, total[i - 1, j] if i else np.inf,
                      total[i, j - 1] if j else np.inf]  # fmt: skip
            total[i, j] = costs[i, j] + (0.0 if i == j == 0 else min(before))
    i, j, path = n - 1, m - 1, [(n - 1, m - 1)]
    while i or j:
        steps = [(i - 1, j - 1), (i - 1, j), (i, j - 1)]
        i, j = min((s for s in steps if s[0] >= 0 and s[1] >= 0), key=lambda s: total[s])
        path.append((i, j))
    return path[::-1]


def score(guess: Sequence[U8], truth: Sequence[U8], merges: int = MAX_MERGES) -> list[Level]:
    """Scores after 0, 1, … merges (fewer where no merge gains). Layers are bottom → top, straight RGBA, one size."""
    a, b = levels(guess), levels(truth)
    results: list[Level] = []
    while True:
        table = [[compare(p, q) for q in b] for p in a]
        path = aligned(np.array([[cost(level) for level in row] for row in table]))
        met = [table[i][j] for i, j in path]
        results.append(Level(float(np.mean([m.rgb_l1 for m in met])), float(np.mean([m.iou for m in met]))))
        if len(results) > merges:
            return results
        mine = _best_merge(a, b, path)
        theirs = _best_merge(b, a, [(j, i) for i, j in path])
        if mine is None and theirs is None:
            return results
        if theirs is None or (mine is not None and mine[0] > theirs[0]):
            a = _merged(a, mine[1])  # type: ignore[index]
        else:
            b = _merged(b, theirs[1])


def _merged(stack: list[U8], at: int) -> list[U8]:
    return [*stack[:at], over(stack[at + 1], stack[at]), *stack[at + 2 :]]


def _best_merge(stack: list[U8], others: list[U8], path: Path) -> tuple[float, int] | None:
    """Gain and place of the merge of neighbours that helps most; None where none helps."""
    if len(stack) <= MIN_LEVELS:
        return None
    best: tuple[float, int] | None = None
    for at in range(len(stack) - 1):
        groups = [[others[j] for i, j in path if i == at + k] for k in (0, 1)]
        now = sum(_likeness(stack[at + k], groups[k]) for k in (0, 1))
        merged = over(stack[at + 1], stack[at])
        first, second = (_likeness(merged, group) for group in groups)
        options = [second + first]
        if at + 2 < len(stack):
            options += [_likeness(stack[at + 2], group) + first for group in groups]
        gain = max(options) - now
        if gain > 0 and (best is None or gain > best[0]):
            best = (gain, at)
    return best


def _likeness(layer: U8, group: list[U8]) -> float:
    return sum(1 - cost(compare(layer, other)) for other in group)
