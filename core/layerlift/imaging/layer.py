"""The four nouns of the house: Document, Layer, LayerStack, and the Text a layer may carry.

Law: values, not behaviour. Pixels are straight (unpremultiplied) RGBA, row-major, uint8 or uint16, in the document's
own colour space. Stacks run bottom → top. Nothing here knows an engine, a file format or a host.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds, Extent

Pixels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
"""(height, width, 4) straight RGBA; full scale is 255 (uint8) or 65535 (uint16)."""
Plane: TypeAlias = NDArray[np.float32]
"""(height, width) or (height, width, channels) float32, 0–1 unless said otherwise."""
Mask: TypeAlias = NDArray[np.bool_]
"""(height, width) bool."""
Depth: TypeAlias = Literal[8, 16]


class Role(str, Enum):
    """What a layer is in the picture."""

    BACKGROUND = "background"
    GRAPHIC = "graphic"
    SUBJECT = "subject"
    SHADOW = "shadow"
    TEXT = "text"

    def __str__(self) -> str:
        return self.value


def full_scale(pixels: Pixels) -> int:
    """255 for uint8, 65535 for uint16. Raises TypeError for any other dtype."""
    if pixels.dtype == np.uint8:
        return 255
    if pixels.dtype == np.uint16:
        return 65535
    raise TypeError(f"pixels must be uint8 or uint16, not {pixels.dtype}")


def _checked(pixels: Pixels) -> Pixels:
    full_scale(pixels)
    if pixels.ndim != 3 or pixels.shape[2] != 4:
        raise ValueError(f"pixels must be (height, width, 4), not {pixels.shape}")
    return pixels


@dataclass(frozen=True)
class TextLine:
    """One recognised line: `content`, its `quad` (four x, y corners from the top left, clockwise along the reading
    direction, in the stack's pixels) and the recogniser's `confidence` (0–1)."""

    content: str
    quad: tuple[tuple[float, float], ...]
    confidence: float

    @property
    def height(self) -> float:
        """Height of the line in pixels, across the reading direction."""
        (ax, ay), _, _, (dx, dy) = self.quad
        return float(np.hypot(dx - ax, dy - ay))

    @property
    def angle(self) -> float:
        """Angle of the reading direction in degrees, clockwise, 0 for horizontal text."""
        (ax, ay), (bx, by), *_ = self.quad
        return float(np.degrees(np.arctan2(by - ay, bx - ax)))


@dataclass(frozen=True)
class Text:
    """What a text layer says: its lines top → bottom and its main `colour` (sRGB, 0–255)."""

    lines: tuple[TextLine, ...]
    colour: tuple[int, int, int] = (0, 0, 0)

    @property
    def content(self) -> str:
        """All lines, joined by line feeds."""
        return "\n".join(line.content for line in self.lines)


@dataclass(frozen=True, eq=False)
class Document:
    """A flat picture at full size and depth.

    `pixels` (H, W, 4) straight RGBA uint8 | uint16; `icc` is the profile that those numbers are in (None: sRGB);
    `notes` say, one sentence each, what had to be converted to get here.
    """

    pixels: Pixels
    name: str = "Picture"
    icc: bytes | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _checked(self.pixels)

    @property
    def extent(self) -> Extent:
        """Its size."""
        return Extent(self.pixels.shape[1], self.pixels.shape[0])

    @property
    def depth(self) -> Depth:
        """Bits per channel."""
        return 8 if self.pixels.dtype == np.uint8 else 16


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer: `pixels` cover exactly `bounds`; what lies outside is transparent.

    `opacity` (0–1) scales the whole layer; `group` is the path of group names it sits in, outermost first;
    `confidence` (0–1) is how sure the engine is that this is a thing of its own.
    """

    name: str
    role: Role
    bounds: Bounds
    pixels: Pixels
    opacity: float = 1.0
    blend_mode: str = "normal"
    group: tuple[str, ...] = ()
    text: Text | None = None
    confidence: float = 1.0

    def __post_init__(self) -> None:
        _checked(self.pixels)
        if self.pixels.shape[:2] != (self.bounds.height, self.bounds.width):
            raise ValueError(f"layer {self.name!r}: pixels {self.pixels.shape} do not cover {self.bounds}")

    def __str__(self) -> str:
        b = self.bounds
        return f"{self.role} {self.name!r} {b.width}×{b.height}+{b.x}+{b.y}"

    def cropped(self) -> Layer:
        """The layer cut to the bounds of its alpha (1×1 transparent at its corner when it is empty)."""
        alpha = self.pixels[..., 3]
        rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
        if rows.size == 0:
            nothing = cast(Pixels, np.zeros((1, 1, 4), self.pixels.dtype))
            return replace(self, bounds=Bounds(self.bounds.x, self.bounds.y, 1, 1), pixels=nothing)
        y0, y1, x0, x1 = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
        bounds = Bounds(self.bounds.x + x0, self.bounds.y + y0, x1 - x0, y1 - y0)
        return replace(self, bounds=bounds, pixels=cast(Pixels, np.ascontiguousarray(self.pixels[y0:y1, x0:x1])))

    def on(self, extent: Extent) -> Pixels:
        """The layer's pixels on a transparent canvas of `extent`; parts outside are cut off."""
        canvas = np.zeros((extent.height, extent.width, 4), self.pixels.dtype)
        seen = self.bounds.intersect(Bounds.of(extent))
        canvas[seen.slices] = self.pixels[seen.shift(-self.bounds.x, -self.bounds.y).slices]
        return canvas


@dataclass(frozen=True)
class Drift:
    """How far an engine's rough composite was from the document, in 0–1 of full scale, at the engine's size.

    `mean` and `p99` over all pixels; `per_layer` is the mean where each layer (bottom first) is what one sees.
    Exactness never disguises a wrong decomposition: this number is measured before refinement.
    """

    mean: float
    p99: float
    per_layer: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class LayerStack:
    """Layers bottom → top on a canvas of `extent`, all of one depth, in the colour space of `icc` (None: sRGB).

    `notes` are sentences for the user (what was merged, what was unsure); `drift` is None where nothing was measured.
    """

    extent: Extent
    layers: tuple[Layer, ...]
    name: str = "Picture"
    icc: bytes | None = None
    notes: tuple[str, ...] = ()
    drift: Drift | None = field(default=None)

    def __post_init__(self) -> None:
        if len({layer.pixels.dtype for layer in self.layers}) > 1:
            raise ValueError("layers of one stack must share one depth")

    @property
    def depth(self) -> Depth:
        """Bits per channel (8 for a stack without layers)."""
        return 16 if self.layers and self.layers[0].pixels.dtype == np.uint16 else 8
