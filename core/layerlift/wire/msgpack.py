"""A strict subset of msgpack: nil, bool, integers, floats, str, bin, array, and map with str keys.

Law: bytes and plain values; knows no message. Source: github.com/msgpack/msgpack, spec.md (2017). Writes the shortest
integer, str, bin, array and map forms and float 64; reads every width of them. Refuses extension types, duplicate
keys, keys that are no str, invalid UTF-8, bytes left over, and what exceeds `depth` or `items`; a declared count is
held against the bytes that are there before anything is allocated for it.
"""

from __future__ import annotations

import struct
from typing import Any

from layerlift.wire import limits

Value = Any
"""None, bool, int, float, str, bytes, list of Value or dict of str to Value."""

_U16, _U32, _U64 = struct.Struct(">H"), struct.Struct(">I"), struct.Struct(">Q")
_I8, _I16, _I32, _I64 = struct.Struct(">b"), struct.Struct(">h"), struct.Struct(">i"), struct.Struct(">q")
_F32, _F64 = struct.Struct(">f"), struct.Struct(">d")
_U8 = struct.Struct(">B")

_NUMBERS = {
    0xCA: _F32,
    0xCB: _F64,
    0xCC: _U8,
    0xCD: _U16,
    0xCE: _U32,
    0xCF: _U64,
    0xD0: _I8,
    0xD1: _I16,
    0xD2: _I32,
    0xD3: _I64,
}
_UNSIGNED = ((8, 0xCC), (16, 0xCD), (32, 0xCE), (64, 0xCF))
_SIGNED = ((7, 0xD0), (15, 0xD1), (31, 0xD2), (63, 0xD3))
_STR = {0xD9: _U8, 0xDA: _U16, 0xDB: _U32}
_BIN = {0xC4: _U8, 0xC5: _U16, 0xC6: _U32}
_ARRAY = {0xDC: _U16, 0xDD: _U32}
_MAP = {0xDE: _U16, 0xDF: _U32}
_CONSTANTS: dict[int, Value] = {0xC0: None, 0xC2: False, 0xC3: True}


class Malformed(ValueError):
    """These bytes are not one value of the subset, or exceed a limit."""


def pack(value: Value) -> bytes:
    """`value` as msgpack. Raises TypeError for a type that the subset lacks, ValueError for an integer beyond 64 bit,
    lone surrogates in a str, or more than 2^32 - 1 elements."""
    out = bytearray()
    _write(out, value)
    return bytes(out)


def unpack(data: bytes | bytearray | memoryview, *, depth: int = limits.DEPTH, items: int = limits.ITEMS) -> Value:
    """The one value that `data` is; maps and arrays nest at most `depth` deep and hold at most `items` values (keys
    counted) in all. Raises Malformed."""
    reader = _Reader(data, items)
    try:
        value = reader.value(depth)
    except (struct.error, IndexError):
        raise Malformed("The message ends in the middle of a value.") from None
    if reader.at != len(reader.data):
        raise Malformed("There are bytes after the message's end.")
    return value


def _write(out: bytearray, value: Value) -> None:
    if value is None:
        out.append(0xC0)
    elif isinstance(value, bool):
        out.append(0xC3 if value else 0xC2)
    elif isinstance(value, int):
        _write_int(out, value)
    elif isinstance(value, float):
        out.append(0xCB)
        out += _F64.pack(value)
    elif isinstance(value, str):
        text = value.encode("utf-8")
        _write_length(out, len(text), 0xA0, 32, _STR)
        out += text
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _write_length(out, memoryview(value).nbytes, 0, 0, _BIN)
        out += value
    elif isinstance(value, (list, tuple)):
        _write_length(out, len(value), 0x90, 16, _ARRAY)
        for element in value:
            _write(out, element)
    elif isinstance(value, dict):
        _write_map(out, value)
    else:
        raise TypeError(f"msgpack cannot carry a {type(value).__name__}.")


