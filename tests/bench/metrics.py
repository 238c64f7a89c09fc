"""How good a stack is, measured against the true one: one-to-one alpha IoU, background L1, text accuracy.

Law: arrays and numbers; knows no engine and no generator beyond `Design`. All values 0–1. The ordered, merging
protocol of LayerD is in `ordered`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from .designs import Design

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Found:
    """One predicted layer on the whole canvas: (H, W, 4) straight uint8; `content` where it is text."""

    role: str
    name: str
    rgba: U8
    content: str | None = None


@dataclass(frozen=True)
class Scored:
    """What one true layer got: IoU over what is seen of it, over all of it, and which prediction it was paired with."""

    role: str
    name: str
    seen: float
    whole: float
    partner: int | None


def soft_iou(a: F32, b: F32, weight: F32 | None = None) -> float:
    """Σ w·min(a, b) / Σ w·max(a, b); 0 where both are empty."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    if weight is not None:
        low, high = low * weight, high * weight
    union = float(high.sum(dtype=np.float64))
    return float(low.sum(dtype=np.float64)) / union if union > 0 else 0.0


def visibility(alphas: Sequence[F32]) -> list[F32]:
    """For each layer (bottom → top) how much of it shows: Π (1 − α) of the layers above."""
    above = np.ones_like(alphas[0])
    seen: list[F32] = []
    for alpha in reversed(alphas):
        seen.append(above)
        above = above * (1 - alpha)
    return seen[::-1]


def pair(design: Design, found: Sequence[Found]) -> list[Scored]:
    """Pair true and predicted layers one to one, bottom layers of both apart, so that the sum of IoUs is largest.

    The pairing (Hungarian method) is blind to roles. IoU is between alphas, weighted by what is seen of the true
    layer: what lies behind other layers neither helps nor hurts. A true layer with a shadow gets the better of "with"
    and "without" it. Unpaired layers get 0.
    """
    alphas = [_plane(layer.rgba) for layer in design.layers]
    seen = visibility(alphas)
    guesses = [_plane(layer.rgba) for layer in found[1:]]
    seen_iou = np.zeros((len(alphas) - 1, len(guesses)))
    whole_iou = np.zeros_like(seen_iou)
    for i, layer in enumerate(design.layers[1:]):
        truths = [alphas[i + 1]] + ([layer.core.astype(np.float32) / 255] if layer.core is not None else [])
        for j, guess in enumerate(guesses):
            if not _touch(truths[0], guess):
                continue
            seen_iou[i, j] = max(soft_iou(truth, guess, seen[i + 1]) for truth in truths)
            whole_iou[i, j] = max(soft_iou(truth, guess) for truth in truths)
    rows, columns = linear_sum_assignment(-seen_iou) if guesses else (np.array([], int), np.array([], int))
    partner = {int(r): int(c) for r, c in zip(rows, columns, strict=True) if seen_iou[r, c] > 0}
    scores = []
    for i, layer in enumerate(design.layers[1:]):
        j = partner.get(i)
        got = (0.0, 0.0) if j is None else (float(seen_iou[i, j]), float(whole_iou[i, j]))
        scores.append(Scored(layer.role, layer.name, *got, None if j is None else j + 1))
    return scores


def background_l1(design: Design, found: Sequence[Found]) -> float:
    """Mean |difference| between the true and the predicted bottom layer over the whole canvas, hidden parts too."""
    truth, guess = design.layers[0].rgba, found[0].rgba
    alpha = guess[..., 3:].astype(np.float32) / 255
    shown = guess[..., :3] * alpha + 255 * (1 - alpha)
    return float(np.abs(shown - truth[..., :3]).mean() / 255)


def text_ink(design: Design, found: Sequence[Found]) -> float | None:
    """IoU of all text with all text, however grouped; None where the design has none."""
    alphas = [_plane(layer.rgba) for layer in design.layers]
    seen = visibility(alphas)
    truth = _union([a * v for a, v, layer in zip(alphas, seen, design.layers, strict=True) if layer.role == "text"])
    guess = _union([_plane(layer.rgba) for layer in found[1:] if layer.role == "text"])
    if truth is None:
        return None
    return 0.0 if guess is None else soft_iou(truth, guess)


def text_accuracy(design: Design, found: Sequence[Found], scores: Sequence[Scored]) -> list[float]:
    """Per true text layer 1 − character error rate of what its partner says (not below 0); white space is ignored."""
    out = []
    for layer, score in zip(design.layers[1:], scores, strict=True):
        if layer.content is not None:
            said = found[score.partner].content if score.partner is not None else None
            out.append(character_accuracy(layer.content, said or ""))
    return out


def character_accuracy(truth: str, guess: str) -> float:
    """1 − Levenshtein distance ÷ length of the truth, not below 0, white space ignored."""
    a, b = "".join(truth.split()), "".join(guess.split())
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return max(0.0, 1 - row[-1] / max(1, len(a)))


def reduced(rgba: U8, longest: int) -> U8:
    """The layer at most `longest` pixels long, averaged in premultiplied colour."""
    scale = longest / max(rgba.shape[:2])
    if scale >= 1:
        return rgba
    pixels = rgba.astype(np.float32)
    pixels[..., :3] *= pixels[..., 3:] / 255
    size = (max(1, round(rgba.shape[1] * scale)), max(1, round(rgba.shape[0] * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    alpha = small[..., 3:] / 255
    np.divide(small[..., :3], alpha, out=small[..., :3], where=alpha > 0)
    return np.clip(small + 0.5, 0, 255).astype(np.uint8)


def _plane(rgba: U8) -> F32:
    return rgba[..., 3].astype(np.float32) / np.float32(255)


def _touch(a: F32, b: F32) -> bool:
    return bool(((a > 0) & (b > 0)).any())


def _union(alphas: Sequence[F32]) -> F32 | None:
    if not alphas:
        return None
    rest = np.ones_like(alphas[0])
    for alpha in alphas:
        rest = rest * (1 - alpha)
    return 1 - rest
