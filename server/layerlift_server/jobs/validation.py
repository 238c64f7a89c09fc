"""Whether what is announced may come at all: checked before a byte is stored.

Law: pure; knows the wire's values and the limits. Raises Refusal.
"""

from __future__ import annotations

import uuid

from layerlift.wire.rules import payload
from layerlift.wire.values import DocumentInfo, Limits
from layerlift_server.jobs import refusals
from layerlift_server.jobs.settings import ICC_BYTES

_NAME = 255
_FAR = 1 << 31


def identity(text: str, what: str) -> str:
    """`text` if it is a UUID in its canonical form (it names files: nothing else may)."""
    try:
        if str(uuid.UUID(text)) == text:
            return text
    except (ValueError, AttributeError, TypeError):
        pass
    raise refusals.malformed(f"The {what}'s id is not a UUID in lower case.")


def document(info: DocumentInfo, size: int, limits: Limits) -> None:
    """Whether such a document of `size` bytes is taken."""
    if len(info.name) > _NAME:
        raise refusals.malformed(f"The document's name is longer than {_NAME} characters.")
    if max(abs(info.x), abs(info.y)) >= _FAR:
        raise refusals.malformed("The document lies too far away on its canvas.")
    if info.kind == "file":
        _file(info, size, limits)
    elif info.kind == "pixels":
        _pixels(info, size, limits)
    else:
        raise refusals.malformed("The document is neither pixels nor a file.")


def _file(info: DocumentInfo, size: int, limits: Limits) -> None:
    if info.width or info.height or info.depth or info.mask or info.icc or info.native is not None:
        raise refusals.malformed("The size of an encoded picture stands in itself, not beside it.")
    if size < 1:
        raise refusals.malformed("The document is empty.")
    _fits(size, limits)


def _pixels(info: DocumentInfo, size: int, limits: Limits) -> None:
    if info.depth not in (8, 16) or info.width < 1 or info.height < 1 or info.icc < 0:
        raise refusals.malformed(f"A document of {info.width} × {info.height} pixels at {info.depth} bit is none.")
    area = info.width * info.height
    if max(info.width, info.height) > limits.side or area > limits.pixels:
        raise refusals.too_large(
            f"The document has {info.width} × {info.height} pixels; at most {limits.side} a side and "
            f"{limits.pixels / 1e6:.0f} million in all are taken.",
            "Reduce it, or select a part of it.",
        )
    if info.icc > ICC_BYTES:
        raise refusals.too_large(f"The colour profile has {info.icc} bytes.", "Convert the document to sRGB.")
    if size != (expected := payload(info)):
        raise refusals.malformed(f"The document was announced with {size} bytes, but it has {expected}.")
    _fits(size, limits)


def _fits(size: int, limits: Limits) -> None:
    if size > limits.upload:
        raise refusals.too_large(
            f"The document has {size / 1e6:.0f} MB; at most {limits.upload / 1e6:.0f} are taken.", "Make it smaller."
        )
