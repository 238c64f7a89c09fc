"""A canvas that remembers its layers: every element that is put on it becomes one layer of the ground truth.

Law: knows planes and colours, no assets and no layouts. Pixels are straight RGBA uint8; the picture is the composite
of exactly those rounded layers. What would be unfair to ask for (too small, hiding another, the colour of what is
beneath) is left out; where that leaves too little, the design is drawn again with the next seed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from skimage.color import rgb2lab

from . import lettering, shapes
from .ground import U8, Design, GroundLayer
from .paints import F32, Colour, Paint, filled

MIN_AREA = 0.0015
"""Least area of an element (text: of its box) as a share of the canvas."""
MIN_VISIBLE = 0.4
"""Least visible share of an element."""
MIN_CONTRAST = 8.0
"""Least mean colour difference (CIE 1976 ΔE) to what is beneath."""
MIN_TEXT_CONTRAST = 24.0
"""The same for text, which must be readable."""
MAX_SKIPPED = 0.25
"""Largest share of a layout's elements that may be left out."""
MIN_LAYERS = 5
"""Fewest layers of a design."""

Region = tuple[slice, slice]


class Unfair(Exception):
    """This element could not fairly be asked for."""


class Shadow(NamedTuple):
    """A drop shadow: offset and blur (σ) in pixels, opacity, colour. Blur 0 makes the hard shadow of flat design."""

    dx: float = 0.0
    dy: float = 8.0
    blur: float = 10.0
    opacity: float = 0.35
    colour: Colour = (0, 0, 0)


class Outline(NamedTuple):
    """A line of `width` pixels along an element's edge."""

    width: float
    colour: Colour


def lab(colours: F32) -> F32:
    """sRGB 0–255 (…, 3) as CIE L*a*b*."""
    return np.asarray(rgb2lab(np.asarray(colours, np.float32) / 255), np.float32)


