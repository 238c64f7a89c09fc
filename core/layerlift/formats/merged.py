"""The flattened picture that layered files carry for viewers that know no layers.

Law: asks `imaging.arithmetic`; knows no format.
"""

from __future__ import annotations

from dataclasses import replace

from layerlift.imaging.arithmetic import composite
from layerlift.imaging.layer import LayerStack, Pixels


def flattened(stack: LayerStack) -> tuple[Pixels, bool]:
    """(H, W, 4) straight RGBA at the stack's depth, and whether it is what the layers look like.

    Blend modes other than normal are flattened as normal, hence the second answer.
    """
    true = all(layer.blend_mode == "normal" for layer in stack.layers)
    if true:
        return composite(stack), True
    plain = tuple(replace(layer, blend_mode="normal") for layer in stack.layers)
    return composite(replace(stack, layers=plain)), False
