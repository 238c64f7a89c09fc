"""The exploded view: every layer a pane in the air above the one below, with soft shadows and a label each.

Law: composition only; `camera` knows where things appear, `miniature` how layers look small, `palette` the colours.
Drawn at twice its size and reduced, so that edges are smooth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Layer, LayerStack, Role
from layerlift.preview.camera import Camera, Points, homography, plane, rectangle, transformed
from layerlift.preview.lettering import Colour, font_for, write
from layerlift.preview.miniature import fitting, miniature
from layerlift.preview.palette import FAINT, INK, PAPER, ROLES, chip, lightness

_FINE = 2
"""Supersampling: each pixel of the drawing is averaged from 2 × 2."""
_MIN_WIDTH = 480
_TALLEST = 0.95
"""Most height of the panes, in widths of the drawing: it should fit a screen, or the head of a page."""
_UNNAMED = "(no name)"
_SHADOW = 0.42
"""How dark a shadow is where it is not blurred away."""
_DARK, _GLOW = 0.35, 0.9
"""Layers darker than this (mean grey) would vanish in the dark: they get a glow of this strength."""


@dataclass(frozen=True)
class _Layout:
    """`panes` (n, 4, 2): the layers' corners on paper, bottom first; `labels`: each one's y; all in drawing pixels."""

    size: Extent
    panes: Points
    labels: tuple[float, ...]
    label_x: float
    unit: int


def exploded_view(stack: LayerStack, *, width: int = 1600) -> Image.Image:
    """Draw it: RGB, `width` pixels wide (at least 480), as high as it needs to be."""
    layout = _layout(stack, max(_MIN_WIDTH, width))
    scene = _backdrop(Extent(layout.size.width * _FINE, layout.size.height * _FINE))
    texture = fitting(stack.extent, layout.size.width * _FINE * 0.8, layout.size.width * _FINE * 0.8)
    for index, layer in enumerate(stack.layers):
        picture = miniature(layer, stack, texture)
        below = layout.panes[max(0, index - 1)] * _FINE
        if layer.role is not Role.SHADOW:
            _draw_shadow(scene, picture, below + layout.unit * (0.8 if index else 1.6), layout.unit * _FINE * 1.3)
        _draw_pane(scene, picture, layout.panes[index] * _FINE, len(stack.layers))
    drawing = scene.resize(layout.size, Image.Resampling.BOX)
    _draw_labels(ImageDraw.Draw(drawing), stack.layers, layout)
    return drawing


def _layout(stack: LayerStack, width: int) -> _Layout:
    """Fit the projected stack into the left part of the paper; labels get the right part."""
    count = max(1, len(stack.layers))
    side = max(stack.extent)
    canvas = stack.extent.width / side, stack.extent.height / side
    rise = min(0.4, 1.7 / max(1, count - 1)) * max(0.45, min(canvas))
    camera = Camera()
    corners = np.stack([camera.project(plane(*canvas, rise * index)) for index in range(count)])
    unit = max(9, round(width / 1600 * min(22.0, 22 * 16 / count)))
    margin = unit * 2.2
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    label_x = width - 2 * unit - min(width * 0.32, _label_width(stack.layers, unit))
    scale = (label_x - margin * 2.2) / (high[0] - low[0])
    scale = min(scale, width * _TALLEST / (high[1] - low[1]))
    spare = (label_x - margin * 2.2 - scale * (high[0] - low[0])) / 2
    needed = unit * 2.9 * count
    height = max(scale * (high[1] - low[1]), needed) + 2 * margin
    top = (height - scale * (high[1] - low[1])) / 2
    panes = (corners - low) * scale + (margin + spare, top)
    wanted = [float(pane[:, 1][np.argmax(pane[:, 0])]) for pane in panes]
    return _Layout(
        Extent(width, round(height)), panes, _spread(wanted, unit * 2.9, margin, height - margin), label_x, unit
    )


def _label_width(layers: tuple[Layer, ...], unit: int) -> float:
    """Room that the longest name wants, in pixels; at least a role's."""
    names = (layer.name or _UNNAMED for layer in layers)
    return max((font_for(name, unit).getlength(" ".join(name.split())) for name in names), default=0.0) + unit * 5


def _spread(wanted: list[float], apart: float, top: float, bottom: float) -> tuple[float, ...]:
    """The nearest places to `wanted` (falling: bottom layer first) that are `apart` and between `top` and `bottom`."""
    places = list(wanted)
    limit = bottom - apart / 2
    for index, place in enumerate(places):
        places[index] = limit = min(place, limit)
        limit -= apart
    limit = top + apart / 2
    for index in reversed(range(len(places))):
        places[index] = limit = max(places[index], limit)
        limit += apart
    return tuple(places)


