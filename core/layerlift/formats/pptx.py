"""PowerPoint: one slide of the picture's shape, each layer a picture in its place, recognised text as alternative text.

Law: the only file that knows python-pptx. PowerPoint blends in sRGB at 8 bit and knows no blend modes: pixels are
converted to sRGB, modes are lost (docs/formats.md). Source: ECMA-376 Part 1 (DrawingML, PresentationML).
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Pt

from layerlift.formats import atomic, pngcodec
from layerlift.formats.live_text import Box, box_of
from layerlift.formats.tree import Group, Leaf, grouped
from layerlift.formats.xml_text import clean
from layerlift.imaging.colour import to_srgb8
from layerlift.imaging.layer import Layer, LayerStack
from layerlift.progress import Progress

_INCH = 914_400
"""EMU in an inch; a point is 12 700 (ECMA-376 Part 1 §20.1.10.16)."""
_LONG_SIDE = 40 * _INCH // 3
"""PowerPoint's own widescreen slide is 13⅓ inches wide: fonts and lines then have their usual sizes."""
_SHORTEST = _INCH
"""PowerPoint opens slides of 1 to 56 inches a side (Slide Size dialog)."""
_BLANK = 6
"""The layout without placeholders in python-pptx's template."""
_ALIGNMENTS = {"left": PP_ALIGN.LEFT, "centre": PP_ALIGN.CENTER, "right": PP_ALIGN.RIGHT}


def write(stack: LayerStack, path: Path, progress: Progress, live_text: bool = False) -> None:
    """Write `stack` as a presentation of one slide; with `live_text`, recognised text stands as text boxes instead of
    its picture. Raises OutputError, Cancelled."""
    with atomic.replacing_file(path) as file:
        deck = Presentation()
        unit = _LONG_SIDE / max(stack.extent)
        width, height = (max(_SHORTEST, round(side * unit)) for side in stack.extent)
        deck.slide_width, deck.slide_height = Emu(width), Emu(height)
        deck.core_properties.title = clean(stack.name)
        deck.core_properties.author = "Layerlift"
        slide = deck.slides.add_slide(deck.slide_layouts[_BLANK])
        progress.stage("Writing layers")
        _Slide(stack, unit, progress, live_text).add(slide.shapes, grouped(stack).children)
        progress.stage("Packing", 0.9)
        deck.save(file)
        progress.advance(1)


class _Slide:
    """Puts layers on a slide; `unit` is EMU per pixel."""

    def __init__(self, stack: LayerStack, unit: float, progress: Progress, live_text: bool) -> None:
        self._stack, self._unit, self._progress, self._live = stack, unit, progress, live_text

    def add(self, shapes: Any, nodes: tuple[Group | Leaf, ...]) -> None:
        """Add `nodes`, bottom first, to a slide's or a group's shapes."""
        for node in nodes:
            if isinstance(node, Group):
                group = shapes.add_group_shape()
                group.name = clean(node.name)
                self.add(group.shapes, node.children)
                continue
            if self._live and node.layer.text is not None and node.layer.text.lines:
                self._add_text(shapes, node.layer, box_of(node.layer.text))
            elif not node.layer.bounds.empty:
                self._add_picture(shapes, node.layer)
            self._progress.advance(0.9 * (node.index + 1) / len(self._stack.layers))

    def _emu(self, pixels: float) -> Emu:
        return Emu(round(pixels * self._unit))

    def _add_picture(self, shapes: Any, layer: Layer) -> None:
        data = io.BytesIO(pngcodec.encode(to_srgb8(layer.pixels, self._stack.icc)))
        b = layer.bounds
        # Edges are rounded, not sizes: neighbours that touch in pixels touch on the slide.
        left, top, right, bottom = (self._emu(v) for v in (b.x, b.y, b.right, b.bottom))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow, asked for the size, warns of pictures larger than 89 megapixels
            picture = shapes.add_picture(data, left, top, max(1, right - left), max(1, bottom - top))
        picture.name = clean(layer.name)
        described = layer.name if layer.text is None else layer.text.content
        picture._element.nvPicPr.cNvPr.set("descr", clean(described))
        if layer.opacity < 1:
            blip = picture._element.find(".//" + qn("a:blip"))
            share = round(max(0.0, layer.opacity) * 100_000)
            blip.append(blip.makeelement(qn("a:alphaModFix"), {"amt": str(share)}))

    def _add_text(self, shapes: Any, layer: Layer, box: Box) -> None:
        x, y, width, height = (self._emu(v) for v in (box.x, box.y, box.width, box.height))
        shape = shapes.add_textbox(x, y, width, height)
        shape.name, shape.rotation = clean(layer.name), box.angle
        frame = shape.text_frame
        frame.margin_left = frame.margin_top = frame.margin_right = frame.margin_bottom = 0
        frame.word_wrap, frame.vertical_anchor = False, MSO_ANCHOR.TOP
        assert layer.text is not None
        for i, line in enumerate(box.lines):
            paragraph = frame.paragraphs[0] if i == 0 else frame.add_paragraph()
            paragraph.alignment = _ALIGNMENTS[box.alignment]
            paragraph.line_spacing = Pt(max(1, self._points(line.pitch)))
            run = paragraph.add_run()
            run.text = clean(line.content)
            run.font.size = Pt(max(1, self._points(line.size)))
            run.font.color.rgb = RGBColor(*layer.text.colour)  # type: ignore[no-untyped-call]

    def _points(self, pixels: float) -> float:
        return pixels * self._unit / 12_700
