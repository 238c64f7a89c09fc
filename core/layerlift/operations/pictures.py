"""What an operation works on and what its layer is called. Law: values in, values out; no pixel is changed."""

from __future__ import annotations

from dataclasses import replace

from layerlift.errors import RequestError
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.layer import Document, Layer, LayerStack, Pixels
from layerlift.prune import NAME_LENGTH


def flat(document: Document | None, stack: LayerStack | None, verb: str) -> Document:
    """One flat picture: the document, or the stack flattened. Raises RequestError where there is neither."""
    if document is not None:
        return document
    if stack is None:
        raise RequestError(f"There is nothing to {verb}.", "Give a picture.")
    return Document(flattened(stack), stack.name, stack.icc)


def flattened(stack: LayerStack) -> Pixels:
    """The stack as its host shows it; blend modes that cannot be flattened here count as normal."""
    plain = tuple(replace(layer, blend_mode="normal") for layer in stack.layers)
    return composite(replace(stack, layers=plain))


def named(layer: Layer, name: str) -> Layer:
    """The layer with a name on one line that fits a layers panel."""
    short = " ".join(name.split())
    return replace(layer, name=short if len(short) <= NAME_LENGTH else f"{short[: NAME_LENGTH - 1].rstrip()}…")
