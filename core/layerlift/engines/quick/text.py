"""Text as elements: from recognised lines to glyph-precise soft layers.

Law: reads as the story (patch → background → letters → ink → blocks); each chapter lives in its own file. Working
space only: float32 0–1 straight sRGB-encoded. Never raises on odd pictures: a line that yields no letters is skipped.
What must be filled behind an element is where its alpha > 0, grown by two pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from layerlift.engines.port import TextGrouping
from layerlift.engines.quick.element import Element
from layerlift.engines.quick.letters.blocks import InkedLine, blocks, stroke_width, title
from layerlift.engines.quick.letters.distances import largest
from layerlift.engines.quick.letters.glyphs import on_surface
from layerlift.engines.quick.letters.ground import Ground, interpolated, surface
from layerlift.engines.quick.letters.ink import ink
from layerlift.engines.quick.letters.patch import Patch, grown, patch_of
from layerlift.engines.quick.letters.texture import likeness, on_texture, span
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Plane, Role, Text, TextLine

TEXTURE_NOISE = 0.04
"""Noise assumed where the background is a texture: alpha below 3 × this over the contrast is not ink."""
WEAR = 2.0
"""Confidence lost per unit of unevenness of the ink."""
CLEAR_RIM = 0.9
"""A surface that explains this share of the quad's rim needs no second opinion."""
LOST = 0.08
"""… unless more than this share of what stands out in the quad was no letter: letters may hang on to something."""
LEAST_SPAN = 0.5
"""Letters must be found along this share of the line, else the reading of the background was wrong."""


@dataclass(frozen=True, eq=False)
class Lettering:
    """One line's ink: `alpha` (h, w) and straight `colour` (h, w, 3) on `bounds`, and how sure we are (0–1)."""

    line: TextLine
    bounds: Bounds
    alpha: Plane
    colour: Plane
    confidence: float

    @property
    def mean(self) -> tuple[float, float, float]:
        """Mean colour of the ink, 0–1."""
        weight = self.alpha[..., None]
        r, g, b = (self.colour * weight).sum(axis=(0, 1)) / max(float(weight.sum()), 1e-6)
        return float(r), float(g), float(b)


def extract(image: Plane, lines: list[TextLine], grouping: TextGrouping = "block") -> list[Element]:
    """One TEXT element per block (or line) of `lines` in `image` (h, w, 3), in reading order."""
    found = [lettering(image, line, [other for other in lines if other is not line]) for line in lines]
    letterings = [one for one in found if one is not None]
    if grouping == "line":
        groups = [[i] for i in range(len(letterings))]
    else:
        groups = blocks([InkedLine(one.line, one.mean, stroke_width(one.alpha)) for one in letterings])
    return [_element([letterings[i] for i in group]) for group in groups]


def lettering(image: Plane, line: TextLine, others: list[TextLine]) -> Lettering | None:
    """The ink of one line, or None where no letters can be told from what is behind them."""
    patch = patch_of(image, line, others)
    if patch is None:
        return None
    ground, mask = _letters(patch)
    if not mask.any():
        return None
    alpha, colour = ink(patch.pixels, mask, ground)
    if not (alpha > 0).any():
        return None
    sure = line.confidence * min(1.0, span(patch, mask) / LEAST_SPAN)
    if not ground.smooth:
        sure *= 1 - min(0.5, WEAR * _wear(patch.pixels, alpha))
    return Lettering(line, patch.bounds, alpha, colour, float(np.clip(sure, 0, 1)))


def _wear(pixels: Plane, alpha: Plane) -> float:
    """How far opaque ink is from one colour or a linear gradient (80th percentile, largest channel, 0–1).

    Text in a scene is lit and worn, set text is not. Outlines and several colours look the same: ask on textures only.
    """
    y, x = np.nonzero(alpha >= 1)
    if len(y) < 20:
        return 0.1
    basis = np.stack([np.ones_like(x), x, y], axis=1).astype(np.float32)
    seen = pixels[y, x]
    weights = np.linalg.lstsq(basis, seen, rcond=None)[0].astype(np.float32)
    return float(np.percentile(largest(seen - basis @ weights), 80))


def _letters(patch: Patch) -> tuple[Ground, Mask]:
    """What is behind the line and where its letters are: read as a surface, as a texture, or both and the better."""
    ground = surface(patch)
    flat, lost = on_surface(patch, ground) if ground is not None else (np.zeros(patch.inside.shape, bool), 1.0)
    if ground is not None and ground.rim > CLEAR_RIM and lost < LOST and span(patch, flat) >= LEAST_SPAN:
        return ground, flat
    mask = on_texture(patch)
    if ground is not None and likeness(patch, flat, flat) * (1 - lost) >= likeness(patch, mask, mask):
        return ground, flat
    return interpolated(patch.pixels, grown(mask, 2) | grown(patch.others, 2), TEXTURE_NOISE), mask


def _element(parts: list[Lettering]) -> Element:
    bounds = parts[0].bounds
    for part in parts[1:]:
        bounds = bounds.union(part.bounds)
    alpha = np.zeros((bounds.height, bounds.width), np.float32)
    colour = np.zeros((bounds.height, bounds.width, 3), np.float32)
    for part in parts:
        where = part.bounds.shift(-bounds.x, -bounds.y).slices
        more = part.alpha > alpha[where]
        alpha[where] = np.where(more, part.alpha, alpha[where])
        colour[where] = np.where(more[..., None], part.colour, colour[where])
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    y0, y1, x0, x1 = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    cut = (slice(y0, y1), slice(x0, x1))
    weights = np.array([part.alpha.sum() for part in parts])
    means = np.average(np.array([part.mean for part in parts]), axis=0, weights=weights)
    red, green, blue = (int(np.clip(round(float(value) * 255), 0, 255)) for value in means)
    text = Text(tuple(part.line for part in parts), (red, green, blue))
    confidence = float(np.average([part.confidence for part in parts], weights=weights))
    place = Bounds(bounds.x + x0, bounds.y + y0, x1 - x0, y1 - y0)
    return Element(Role.TEXT, title(text.content), place, alpha[cut], colour[cut], confidence, text)
