"""The noun of the quick engine: an Element, a thing found in the picture that will become a layer.

Law: a value; working space only (float32 0–1, straight, sRGB-encoded, the engine's working size).
"""

from __future__ import annotations

from dataclasses import dataclass

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Plane, Role, Text


@dataclass(frozen=True, eq=False)
class Element:
    """A thing of its own in the working picture.

    `alpha` (h, w) and `colour` (h, w, 3) cover exactly `bounds`. Alpha is complete: where something above hides the
    element, alpha and colour are the element's own, continued as well as we can. `colour` is straight and valid
    wherever alpha > 0. `confidence` (0–1): how sure we are that this is one thing.
    """

    role: Role
    name: str
    bounds: Bounds
    alpha: Plane
    colour: Plane
    confidence: float = 1.0
    text: Text | None = None

    def __post_init__(self) -> None:
        size = (self.bounds.height, self.bounds.width)
        if self.alpha.shape != size or self.colour.shape != (*size, 3):
            raise ValueError(f"{self.name!r}: alpha {self.alpha.shape}, colour {self.colour.shape} and {self.bounds}")
