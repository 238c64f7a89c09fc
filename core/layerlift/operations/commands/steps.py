"""What an exact command says, as values.

Law: stdlib only; no words of any language, no pixels. Directions are the screen's: x to the right, y downwards, angles
clockwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Unit: TypeAlias = Literal["px", "%"]
Axis: TypeAlias = Literal["both", "horizontal", "vertical"]
Place: TypeAlias = Literal["front", "back", "forward", "backward"]


@dataclass(frozen=True)
class Move:
    """By `dx`, `dy` whole pixels, or per cent of the canvas' width and height."""

    dx: float
    dy: float
    unit: Unit = "px"


@dataclass(frozen=True)
class Centre:
    """To the middle of the canvas."""

    axis: Axis = "both"


@dataclass(frozen=True)
class Scale:
    """By the factors `x` and `y` (> 0), about the centre."""

    x: float
    y: float


@dataclass(frozen=True)
class Resize:
    """To so many pixels; a side that is None keeps the aspect."""

    width: int | None
    height: int | None


@dataclass(frozen=True)
class Rotate:
    """By `degrees` clockwise, about the centre."""

    degrees: float


@dataclass(frozen=True)
class Flip:
    """Left to right ("horizontal") or upside down ("vertical")."""

    axis: Literal["horizontal", "vertical"] = "horizontal"


@dataclass(frozen=True)
class Recolour:
    """To the sRGB colour `colour` (0–255 each)."""

    colour: tuple[int, int, int]


@dataclass(frozen=True)
class Opacity:
    """To `value` (0–1) of full."""

    value: float


@dataclass(frozen=True)
class Show:
    """Seen, or hidden."""

    visible: bool


@dataclass(frozen=True)
class Delete:
    """Gone."""


@dataclass(frozen=True)
class Order:
    """Where in the stack."""

    place: Place


Step: TypeAlias = Move | Centre | Scale | Resize | Rotate | Flip | Recolour | Opacity | Show | Delete | Order


@dataclass(frozen=True)
class Command:
    """One step for one `target`, in the user's words (None: the same as before, or the only one there is)."""

    target: str | None
    step: Step
