"""What a server sent, made into pictures, or refused.

Law: bytes in, arrays out; everything is held to what was asked for before anything is decoded. PNG alone is taken: its
first bytes say how large it is, it keeps alpha, and it loses nothing.
Source: OpenAI Images API ("data", "b64_json"); W3C Portable Network Graphics (Second Edition), §11.2.2.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.remote.exchange import Answer
from layerlift.engines.remote.trouble import Kind, Trouble
from layerlift.imaging.geometry import Extent

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">8sI4sIIBB")
_COLOURS = {0, 2, 3, 4, 6}
_FULL, _DEEP = 255, 65535
_OVERHEAD = 4096
"""Bytes of JSON around one picture."""
_ROUNDED = 32
"""Most pixels by which a side is rounded: to a multiple of 32, up, down or to the nearest."""
_SAID = 200
"""Characters of a server's own words that are passed on."""


def room(pictures: int, area: int) -> int:
    """Most bytes that an answer of so many pictures of `area` pixels can have: 8 bit RGBA that PNG could not shrink
    (and made a thousandth longer), in base64."""
    png = area * 4 + area // 250 + (64 << 10)
    return pictures * (png * 4 // 3 + _OVERHEAD) + _OVERHEAD


def pictures(answer: Answer, count: int, most: int) -> list[NDArray[np.uint8]]:
    """`count` pictures of at most `most` pixels each, (h, w, 4) uint8 straight RGBA. Raises Trouble."""
    _raise_for(answer)
    found = _json(answer.body)
    data = found.get("data") if isinstance(found, dict) else None
    if not isinstance(data, list) or not data:
        raise Trouble(Kind.GARBAGE, "its answer has no pictures in it")
    if len(data) != count:
        raise Trouble(Kind.GARBAGE, f"it answered with {len(data)} pictures instead of {count}")
    return [_decoded(_bytes(item), most) for item in data]


def _raise_for(answer: Answer) -> None:
    """Raise the Trouble that a status other than 200 means."""
    status = answer.status
    if status == 200:
        return
    said = words(answer.body)
    what = f"it answered {status}" + (f": {said}" if said else "")
    if status in (401, 403):
        raise Trouble(Kind.KEY, what)
    if status in (429, 503):
        raise Trouble(Kind.BUSY, what, answer.after)
    if status in (408, 502, 504) or status >= 500:
        raise Trouble(Kind.BROKEN, what)
    raise Trouble(Kind.REFUSED if 400 <= status < 500 else Kind.GARBAGE, what)


def words(body: bytes) -> str:
    """What a server says of an error: FastAPI's `detail` (words, or a list of `msg`), or OpenAI's `error.message`."""
    try:
        found = _json(body[: 64 << 10])
    except Trouble:
        return ""
    said: Any = found
    for name in ("error", "message", "detail"):
        if isinstance(said, dict) and name in said:
            said = said[name]
    if isinstance(said, list):
        said = "; ".join(str(one.get("msg", "")) for one in said[:3] if isinstance(one, dict))
    if not isinstance(said, str):
        return ""
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in said[: 4 * _SAID]).split())
    return shown if len(shown) <= _SAID else f"{shown[:_SAID]}…"


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Trouble(Kind.GARBAGE, "its answer is no JSON") from None


def _bytes(item: Any) -> bytes:
    packed = item.get("b64_json") if isinstance(item, dict) else None
    if not isinstance(packed, str):
        raise Trouble(Kind.GARBAGE, "its answer has no pictures in it")
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        raise Trouble(Kind.GARBAGE, "a picture in its answer is damaged") from None


def _decoded(data: bytes, most: int) -> NDArray[np.uint8]:
    if not data.startswith(_SIGNATURE) or len(data) < _HEADER.size:
        raise Trouble(Kind.GARBAGE, "it answered with something else than PNG")
    _, _, kind, width, height, depth, colours = _HEADER.unpack_from(data)
    if kind != b"IHDR" or not width or not height or colours not in _COLOURS or depth not in (1, 2, 4, 8, 16):
        raise Trouble(Kind.GARBAGE, "a picture in its answer is damaged")
    if width * height > most:
        raise Trouble(Kind.GARBAGE, f"it answered with a picture of {width}×{height}, far more than was asked for")
    try:
        found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        found = None
    if found is None or found.shape[:2] != (height, width):
        raise Trouble(Kind.GARBAGE, "a picture in its answer is damaged")
    return _rgba(cast("NDArray[np.uint8]", found))


def _rgba(found: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """OpenCV's picture (grey, BGR or BGRA, 8 or 16 bit) as 8-bit straight RGBA."""
    if found.dtype == np.uint16:
        found = np.asarray((found.astype(np.uint32) * _FULL + _DEEP // 2) // _DEEP, np.uint8)
    channels = 1 if found.ndim == 2 else found.shape[2]
    codes = {1: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_BGR2RGBA, 4: cv2.COLOR_BGRA2RGBA}
    if channels not in codes:  # pragma: no cover - OpenCV makes four channels of grey with alpha
        raise Trouble(Kind.GARBAGE, "a picture in its answer is damaged")
    return cast("NDArray[np.uint8]", cv2.cvtColor(found, codes[channels]))


def shaped(picture: NDArray[np.uint8], extent: Extent) -> NDArray[np.uint8]:
    """`picture`, if it is one of `extent` at some scale, its sides rounded as models must. Raises Trouble."""
    height, width = picture.shape[:2]
    least = max((width - _ROUNDED) / extent.width, (height - _ROUNDED) / extent.height)
    most = min((width + _ROUNDED) / extent.width, (height + _ROUNDED) / extent.height)
    if least > most:
        asked = f"{extent.width}×{extent.height}"
        raise Trouble(Kind.GARBAGE, f"it answered with {width}×{height} for a picture of {asked}")
    return picture


def sized(picture: NDArray[np.uint8], extent: Extent) -> NDArray[np.uint8]:
    """`picture` at `extent`, averaged or interpolated premultiplied."""
    height, width = picture.shape[:2]
    if (width, height) == extent:
        return picture
    planes = picture.astype(np.float32)
    planes[..., :3] *= planes[..., 3:] / _FULL
    way = cv2.INTER_AREA if width * height > extent.area else cv2.INTER_LINEAR
    planes = cv2.resize(planes, extent, interpolation=way).astype(np.float32)
    alpha = planes[..., 3:]
    np.divide(planes[..., :3] * _FULL, alpha, out=planes[..., :3], where=alpha > 0)
    return np.asarray(np.clip(np.rint(planes), 0, _FULL), np.uint8)
