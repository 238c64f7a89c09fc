"""Who works on the document's own pixels: the verbs, and the one who is always there.

Law: a port. Everything over the grid is NumPy's wherever the pixels are worked on; only what reads or writes every
pixel stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Document, Layer, Pixels
from layerlift.imaging.resample import Grid, reduce
from layerlift.progress import Progress
from layerlift.refine.cells import Cells
from layerlift.refine.learn import Tally, expect
from layerlift.refine.models import LayerModel
from layerlift.refine.moments import Moments, moments
from layerlift.refine.strips import Scene, paint


class Processor(Protocol):
    """Works on one document. `notes`: sentences for the user about what had to be done differently."""

    notes: tuple[str, ...]

    def reduce(self, document: Document, extent: Extent) -> Pixels:
        """The document averaged over areas to `extent`, its own depth (see `imaging.resample.reduce`)."""

    def moments(self, document: Document, grid: Grid) -> Moments:
        """What the document shows in every cell (see `moments`)."""

    def expect(
        self, document: Document, grid: Grid, seen: Moments, models: Sequence[LayerModel], cells: Cells
    ) -> list[Tally]:
        """What the document's pixels say of every layer (see `learn`)."""

    def paint(self, scene: Scene, progress: Progress) -> list[Layer]:
        """Every layer at the document's size and depth, cut to its alpha (see `strips`)."""

    def close(self) -> None:
        """The work is done, or failed: let go of what was held for it."""


class Numpy:
    """The processor that every computer has."""

    notes: tuple[str, ...] = ()
    _last: tuple[Document, Extent, Pixels] | None = None

    def reduce(self, document: Document, extent: Extent) -> Pixels:
        """`imaging.resample.reduce`; the last one is remembered, for moments mostly ask for the same size."""
        last = self._last  # read once: other threads may refine other documents
        if last is None or last[0] is not document or last[1] != extent:
            last = self._last = (document, extent, reduce(document.pixels, extent))
        return last[2]

    def moments(self, document: Document, grid: Grid) -> Moments:
        """`moments.moments`."""
        return moments(document, grid, self.reduce(document, grid.cells))

    def expect(
        self, document: Document, grid: Grid, seen: Moments, models: Sequence[LayerModel], cells: Cells
    ) -> list[Tally]:
        """`learn.expect`."""
        return expect(document, grid, seen, models, cells)

    def paint(self, scene: Scene, progress: Progress) -> list[Layer]:
        """`strips.paint`."""
        return paint(scene, progress)

    def close(self) -> None:
        """Forget the document."""
        self._last = None


NUMPY = Numpy()
