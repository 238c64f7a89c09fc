"""Small true ICC profiles, made by hand (ICC.1:2022 §7–10): grey with a gamma, RGB with a matrix, CMYK with a table."""

from __future__ import annotations

import struct
from itertools import product


def grey(gamma: float) -> bytes:
    """A grey profile with a gamma curve and the D50 white point."""
    return _profile(b"GRAY", b"XYZ ", {b"kTRC": _gamma(gamma), b"wtpt": _xyz(0.9642, 1.0, 0.8249)}, f"Grey {gamma}")


def wide_rgb(gamma: float = 2.2) -> bytes:
    """An RGB matrix profile with Adobe RGB's primaries (adapted to D50)."""
    tags = {
        b"rXYZ": _xyz(0.60974, 0.31111, 0.01947),
        b"gXYZ": _xyz(0.20528, 0.62567, 0.06087),
        b"bXYZ": _xyz(0.14919, 0.06322, 0.74457),
        b"wtpt": _xyz(0.9642, 1.0, 0.8249),
        **{name: _gamma(gamma) for name in (b"rTRC", b"gTRC", b"bTRC")},
    }
    return _profile(b"RGB ", b"XYZ ", tags, "Wide test RGB")


def cmyk() -> bytes:
    """A CMYK profile whose table holds the sixteen solid overprints: L* falls with the ink, a* and b* follow it."""
    nodes = b"".join(_ink_lab(*inks) for inks in product((0, 1), repeat=4))
    identity = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    lut += identity * 4 + nodes + identity * 3
    return _profile(b"CMYK", b"Lab ", {b"A2B0": lut, b"wtpt": _xyz(0.9642, 1.0, 0.8249)}, "Test press")


def _ink_lab(c: int, m: int, y: int, k: int) -> bytes:
    lightness = 1.0 - 0.45 * c - 0.5 * m - 0.05 * y
    a, b = (-35 * c + 75 * m) * (1 - k), (-50 * c - 5 * m + 90 * y) * (1 - k)
    return bytes([round(255 * max(0.0, lightness) * (1 - k)), round(a + 128), round(b + 128)])


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def _xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in (x, y, z)))


def _description(text: str) -> bytes:
    raw = text.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(raw)) + raw + bytes(4 + 4 + 2 + 1 + 67)


def _profile(space: bytes, pcs: bytes, tags: dict[bytes, bytes], name: str) -> bytes:
    all_tags = {b"desc": _description(name), b"cprt": b"text\0\0\0\0none\0", **tags}
    table, body, offset = b"", b"", 128 + 4 + 12 * len(all_tags)
    for signature, data in all_tags.items():
        padded = data + bytes(-len(data) % 4)
        table += signature + struct.pack(">II", offset + len(body), len(data))
        body += padded
    size = offset + len(body)
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    header = struct.pack(
        ">I4sI4s4s4s12s4s4s", size, b"\0" * 4, 0x02400000, kind, space, pcs, bytes(12), b"acsp", bytes(4)
    )
    header += bytes(24) + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", len(all_tags)) + table + body