def _write_map(out: bytearray, value: dict[Value, Value]) -> None:
    _write_length(out, len(value), 0x80, 16, _MAP)
    for key, element in value.items():
        if not isinstance(key, str):
            raise TypeError(f"A map's key must be a str, not a {type(key).__name__}.")
        _write(out, key)
        _write(out, element)


def _write_int(out: bytearray, value: int) -> None:
    if -32 <= value < 128:
        out.append(value & 0xFF)
        return
    sizes = _UNSIGNED if value > 0 else _SIGNED
    for bits, code in sizes:
        if -(1 << bits) <= value < 1 << bits:
            out.append(code)
            out += _NUMBERS[code].pack(value)
            return
    raise ValueError(f"{value} has more than 64 bits.")


def _write_length(out: bytearray, length: int, short: int, limit: int, wide: dict[int, struct.Struct]) -> None:
    if length < limit:
        out.append(short | length)
        return
    for code, form in wide.items():
        if length < 1 << 8 * form.size:
            out.append(code)
            out += form.pack(length)
            return
    raise ValueError(f"{length} elements are more than msgpack can count.")


class _Reader:
    """Bytes, how far they are read, and how many more values they may hold."""

    def __init__(self, data: bytes | bytearray | memoryview, items: int) -> None:
        self.data = memoryview(data).cast("B") if isinstance(data, memoryview) else memoryview(data)
        self.at = 0
        self.items = items

    def value(self, depth: int) -> Value:
        code = self.data[self.at]
        self.at += 1
        if code < 0x80:
            return code
        if code >= 0xE0:
            return code - 0x100
        if code < 0x90:
            return self.map(code & 0x0F, depth)
        if code < 0xA0:
            return self.array(code & 0x0F, depth)
        if code < 0xC0:
            return self.text(code & 0x1F)
        return self.wide(code, depth)

    def wide(self, code: int, depth: int) -> Value:
        if code in _CONSTANTS:
            return _CONSTANTS[code]
        if code in _NUMBERS:
            return self.number(_NUMBERS[code])
        if code in _STR:
            return self.text(self.number(_STR[code]))
        if code in _BIN:
            return bytes(self.take(self.number(_BIN[code])))
        if code in _ARRAY:
            return self.array(self.number(_ARRAY[code]), depth)
        if code in _MAP:
            return self.map(self.number(_MAP[code]), depth)
        raise Malformed(f"0x{code:02x} is no type of this protocol.")

    def number(self, form: struct.Struct) -> Any:
        found = form.unpack_from(self.data, self.at)[0]
        self.at += form.size
        return found

    def take(self, length: int) -> memoryview:
        end = self.at + length
        if end > len(self.data):
            raise Malformed(f"A value states {length} bytes, but {len(self.data) - self.at} are left.")
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def text(self, length: int) -> str:
        try:
            return str(self.take(length), "utf-8")
        except UnicodeDecodeError:
            raise Malformed("A text is not valid UTF-8.") from None

    def enter(self, values: int, depth: int) -> None:
        """Before a container of `values` values is made: they must be able to be there, and be allowed."""
        self.items -= values
        if depth == 0:
            raise Malformed("Maps and arrays are nested too deep.")
        if values > len(self.data) - self.at:
            raise Malformed(f"A container states {values} values, but {len(self.data) - self.at} bytes are left.")
        if self.items < 0:
            raise Malformed("The message holds too many values.")

    def array(self, length: int, depth: int) -> list[Value]:
        self.enter(length, depth)
        return [self.value(depth - 1) for _ in range(length)]

    def map(self, length: int, depth: int) -> dict[str, Value]:
        self.enter(2 * length, depth)
        found: dict[str, Value] = {}
        for _ in range(length):
            key = self.value(0)
            if type(key) is not str:
                raise Malformed("A map's key is not a text.")
            if key in found:
                raise Malformed("A map has the same key twice.")
            found[key] = self.value(depth - 1)
        return found
