"""What a host shows: a stack flattened with the very arithmetic of Krita, GIMP or Photoshop.

Law: knows layers and numbers; no engine, no file. All hosts agree where the topmost visible pixel is solid (it is
copied); they differ in where they round.

    float      premultiplied float32, rounded once at the end (Porter–Duff 1984; every PSD reader that is not Adobe's)
    krita      straight, rounded half to even after every layer. U8: libs/pigment/compositeops/
               KoOptimizedCompositeOpOver32.h: new_alpha = d + (255 − d)·s/255, blend = s/new_alpha,
               c = blend·(src − dst) + dst, KoStreamedMath.h: OptiRound = round to even. U16 (Krita ≥ 5.2) likewise.
               Layer opacity is one byte.
    gimp       straight float, rounded once: app/operations/layer-modes/gimpoperationnormal.c,
               ratio = layer_alpha/out_alpha, out = ratio·(layer − in) + in, in the perceptual composite space
               (GIMP's default of linear light is never used for our layers).
    photoshop  15-bit integers, 0…32768 per channel ("16 bits" in Photoshop, Adobe File Formats Specification);
               its rounding is not public: emulated as round to nearest after each layer.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Layer, LayerStack, Mask, Pixels, Plane, full_scale

Arithmetic: TypeAlias = Literal["float", "krita", "gimp", "photoshop"]
Words: TypeAlias = NDArray[np.uint32] | NDArray[np.uint64]

_STRIP_PIXELS = 1 << 18
"""Pixels flattened at a time, so that the working arrays stay near the cache whatever the picture's size."""
_HALF, _ONE = 1 << 14, 1 << 15


