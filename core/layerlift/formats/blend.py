"""The blend modes that layered files can name. Law: a table, no behaviour beyond looking it up.

Our names are CSS's (W3C Compositing and Blending Level 1); PSD keys from Adobe's Photoshop File Formats Specification,
"Layer records"; ORA operators from OpenRaster's Layer Stack Specification, "composite-op".
"""

from __future__ import annotations

from layerlift.errors import RequestError

PSD: dict[str, bytes] = {
    "normal": b"norm",
    "multiply": b"mul ",
    "screen": b"scrn",
    "overlay": b"over",
    "darken": b"dark",
    "lighten": b"lite",
    "color-dodge": b"div ",
    "color-burn": b"idiv",
    "hard-light": b"hLit",
    "soft-light": b"sLit",
    "difference": b"diff",
    "exclusion": b"smud",
    "hue": b"hue ",
    "saturation": b"sat ",
    "color": b"colr",
    "luminosity": b"lum ",
}
ORA: dict[str, str] = {name: f"svg:{'src-over' if name == 'normal' else name}" for name in PSD if name != "exclusion"}


def psd_key(mode: str) -> bytes:
    """The four bytes that PSD knows `mode` by. Raises RequestError if it knows none."""
    if mode not in PSD:
        raise RequestError(f"PSD has no blend mode {mode!r}.", f"Known are {', '.join(PSD)}.")
    return PSD[mode]


def ora_operator(mode: str) -> str:
    """The operator that OpenRaster knows `mode` by. Raises RequestError if it knows none."""
    if mode not in ORA:
        raise RequestError(f"OpenRaster has no blend mode {mode!r}.", f"Known are {', '.join(ORA)}.")
    return ORA[mode]
