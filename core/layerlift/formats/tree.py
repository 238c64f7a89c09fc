"""The group tree that the flat list of layers stands for.

Law: knows layers' `group` paths, no format. Neighbours that share a path share a group; a path that comes again after
something else makes a second group, because the order of layers is sacred.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from layerlift.imaging.layer import Layer, LayerStack


@dataclass(frozen=True, eq=False)
class Group:
    """A named group; `children` bottom → top."""

    name: str
    children: tuple[Group | Leaf, ...]


@dataclass(frozen=True, eq=False)
class Leaf:
    """A layer and its place (0 is the bottom) in the stack."""

    index: int
    layer: Layer


def grouped(stack: LayerStack) -> Group:
    """The stack as one group that bears its name."""
    return Group(stack.name, tuple(_children([Leaf(i, layer) for i, layer in enumerate(stack.layers)], 0)))


def _children(leaves: Iterable[Leaf], depth: int) -> Iterator[Group | Leaf]:
    for name, run in groupby(leaves, key=lambda leaf: leaf.layer.group[depth : depth + 1]):
        if name:
            yield Group(name[0], tuple(_children(run, depth + 1)))
        else:
            yield from run
