"""The membrane: the smoothest surface that hangs from given values, and its twin with prescribed steps.

Law: linear algebra on a pixel grid; knows no pictures, no patches, no decisions.
Sources: P. Pérez, M. Gangnet, A. Blake, "Poisson Image Editing", SIGGRAPH 2003, eq. 4 (discrete form, eq. 7);
W. L. Briggs, V. E. Henson, S. F. McCormick, "A Multigrid Tutorial", 2nd ed., ch. 3 (V-cycle) and 8 (coarse operator).
Inside, channels come first: (C, H, W). The coarse grids are resistor networks: 2×2
cells melt into one, parallel wires add, wires of twice the length halve.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from layerlift.imaging.layer import Mask, Plane

_SMOOTHINGS = 3
_COARSEST = 4
"""Cells a side of the coarsest grid at most: so few are solved directly."""
_FAINT = 1e-5
"""Eigenvalues below this share of the largest are rounding: parts that hang from nothing stay where they are."""
_OMEGA = np.float32(0.8)
"""Damping of the Jacobi iteration: 4/5 is the classical optimum for the five-point Laplacian."""


@dataclass(frozen=True, eq=False)
class _Grid:
    """One level: wires to the right (`wx`) and downwards (`wy`) of every cell, and the sum `diagonal` at each."""

    wx: Plane
    wy: Plane
    diagonal: Plane
    inverse: Plane


def harmonic(image: Plane, hole: Mask, known: Mask | None = None, cycles: int = 2) -> Plane:
    """The membrane over `hole`.

    `image` (H, W, C) float32; `hole` (H, W); `known` (H, W) the pixels from which it hangs (default: outside the
    hole); cells that are neither take no part. Returns a copy of `image`; where nothing is known it is left at 0.
    """
    anchors = (~hole if known is None else known & ~hole).astype(np.float32)
    inside = hole.astype(np.float32)
    reach = inside + anchors
    wires = _neighbours(reach) * inside
    grid = _grid(inside, wires)
    load = _planes(image * anchors[..., None])
    load = np.stack([_neighbours(plane) * inside for plane in load])
    out: Plane = image.copy()
    out[hole] = _solve(_levels(grid), load, cycles).transpose(1, 2, 0)[hole]
    return out


def stitch(load: Plane, hole: Mask, wires: Plane, cycles: int = 2, tie: float = 0.0) -> Plane:
    """Solve (n + `tie`)·u − Σ u_neighbours = `load` over `hole`, u = 0 at every other wired neighbour.

    `wires` (H, W) float32 counts the neighbours a cell is tied to, inside and outside of the hole. With a `tie`
    (screened Poisson: P. Bhat et al., "Fourier Analysis of the 2D Screened Poisson Equation for Gradient Domain
    Problems", ECCV 2008, eq. 3) u fades over about 1/√tie pixels from what loads it. Returns u (H, W, C).
    """
    inside = hole.astype(np.float32)
    diagonal = (wires + np.float32(tie)) * inside
    solution = _solve(_levels(_grid(inside, diagonal)), _planes(load * inside[..., None]), cycles)
    return np.ascontiguousarray(solution.transpose(1, 2, 0))


def _planes(image: Plane) -> Plane:
    return np.ascontiguousarray(image.transpose(2, 0, 1))


def _neighbours(plane: Plane) -> Plane:
    """Sum over the four neighbours; outside of the picture there is nothing."""
    cross = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32)
    out: Plane = cv2.filter2D(plane, -1, cross, borderType=cv2.BORDER_CONSTANT).astype(np.float32, copy=False)
    return out


def _made(wx: Plane, wy: Plane, diagonal: Plane) -> _Grid:
    inverse = np.zeros_like(diagonal)
    np.divide(1, diagonal, out=inverse, where=diagonal > 1e-6)
    return _Grid(wx, wy, diagonal, inverse)


def _grid(inside: Plane, diagonal: Plane) -> _Grid:
    wx, wy = np.zeros_like(inside), np.zeros_like(inside)
    wx[:, :-1] = inside[:, :-1] * inside[:, 1:]
    wy[:-1] = inside[:-1] * inside[1:]
    return _made(wx, wy, diagonal)


def _pool(plane: Plane) -> Plane:
    """Sum of 2×2 cells of (…, H, W); odd sides are padded with nothing."""
    height, width = plane.shape[-2:]
    padded = np.pad(plane, ((0, 0),) * (plane.ndim - 2) + ((0, height % 2), (0, width % 2)))
    out: Plane = padded[..., 0::2, 0::2] + padded[..., 1::2, 0::2] + padded[..., 0::2, 1::2] + padded[..., 1::2, 1::2]
    return out


def _levels(grid: _Grid) -> list[_Grid]:
    """The grid and all coarser ones, finest first."""
    levels = [grid]
    while max(levels[-1].wx.shape) > _COARSEST:
        levels.append(_coarser(levels[-1]))
    return levels


def _coarser(grid: _Grid) -> _Grid:
    inner_x, outer_x = grid.wx.copy(), grid.wx.copy()
    inner_x[:, 1::2], outer_x[:, 0::2] = 0, 0
    inner_y, outer_y = grid.wy.copy(), grid.wy.copy()
    inner_y[1::2], outer_y[0::2] = 0, 0
    wx, wy = _pool(outer_x), _pool(outer_y)
    total = _pool(grid.diagonal) - 2 * (_pool(inner_x) + _pool(inner_y))
    ties = np.maximum(0, total - _between(wx, wy))  # what is left is tied to anchors
    wx, wy = wx * np.float32(0.5), wy * np.float32(0.5)
    return _made(wx, wy, ties + _between(wx, wy))


def _between(wx: Plane, wy: Plane) -> Plane:
    """Per cell, the sum of its wires to other cells."""
    out = wx + wy
    out[:, 1:] += wx[:, :-1]
    out[1:] += wy[:-1]
    return out


def _pull(grid: _Grid, u: Plane) -> Plane:
    """Σ wire · neighbour."""
    wx, wy = grid.wx[:, :-1], grid.wy[:-1]
    out = np.zeros_like(u)
    out[..., :-1] = wx * u[..., 1:]
    out[..., 1:] += wx * u[..., :-1]
    out[..., :-1, :] += wy * u[..., 1:, :]
    out[..., 1:, :] += wy * u[..., :-1, :]
    return out


def _smooth(grid: _Grid, u: Plane, load: Plane, times: int) -> Plane:
    step = grid.inverse * _OMEGA
    keep = 1 - _OMEGA
    for _ in range(times):
        new = _pull(grid, u)
        new += load
        new *= step
        u = u * keep
        u += new
    return u


def _solved(grid: _Grid, load: Plane) -> Plane:
    """The coarsest network's exact solution, of least norm where it hangs from nothing."""
    height, width = grid.wx.shape
    cell = np.arange(height * width).reshape(height, width)
    matrix = np.diag(grid.diagonal.ravel().astype(np.float64))
    for wires, one, other in (
        (grid.wx[:, :-1], cell[:, :-1], cell[:, 1:]),
        (grid.wy[:-1], cell[:-1], cell[1:]),
    ):
        matrix[one.ravel(), other.ravel()] = matrix[other.ravel(), one.ravel()] = -wires.ravel()
    inverse = np.linalg.pinv(matrix, rcond=_FAINT, hermitian=True)
    return (load.reshape(len(load), -1) @ inverse).astype(np.float32).reshape(load.shape)


def _refine(u: Plane, grid: _Grid) -> Plane:
    """Coarse values on the finer grid: smoothed among the cells that exist."""
    height, width = grid.wx.shape
    weight = (grid.inverse > 0).astype(np.float32)
    share = weight / np.maximum(cv2.blur(weight, (3, 3), borderType=cv2.BORDER_CONSTANT), 1e-6)
    out = np.empty((len(u), height, width), np.float32)
    for plane, target in zip(u, out, strict=True):
        big = np.repeat(np.repeat(plane, 2, 0), 2, 1)[:height, :width] * weight
        target[:] = cv2.blur(big, (3, 3), borderType=cv2.BORDER_CONSTANT) * share
    return out


def _solve(levels: list[_Grid], load: Plane, cycles: int) -> Plane:
    """Full multigrid: solve the coarse network first, then polish with V-cycles on the way up."""
    grid, *coarser = levels
    if not coarser:
        return _solved(grid, load)
    u = _refine(_solve(coarser, _pool(load), cycles), grid)
    for _ in range(cycles):
        u = _cycle(levels, u, load)
    return _smooth(grid, u, load, _SMOOTHINGS)


def _cycle(levels: list[_Grid], u: Plane, load: Plane) -> Plane:
    grid, *coarser = levels
    if not coarser:
        return _solved(grid, load)
    u = _smooth(grid, u, load, _SMOOTHINGS)
    residual = load + _pull(grid, u) - grid.diagonal * u
    correction = _cycle(coarser, np.zeros((len(u), *coarser[0].wx.shape), np.float32), _pool(residual))
    return _smooth(grid, u + _refine(correction, grid), load, _SMOOTHINGS)
