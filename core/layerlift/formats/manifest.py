"""What a stack is apart from its pixels, as the JSON of stack.json and back.

Law: knows LayerStack's fields and JSON types; no files, no pixels. Everything else that carries the description (the
XMP of a PSD, the extra entry of an ORA) carries this one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from layerlift.errors import InputError
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Drift, Layer, LayerStack, Role, Text, TextLine

VERSION = 1


@dataclass(frozen=True)
class Entry:
    """One layer without its pixels; `file` is where they are (None: it has none, its bounds are empty)."""

    file: str | None
    name: str
    role: Role
    bounds: Bounds
    opacity: float = 1.0
    blend_mode: str = "normal"
    group: tuple[str, ...] = ()
    text: Text | None = None
    confidence: float = 1.0


@dataclass(frozen=True)
class Description:
    """A stack without its pixels; `icc` is the file of the profile."""

    extent: Extent
    name: str
    depth: int
    icc: str | None
    notes: tuple[str, ...]
    drift: Drift | None
    entries: tuple[Entry, ...]


def encode(stack: LayerStack, files: Sequence[str | None], icc: str | None = None, indent: int | None = 1) -> bytes:
    """The stack's description as UTF-8 JSON, layers bottom first, `files` naming where each layer's pixels are."""
    described: dict[str, Any] = {
        "version": VERSION,
        "name": stack.name,
        "size": list(stack.extent),
        "depth": stack.depth,
        "layers": [_layer(layer, file) for layer, file in zip(stack.layers, files, strict=True)],
    }
    if icc is not None:
        described["icc"] = icc
    if stack.notes:
        described["notes"] = list(stack.notes)
    if stack.drift is not None:
        described["drift"] = asdict(stack.drift)
    try:
        return json.dumps(described, ensure_ascii=False, indent=indent).encode()
    except UnicodeEncodeError:  # a lone surrogate, from a file name that was not Unicode: only an escape can hold it
        return json.dumps(described, indent=indent).encode()


def decode(data: bytes | str) -> Description:
    """The description in `data`. Raises InputError where it is not one."""
    try:
        found = json.loads(data)
        width, height = found["size"]
        drift = found.get("drift")
        return Description(
            extent=Extent(int(width), int(height)),
            name=str(found.get("name", "Picture")),
            depth=int(found.get("depth", 8)),
            icc=_file(found.get("icc")),
            notes=tuple(str(note) for note in found.get("notes", ())),
            drift=None if drift is None else Drift(drift["mean"], drift["p99"], tuple(drift["per_layer"])),
            entries=tuple(_entry(layer) for layer in found["layers"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"The stack's description is damaged ({error!r}).", "Write the stack again.") from error


def _layer(layer: Layer, file: str | None) -> dict[str, Any]:
    described: dict[str, Any] = {
        "file": file,
        "name": layer.name,
        "role": layer.role.value,
        "bounds": asdict(layer.bounds),
        "opacity": layer.opacity,
        "blend_mode": layer.blend_mode,
        "group": list(layer.group),
        "confidence": layer.confidence,
    }
    if layer.text is not None:
        lines = [
            {"content": line.content, "quad": line.quad, "confidence": line.confidence} for line in layer.text.lines
        ]
        described["text"] = {"content": layer.text.content, "lines": lines, "colour": list(layer.text.colour)}
    return described


def _entry(found: dict[str, Any]) -> Entry:
    bounds = found["bounds"]
    return Entry(
        file=_file(found.get("file")),
        name=str(found["name"]),
        role=Role(found.get("role", "graphic")),
        bounds=Bounds(*(_pixel(bounds[key]) for key in ("x", "y", "width", "height"))),
        opacity=float(found.get("opacity", 1)),
        blend_mode=str(found.get("blend_mode", "normal")),
        group=tuple(str(name) for name in found.get("group", ())),
        text=_text(found.get("text")),
        confidence=float(found.get("confidence", 1)),
    )


def _file(found: Any) -> str | None:
    if found is not None and not isinstance(found, str):
        raise TypeError("a file's name is not a string")
    return found


def _pixel(found: Any) -> int:
    """A coordinate or size; what no format and no array can hold is damage."""
    if abs(int(found)) >= 1 << 31:
        raise ValueError(f"{found} is no pixel")
    return int(found)


def _text(found: dict[str, Any] | None) -> Text | None:
    if found is None:
        return None
    lines = tuple(
        TextLine(
            content=str(line["content"]),
            quad=tuple((float(x), float(y)) for x, y in line["quad"]),
            confidence=float(line["confidence"]),
        )
        for line in found["lines"]
    )
    red, green, blue = found.get("colour", (0, 0, 0))
    return Text(lines, (int(red), int(green), int(blue)))