class Scene:
    """The canvas. `flat` (H, W, 3) float 0–255 is what it looks like now."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.layers: list[GroundLayer] = []
        self.flat: F32 = np.zeros((height, width, 3), np.float32)
        self.skipped = 0
        self._seen: list[tuple[Region, F32, float]] = []

    def background(self, paint: Paint, name: str = "Background") -> None:
        """Fill the canvas. Comes first, once."""
        rgba = np.full((self.height, self.width, 4), 255, np.uint8)
        rgba[..., :3] = np.clip(filled(paint, self.height, self.width) + 0.5, 0, 255)
        self.flat = rgba[..., :3].astype(np.float32)
        self.layers.append(GroundLayer("background", name, rgba))

    def shape(
        self,
        name: str,
        geometry: shapes.Geometry,
        paint: Paint,
        *,
        opacity: float = 1.0,
        shadow: Shadow | None = None,
        outline: Outline | None = None,
        role: str = "graphic",
    ) -> None:
        """Put a filled outline on the canvas."""
        plane, x, y = self._covered(geometry)
        colour = filled(paint, *plane.shape)
        if outline is not None:
            half = outline.width / 2
            inner = plane
            plane, ox, oy = self._covered(geometry.buffer(half))
            line = self._covered(geometry.buffer(half).difference(geometry.buffer(-half)))
            base = np.broadcast_to(np.asarray(outline.colour, np.float32), (*plane.shape, 3)).copy()
            box = (slice(y - oy, y - oy + inner.shape[0]), slice(x - ox, x - ox + inner.shape[1]))
            base[box] = colour
            share = np.zeros(plane.shape, np.float32)
            share[line[2] - oy :, line[1] - ox :][: line[0].shape[0], : line[0].shape[1]] = line[0]
            ratio = np.divide(share, plane, out=np.zeros_like(share), where=plane > 0)[..., None]
            outside = np.ones(plane.shape, bool)
            outside[box] = inner <= 0
            ratio = np.where(outside[..., None], 1.0, np.clip(ratio, 0, 1))
            colour, x, y = base * (1 - ratio) + np.asarray(outline.colour, np.float32) * ratio, ox, oy
        self._put(role, name, plane * np.float32(opacity), colour, x, y, shadow, None)

    def line(self, name: str, geometry: shapes.Geometry, width: float, colour: Colour) -> None:
        """Put only the edge of an outline on the canvas."""
        self.shape(name, geometry.boundary.buffer(width / 2), colour)

    def text(
        self,
        content: str,
        plane: F32,
        x: float,
        y: float,
        paint: Paint,
        *,
        opacity: float = 1.0,
        shadow: Shadow | None = None,
        outline: tuple[F32, Colour] | None = None,
    ) -> tuple[int, int, int, int]:
        """Put written coverage on the canvas, its ink's top left at (x, y). `outline`: the fattened coverage (same
        centre) and its colour. Returns the ink's box (x, y, w, h)."""
        ink, ix, iy = lettering.trimmed(plane)
        left, top = round(x), round(y)
        colour = filled(paint, *ink.shape)
        alpha = ink
        if outline is not None:
            fat, fx, fy = lettering.trimmed(outline[0])
            grow = (outline[0].shape[0] - plane.shape[0]) // 2
            dx, dy = ix + grow - fx, iy + grow - fy
            colour_fat = np.broadcast_to(np.asarray(outline[1], np.float32), (*fat.shape, 3)).copy()
            box = (slice(dy, dy + ink.shape[0]), slice(dx, dx + ink.shape[1]))
            colour_fat[box] += (colour - colour_fat[box]) * ink[..., None]
            colour, alpha, left, top = colour_fat, fat, left - dx, top - dy
        name = content.replace("\n", " ")[:40]
        self._put("text", name, alpha * np.float32(opacity), colour, left, top, shadow, content)
        return left, top, alpha.shape[1], alpha.shape[0]

    def picture(self, role: str, name: str, rgba: F32, x: float, y: float, shadow: Shadow | None = None) -> None:
        """Put a straight RGBA picture (0–255 float) on the canvas."""
        self._put(role, name, rgba[..., 3] / np.float32(255), rgba[..., :3], round(x), round(y), shadow, None)

    def design(self, name: str) -> Design:
        """What was made. Raises Unfair when too much of the layout had to be left out to be worth showing."""
        if self.skipped > MAX_SKIPPED * (self.skipped + len(self.layers)) or len(self.layers) < MIN_LAYERS:
            raise Unfair(f"{name!r}: {self.skipped} elements left out, {len(self.layers)} drawn")
        return Design(name, np.clip(self.flat + 0.5, 0, 255).astype(np.uint8), tuple(self.layers))

    def beneath(self, x: float, y: float, w: float, h: float) -> Colour:
        """The mean colour of a box of the canvas as it is now."""
        x0, y0 = int(np.clip(x, 0, self.width - 1)), int(np.clip(y, 0, self.height - 1))
        part = self.flat[y0 : max(y0 + 1, int(y + h)), x0 : max(x0 + 1, int(x + w))]
        r, g, b = (int(v) for v in part.reshape(-1, 3).mean(0))
        return (r, g, b)

    def _covered(self, geometry: shapes.Geometry) -> shapes.Coverage:
        try:
            return shapes.coverage(geometry, self.width, self.height)
        except ValueError:
            return np.zeros((1, 1), np.float32), 0, 0  # too small: left out

    def _put(
        self, role: str, name: str, alpha: F32, colour: F32, x: int, y: int, shadow: Shadow | None, content: str | None
    ) -> None:
        """Add one element, or leave it out (and count that) where it would be unfair to ask for it."""
        margin = 0 if shadow is None else math.ceil(3 * shadow.blur + max(abs(shadow.dx), abs(shadow.dy))) + 1
        left, top = max(0, x - margin), max(0, y - margin)
        right, bottom = min(self.width, x + alpha.shape[1] + margin), min(self.height, y + alpha.shape[0] + margin)
        inner = (
            slice(max(0, y), min(self.height, y + alpha.shape[0])),
            slice(max(0, x), min(self.width, x + alpha.shape[1])),
        )
        core = np.zeros((max(0, bottom - top), max(0, right - left)), np.float32)
        rgb = np.zeros((*core.shape, 3), np.float32)
        if inner[0].start < inner[0].stop and inner[1].start < inner[1].stop:
            there = (
                slice(inner[0].start - top, inner[0].stop - top),
                slice(inner[1].start - left, inner[1].stop - left),
            )
            cut = (slice(inner[0].start - y, inner[0].stop - y), slice(inner[1].start - x, inner[1].stop - x))
            core[there], rgb[there] = alpha[cut], colour[cut]
        box = (slice(top, bottom), slice(left, right))
        total = core
        if shadow is not None and core.size:
            cast = _cast(core, shadow)
            total = core + (1 - core) * cast
            own = np.divide(core, total, out=np.zeros_like(core), where=total > 0)[..., None]
            rgb = rgb * own + np.asarray(shadow.colour, np.float32) * (1 - own)
        try:
            self._fair(name, core, alpha, rgb, box, content is not None, glyph=content is not None or name == "Icon")
            self._uncovered(name, total, box)
        except Unfair:
            self.skipped += 1
            return
        self._seen.append((box, core.copy(), float(core.sum())))
        rgba = np.zeros((self.height, self.width, 4), np.uint8)
        rgba[box][..., 3] = np.rint(total * 255)
        rgba[box][..., :3] = np.clip(rgb + 0.5, 0, 255) * (rgba[box][..., 3:] > 0)
        weight = rgba[box][..., 3:].astype(np.float32) / 255
        self.flat[box] += (rgba[box][..., :3].astype(np.float32) - self.flat[box]) * weight
        stored = None
        if shadow is not None:
            stored = np.zeros((self.height, self.width), np.uint8)
            stored[box] = np.rint(core * 255)
        self.layers.append(GroundLayer(role, name, rgba, stored, content))

    def _fair(self, name: str, core: F32, whole: F32, rgb: F32, box: Region, is_text: bool, glyph: bool) -> None:
        area = self.width * self.height
        size = whole.shape[0] * whole.shape[1] if glyph else float(core.sum())
        if size < MIN_AREA * area:
            raise Unfair(f"{name!r} is too small ({size / area:.2%})")
        if core.sum() < (0.98 if is_text else 0.5) * whole.sum():
            raise Unfair(f"{name!r} lies mostly outside")
        inside = core > 0.5 * core.max()
        step = 1 + int(inside.sum()) // 4000
        weight, below = core[inside][::step, None], self.flat[box][inside][::step]
        after = rgb[inside][::step] * weight + below * (1 - weight)
        difference = float(np.linalg.norm(lab(after) - lab(below), axis=-1).mean())
        if difference < (MIN_TEXT_CONTRAST if is_text else MIN_CONTRAST):
            raise Unfair(f"{name!r} has the colour of what is beneath (ΔE {difference:.1f})")

    def _uncovered(self, name: str, total: F32, box: Region) -> None:
        """Take what a new element hides from what is seen of the others. Raises Unfair where that would hide one."""
        changes = []
        for i, (other, seen, area) in enumerate(self._seen):
            y0, y1 = max(box[0].start, other[0].start), min(box[0].stop, other[0].stop)
            x0, x1 = max(box[1].start, other[1].start), min(box[1].stop, other[1].stop)
            if y0 >= y1 or x0 >= x1:
                continue
            here = (slice(y0 - box[0].start, y1 - box[0].start), slice(x0 - box[1].start, x1 - box[1].start))
            there = (slice(y0 - other[0].start, y1 - other[0].start), slice(x0 - other[1].start, x1 - other[1].start))
            left = seen[there] * (1 - total[here])
            if float(seen.sum() - seen[there].sum() + left.sum()) < MIN_VISIBLE * area:
                raise Unfair(f"{name!r} hides {self.layers[i + 1].name!r}")
            changes.append((seen, there, left))
        for seen, there, left in changes:
            seen[there] = left


def _cast(core: F32, shadow: Shadow) -> F32:
    shift = np.float32([[1, 0, shadow.dx], [0, 1, shadow.dy]])
    cast = cv2.warpAffine(core, shift, (core.shape[1], core.shape[0]))
    if shadow.blur > 0:
        cast = cv2.GaussianBlur(cast, (0, 0), shadow.blur)
    return np.asarray(cast * np.float32(shadow.opacity), np.float32)


def jpeg(image: U8, quality: int) -> U8:
    """The picture after a round trip through JPEG (4:2:0, as cameras and web sites write it)."""
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))
