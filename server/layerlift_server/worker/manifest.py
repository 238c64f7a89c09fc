"""What lies beside a result's pixels as JSON: its layers and what there is to say of the whole.

Law: stdlib and the wire's values. A result's folder holds `layer-000.rgba`, `layer-001.rgba`, … (raw straight RGBA,
row-major, uint8 or little-endian uint16, bottom layer first), `profile.icc` where there is one, and `result.json`,
which is put there last and in one move: a folder with it is whole. Of a document that came with its own numbers there
is `layer-000.native` beside each: the same pixels in those.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from layerlift.wire import limits
from layerlift.wire.fields import Count, Fraction, FullSide, Name, Profile, Seconds, Sentence
from layerlift.wire.schema import record
from layerlift.wire.shapes import Mismatch
from layerlift.wire.values import LayerInfo

RESULT = "result.json"
PROFILE = "profile.icc"


@dataclass(frozen=True)
class Result:
    """A finished stack without its pixels: what the wire's Done says, and its layers bottom first. `drift` and
    `drift_p99` and `drift_layers` are the library's Drift (None: not measured)."""

    name: Name
    width: FullSide
    height: FullSide
    depth: Literal[8, 16]
    icc: Profile
    seconds: Seconds
    layers: Annotated[tuple[LayerInfo, ...], Count(1, limits.LAYERS)]
    notes: Annotated[tuple[Sentence, ...], Count(0, limits.NOTES)] = ()
    drift: Fraction | None = None
    drift_p99: Fraction = 0.0
    drift_layers: Annotated[tuple[Fraction, ...], Count(0, limits.LAYERS)] = ()

    @property
    def bytes(self) -> int:
        """Bytes of all pixels and the profile."""
        native = sum(layer.native.size for layer in self.layers if layer.native is not None)
        return sum(layer.size for layer in self.layers) + native + self.icc


class Damaged(Exception):
    """The description of a result is missing or cannot be understood."""


def layer_file(index: int) -> str:
    """The name of a layer's file in its result's folder."""
    return f"layer-{index:03}.rgba"


def native_file(index: int) -> str:
    """The name of the file of a layer's pixels in its document's own numbers."""
    return f"layer-{index:03}.native"


def save(result: Result, folder: Path) -> None:
    """Put the description into `folder`: with this the result is whole. Raises OSError, Mismatch (beyond the wire's
    limits)."""
    part = folder / f"{RESULT}.part"
    with part.open("w", encoding="utf-8") as file:
        json.dump(record(Result).write(result), file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / RESULT)


def load(folder: Path) -> Result:
    """The description in `folder`. Raises Damaged."""
    try:
        found: Any = json.loads((folder / RESULT).read_bytes())
        result: Result = record(Result).read(found)
    except (OSError, ValueError, RecursionError, Mismatch) as error:
        raise Damaged(f"{folder.name}: {error}") from error
    return result
