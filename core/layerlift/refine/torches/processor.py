"""The door to the device: the verbs of `refine.processor`, and what happens when a card has no room.

Law: arrays in, arrays and layers out. Out of memory: the same with a quarter of the room, then again, then on the
processor, and a note says so. Where nobody asked for the card by name, any other failure of it ends the same way: a
picture must not fail for a driver's sake.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from layerlift.errors import RequestError
from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Document, Layer, Pixels
from layerlift.imaging.resample import Grid
from layerlift.progress import Progress
from layerlift.refine.cells import Cells
from layerlift.refine.learn import Tally
from layerlift.refine.models import LayerModel
from layerlift.refine.moments import Moments
from layerlift.refine.processor import NUMPY, Processor
from layerlift.refine.strips import Scene
from layerlift.refine.torches.device import Device, out_of_memory, torch
from layerlift.refine.torches.learn import expect
from layerlift.refine.torches.moments import moments
from layerlift.refine.torches.picture import Picture
from layerlift.refine.torches.strips import paint

Result = TypeVar("Result")

WORTH = 400 << 20
"""Room in bytes below which strips are so low that launching takes longer than NumPy does."""
ATTEMPTS = 3
"""So often something is tried on the device, each time in a quarter of the room."""
_REASON = 120
"""So many letters of a driver's own words are repeated."""
NO_ROOM = "The graphics card had no room for this picture: its edges were refined on the processor, which takes longer."
FAILED = "The graphics card failed while edges were refined ({reason}); the processor did it instead."


def opened(device: str, document: Document, *, sure: bool) -> Processor:
    """The processor for a torch device. `sure`: the user named it. Raises RequestError where it is not there, and where
    nobody named it and it has too little room to be worth it."""
    made = Device(device)
    if not sure and made.room() < WORTH:
        raise RequestError(f"“{device}” has little room just now.", "Name it, and it will be used all the same.")
    return TorchProcessor(made, document, sure=sure)


class TorchProcessor(Processor):
    """Works on the pixels of one document; `notes`: sentences about what could not be done on the device."""

    def __init__(self, device: Device, document: Document, *, sure: bool) -> None:
        self._device, self._document, self._sure = device, document, sure
        self._picture: Picture | None = None
        self._given_up = False
        self.notes: tuple[str, ...] = ()

    def reduce(self, document: Document, extent: Extent) -> Pixels:
        """`imaging.resample.reduce`; opaque pictures may differ by a rounding."""
        return self._do(document, lambda picture: picture.reduced(extent), lambda: NUMPY.reduce(document, extent))

    def moments(self, document: Document, grid: Grid) -> Moments:
        """What the document shows in every cell."""
        return self._do(document, lambda picture: moments(picture, grid), lambda: NUMPY.moments(document, grid))

    def expect(
        self, document: Document, grid: Grid, seen: Moments, models: Sequence[LayerModel], cells: Cells
    ) -> list[Tally]:
        """What the document's pixels say of every layer."""
        return self._do(
            document,
            lambda picture: expect(picture, grid, seen, models, cells),
            lambda: NUMPY.expect(document, grid, seen, models, cells),
        )

    def paint(self, scene: Scene, progress: Progress) -> list[Layer]:
        """The full-resolution pass; of careful scenes on the processor (`refine.bands` is NumPy's)."""
        if scene.careful and not scene.trusted:
            return NUMPY.paint(scene, progress)
        return self._do(
            scene.document,
            lambda picture: paint(picture, scene, progress),
            lambda: NUMPY.paint(scene, progress),
        )

    def close(self) -> None:
        """Give the device's memory back."""
        self._picture = None
        self._device.release()

    def _do(self, document: Document, there: Callable[[Picture], Result], here: Callable[[], Result]) -> Result:
        """`there` on the device if it can be done, else `here`. Of a translucent document two pictures are asked about,
        one after the other (see `coverage`)."""
        for attempt in range(ATTEMPTS):
            if self._given_up:
                break
            try:
                with torch.no_grad():
                    if self._picture is None or self._picture.document is not document:
                        self._picture = None  # two would not fit where one does
                        self._picture = Picture(self._device, document)
                    return there(self._picture)
            except RuntimeError as error:
                if not out_of_memory(error):
                    if self._sure:
                        raise
                    reason = (str(error).strip().splitlines() or ["no reason given"])[0]
                    self._give_up(FAILED.format(reason=reason[:_REASON]))
                elif attempt == ATTEMPTS - 1:
                    self._give_up(NO_ROOM)
            # Out here the error is gone, and with it the frames that held on to the device's memory.
            self._picture = None
            self._device.shrink()
        return here()

    def _give_up(self, note: str) -> None:
        self._given_up = True
        self.notes = (*self.notes, note)
