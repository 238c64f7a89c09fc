"""An OpenRaster file as a LayerStack: ours exactly, others' as far as a stack can hold them.

Law: stack.xml rules; our own extra entry only adds what OpenRaster cannot say. What a stack cannot hold is named in
the notes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from layerlift.errors import InputError
from layerlift.formats import archive, blend, manifest, pngcodec
from layerlift.formats.manifest import Description, Entry
from layerlift.formats.xml_text import clean
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role

MIMETYPE = b"image/openraster"
OURS = "layerlift/stack.json"
_MODES = {operator: mode for mode, operator in blend.ORA.items()}


@dataclass
class _Reading:
    """The file, what is known about it beyond stack.xml, and what is learnt on the way."""

    packed: zipfile.ZipFile
    known: Description | None
    icc: bytes | None = None
    notes: list[str] = field(default_factory=list)

    def entry(self, source: str) -> Entry | None:
        """What we once wrote about the layer whose pixels are `source`."""
        entries = self.known.entries if self.known else ()
        return next((entry for entry in entries if entry.file == source), None)


def read(path: Path) -> LayerStack:
    """The stack in the ORA `path`. Raises InputError."""
    with archive.opened(path) as packed:
        reading = _Reading(packed, _description(packed))
        try:
            image = ElementTree.fromstring(archive.take(packed, "stack.xml"))
            extent = Extent(int(image.attrib["w"]), int(image.attrib["h"]))
            archive.check_extent(*extent)
            layers = [layer for node in image.findall("stack") for layer in _layers(reading, node, (), 0, 0)]
        except (ElementTree.ParseError, KeyError, ValueError) as error:
            raise InputError(f"{path.name} is a damaged ORA: {error}.", "Save it again in its program.") from error
    return _stack(reading, extent, layers[::-1], path.stem)


def _description(packed: zipfile.ZipFile) -> Description | None:
    try:
        return manifest.decode(archive.take(packed, OURS))
    except InputError:
        return None


def _stack(reading: _Reading, extent: Extent, layers: list[Layer], stem: str) -> LayerStack:
    known = reading.known
    name = stem if known is None else known.name
    tops = {layer.group[:1] for layer in layers}
    if len(tops) == 1 and () not in tops:
        if known is None or clean(known.name) != layers[0].group[0]:
            name = layers[0].group[0]
        layers = [replace(layer, group=layer.group[1:]) for layer in layers]
    if known is None and layers:
        layers[0] = replace(layers[0], role=Role.BACKGROUND)
    if len({layer.pixels.dtype for layer in layers}) > 1:
        layers = [replace(layer, pixels=pngcodec.at_depth(layer.pixels, 16)) for layer in layers]
    notes = (*(known.notes if known else ()), *reading.notes)
    return LayerStack(extent, tuple(layers), name, reading.icc, notes, known.drift if known else None)


def _layers(reading: _Reading, node: ElementTree.Element, group: tuple[str, ...], x: int, y: int) -> Iterator[Layer]:
    """The visible layers of a stack element, topmost first, as stack.xml has them. Offsets of stacks add up."""
    x, y = x + int(node.get("x", 0)), y + int(node.get("y", 0))
    for child in node:
        name = child.get("name", "")
        if child.tag not in ("stack", "layer"):
            reading.notes.append(f"{name or child.tag!r} is not made of pixels and was left out.")
        elif child.get("visibility", "visible") != "visible":
            reading.notes.append(f"{name!r} is hidden and was left out.")
        elif child.tag == "layer":
            yield _layer(reading, child, group, x, y)
        else:
            if float(child.get("opacity", 1)) < 1 or child.get("composite-op", "svg:src-over") != "svg:src-over":
                reading.notes.append(f"The opacity and the blend mode of the group {name!r} were left out.")
            yield from _layers(reading, child, (*group, name), x, y)


def _layer(reading: _Reading, node: ElementTree.Element, group: tuple[str, ...], x: int, y: int) -> Layer:
    source = node.attrib["src"]
    pixels, icc = pngcodec.decode(archive.take(reading.packed, source))
    reading.icc = reading.icc or icc
    name, operator = node.get("name", ""), node.get("composite-op", "svg:src-over")
    if operator not in _MODES:
        reading.notes.append(f"The blend mode {operator!r} of {name!r} is not known here; it is normal now.")
    bounds = Bounds(x + int(node.get("x", 0)), y + int(node.get("y", 0)), pixels.shape[1], pixels.shape[0])
    layer = Layer(
        name=name,
        role=Role.GRAPHIC,
        bounds=bounds,
        pixels=pixels,
        opacity=float(node.get("opacity", 1)),
        blend_mode=_MODES.get(operator, "normal"),
        group=group,
    )
    entry = reading.entry(source)
    if entry is None:
        return layer
    if entry.bounds.empty:
        empty = replace(entry.bounds, x=bounds.x, y=bounds.y)
        layer = replace(layer, bounds=empty, pixels=np.zeros((empty.height, empty.width, 4), pixels.dtype))
    # XML cannot hold every character: an untouched name is the description's.
    exact = entry.name if clean(entry.name) == name else name
    return replace(layer, name=exact, role=entry.role, text=entry.text, confidence=entry.confidence)
