"""Veils: even translucent rectangles over a photograph, found with their opacity and lifted without a trace."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from layerlift.engines.port import DecomposeRequest
from layerlift.engines.quick import veils
from layerlift.engines.quick.cutouts import saliency
from layerlift.engines.quick.element import Element
from layerlift.engines.quick.engine import QuickEngine
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Role
from layerlift.progress import Progress

HEIGHT, WIDTH = 360, 480
NOTHING = np.zeros((HEIGHT, WIDTH), bool)


def photograph(seed: int = 4) -> np.ndarray:
    """(H, W, 3) float32 in whole levels: leaves of many sizes, softened as a lens does."""
    rng = np.random.default_rng(seed)
    picture = np.full((HEIGHT, WIDTH, 3), 0.4, np.float32)
    for _ in range(700):
        x, y, angle = rng.integers(0, WIDTH), rng.integers(0, HEIGHT), float(rng.uniform(0, 180))
        axes = int(rng.integers(6, 40)), int(rng.integers(4, 18))
        colour = tuple(float(c) for c in rng.uniform(0.1, 0.9, 3))
        cv2.ellipse(picture, (int(x), int(y)), axes, angle, 0, 360, colour, -1, cv2.LINE_AA)
    picture = cv2.GaussianBlur(picture, (0, 0), 1.5) + rng.normal(0, 0.006, picture.shape)
    return rounded(picture)


def rounded(picture: np.ndarray) -> np.ndarray:
    return (np.rint(np.clip(picture, 0, 1) * 255) / 255).astype(np.float32)


def veil_over(picture: np.ndarray, bounds: Bounds, opacity: float, colour: tuple[float, ...]) -> np.ndarray:
    out = picture.copy()
    out[bounds.slices] = (1 - opacity) * out[bounds.slices] + opacity * np.float32(colour)
    return rounded(out)


@pytest.mark.parametrize("opacity", [0.5, 0.7, 0.85])
@pytest.mark.parametrize("colour", [(1.0, 1.0, 1.0), (0.02, 0.05, 0.1), (0.2, 0.5, 0.9)])
@pytest.mark.parametrize(
    "bounds",
    [Bounds(0, 250, WIDTH, 110), Bounds(0, 0, 170, HEIGHT), Bounds(90, 80, 260, 180), Bounds(200, 0, 280, 140)],
    ids=["bar", "side", "card", "corner"],
)
def test_a_veil_is_measured_and_lifted(bounds: Bounds, colour: tuple[float, ...], opacity: float) -> None:
    beneath = photograph()
    picture = veil_over(beneath, bounds, opacity, colour)
    (found,) = veils.find(picture, NOTHING)
    overlap = found.bounds.intersect(bounds).extent.area / found.bounds.union(bounds).extent.area
    assert overlap > 0.97
    assert 1 - found.through == pytest.approx(opacity, abs=0.045)
    assert np.abs(found.colour - colour).max() < 0.05
    out, seam = veils.lifted(picture, found)
    assert seam.mean() < 0.03
    wrong = np.abs(out - beneath)[~seam & ~NOTHING].mean()
    assert wrong < 0.012
    assert wrong < 0.2 * np.abs(picture - beneath).mean()


def test_the_edges_of_a_curtain_do_not_hide_a_veil_over_its_foot() -> None:
    """Straight seams of the picture itself make many rectangles; the veil's one border is seen from end to end."""
    rng = np.random.default_rng(5)
    folds = np.arange(WIDTH) // 16
    tone, swing, phase = (rng.uniform(low, high, WIDTH // 16)[folds] for low, high in ((0.4, 0.7), (1, 5), (0, 6)))
    waves = 0.12 * np.sin(phase + swing * np.linspace(0, 3, HEIGHT)[:, None])
    curtain = rounded(np.dstack([tone + waves + rng.normal(0, 0.004, (HEIGHT, WIDTH))] * 3))
    bounds = Bounds(0, 260, WIDTH, 100)
    picture = veil_over(curtain, bounds, 0.62, (0.01, 0.2, 0.28))
    (found,) = veils.find(picture, NOTHING)
    assert found.bounds.y == bounds.y
    assert found.bounds.bottom == bounds.bottom
    assert 1 - found.through == pytest.approx(0.62, abs=0.03)


@pytest.mark.parametrize("seed", range(6))
def test_a_photograph_has_no_veil(seed: int) -> None:
    assert veils.find(photograph(seed), NOTHING) == []


def test_an_opaque_panel_is_no_veil() -> None:
    picture = photograph()
    picture[250:] = (0.9, 0.9, 0.85)
    assert veils.find(picture, NOTHING) == []


def test_on_a_plain_ground_nothing_can_be_told() -> None:
    picture = np.full((HEIGHT, WIDTH, 3), 0.3, np.float32)
    picture[200:] = 0.7
    assert veils.find(picture, NOTHING) == []


def test_another_photograph_below_is_no_veil() -> None:
    picture = photograph(1)
    picture[200:] = photograph(2)[200:]
    assert veils.find(picture, NOTHING) == []


def test_what_lies_on_a_veil_is_not_lifted_with_it() -> None:
    bounds = Bounds(0, 200, WIDTH, 160)
    picture = veil_over(photograph(), bounds, 0.7, (1, 1, 1))
    button = Bounds(60, 240, 120, 60)
    picture[button.slices] = (0.1, 0.2, 0.8)
    (found,) = veils.find(picture, NOTHING)
    out, _ = veils.lifted(picture, found)
    assert np.abs(out[button.slices] - np.float32((0.1, 0.2, 0.8))).max() < 0.01
    solid = np.ones((button.height, button.width), np.float32)
    colour = np.zeros((button.height, button.width, 3), np.float32)
    assert found.holds(Element(Role.GRAPHIC, "Button", button, solid, colour))
    beneath = Bounds(300, 240, 120, 60)
    assert not found.holds(Element(Role.SUBJECT, "Leaf", beneath, solid, colour))
    assert not found.holds(Element(Role.SUBJECT, "Leaf", Bounds(300, 20, 120, 60), solid, colour))


def test_tiny_pictures_have_none() -> None:
    assert veils.find(np.zeros((6, 6, 3), np.float32), np.zeros((6, 6), bool)) == []


@pytest.mark.skipif(
    saliency.missing() is not None, reason="the classical stand-in takes parts of this picture for things"
)
def test_the_engine_lays_the_veil_between_the_picture_and_what_is_on_it() -> None:
    bounds = Bounds(0, 200, WIDTH, 160)
    beneath = photograph()
    picture = veil_over(beneath, bounds, 0.75, (1, 1, 1))
    button = Bounds(60, 240, 160, 70)
    picture[button.slices] = (0.1, 0.2, 0.8)
    image = np.dstack([np.rint(picture * 255), np.full((HEIGHT, WIDTH), 255)]).astype(np.uint8)
    stack = QuickEngine().decompose(DecomposeRequest(image), Progress())
    ground = stack.layers[0].pixels[..., :3] / 255
    names = [layer.name for layer in stack.layers]
    panel = next(layer for layer in stack.layers if layer.bounds.width == WIDTH and layer is not stack.layers[0])
    assert "White" in panel.name
    assert np.median(panel.pixels[..., 3]) == pytest.approx(0.75 * 255, abs=6)
    clear = np.ones((HEIGHT, WIDTH), bool)
    clear[button.grow(6).slices] = False
    assert np.abs(ground - beneath)[clear].mean() < 0.04
    above = [layer.bounds for layer in stack.layers[names.index(panel.name) + 1 :]]
    assert any(b.intersect(button).extent.area > 0.8 * b.union(button).extent.area for b in above), names
