"""Off the ground again: alpha and colours against the truth they were made from (Smith & Blinn, SIGGRAPH 1996)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerlift.engines.qwen.family.ground import ground_for
from layerlift.engines.qwen.family.matte import Matte, rematte

SIDE = 256
Plane = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Truth:
    """A layer (colours 0–1, alpha 0–1), what it looks like on its ground as a model would paint it, and the ground."""

    colours: Plane
    alpha: Plane
    shown: NDArray[np.uint8]
    ground: tuple[int, int, int]

    def errors(self, matte: Matte) -> tuple[float, float, float]:
        """Mean error of alpha over the picture, over its soft pixels, and of colours where alpha > 0.3."""
        alpha = matte.pixels[..., 3] / 255
        wrong = np.abs(alpha - self.alpha)
        soft = (self.alpha > 0) & (self.alpha < 1)
        colour = np.abs(matte.pixels[..., :3] / 255 - self.colours)[self.alpha > 0.3]
        return float(wrong.mean()), float(wrong[soft].mean()), float(colour.mean())

    def keyed(self) -> tuple[float, float]:
        """The same two errors of alpha for a plain threshold on the distance from the ground."""
        alpha = np.linalg.norm(self.shown / 255 - np.array(self.ground) / 255, axis=2) > 0.3
        wrong = np.abs(alpha - self.alpha)
        return float(wrong.mean()), float(wrong[(self.alpha > 0) & (self.alpha < 1)].mean())


def shape(kind: str) -> Plane:
    scale = 8
    big = np.zeros((SIDE * scale,) * 2, np.uint8)
    middle, radius = (SIDE * scale // 2,) * 2, SIDE * scale // 4
    cv2.circle(big, middle, radius, 255, -1)
    if kind == "hair":
        for angle in np.linspace(0, 2 * np.pi, 60, endpoint=False):
            end = np.rint(np.array(middle) + 1.6 * radius * np.array((np.cos(angle), np.sin(angle)))).astype(int)
            cv2.line(big, middle, tuple(end.tolist()), 255, 12)
    small = cv2.resize(big, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return cv2.GaussianBlur(small, (0, 0), 5) if kind == "blur" else small


def scene(alpha: Plane, noise: float, *, grey: bool = False) -> Truth:
    """`alpha` over a ground with the shade that a model paints into it (3 %) and Gaussian noise (levels)."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    colours = np.dstack([0.75 + 0.2 * np.sin(12 * x), 0.35 + 0.25 * y, 0.25 + 0.1 * np.cos(15 * y)])
    if grey:
        colours = np.repeat((0.55 + 0.3 * np.sin(40 * x) * np.sin(40 * y))[..., None], 3, 2)
    layer = np.rint(np.dstack([colours, alpha]) * 255).astype(np.uint8)
    ground = ground_for(layer)
    behind = np.array(ground.colour, np.float32) / 255 + np.dstack([0.03 * x, -0.03 * y, 0.02 * x])
    shown = alpha[..., None] * colours + (1 - alpha[..., None]) * behind.clip(0, 1)
    shown = 255 * shown + np.random.default_rng(0).normal(0, noise, shown.shape)
    return Truth(colours, alpha, np.rint(shown.clip(0, 255)).astype(np.uint8), ground.colour)


@pytest.mark.parametrize("noise", [0.0, 3.0])
@pytest.mark.parametrize(
    ("kind", "whole", "soft", "colour"),
    [("disc", 0.001, 0.02, 0.015), ("hair", 0.015, 0.07, 0.04), ("blur", 0.006, 0.03, 0.03)],
)
def test_alpha_and_colours_come_back(kind: str, whole: float, soft: float, colour: float, noise: float) -> None:
    truth = scene(shape(kind), noise)
    matte = rematte(truth.shown, truth.ground)
    errors, keyed = truth.errors(matte), truth.keyed()
    assert matte.trusted
    assert errors[0] < whole
    assert errors[1] < soft
    assert errors[2] < colour
    # at the edge, where a matte is needed, several times better than cutting by distance
    assert errors[1] < keyed[1] / 3