def composite(stack: LayerStack, arithmetic: Arithmetic = "float") -> Pixels:
    """Flatten `stack` as the host would: (H, W, 4) straight RGBA at the stack's depth; colour is 0 where alpha is 0.

    Honours bounds (also outside the canvas) and opacity; layers are taken bottom → top in stack order, groups being
    pass-through. Raises ValueError for a blend mode other than "normal".
    """
    for layer in stack.layers:
        if layer.blend_mode != "normal":
            raise ValueError(f"layer {layer.name!r}: cannot flatten blend mode {layer.blend_mode!r}")
    dtype = np.uint16 if stack.depth == 16 else np.uint8
    out = np.zeros((stack.extent.height, stack.extent.width, 4), dtype)
    if out.size == 0:
        return out
    rows = max(1, _STRIP_PIXELS // stack.extent.width)
    strips = [
        Bounds(0, y, stack.extent.width, min(rows, stack.extent.height - y))
        for y in range(0, stack.extent.height, rows)
    ]
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for _ in pool.map(lambda strip: _flatten(stack.layers, strip, arithmetic, out[strip.slices]), strips):
            pass
    return out


def blend(host: Arithmetic, bottom: Plane, top: Plane, scale: int) -> Plane:
    """One layer over what is below it, in the state that `host` keeps between two layers (see `start`).

    `bottom` (4, n) is such a state, `top` (4, n) straight values 0…`scale` (integers, alpha possibly fractional after
    opacity). Of "float", "krita" and "gimp" any number of colour channels; alpha is the last.
    """
    if host == "float":
        alpha = top[-1] * np.float32(1 / scale)
        out: Plane = bottom * (1 - alpha)
        out[:-1] += top[:-1] * alpha
        out[-1] += top[-1]
        return out
    if host == "photoshop":
        return _blend15(bottom, top, scale)
    unit = np.float32(scale)
    if (bottom[-1] == unit).all():
        new_alpha, ratio = bottom[-1], top[-1] * np.float32(1 / scale)
    else:
        new_alpha = bottom[-1] + (unit - bottom[-1]) * top[-1] * np.float32(1 / scale)
        ratio = np.divide(top[-1], new_alpha, out=np.zeros_like(new_alpha), where=new_alpha > 0)
        if host == "krita":  # a pixel over a solid one does not depend on what its neighbours lie over
            np.multiply(top[-1], np.float32(1 / scale), out=ratio, where=bottom[-1] == unit)
    out = np.empty_like(bottom)
    np.subtract(top[:-1], bottom[:-1], out=out[:-1])
    out[:-1] *= ratio
    out[:-1] += bottom[:-1]
    out[-1] = new_alpha
    if host == "krita":
        np.rint(out, out=out)
    return out


def finish(host: Arithmetic, state: Plane, scale: int) -> Plane:
    """The state after the last layer as straight integers 0…`scale` (still float32), (4, n)."""
    if host == "photoshop":
        out = np.rint(state.astype(np.float64) * (scale / _ONE)).astype(np.float32)
    else:
        out = state.copy()
        if host == "float":
            np.divide(state[:-1] * np.float32(scale), state[-1], out=out[:-1], where=state[-1] > 0)
        np.rint(out, out=out)
    out[:-1] *= out[-1] > 0
    return np.clip(out, 0, scale, out=out)


def _blend15(bottom: Plane, top: Plane, scale: int) -> Plane:
    below = bottom.astype(np.int64)
    above = np.rint(top.astype(np.float64) * (_ONE / scale)).astype(np.int64)
    new_alpha = below[3] + (((_ONE - below[3]) * above[3] + _HALF) >> 15)
    ratio = ((above[3] << 15) + (new_alpha >> 1)) // np.maximum(new_alpha, 1)
    out = np.empty_like(below)
    out[:3] = below[:3] + (((above[:3] - below[:3]) * ratio + _HALF) >> 15)
    out[3] = new_alpha
    return out.astype(np.float32)


def _flatten(layers: tuple[Layer, ...], strip: Bounds, host: Arithmetic, out: Pixels) -> None:
    """Write the strip of the flattened picture into `out` (rows, W, 4), which is zero."""
    mixed = _copy_solid(layers, strip, out)
    if mixed.any():
        _blend_mixed(layers, strip, host, out, mixed)
    if host == "photoshop" and out.dtype == np.uint16:
        out[:] = np.rint(np.rint(out * (_ONE / 65535)) * (65535 / _ONE)).astype(np.uint16)


def _copy_solid(layers: tuple[Layer, ...], strip: Bounds, out: Pixels) -> Mask:
    """Copy the topmost solid pixels; say where something translucent lies above them (or above nothing)."""
    words = _words(out)
    mixed = np.zeros(words.shape, np.bool_)
    for layer in layers:
        box, pixels, strength = _part(layer, strip, out.dtype)
        if pixels is None:
            continue
        alpha, here = pixels[..., 3], mixed[box.slices]
        if strength < 1:
            here |= alpha > 0
            continue
        solid = alpha == full_scale(pixels)
        np.copyto(words[box.slices], _words(pixels), where=solid)
        here |= alpha > 0
        here &= ~solid
    return mixed


def _blend_mixed(layers: tuple[Layer, ...], strip: Bounds, host: Arithmetic, out: Pixels, mixed: Mask) -> None:
    """Blend all layers, bottom to top, at the pixels in `mixed` only."""
    scale = full_scale(out)
    rank = np.full(mixed.shape, -1, np.int32)
    count = int(np.count_nonzero(mixed))
    rank[mixed] = np.arange(count, dtype=np.int32)
    state = np.zeros((4, count), np.float32)
    for layer in layers:
        box, pixels, strength = _part(layer, strip, out.dtype)
        if pixels is None:
            continue
        ranks = rank[box.slices]
        chosen = (ranks >= 0) & (pixels[..., 3] > 0)
        where = ranks[chosen]
        if where.size == 0:
            continue
        top = planar(pixels, chosen)
        top[3] *= np.float32(_opacity(strength, host))
        state[:, where] = blend(host, state[:, where], top, scale)
    straight = finish(host, state, scale).T
    out[mixed] = straight.astype(np.uint8) if scale == 255 else straight.astype(np.uint16)


def planar(pixels: Pixels, chosen: Mask) -> Plane:
    """The chosen pixels as (4, n) float32 in their own scale."""
    picked = np.ascontiguousarray(_words(pixels)[chosen]).view(pixels.dtype).reshape(-1, 4)
    return np.ascontiguousarray(picked.T.astype(np.float32))


def _opacity(opacity: float, host: Arithmetic) -> float:
    """Krita and Photoshop keep layer opacity in one byte."""
    return round(opacity * 255) / 255 if host in ("krita", "photoshop") else opacity


def _part(layer: Layer, strip: Bounds, dtype: np.dtype[np.uint8] | np.dtype[np.uint16]) -> _Part:
    """The layer's pixels inside the strip, where they are in the strip's own coordinates, and its opacity."""
    seen = strip.intersect(layer.bounds)
    if seen.empty or layer.opacity <= 0 or layer.pixels.dtype != dtype:
        return Bounds(0, 0, 0, 0), None, 0.0
    pixels = layer.pixels[seen.shift(-layer.bounds.x, -layer.bounds.y).slices]
    return seen.shift(-strip.x, -strip.y), pixels, layer.opacity


_Part: TypeAlias = "tuple[Bounds, Pixels | None, float]"


def _words(pixels: Pixels) -> Words:
    """(h, w, 4) pixels as (h, w) words, one pixel each, so that a pixel is copied in one move."""
    if pixels.strides[-1] != pixels.itemsize or pixels.strides[1] != 4 * pixels.itemsize:
        pixels = cast(Pixels, np.ascontiguousarray(pixels))
    word = np.uint32 if pixels.dtype == np.uint8 else np.uint64
    return cast(Words, pixels.view(word)[..., 0])
