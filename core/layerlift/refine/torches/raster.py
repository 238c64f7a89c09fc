"""A raster of pixels over the cells: where each one lies, and what is known of its cell.

Law: knows rows, columns and slots; no colour is worked out here.
"""

from __future__ import annotations

from layerlift.refine.torches.cells import Slots
from layerlift.refine.torches.device import Tensor, pick, torch
from layerlift.refine.torches.unmix import Points


class Places:
    """A raster of pixels, each over a cell given by its row and column."""

    def __init__(self, lines: Tensor, columns: Tensor, slots: Slots) -> None:
        self._lines, self._columns, self._slots = lines, columns, slots

    def over(self, plane: Tensor) -> Tensor:
        """A plane over the cells (h, w), at every pixel."""
        return plane.index_select(0, self._lines).index_select(1, self._columns)

    def points(self, at: Tensor, colour: Tensor, deep: int) -> Points:
        """The pixels `at` (flat), all of depth `deep`, with their colours (3, n)."""
        row, column = split(at, self._columns.numel())
        cell = pick(self._lines, row) * self._slots.base.shape[1] + pick(self._columns, column)
        return Points(colour, row, column, pick(self._slots.layers[: deep + 1], cell).to(torch.int32))


def split(at: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Row and column (int32: half the bytes of what PyTorch counts with by itself) of flat indices."""
    at = at.to(torch.int32)
    row = torch.div(at, max(1, width), rounding_mode="floor")
    return row, at - row * width