def test_what_is_inside_is_opaque_however_it_is_shaded() -> None:
    """Grey shading lies on lines towards a coloured ground: it must not be mistaken for translucency."""
    truth = scene(shape("disc"), 2.0, grey=True)
    alpha = rematte(truth.shown, truth.ground).pixels[..., 3]
    inside = cv2.erode((truth.alpha == 1).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert (alpha[inside] == 255).mean() > 0.995
    assert alpha[truth.alpha == 0].max() <= 20


def test_noise_on_the_ground_makes_no_specks() -> None:
    """Where the ground is at the edge of the colour cube, the least alpha of a pixel a little beyond it would be 1."""
    truth = scene(shape("blur"), 3.0)
    far = cv2.dilate((truth.alpha > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    alpha = rematte(truth.shown, truth.ground).pixels[..., 3]
    assert (alpha[far] > 25).sum() == 0
    assert (alpha[far] > 0).mean() < 0.01


def test_layer_over_ground_is_the_edited_picture_again() -> None:
    """F is solved from the matting equation, so what it explains, it explains exactly (up to rounding and shade)."""
    truth = scene(shape("blur"), 0.0)
    pixels = rematte(truth.shown, truth.ground).pixels / 255
    again = pixels[..., 3:] * pixels[..., :3] + (1 - pixels[..., 3:]) * np.array(truth.ground) / 255
    off = np.abs(again - truth.shown / 255)
    assert off.mean() < 0.01
    assert np.percentile(off, 99) < 0.05


def test_thin_letters_keep_their_own_colour() -> None:
    written = np.zeros((SIDE, SIDE), np.bool_)
    written[60:200, 40:42] = written[60:200, 90:92] = written[128:130, 42:90] = True  # H
    written[60:200, 130:133] = written[197:200, 130:180] = True  # L
    shown = np.where(written[..., None], np.uint8((250, 180, 20)), np.uint8((0, 0, 255)))
    pixels = rematte(shown, (0, 0, 255)).pixels
    assert (pixels[..., 3] == np.where(written, 255, 0)).all()
    assert (pixels[written][:, :3] == (250, 180, 20)).all()


def test_glass_stays_glass_where_it_was_before() -> None:
    alpha = np.zeros((SIDE, SIDE), np.float32)
    alpha[40:200, 40:200], alpha[90:150, 90:150] = 0.5, 1
    truth = scene(alpha, 1.0)
    before = np.rint(alpha * 255).astype(np.uint8)
    with_it, without = (rematte(truth.shown, truth.ground, was).pixels[..., 3] / 255 for was in (before, None))
    pane = np.zeros_like(alpha, np.bool_)
    pane[50:80, 50:190] = True
    assert np.abs(with_it[pane] - 0.5).mean() < 0.03
    assert np.abs(without[pane] - 0.5).mean() > 0.3  # one picture on one ground cannot tell
    assert with_it[100:140, 100:140].min() == 1


def test_colours_go_on_where_nothing_is_seen() -> None:
    """So that the former alpha can be put on a layer whose shape shrank, without a rim of ground."""
    truth = scene(shape("disc"), 0.0)
    pixels = rematte(truth.shown, truth.ground).pixels
    ring = (truth.alpha == 0) & (cv2.dilate(truth.alpha, np.ones((9, 9), np.uint8)) > 0)
    away = np.linalg.norm(pixels[ring][:, :3].astype(float) - truth.ground, axis=1)
    assert away.min() > 120


def test_a_ground_that_was_not_kept_is_not_trusted() -> None:
    random = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    before = np.zeros((SIDE, SIDE), np.uint8)
    before[60:200, 60:200] = 255
    assert not rematte(random, (0, 255, 0), before).trusted
    truth = scene(shape("disc"), 2.0)
    assert rematte(truth.shown, truth.ground, (truth.alpha * 255).astype(np.uint8)).held > 0.99


@pytest.mark.parametrize("colour", [(0, 255, 0), (250, 120, 30)])
def test_all_ground_and_no_ground_at_all(colour: tuple[int, int, int]) -> None:
    shown = np.empty((40, 50, 3), np.uint8)
    shown[:] = colour
    pixels = rematte(shown, (0, 255, 0)).pixels
    assert (pixels[..., 3] == (0 if colour == (0, 255, 0) else 255)).all()
    assert (pixels[..., :3] == colour).all()
