"""What a job shows while it still works: its rough layers, side by side and small, as a PNG.

Law: knows stacks and the drawing of sheets; sends nothing.
"""

from __future__ import annotations

import numpy as np

from layerlift.formats import pngcodec
from layerlift.imaging.layer import LayerStack
from layerlift.preview import contact_sheet

MOST_BYTES = 160 << 10
"""A preview travels in one message (256 KiB at most, most of it free for what else is on its way)."""
_WIDTHS = (640, 480, 320)


def glimpse(stack: LayerStack) -> tuple[int, int, bytes] | None:
    """Width, height and PNG of the sheet, or None where no size of it is small enough."""
    for width in _WIDTHS:
        drawn = np.asarray(contact_sheet(stack, width=width).convert("RGBA"))
        png = pngcodec.encode(drawn)
        if len(png) <= MOST_BYTES:
            return drawn.shape[1], drawn.shape[0], png
    return None
