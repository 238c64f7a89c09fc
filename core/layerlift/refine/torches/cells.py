"""Which layer is in which slot of which cell: `refine.cells`, laid out for a device.

Law: knows what `refine.cells` decided, nothing of alphas or colours. Slot 0 is the base, the fractional layers above it
follow, lowest first; a cell's depth is how many of those there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerlift.refine.cells import Cells
from layerlift.refine.torches.device import Device, Tensor, torch


@dataclass(frozen=True, eq=False)
class Slots:
    """`base` and `depth` (h, w) uint8 and `layers` (slots, h·w) uint8 on the device; `depths`, `highest`: depth and
    base on the host, to know what there is to launch without asking the device."""

    base: Tensor
    depth: Tensor
    layers: Tensor
    depths: NDArray[np.uint8]
    highest: NDArray[np.uint8]

    @classmethod
    def of(cls, device: Device, cells: Cells, count: int) -> Slots:
        """The slots of `count` layers' cells."""
        mixed, base = device.put(cells.mixed), device.put(cells.base)
        layers = torch.zeros((count + 1, base.numel()), dtype=torch.uint8, device=device.name)
        layers[0] = base.reshape(-1)
        depth = torch.zeros(base.numel(), dtype=torch.int64, device=device.name)
        for place in range(1, count):
            here = ((mixed >> place) & 1).reshape(-1)
            depth += here
            slot = torch.where(here == 1, depth, count)  # the last one is nobody's
            layers.scatter_(0, slot[None], place)
        small = depth.to(torch.uint8).reshape(base.shape)
        depths = device.array(small)
        deepest = int(depths.max(initial=0))
        return cls(base, small, layers[: deepest + 1].clone(), depths, cells.base)

    def depths_in(self, lines: NDArray[np.intp]) -> list[int]:
        """The depths that there are in some rows of cells."""
        first, last = int(lines.min()), int(lines.max()) + 1
        return [int(d) for d in np.flatnonzero(np.bincount(self.depths[first:last].reshape(-1)))]

    def highest_in(self, lines: NDArray[np.intp]) -> int:
        """The highest base that there is in some rows of cells."""
        return int(self.highest[int(lines.min()) : int(lines.max()) + 1].max(initial=0))
