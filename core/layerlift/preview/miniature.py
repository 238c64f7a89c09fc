"""Layers and documents reduced to the size at which they are drawn, as 8-bit sRGB Pillow images.

Law: pictures only; no text, no layout.
"""

from __future__ import annotations

from PIL import Image

from layerlift.imaging.arithmetic import composite
from layerlift.imaging.colour import to_srgb8
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Pixels


def miniature(layer: Layer, stack: LayerStack, size: Extent) -> Image.Image:
    """(RGBA) The layer at its place on the whole canvas, at `size`, its opacity applied."""
    canvas = Image.new("RGBA", size)
    seen = layer.bounds.intersect(Bounds.of(stack.extent))
    if seen.empty:
        return canvas
    sx, sy = size.width / stack.extent.width, size.height / stack.extent.height
    left, top = int(seen.x * sx), int(seen.y * sy)
    right, bottom = max(left + 1, round(seen.right * sx)), max(top + 1, round(seen.bottom * sy))
    pixels = layer.pixels[seen.shift(-layer.bounds.x, -layer.bounds.y).slices]
    small = _scaled(pixels, stack.icc, Extent(right - left, bottom - top))
    if layer.opacity < 1:
        small.putalpha(small.getchannel("A").point(lambda alpha: alpha * layer.opacity))
    canvas.paste(small, (left, top))
    return canvas


def flattened(stack: LayerStack, size: Extent) -> Image.Image:
    """(RGBA) The stack's composite at `size`."""
    return _scaled(composite(stack), stack.icc, size)


def fitting(extent: Extent, width: float, height: float, largest: float = 8.0) -> Extent:
    """The size at which `extent` fits a box of `width` × `height`, enlarged at most `largest` times."""
    scale = min(width / extent.width, height / extent.height, largest)
    return Extent(max(1, round(extent.width * scale)), max(1, round(extent.height * scale)))


def _scaled(pixels: Pixels, icc: bytes | None, size: Extent) -> Image.Image:
    image = Image.fromarray(to_srgb8(pixels, icc))
    smaller = size.width < image.width
    return image.resize(size, Image.Resampling.LANCZOS if smaller else Image.Resampling.NEAREST, reducing_gap=3.0)
