"""Off the plain ground again: a soft alpha and clean colours for an edited picture whose ground is known.

Law: mathematics on one picture; knows no model. All colours in sRGB, 0–1, as the ground was laid in.
Sources: A. R. Smith, J. F. Blinn, "Blue Screen Matting", SIGGRAPH 1996: the matting equation C = αF + (1 − α)B (eq. 1)
has with B known four unknowns in three equations, hence it needs one more assumption. Here it is: at an edge, F is the
colour of the nearest pixel that is surely foreground. Then
    α = (C − B)·(F − B) / |F − B|²      (the least-squares solution for α of eq. 1, F and B given)
wherever C lies on the line from B to F, and |C − B| / |F − B| where it does not (an outline of another colour).
No F in 0–1 can explain C with less than
    α ≥ max_c (C_c − B_c)/(1 − B_c) if C_c > B_c, else (B_c − C_c)/B_c
(ibid., "bounds"), which is the least that α is. Last, F = (C − (1 − α)B)/α: what is left of the ground in the colours
(its "spill") is taken out exactly, so that layer over ground is the edited picture again.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.qwen.family.ground import Colour
from layerlift.engines.qwen.family.solid import nearest_colours, solid
from layerlift.imaging.layer import Mask, Plane

_NEAR = 0.28
"""How far (of 1) a model's ground may be off the one it was given and still be it: it paints shades and vignettes."""
_LEAST = 0.02
"""Where noise ends on a perfectly plain ground, in distance from it."""
_HELD = 0.5
"""Share of the former surroundings that must still be ground; with less, the model has painted a scene of its own."""
_SOLID = 0.95
_SAMPLES = 20_000


@dataclass(frozen=True, eq=False)
class Matte:
    """A layer off its ground: `pixels` (h, w, 4) uint8 straight RGBA, with colours continued where alpha is 0; `held`:
    how much of what should be ground was found to be (0–1); `trusted` only where that is enough."""

    pixels: NDArray[np.uint8]
    held: float

    @property
    def trusted(self) -> bool:
        """Whether the alpha means something."""
        return self.held >= _HELD


def rematte(edited: NDArray[np.uint8], ground: Colour, before: NDArray[np.uint8] | None = None) -> Matte:
    """Take what `edited` (h, w, 3) uint8 shows off the plain `ground` that it was laid on.

    `before` (h, w) uint8: the layer's alpha before the edit. It says where ground must be (to judge whether the model
    kept it), and what is evenly translucent (glass, a shadow), which no single picture on one ground can tell.
    """
    image: Plane = edited * np.float32(1 / 255)
    plain: Plane = np.array(ground, np.float32) * np.float32(1 / 255)
    alike = np.linalg.norm(image - plain, axis=2) < _NEAR
    outside = _frame(alike.shape) if before is None or (before > 0).all() else before == 0
    held = float(alike[outside].mean())
    back, noise = _surface(image, plain, alike)
    off = image - back
    distance = np.linalg.norm(off, axis=2)
    doubt = max(_LEAST, 3 * noise)
    empty = distance < doubt
    sure = solid(off, empty)
    front = nearest_colours(image, off, empty, sure)
    least = _bound(image, back, doubt)
    alpha = np.maximum(_alpha(back, front, off, distance), least)
    alpha[sure] = 1
    if before is not None:
        _keep_translucent(alpha, before, sure, least)
    alpha[empty] = 0
    colours = _clean(image, back, front, alpha)
    pixels = np.dstack([colours, alpha])
    return Matte(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8), held)


def _frame(shape: tuple[int, ...]) -> Mask:
    """The outermost two pixels."""
    out = np.ones(shape, np.bool_)
    out[2:-2, 2:-2] = False
    return out


def _surface(image: Plane, plain: Plane, alike: Mask) -> tuple[Plane, float]:
    """The ground as the model painted it, a quadratic in x and y fitted to what looks like it, and its noise."""
    height, width = alike.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], 2)
    index = np.flatnonzero(alike)
    index = index[:: max(1, len(index) // _SAMPLES)]
    if len(index) < 50:
        return np.broadcast_to(plain, image.shape).astype(np.float32), 0.0
    basis, values = terms.reshape(-1, 6)[index], image.reshape(-1, 3)[index]
    inlier = np.ones(len(index), np.bool_)
    coefficients = np.zeros((6, 3), np.float32)
    for limit in (_NEAR, _NEAR / 4, _NEAR / 8, _NEAR / 8):
        ridge = 1e-3 * np.eye(6, dtype=np.float32)
        part = basis[inlier]
        coefficients = np.linalg.solve(part.T @ part + ridge, part.T @ (values[inlier] - plain)).astype(np.float32)
        residual = np.linalg.norm(values - plain - basis @ coefficients, axis=1)
        if (residual < limit).sum() >= 50:
            inlier = residual < limit
    noise = float(np.sqrt(np.mean(residual[inlier] ** 2)))
    surface: Plane = np.clip(plain + terms @ coefficients, 0, 1)
    return surface, min(noise, _NEAR / 8)


def _alpha(back: Plane, front: Plane, off: Plane, distance: Plane) -> Plane:
    """The equations of the module's docstring."""
    span = front - back
    length = np.maximum(np.linalg.norm(span, axis=2), 1e-3)
    along = (off * span).sum(2)
    cosine = along / np.maximum(length * distance, 1e-6)
    on_line = np.clip((cosine - 0.9) / 0.08, 0, 1)
    alpha = on_line * along / length**2 + (1 - on_line) * distance / length
    out: Plane = np.clip(alpha, 0, 1)
    return out


def _bound(image: Plane, back: Plane, doubt: float) -> Plane:
    """The least alpha with which a colour in 0–1 over `back` can make `image`; differences up to `doubt` are noise, for
    which a ground at the edge of the colour cube has no room: it would be taken for opaque."""
    room = np.where(image > back, 1 - back, back)
    beyond = np.maximum(np.abs(image - back) - doubt, 0)
    out: Plane = (beyond / np.maximum(room, 1e-3)).max(2).clip(0, 1)
    return out


def _keep_translucent(alpha: Plane, before: NDArray[np.uint8], sure: Mask, bound: Plane) -> None:
    """In place: what was evenly translucent before and still can be, is."""
    former = before * np.float32(1 / 255)
    even = cv2.erode(former, np.ones((5, 5), np.uint8)) > cv2.dilate(former, np.ones((5, 5), np.uint8)) - 0.1
    glass = sure & even & (former > 0) & (former < _SOLID) & (bound <= former + 0.05)
    alpha[glass] = np.maximum(former, bound)[glass]


def _clean(image: Plane, back: Plane, front: Plane, alpha: Plane) -> Plane:
    """Colours without the ground; the nearest foreground's where there is nothing to see."""
    share = alpha[..., None]
    own = (image - (1 - share) * back) / np.maximum(share, 1e-3)
    out: Plane = np.where(share > _LEAST, np.clip(own, 0, 1), front)
    return out
