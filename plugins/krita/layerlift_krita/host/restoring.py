"""Colours that travelled in another colour space, put back as they were.

Where one layer alone makes what one sees (it is opaque there and nothing lies above it, or no other layer reaches
there), its colour is the source's own: the source's numbers are put in place of the converted ones, bit by bit. What
remains converted are soft edges over other layers, and what lies hidden.

Law: bytes and rectangles, standard library only; knows no Krita. Alpha is never touched: it survives every conversion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerlift_krita.action.sheaf import Sheaf

Rectangle = tuple[int, int, int, int]
"""Left, top, width, height."""

_SOME = bytes([0]) + bytes([255]) * 255
_FULL = bytes(255) + bytes([255])
STEP = 1 << 17
"""Pixels looked at in one step: a few milliseconds."""


@dataclass
class Sheet:
    """One layer: its rectangle, its straight RGBA pixels of `depth` bit, and whether it is painted as it is (opacity
    1, blend mode normal). `own`: once `looked` is through, 255 for each pixel whose colour is the source's own."""

    box: Rectangle
    pixels: bytes | bytearray | Sheaf
    depth: int
    plain: bool = True
    own: bytearray = b""  # type: ignore[assignment]


def looked(sheets: Sequence[Sheet], width: int, height: int) -> Iterator[None]:
    """Find out for `sheets` (bottom first) on a canvas of `width` × `height` where each is seen alone; steps of a few
    milliseconds."""
    above, once, twice = bytearray(width * height), bytearray(width * height), bytearray(width * height)
    rows = max(1, STEP // max(1, width))
    for sheet in reversed(sheets):
        sheet.own = bytearray(sheet.box[2] * sheet.box[3])
        for row, (there, here) in enumerate(_rows(sheet, width)):
            some, full = _alpha(sheet, here)
            over = int.from_bytes(above[there], "little")
            count = here.stop - here.start
            if sheet.plain:
                sheet.own[here] = (full & ~over).to_bytes(count, "little")
            first = int.from_bytes(once[there], "little")
            twice[there] = (int.from_bytes(twice[there], "little") | (first & some)).to_bytes(count, "little")
            once[there] = (first | some).to_bytes(count, "little")
            above[there] = (over | some).to_bytes(count, "little")
            if row % rows == 0:
                yield
    for sheet in sheets:
        for row, (there, here) in enumerate(_rows(sheet, width)):
            if sheet.plain:
                alone = _alpha(sheet, here)[0] & ~int.from_bytes(twice[there], "little")
                own = int.from_bytes(sheet.own[here], "little") | alone
                sheet.own[here] = own.to_bytes(here.stop - here.start, "little")
            if row % rows == 0:
                yield


def restored(converted: bytes, source: bytes, own: bytes | bytearray, channels: int, size: int) -> bytes:
    """`converted` with the colours of `source` wherever `own` is 255: both have `channels` channels of `size` bytes a
    pixel, alpha last."""
    if not any(own):
        return converted
    pixel = channels * size
    chosen = bytearray(len(converted))
    for place in range(pixel - size):
        chosen[place::pixel] = own
    ours, theirs = int.from_bytes(converted, "little"), int.from_bytes(source, "little")
    return (ours ^ ((ours ^ theirs) & int.from_bytes(chosen, "little"))).to_bytes(len(converted), "little")


def _rows(sheet: Sheet, width: int) -> Iterator[tuple[slice, slice]]:
    """For each row: where it is on the canvas, and where in the layer."""
    left, top, across, down = sheet.box
    for row in range(down):
        start = (top + row) * width + left
        yield slice(start, start + across), slice(row * across, (row + 1) * across)


def _alpha(sheet: Sheet, here: slice) -> tuple[int, int]:
    """Where a row of the layer has some alpha, and where all of it, as masks of one byte a pixel."""
    step = sheet.depth // 2
    row = sheet.pixels[here.start * step : here.stop * step]
    high = row[step - 1 :: step]
    if sheet.depth == 8:
        return _number(high.translate(_SOME)), _number(high.translate(_FULL))
    low = row[step - 2 :: step]
    some = _number(high.translate(_SOME)) | _number(low.translate(_SOME))
    return some, _number(high.translate(_FULL)) & _number(low.translate(_FULL))


def _number(data: bytes | bytearray) -> int:
    return int.from_bytes(data, "little")
