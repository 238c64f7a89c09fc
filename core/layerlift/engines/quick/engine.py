"""The embedded engine, as one reading: peel text, then subjects, then flat elements; complete what remains.

Law: only the order of the steps lives here; each step has a file of its own. Deterministic. No network.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from layerlift.engines.port import DecomposeRequest, EditRequest, EngineInfo, InpaintRequest
from layerlift.engines.quick import ocr, repairing, text, veils
from layerlift.engines.quick.backdrop import flatten, solidity
from layerlift.engines.quick.belonging import hand_back
from layerlift.engines.quick.compression import compressed
from layerlift.engines.quick.cutouts import saliency, subject
from layerlift.engines.quick.element import Element
from layerlift.engines.quick.filling import inpaint
from layerlift.engines.quick.holes import COMPRESSED, hole_of, reaching
from layerlift.engines.quick.shadow import lit, shadow_of
from layerlift.engines.quick.shapes import graphics, naming
from layerlift.engines.quick.steering import Steering, understand
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Mask, Plane, Role
from layerlift.progress import Progress

WORKING_PIXELS = 1_300_000
"""Analysis size: text of 10 px is still read, and matting and filling stay within seconds on two cores."""

LEAST_GROUND = 0.03
"""Share of the picture that must be left to see of the background; less is a background mistaken for a shape."""


class QuickEngine:
    """OCR, saliency and matting, surface peeling, inpainting: useful layers in seconds on any laptop."""

    @property
    def info(self) -> EngineInfo:
        """What it can do here; `missing` only where it cannot run at all."""
        return EngineInfo(
            name="quick",
            title="Quick (embedded, no GPU, no download)",
            operations=("decompose", "edit", "inpaint", "extend"),
            working_pixels=WORKING_PIXELS,
            max_layers=64,
            edge_uncertainty=0.5,
            missing=ocr.missing(),
            other_pixels={"inpaint": repairing.PIXELS, "extend": repairing.PIXELS},
        )

    def decompose(self, request: DecomposeRequest, progress: Progress) -> LayerStack:
        """Propose text, subjects, flat elements and a completed background."""
        image, transparent = flatten(request.image)
        extra = COMPRESSED if compressed(image) else 0
        progress.stage("Reading text", 0.02)
        lines = ocr.recognise(image)
        steering, notes = understand(request.what, (line.content for line in lines))
        lines = [line for line in lines if steering.wants(Role.TEXT) and steering.matches(line.content)]
        progress.stage("Lifting text", 0.20)
        texts = text.extract(image, lines, request.text_grouping)
        progress.stage("Filling behind text", 0.32)
        written = hole_of(image, texts, extra)
        plain = inpaint.fill(image, written, progress.part(0.32, 0.44))
        progress.stage("Lifting veils", 0.44)
        veiled = veils.find(plain, written) if steering.wants(Role.GRAPHIC) else []
        plain = _unveiled(plain, veiled, progress.part(0.44, 0.45))
        progress.stage("Finding subjects", 0.45)
        subjects = _subjects(plain, steering, progress.part(0.45, 0.62))
        texts, subjects = hand_back(image, texts, subjects)
        progress.stage("Filling behind subjects", 0.62)
        subjects = _with_shadows(subjects, plain, written, extra)
        behind = hole_of(image, subjects, extra)
        plain = inpaint.fill(plain, behind, progress.part(0.62, 0.75))
        progress.stage("Finding shapes", 0.75)
        shapes = _shapes(plain, behind | written, steering, progress.part(0.75, 0.88))
        progress.stage("Completing the background", 0.88)
        shapes = _with_shadows(shapes, plain, behind | written, extra)
        beneath = hole_of(image, shapes, extra)
        # What was made up before these shapes were known may be made of them.
        beneath = reaching(beneath, behind | written)
        background = inpaint.fill(plain, beneath, progress.part(0.88, 1.0))
        solid = solidity(~transparent, beneath | behind | written)
        layers = [_background(background, solid), *map(_layer, [*_stacked([*shapes, *subjects], veiled), *texts])]
        height, width = image.shape[:2]
        progress.advance(1.0)
        return LayerStack(Extent(width, height), tuple(layers), notes=notes + _notes())

    def inpaint(self, request: InpaintRequest, progress: Progress) -> NDArray[np.uint8]:
        """Continue what is around the hole; no prompts."""
        return repairing.continue_around(request, progress)

    def edit(self, request: EditRequest, progress: Progress) -> NDArray[np.uint8]:
        """Refused: exact commands are done without an engine, and this one draws nothing."""
        repairing.refuse_edit(request)


def _unveiled(image: Plane, veiled: list[veils.Veil], progress: Progress) -> Plane:
    """The picture as it is beneath the veils."""
    seams = np.zeros(image.shape[:2], bool)
    for veil in veiled:
        image, seam = veils.lifted(image, veil)
        seams |= seam
    return inpaint.fill(image, seams, progress) if veiled else image


def _stacked(elements: list[Element], veiled: list[veils.Veil]) -> list[Element]:
    """Elements bottom → top with the veils above all but what lies on one of them."""
    if not veiled:
        return elements
    above = [element for element in elements if any(veil.holds(element) for veil in veiled)]
    below = [element for element in elements if not any(element is other for other in above)]
    panels = [veil.element() for veil in veiled]
    return [*below, *(replace(panel, name=naming.name(panel)) for panel in panels), *above]


def _subjects(image: Plane, steering: Steering, progress: Progress) -> list[Element]:
    """Cut-outs, largest (lowest) first; photographs in a frame count as graphics."""
    if not (steering.wants(Role.SUBJECT) or steering.wants(Role.GRAPHIC)):
        return []
    return [element for element in subject.find(image, progress) if steering.wants(element.role)]


def _shapes(image: Plane, unknown: Mask, steering: Steering, progress: Progress) -> list[Element]:
    if not steering.wants(Role.GRAPHIC):
        return []
    found: Iterable[Element] = graphics.find(image, unknown, progress)
    named = [Element(e.role, naming.name(e), e.bounds, e.alpha, e.colour, e.confidence) for e in found]
    return _above_ground(named, image, unknown)


def _above_ground(shapes: list[Element], image: Plane, unknown: Mask) -> list[Element]:
    """The shapes without the one that is the ground itself: where they leave nothing to lie on, the widest is it."""
    if not shapes or float((~unknown & ~hole_of(image, shapes)).mean()) >= LEAST_GROUND:
        return shapes
    widest = max(shapes, key=lambda shape: float(shape.alpha.sum()))
    return [shape for shape in shapes if shape is not widest]


def _with_shadows(elements: list[Element], image: Plane, blind: Mask, extra: int) -> list[Element]:
    """The elements (bottom → top), each above the soft shadow that it casts on what lies below it."""
    found: list[Element] = []
    for index, element in enumerate(elements):
        shadow = shadow_of(element, image, blind | hole_of(image, elements[index + 1 :], extra))
        if shadow is not None:
            found = [*(lit(below, shadow, image) for below in found), shadow]
        found.append(element)
    return found


def _notes() -> tuple[str, ...]:
    """What the user should know about how subjects were found."""
    missing = saliency.missing()
    return (missing,) if missing else ()


def _background(image: Plane, solid: Mask) -> Layer:
    pixels = _integer(image, solid.astype(np.float32))
    return Layer("Background", Role.BACKGROUND, Bounds(0, 0, image.shape[1], image.shape[0]), pixels)


def _layer(element: Element) -> Layer:
    return Layer(
        element.name,
        element.role,
        element.bounds,
        _integer(element.colour, element.alpha),
        text=element.text,
        confidence=element.confidence,
    ).cropped()


def _integer(colour: Plane, alpha: Plane) -> NDArray[np.uint8]:
    return np.rint(np.clip(np.dstack([colour, alpha]), 0, 1) * 255).astype(np.uint8)
