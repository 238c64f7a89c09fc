"""What lies beside a result's pixels as JSON: its layers and what there is to say of the whole.

Law: stdlib and the wire's values. A result's folder holds `layer-000.rgba`, `layer-001.rgba`, … (raw straight RGBA,
row-major, uint8 or little-endian uint16, bottom layer first), `profile.icc` where there is one, and `result.json`,
which is put there last and in one move: a folder with it is whole.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast

from layerlift.wire.values import Bounds, EngineOffer, LayerInfo, Text, TextLine

RESULT = "result.json"
PROFILE = "profile.icc"


@dataclass(frozen=True)
class Result:
    """A finished stack without its pixels: what the wire's Done says, and its layers bottom first."""

    name: str
    width: int
    height: int
    depth: Literal[8, 16]
    icc: int
    seconds: float
    layers: tuple[LayerInfo, ...]
    notes: tuple[str, ...] = ()
    drift: float | None = None
    spread: tuple[float, tuple[float, ...]] | None = None
    """The rest of the drift: its 99th percentile, and the mean per layer."""

    @property
    def bytes(self) -> int:
        """Bytes of all pixels and the profile."""
        return sum(layer.size for layer in self.layers) + self.icc


class Damaged(Exception):
    """The description of a result is missing or cannot be understood."""


def layer_file(index: int) -> str:
    """The name of a layer's file in its result's folder."""
    return f"layer-{index:03}.rgba"


def save(result: Result, folder: Path) -> None:
    """Put the description into `folder`: with this the result is whole. Raises OSError."""
    part = folder / f"{RESULT}.part"
    with part.open("w", encoding="utf-8") as file:
        json.dump(asdict(result), file, ensure_ascii=True)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / RESULT)


def load(folder: Path) -> Result:
    """The description in `folder`. Raises Damaged."""
    try:
        found = json.loads((folder / RESULT).read_bytes())
        spread = found.get("spread")
        return Result(
            name=str(found["name"]),
            width=int(found["width"]),
            height=int(found["height"]),
            depth=_depth(found["depth"]),
            icc=int(found["icc"]),
            seconds=float(found["seconds"]),
            layers=tuple(layer(one) for one in found["layers"]),
            notes=tuple(str(note) for note in found["notes"]),
            drift=None if found["drift"] is None else float(found["drift"]),
            spread=None if spread is None else (float(spread[0]), tuple(float(mean) for mean in spread[1])),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"{folder.name}: {error}") from error


def layer(found: dict[str, Any]) -> LayerInfo:
    """One layer from its JSON. Raises ValueError, KeyError or TypeError where it is not one."""
    return LayerInfo(
        index=int(found["index"]),
        name=str(found["name"]),
        role=str(found["role"]),
        bounds=Bounds(**found["bounds"]),
        depth=_depth(found["depth"]),
        size=int(found["size"]),
        digest=str(found["digest"]),
        opacity=float(found["opacity"]),
        blend_mode=str(found["blend_mode"]),
        group=tuple(str(name) for name in found["group"]),
        confidence=float(found["confidence"]),
        text=_text(found["text"]),
    )


def offers(found: list[dict[str, Any]]) -> tuple[EngineOffer, ...]:
    """Engines from their JSON. Raises TypeError where they are none."""
    return tuple(EngineOffer(**{**one, "operations": tuple(one["operations"])}) for one in found)


def _text(found: dict[str, Any] | None) -> Text | None:
    if found is None:
        return None
    lines = tuple(
        TextLine(str(line["content"]), tuple(float(n) for n in line["quad"]), float(line["confidence"]))
        for line in found["lines"]
    )
    return Text(lines, tuple(int(level) for level in found["colour"]))


def _depth(found: Any) -> Literal[8, 16]:
    if found not in (8, 16):
        raise ValueError(f"{found!r} is no depth")
    return cast(Literal[8, 16], found)
