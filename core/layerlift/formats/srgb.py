"""The sRGB profile that is embedded where a stack has none: untagged files are guessed at, and guessed wrong.

Law: stdlib only; bytes. Krita 5.1.5 takes an untagged 16-bit PSD for linear light and stops at a dialog for an ORA of
untagged 16-bit PNGs; Photoshop takes anything untagged for its working space. Built here and not by
LittleCMS, whose profiles carry the date: the same stack must make the same file.
Sources: ICC.1:2001-04 (profile version 2.4), IEC 61966-2-1:1999 (transfer curve), primaries adapted to D50 (Bradford)
as in the ICC's own sRGB2014 profile.
"""

from __future__ import annotations

import struct

_D50 = (0.9642, 1.0, 0.8249)
_PRIMARIES = {
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}
_CURVE_POINTS = 1024
"""As many as the sRGB profile that came with Windows; between them every engine interpolates."""
_VERSION = 0x02400000
_DATE = (2000, 1, 1, 0, 0, 0)


def _xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in (x, y, z)))


def _curve() -> bytes:
    """IEC 61966-2-1 §5.2: encoded value → linear light."""
    values = (v / (_CURVE_POINTS - 1) for v in range(_CURVE_POINTS))
    linear = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    points = [round(v * 65535) for v in linear]
    return b"curv\0\0\0\0" + struct.pack(f">I{_CURVE_POINTS}H", _CURVE_POINTS, *points)


def _description(text: bytes) -> bytes:
    """textDescriptionType (§6.5.17): ASCII, then empty Unicode and ScriptCode parts."""
    return b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" + bytes(8 + 3 + 67)


def _built() -> bytes:
    curve = _curve()
    bodies = {
        b"desc": _description(b"sRGB"),
        b"cprt": b"text\0\0\0\0No rights reserved (CC0)\0",
        b"wtpt": _xyz(*_D50),
        **{tag: _xyz(*value) for tag, value in _PRIMARIES.items()},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    at = 128 + 4 + 12 * len(bodies)
    table, data, places = struct.pack(">I", len(bodies)), b"", {}
    for tag, body in bodies.items():
        if body not in places:
            places[body] = at + len(data)
            data += body + bytes(-len(body) % 4)
        table += struct.pack(">4sII", tag, places[body], len(body))
    header = struct.pack(">I4xI4s4s4s6H4s", at + len(data), _VERSION, b"mntr", b"RGB ", b"XYZ ", *_DATE, b"acsp")
    header += bytes(28) + _xyz(*_D50)[8:] + bytes(48)
    return header + table + data


SRGB = _built()
"""An ICC profile of sRGB, 2.6 kB, always the same bytes."""


def embedded(icc: bytes | None) -> bytes:
    """What to embed for a stack's profile."""
    return SRGB if icc is None else icc


def meant(icc: bytes | None) -> bytes | None:
    """What a stack's profile is when `icc` was found in a file: None for the profile that stands for none."""
    return None if icc == SRGB else icc
