"""OpenRaster: a zip of PNGs and stack.xml, read by Krita, GIMP, MyPaint and many others.

Law: follows the OpenRaster specification 0.0.5 (File Layout Specification, Layer Stack Specification) and adds only
one entry, which other readers ignore: `layerlift/stack.json` keeps roles, text and notes (`ora_read` uses it).
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from layerlift.formats import archive, atomic, blend, manifest, ora_read, pngcodec, thumbnail
from layerlift.formats.merged import flattened
from layerlift.formats.tree import Group, Leaf, grouped
from layerlift.formats.xml_text import clean
from layerlift.imaging.layer import Layer, LayerStack, Pixels
from layerlift.progress import Progress

read = ora_read.read

_THUMBNAIL_SIDE = 256
"""File Layout Specification, "Thumbnails/thumbnail.png": at most 256×256."""
_DPI = "72"


def write(stack: LayerStack, path: Path, progress: Progress) -> None:
    """Write `stack` as an ORA. Raises RequestError for a blend mode it has not, OutputError, Cancelled."""
    described = _described(stack)
    with atomic.replacing_file(path) as file, zipfile.ZipFile(file, "w") as packed:
        # First and not compressed, so that the file can be known by its first bytes.
        archive.put(packed, "mimetype", ora_read.MIMETYPE)
        archive.put(packed, "stack.xml", described, deflate=True)
        progress.stage("Writing layers")
        for i, layer in enumerate(stack.layers):
            archive.put(packed, _source(i), pngcodec.encode(_some_pixels(layer), stack.icc))
            progress.advance(0.8 * (i + 1) / len(stack.layers))
        progress.stage("Writing the merged image", 0.8)
        flat, _ = flattened(stack)
        archive.put(packed, "mergedimage.png", pngcodec.encode(flat, stack.icc))
        small = thumbnail.of(flat, stack.icc, _THUMBNAIL_SIDE)
        archive.put(packed, "Thumbnails/thumbnail.png", pngcodec.encode(small))
        sources: list[str | None] = [_source(i) for i in range(len(stack.layers))]
        archive.put(packed, ora_read.OURS, manifest.encode(stack, sources), deflate=True)
        progress.advance(1)


def _source(index: int) -> str:
    return f"data/{index:03d}.png"


def _some_pixels(layer: Layer) -> Pixels:
    """A PNG has at least one pixel: an empty layer gets a transparent one."""
    return np.zeros((1, 1, 4), layer.pixels.dtype) if layer.bounds.empty else layer.pixels


def _described(stack: LayerStack) -> bytes:
    """stack.xml: topmost first, inside one group that bears the stack's name."""
    width, height = (str(side) for side in stack.extent)
    image = ElementTree.Element("image", version="0.0.5", w=width, h=height, xres=_DPI, yres=_DPI)
    root = ElementTree.SubElement(image, "stack")
    _add(root, grouped(stack))
    ElementTree.indent(image)
    return bytes(ElementTree.tostring(image, "UTF-8", xml_declaration=True))


def _add(parent: ElementTree.Element, node: Group | Leaf) -> None:
    if isinstance(node, Group):
        # "auto" is Photoshop's pass-through: the group is no rounding step of its own.
        isolation = "isolate" if node.alone else "auto"
        element = ElementTree.SubElement(parent, "stack", name=clean(node.name), isolation=isolation)
        element.attrib.update({"opacity": "1.0", "visibility": "visible", "composite-op": "svg:src-over"})
        for child in reversed(node.children):
            _add(element, child)
        return
    layer = node.layer
    ElementTree.SubElement(
        parent,
        "layer",
        {
            "name": clean(layer.name),
            "src": _source(node.index),
            "x": str(layer.bounds.x),
            "y": str(layer.bounds.y),
            "opacity": repr(layer.opacity),
            "visibility": "visible",
            "composite-op": blend.ora_operator(layer.blend_mode),
        },
    )
