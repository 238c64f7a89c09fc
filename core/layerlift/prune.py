"""The last sentence but one of the heart: drop what is empty, crop what is small, name what is known.

Law: never changes what the stack composites to.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from layerlift.imaging.layer import Layer, LayerStack

NAME_LENGTH = 60
"""Longest name given to a layer, in characters: layers panels show about thirty."""
UNSURE = 0.5
"""Confidence below which the user is told that a layer may not be a thing of its own."""


def prune(stack: LayerStack) -> LayerStack:
    """The stack without empty layers, each cropped to its alpha and with a name of its own; doubts go to the notes."""
    cropped = [layer.cropped() for layer in stack.layers]
    seen = [layer for layer in cropped if layer.pixels[..., 3].any()] or cropped[:1]
    layers = _named(seen)
    unsure = [f"“{layer.name}”" for layer in layers if layer.confidence < UNSURE]
    notes = (f"Less sure of {', '.join(unsure)}.",) if unsure else ()
    return replace(stack, layers=tuple(layers), notes=stack.notes + notes)


def _named(layers: list[Layer]) -> list[Layer]:
    """Names on one line, short, and different from each other ("Circle", "Circle 2")."""
    taken: Counter[str] = Counter()
    named = []
    for layer in layers:
        name = " ".join(layer.name.split()) or layer.role.value.capitalize()
        if len(name) > NAME_LENGTH:
            name = name[: NAME_LENGTH - 1].rstrip() + "…"
        unique = name
        while taken[unique.casefold()]:
            taken[name.casefold()] += 1
            unique = f"{name} {taken[name.casefold()]}"
        taken[unique.casefold()] += 1
        named.append(replace(layer, name=unique))
    return named
