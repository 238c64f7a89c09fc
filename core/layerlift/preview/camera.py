"""Where planes in space appear on paper.

Law: numbers only. The space: x to the right and y down along the canvas, z up from it; the canvas's longest side is 1
and its centre the origin. The camera looks down at it, turned by `yaw` and tilted by `pitch`, in perspective.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """`yaw` and `pitch` in degrees (0, 0: straight from above); `distance` from the origin in canvas sides."""

    yaw: float = -27.0
    pitch: float = 50.0
    distance: float = 5.5

    def project(self, points: Points) -> Points:
        """(n, 3) points in space → (n, 2) on paper, y downwards, in canvas sides."""
        yaw, pitch = np.radians(self.yaw), np.radians(self.pitch)
        x = points[:, 0] * np.cos(yaw) - points[:, 1] * np.sin(yaw)
        y = points[:, 0] * np.sin(yaw) + points[:, 1] * np.cos(yaw)
        nearness = y * np.sin(pitch) + points[:, 2] * np.cos(pitch)
        scale = self.distance / (self.distance - nearness)
        flat = np.stack([x, y * np.cos(pitch) - points[:, 2] * np.sin(pitch)], axis=1)
        projected: Points = flat * scale[:, None]
        return projected


def plane(width: float, height: float, z: float) -> Points:
    """(4, 3) corners of the canvas at height `z`: top left, top right, bottom right, bottom left."""
    x, y = width / 2, height / 2
    return np.array([(-x, -y, z), (x, -y, z), (x, y, z), (-x, y, z)])


def homography(source: Points, target: Points) -> tuple[float, ...]:
    """The eight coefficients a…h with which Pillow's PERSPECTIVE finds, for a `target` point, its `source` point:
    x' = (a x + b y + c) / (g x + h y + 1), y' = (d x + e y + f) / (g x + h y + 1). Both (4, 2), in pixels."""
    rows, right = [], []
    for (sx, sy), (x, y) in zip(source, target, strict=True):
        rows += [(x, y, 1, 0, 0, 0, -sx * x, -sx * y), (0, 0, 0, x, y, 1, -sy * x, -sy * y)]
        right += [sx, sy]
    return tuple(float(value) for value in np.linalg.solve(np.array(rows), np.array(right)))


def transformed(points: Points, coefficients: tuple[float, ...]) -> Points:
    """(n, 2) points through the eight coefficients of a homography."""
    a, b, c, d, e, f, g, h = coefficients
    x, y = points[:, 0], points[:, 1]
    moved: Points = np.stack([a * x + b * y + c, d * x + e * y + f], axis=1) / (g * x + h * y + 1)[:, None]
    return moved


def rectangle(left: float, top: float, right: float, bottom: float) -> Points:
    """(4, 2) its corners, in the order of `plane`."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)
