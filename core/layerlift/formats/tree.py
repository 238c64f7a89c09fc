"""The group tree that the flat list of layers stands for.

Law: knows layers' `group` paths, no format. Neighbours that share a path share a group; a path that comes again after
something else makes a second group, because the order of layers is sacred.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from layerlift.imaging.layer import Layer, LayerStack


@dataclass(frozen=True, eq=False)
class Group:
    """A named group; `children` bottom → top.

    `alone`: nothing else lies in its parent. Such a group is written isolated, any other as pass-through, which spares
    a rounding. Krita (seen in 5.1.5) shows nothing where an only child passes through: it seems to take the child's own
    projection for its parent's, and a pass-through group has none.
    """

    name: str
    children: tuple[Group | Leaf, ...]
    alone: bool = False


@dataclass(frozen=True, eq=False)
class Leaf:
    """A layer and its place (0 is the bottom) in the stack."""

    index: int
    layer: Layer


def grouped(stack: LayerStack) -> Group:
    """The stack as one group that bears its name."""
    leaves = [Leaf(i, layer) for i, layer in enumerate(stack.layers)]
    return Group(stack.name, _children(leaves, 0), alone=True)


def _children(leaves: Iterable[Leaf], depth: int) -> tuple[Group | Leaf, ...]:
    found = tuple(_listed(leaves, depth))
    if len(found) == 1 and isinstance(found[0], Group):
        return (replace(found[0], alone=True),)
    return found


def _listed(leaves: Iterable[Leaf], depth: int) -> Iterator[Group | Leaf]:
    for name, run in groupby(leaves, key=lambda leaf: leaf.layer.group[depth : depth + 1]):
        if name:
            yield Group(name[0], _children(run, depth + 1))
        else:
            yield from run