def _backdrop(size: Extent) -> Image.Image:
    """Paper, a little lighter at the top."""
    shade = np.linspace(1.45, 0.85, size.height)[:, None, None] * np.array(PAPER)
    column = Image.fromarray(np.clip(np.rint(shade), 0, 255).astype(np.uint8))
    return column.resize(size)


def _draw_pane(scene: Image.Image, picture: Image.Image, corners: Points, count: int) -> None:
    """A faint sheet of glass, the layer on it, and its edge; fainter where `count` panes would add up to fog."""
    low, high = corners.min(axis=0).astype(int), np.ceil(corners.max(axis=0)).astype(int) + _FINE
    x, y, size = int(low[0]), int(low[1]), (int(high[0] - low[0]), int(high[1] - low[1]))
    outline = [(float(cx - x), float(cy - y)) for cx, cy in corners]
    glass, edge = Image.new("L", size), Image.new("L", size)
    ImageDraw.Draw(glass).polygon(outline, fill=min(16, 110 // count))
    ImageDraw.Draw(edge).line([*outline, outline[0]], fill=min(84, 24 + 600 // count), width=_FINE + 1, joint="curve")
    scene.paste((255, 255, 255), (x, y), glass)
    placed, at = _projected(picture, corners)
    if lightness(picture) < _DARK:
        _cast(scene, (255, 255, 255), placed.getchannel("A").point(lambda alpha: alpha * _GLOW), at, 5 * _FINE)
    scene.paste(placed, at, placed)
    scene.paste((255, 255, 255), (x, y), edge)


def _draw_shadow(scene: Image.Image, picture: Image.Image, corners: Points, blur: float) -> None:
    """The layer's shadow, cast onto the pane below it."""
    placed, at = _projected(picture, corners)
    _cast(scene, (0, 0, 0), placed.getchannel("A").point(lambda alpha: alpha * _SHADOW), at, blur)


def _cast(scene: Image.Image, colour: Colour, shape: Image.Image, at: tuple[int, int], blur: float) -> None:
    """`colour` through the blurred `shape` (L). Blurred at a quarter of the size: nobody sees it sharper."""
    border = round(blur * 3)
    size = Extent(shape.width + 2 * border, shape.height + 2 * border)
    soft = Image.new("L", size)
    soft.paste(shape, (border, border))
    small = soft.reduce(4).filter(ImageFilter.GaussianBlur(blur / 4))
    scene.paste(colour, (at[0] - border, at[1] - border), small.resize(size, Image.Resampling.BICUBIC))


def _projected(picture: Image.Image, corners: Points) -> tuple[Image.Image, tuple[int, int]]:
    """(RGBA) The picture with its corners at `corners` (4, 2), cut to what is visible in it, and where that is."""
    seen = picture.getbbox()
    if seen is None:
        return Image.new("RGBA", (1, 1)), (int(corners[0, 0]), int(corners[0, 1]))
    whole = rectangle(0, 0, *picture.size)
    shape = transformed(rectangle(*seen), homography(corners, whole))
    low, high = np.floor(shape.min(axis=0)).astype(int), np.ceil(shape.max(axis=0)).astype(int)
    size = Extent(int(max(1, high[0] - low[0])), int(max(1, high[1] - low[1])))
    data = homography(whole, corners - low)
    placed = picture.transform(size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC)
    return placed, (int(low[0]), int(low[1]))


def _draw_labels(drawing: ImageDraw.ImageDraw, layers: tuple[Layer, ...], layout: _Layout) -> None:
    unit, x = layout.unit, layout.label_x
    room = layout.size.width - x - 2 * unit
    for layer, pane, y in zip(layers, layout.panes, layout.labels, strict=False):
        anchor = pane[np.argmax(pane[:, 0])]
        colour = ROLES[layer.role]
        points = [(float(anchor[0]), float(anchor[1])), (x - unit * 1.4, y), (x - unit * 0.6, y)]
        drawing.line(points, fill=FAINT, width=max(1, unit // 12))
        dot = unit * 0.24
        drawing.ellipse((points[0][0] - dot, points[0][1] - dot, points[0][0] + dot, points[0][1] + dot), fill=colour)
        write(drawing, (x, y - unit * 0.55), layer.name or _UNNAMED, unit, INK, room)
        chip(drawing, (x, y + unit * 0.75), layer.role, round(unit * 0.68))
