"""A raster of pixels over the cells: where each one lies, and what is known of its cell.

Law: knows rows, columns and slots; no colour is worked out here.
"""

from __future__ import annotations

from layerlift.refine.torches.cells import Slots
from layerlift.refine.torches.device import Tensor, torch
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
        row, column = self.split(at)
        cell = self._lines[row] * self._slots.base.shape[1] + self._columns[column]
        return Points(colour, row, column, self._slots.layers[: deep + 1].index_select(1, cell).to(torch.int64))

    def split(self, at: Tensor) -> tuple[Tensor, Tensor]:
        """Row and column of flat indices."""
        row = torch.div(at, self._columns.numel(), rounding_mode="floor")
        return row, at - row * self._columns.numel()
