"""The matting Laplacian as an operator: applied by box filters, never built as a matrix.

Law: mathematics on planes; knows no trimaps and no elements.
Source: A. Levin, D. Lischinski, Y. Weiss, "A Closed-Form Solution to Natural Image Matting", PAMI 30(2), 2008, eq. 12;
its product with a vector by window sums: K. He, J. Sun, X. Tang, "Fast Matting Using Large Kernel Matting Laplacian
Matrices", CVPR 2010, §3.2, eqs. 8–11.
"""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Plane

Wide: TypeAlias = NDArray[np.float64]
_T = TypeVar("_T", Plane, Wide)


class MattingLaplacian:
    """L of one image (H, W, 3) float 0–1, for windows of (2 `radius` + 1)² that lie wholly inside it.

    Statistics are taken in float64 (variances of flat windows sink below float32's rounding), products in float32.
    """

    def __init__(self, image: Plane, epsilon: float, radius: int = 1) -> None:
        height, width = image.shape[:2]
        self._side = 2 * radius + 1
        self._count = self._side**2
        inside = np.zeros((height, width))
        inside[radius : height - radius, radius : width - radius] = 1
        self._image = [np.ascontiguousarray(image[..., c], np.float32) for c in range(3)]
        self._inside = inside.astype(np.float32)
        self._windows: Plane = self._sums(self._inside)
        mean, inverse = self._statistics(image.astype(np.float64), epsilon)
        self._mean = [plane.astype(np.float32) for plane in mean]
        self._inverse = [(plane * inside).astype(np.float32) for plane in inverse]

    def __call__(self, alpha: Plane) -> Plane:
        """L·alpha for a float32 plane (H, W)."""
        *slopes, offset = self._affine(alpha)
        out: Plane = self._windows * alpha - self._sums(offset)
        for slope, channel in zip(slopes, self._image, strict=True):
            out -= self._sums(slope) * channel
        return out

    def diagonal(self) -> Plane:
        """The diagonal of L (for a Jacobi preconditioner), at least 1e-6."""
        wide = [plane.astype(np.float64) for plane in self._inverse]
        mean = [plane.astype(np.float64) for plane in self._mean]
        pixel = [plane.astype(np.float64) for plane in self._image]
        lean = _product(wide, mean)
        sums = [self._sums(plane) for plane in wide]
        square = _dot(pixel, _product(sums, pixel))
        square -= 2 * _dot([self._sums(plane) for plane in lean], pixel)
        square += self._sums(_dot(lean, mean))
        diagonal = self._windows - (self._windows + square) / self._count
        return np.maximum(diagonal, 1e-6).astype(np.float32)

    def affine(self, alpha: Plane) -> Plane:
        """The guided filter's averaged maps (H, W, 4): alpha ≈ maps[..., :3]·colour + maps[..., 3].

        Source: K. He, J. Sun, X. Tang, "Guided Image Filtering", PAMI 35(6), 2013, eqs. 14–16.
        """
        weight = 1 / np.maximum(self._windows, 1)
        return np.dstack([self._sums(plane) * weight for plane in self._affine(alpha)]).astype(np.float32)

    def _affine(self, alpha: Plane) -> list[Plane]:
        """Per window the alpha that is affine in colour: three slopes and an offset, zero for windows not inside."""
        share = np.float32(1 / self._count)
        level = self._sums(alpha) * share
        covariance = [
            self._sums(alpha * channel) * share - mean * level
            for channel, mean in zip(self._image, self._mean, strict=True)
        ]
        slopes = _product(self._inverse, covariance)
        return [*slopes, level * self._inside - _dot(slopes, self._mean)]

    def _statistics(self, image: Wide, epsilon: float) -> tuple[list[Wide], list[Wide]]:
        """Mean colour and the inverse of the regularised covariance (upper triangle, six planes) of every window."""
        share = 1 / self._count
        channel = [np.ascontiguousarray(image[..., c]) for c in range(3)]
        mean = [self._sums(plane) * share for plane in channel]
        second = [
            self._sums(channel[i] * channel[j]) * share - mean[i] * mean[j] + (epsilon * share if i == j else 0)
            for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
        ]
        return mean, _inverted(second)

    def _sums(self, plane: _T) -> _T:
        """Window sums, zero beyond the frame."""
        size = (self._side, self._side)
        sums = cv2.boxFilter(plane, -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)
        return sums.astype(plane.dtype, copy=False)


def _inverted(matrix: list[Wide]) -> list[Wide]:
    """The inverse of symmetric 3×3 matrices given and returned as six planes (upper triangle, row by row)."""
    rr, rg, rb, gg, gb, bb = matrix
    cofactors = (
        gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg,
        rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg,
    )  # fmt: skip
    determinant = rr * cofactors[0] + rg * cofactors[1] + rb * cofactors[2]
    return [plane / determinant for plane in cofactors]


def _product(matrix: list[_T], vector: list[_T]) -> list[_T]:
    """Symmetric 3×3 matrices (six planes) times vectors (three planes)."""
    xx, xy, xz, yy, yz, zz = matrix
    x, y, z = vector
    return [xx * x + xy * y + xz * z, xy * x + yy * y + yz * z, xz * x + yz * y + zz * z]


def _dot(a: list[_T], b: list[_T]) -> _T:
    out: _T = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return out
