"""The codec against the reference implementation, and against everything that it must refuse."""

from __future__ import annotations

import math
import struct
from typing import Any

import msgpack as reference
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerlift.wire import limits, msgpack
from layerlift.wire.msgpack import Malformed

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=40)
    | st.binary(max_size=40)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=8), inner, max_size=20),
    max_leaves=30,
)
EDGES = [
    *(0, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**63, 2**64 - 1),
    *(-1, -32, -33, -128, -129, -32_768, -32_769, -(2**31), -(2**31) - 1, -(2**63)),
    *("x" * n for n in (0, 31, 32, 255, 256, 65_535, 65_536)),
    *(b"x" * n for n in (0, 255, 256, 65_535, 65_536)),
    *([None] * n for n in (0, 15, 16, 65_535, 65_536)),
    *({str(k): k for k in range(n)} for n in (0, 15, 16, 65_536)),
    *(0.0, -0.0, 1.5, math.inf, -math.inf),
]


@pytest.mark.parametrize(
    "value", EDGES, ids=lambda v: f"{type(v).__name__} {str(v)[:12]} {len(v) if hasattr(v, '__len__') else ''}"
)
def test_writes_what_the_reference_writes_and_reads_it_back(value: Any) -> None:
    packed = msgpack.pack(value)
    assert packed == reference.packb(value)
    assert msgpack.unpack(packed, items=200_000) == value


@given(values)
def test_agrees_with_the_reference_on_any_value(value: Any) -> None:
    packed = msgpack.pack(value)
    assert packed == reference.packb(value)
    assert msgpack.unpack(packed, depth=100) == value
    assert reference.unpackb(packed) == value


@given(st.binary(max_size=60))
def test_accepts_no_bytes_that_the_reference_refuses(data: bytes) -> None:
    try:
        value = msgpack.unpack(data)
    except Malformed:
        return
    assert repr(reference.unpackb(data, strict_map_key=True)) == repr(value)


@pytest.mark.parametrize(
    ("spelling", "value"),
    [
        ("cc05", 5),
        ("cd0005", 5),
        ("ce00000005", 5),
        ("cf0000000000000005", 5),
        ("d005", 5),
        ("d1fffb", -5),
        ("d2fffffffb", -5),
        ("d3fffffffffffffffb", -5),
        ("ca3fc00000", 1.5),
        ("d90161", "a"),
        ("da000161", "a"),
        ("db0000000161", "a"),
        ("c50001ff", b"\xff"),
        ("c600000001ff", b"\xff"),
        ("dc000105", [5]),
        ("dd0000000105", [5]),
        ("de0001a16105", {"a": 5}),
        ("df00000001a16105", {"a": 5}),
    ],
)
def test_reads_every_width(spelling: str, value: Any) -> None:
    assert msgpack.unpack(bytes.fromhex(spelling)) == value
    assert len(msgpack.pack(value)) <= len(bytes.fromhex(spelling)) or isinstance(value, float)


@pytest.mark.parametrize("code", [0xC1, *range(0xC7, 0xCA), *range(0xD4, 0xD9)], ids=hex)
def test_has_no_extension_types(code: int) -> None:
    with pytest.raises(Malformed, match=f"0x{code:02x} is no type"):
        msgpack.unpack(bytes([code]) + bytes(20))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "ends in the middle"),
        (b"\xcd\x01", "ends in the middle"),
        (b"\xa5abc", "states 5 bytes, but 3 are left"),
        (b"\xc0\xc0", "bytes after"),
        (b"\xa1\xff", "UTF-8"),
        (b"\xa3\xed\xa0\x80", "UTF-8"),
        (b"\x82\xa1a\x01\xa1a\x02", "same key twice"),
        (b"\x81\x01\x01", "key is not a text"),
        (b"\x81\x90\x01", "nested too deep"),
        (b"\xdd\xff\xff\xff\xff", "states 4294967295 values"),
        (b"\x92\xaaxxxxxxxxxx\x95", "states 5 values, but 0 bytes"),
        (b"\xdf\x7f\xff\xff\xff" + bytes(100), "states 4294967294 values"),
        (b"\x91" * 9, "nested too deep"),
        (b"\xdc\x40\x01" + b"\xc0" * 0x4001, "too many values"),
        (b"\x9f" + (b"\xdc\x08\x00" + b"\xc0" * 0x800) * 15, "too many values"),
    ],
)
def test_refuses(data: bytes, sentence: str) -> None:
    with pytest.raises(Malformed, match=sentence):
        msgpack.unpack(data)


def test_counts_values_across_the_whole_message() -> None:
    assert msgpack.unpack(b"\x92\xc0\xc0", items=2) == [None, None]
    with pytest.raises(Malformed, match="too many values"):
        msgpack.unpack(b"\x92\xc0\xc0", items=1)


def test_nests_as_deep_as_the_limit_and_no_deeper() -> None:
    assert msgpack.unpack(b"\x91" * limits.DEPTH + b"\xc0")
    with pytest.raises(Malformed, match="deep"):
        msgpack.unpack(b"\x91" * (limits.DEPTH + 1) + b"\xc0")


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a": {1}}, 1j])
def test_writes_no_other_type(value: Any) -> None:
    with pytest.raises(TypeError, match=r"."):
        msgpack.pack(value)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, "\ud800"])
def test_writes_nothing_that_msgpack_cannot_say(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        msgpack.pack(value)


def test_counts_no_further_than_msgpack_can() -> None:
    out = bytearray()
    msgpack._write_length(out, 2**32 - 1, 0x90, 16, msgpack._ARRAY)
    assert out == b"\xdd\xff\xff\xff\xff"
    with pytest.raises(ValueError, match="more than msgpack can count"):
        msgpack._write_length(out, 2**32, 0x90, 16, msgpack._ARRAY)


def test_reads_views_of_any_item_size() -> None:
    words = memoryview(struct.pack(">2I", 0x92C0C0CE, 0x00000001)[:7] + b"\x01")
    with pytest.raises(Malformed):
        msgpack.unpack(words.cast("I"))
    assert msgpack.unpack(memoryview(b"\x93\xc0\xc0\xc0").cast("I")) == [None, None, None]
    assert msgpack.unpack(bytearray(b"\xc3")) is True
