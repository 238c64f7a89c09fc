"""Where things are: rectangles and sizes in whole pixels, y downwards, origin at the top left.

Law: stdlib only; knows no pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Extent(NamedTuple):
    """A size in pixels."""

    width: int
    height: int

    @property
    def area(self) -> int:
        """Number of pixels."""
        return self.width * self.height

    def fit(self, pixels: int, multiple: int = 1) -> Extent:
        """The largest size of the same aspect with at most about `pixels` pixels, never larger than this one.

        Sides are rounded to `multiple` (at least one `multiple`).
        """
        scale = min(1.0, (pixels / self.area) ** 0.5)
        width, height = (max(1, round(side * scale / multiple)) * multiple for side in self)
        return Extent(width, height)


@dataclass(frozen=True, order=True)
class Bounds:
    """A rectangle: `x`, `y` of its top left corner (may be negative), `width` and `height` ≥ 0."""

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 0 or self.height < 0:
            raise ValueError(f"negative size in {self}")

    @classmethod
    def of(cls, extent: Extent) -> Bounds:
        """The rectangle that covers `extent` from the origin."""
        return cls(0, 0, extent.width, extent.height)

    @property
    def right(self) -> int:
        """First column to the right of the rectangle."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """First row below the rectangle."""
        return self.y + self.height

    @property
    def extent(self) -> Extent:
        """Its size."""
        return Extent(self.width, self.height)

    @property
    def empty(self) -> bool:
        """Whether it holds no pixel."""
        return self.width == 0 or self.height == 0

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of this rectangle in a row-major array: `array[bounds.slices]`. Meaningful for x, y ≥ 0."""
        return slice(self.y, self.bottom), slice(self.x, self.right)

    def intersect(self, other: Bounds) -> Bounds:
        """The common part; empty (at this one's corner) when there is none."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        width, height = min(self.right, other.right) - x, min(self.bottom, other.bottom) - y
        return Bounds(x, y, width, height) if width > 0 and height > 0 else Bounds(self.x, self.y, 0, 0)

    def union(self, other: Bounds) -> Bounds:
        """The smallest rectangle around both; an empty one adds nothing."""
        if self.empty or other.empty:
            return other if self.empty else self
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Bounds(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)

    def grow(self, margin: int) -> Bounds:
        """The rectangle with `margin` pixels more on each side."""
        return Bounds(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)

    def shift(self, dx: int, dy: int) -> Bounds:
        """The rectangle moved by (`dx`, `dy`)."""
        return Bounds(self.x + dx, self.y + dy, self.width, self.height)
