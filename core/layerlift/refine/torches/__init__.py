"""Refinement's full-resolution steps on a graphics card: the rooms of `refine` once more, in PyTorch.

Law: the only place in `refine` that knows torch, and it is loaded only when a device is asked for (`device` alone
loads it); nothing of torch leaves it: arrays come in, arrays and layers go out. Rooms and verbs are those of the NumPy
side, but pixels lie in "slots": the fractional layers of a pixel, lowest first, above its base. Pixels are worked on in
batches of equal depth, so that no slot is empty and nothing is added up in an order that the card may choose.

    device    PyTorch itself; what goes there and what comes back; how much room there is
    cells     which layer is in which slot of which cell
    atlas     models, read at any pixel
    moments, learn, unmix, project, settle, strips, grain, symmetric, arithmetic     as next door
    processor the door
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from layerlift.errors import RequestError

if TYPE_CHECKING:
    from layerlift.imaging.layer import Document
    from layerlift.refine.processor import Processor

AUTO = "auto"
"""A card if something else has loaded PyTorch into this process already and it sees one; else none."""


def torch_processor(device: str, document: Document) -> Processor | None:
    """Who works on the document's pixels on a torch device ("cuda", "cuda:1", "cpu"); None where "auto" finds no card.

    Raises RequestError where torch, or the device, is not there.
    """
    if device == AUTO and not _card():
        return None
    # Loaded by name: who never asks for a device never pays the seconds that PyTorch takes to load.
    door = importlib.import_module("layerlift.refine.torches.processor")
    try:
        made: Processor = door.opened("cuda" if device == AUTO else device, document, sure=device != AUTO)
    except RequestError:
        if device == AUTO:  # hardly any room is left on it, or it only claims to be there
            return None
        raise
    return made


def _card() -> bool:
    """Whether PyTorch is loaded here already, and sees a card."""
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    return cuda is not None and bool(cuda.is_available())
