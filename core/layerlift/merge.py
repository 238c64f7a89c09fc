"""Fewer layers without another picture: merge the least important ones into a neighbour.

Law: works on rough stacks, before refinement, in float; "over" is associative (Porter & Duff 1984), so merging two
layers that are neighbours in the stack, or that nothing between them touches, leaves the composite as it was.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from layerlift.imaging.alpha import over, premultiply, to_float, to_integer, unpremultiply
from layerlift.imaging.layer import Layer, LayerStack, Plane, Role, Text

UNSEEN = 12.0
"""A layer that shows less than this many working pixels (area × coverage) is not worth a row in a layers panel."""
NAMED = 6
"""Most names in the note about merged layers."""


def merge_to(stack: LayerStack, count: int) -> LayerStack:
    """At most `count` layers: the cheapest allowed pair is merged until it fits. The merged names go to the notes."""
    layers, merged = list(stack.layers), []
    importance = [float(w.sum()) for w in visibility(layers)] if len(layers) > max(1, count) else []
    while len(layers) > max(1, count):
        low, high = min(_mergeable(layers), key=lambda pair: (_cost(layers, importance, *pair), pair))
        merged.append(layers[high].name)
        layers[low] = merge(layers[low], layers.pop(high))
        importance[low] += importance.pop(high)  # what one sees of both is what one sees of the merged layer
    return replace(stack, layers=tuple(layers), notes=stack.notes + _told(merged, len(layers)))


def _told(merged: list[str], left: int) -> tuple[str, ...]:
    """The note for the user: some of the names, and how many more."""
    if not merged:
        return ()
    more = f" and {len(merged) - NAMED} more" if len(merged) > NAMED else ""
    return (f"Merged to {left} layers: {', '.join(merged[:NAMED])}{more}.",)


def merge_unseen(stack: LayerStack) -> LayerStack:
    """Without the layers that nobody can see: empty, covered, or a few pixels large. Never drops the last one."""
    seen = [float(w.sum()) >= UNSEEN for w in visibility(list(stack.layers))]
    kept = tuple(layer for layer, is_seen in zip(stack.layers, seen, strict=True) if is_seen)
    return replace(stack, layers=kept or stack.layers[:1])


def visibility(layers: list[Layer]) -> list[Plane]:
    """How much of each layer one sees: (h, w) over its own bounds, w_i = α_i Π_{j>i} (1 − α_j)."""
    right = max(layer.bounds.right for layer in layers)
    bottom = max(layer.bounds.bottom for layer in layers)
    through = np.ones((bottom, right), np.float32)
    weights: list[Plane] = []
    for layer in reversed(layers):
        alpha = to_float(layer.pixels[..., 3]) * np.float32(layer.opacity)
        window = through[layer.bounds.slices]
        weights.append(alpha * window)
        window *= 1 - alpha
    return weights[::-1]


def merge(lower: Layer, upper: Layer) -> Layer:
    """One layer that composites like both; it keeps the name and role of the one that fills more."""
    bounds = lower.bounds.union(upper.bounds)
    canvas = np.zeros((bounds.height, bounds.width, 4), np.float32)
    for layer in (lower, upper):
        window = canvas[layer.bounds.shift(-bounds.x, -bounds.y).slices]
        straight = to_float(layer.pixels)
        straight[..., 3] *= layer.opacity
        window[:] = over(premultiply(straight), window)
    pixels = to_integer(unpremultiply(canvas), lower.pixels)
    main = max((lower, upper), key=lambda layer: (layer.role is Role.BACKGROUND, int(layer.pixels[..., 3].sum())))
    return replace(
        main,
        bounds=bounds,
        pixels=pixels,
        opacity=1.0,
        text=_joined(lower.text, upper.text),
        confidence=min(lower.confidence, upper.confidence),
    )


def _joined(lower: Text | None, upper: Text | None) -> Text | None:
    if lower is None or upper is None:
        return lower or upper
    lines = sorted(lower.lines + upper.lines, key=lambda line: min(y for _, y in line.quad))
    return Text(tuple(lines), lower.colour)


def _mergeable(layers: list[Layer]) -> list[tuple[int, int]]:
    """Pairs (low, high) between which no layer touches the higher one."""
    pairs = []
    for high in range(1, len(layers)):
        for low in range(high - 1, -1, -1):
            pairs.append((low, high))
            if not layers[low].bounds.intersect(layers[high].bounds).empty:
                break  # to go further down, the higher one would have to pass what it touches
    return pairs


def _cost(layers: list[Layer], importance: list[float], low: int, high: int) -> float:
    """What is lost: the visible area of the less important of the two, dearer across roles and into the background."""
    lower, upper = layers[low], layers[high]
    loss = min(importance[low], importance[high]) * (0.25 + 0.75 * min(lower.confidence, upper.confidence))
    if lower.role is Role.BACKGROUND:
        return loss * 3 + 1
    return loss if lower.role is upper.role else loss * 2
