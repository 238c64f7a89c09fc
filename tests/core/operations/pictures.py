"""Pictures, selections and engines for the tests of operations."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from layerlift.engines.fake import FakeEngine
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Document, Layer, LayerStack, Role


def scene(width: int = 180, height: int = 120, dtype: type = np.uint8, icc: bytes | None = None) -> Document:
    """A smooth ground with a disc on it and a little noise."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    ground = np.stack([0.3 + 0.4 * x / width, 0.5 + 0 * x, 0.7 - 0.4 * y / height], axis=2)
    disc = (x - width * 0.3) ** 2 + (y - height * 0.5) ** 2 < (0.18 * height) ** 2
    ground[disc] = (0.9, 0.2, 0.1)
    ground += np.random.default_rng(3).normal(0, 0.004, ground.shape)
    top = np.iinfo(dtype).max
    pixels = np.full((height, width, 4), top, dtype)
    pixels[..., :3] = np.clip(np.rint(ground * top), 0, top)
    return Document(pixels, "Scene", icc)


def selection(document: Document, soft: float = 0) -> np.ndarray:
    """The disc of `scene`, a little wider, its edge blurred by `soft`."""
    width, height = document.extent
    mask = np.zeros((height, width), np.uint8)
    cv2.circle(mask, (round(width * 0.3), round(height * 0.5)), round(0.25 * height), 255, -1)
    return cv2.GaussianBlur(mask, (0, 0), soft) if soft else mask


def on_top(document: Document, stack: LayerStack, at: tuple[int, int] = (0, 0)) -> np.ndarray:
    """What one sees when the stack lies over the document."""
    bottom = Layer("Original", Role.BACKGROUND, Bounds.of(document.extent).shift(*at), document.pixels)
    return composite(replace(stack, layers=(bottom, *stack.layers)))


class Small(FakeEngine):
    """The fake, at a few pixels: everything must be enlarged."""

    info = replace(FakeEngine.info, working_pixels=48 * 32, multiple=8)


class Narrow(FakeEngine):
    """The fake that can do little."""

    info = replace(FakeEngine.info, operations=("decompose",))
