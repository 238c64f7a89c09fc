"""A scene puts what is fair, counts what is not, and keeps an element's shadow apart."""

from __future__ import annotations

import numpy as np
import pytest

from bench.designs import shapes as s
from bench.designs.paints import cropped, filled, gradient, grain, mixed, radial, stripes
from bench.designs.scene import Outline, Scene, Shadow, Unfair

RED, WHITE, BLUE = (200, 30, 30), (255, 255, 255), (30, 30, 200)


@pytest.fixture
def scene() -> Scene:
    scene = Scene(200, 160)
    scene.background(WHITE)
    return scene


def test_what_is_put_is_what_is_seen(scene: Scene) -> None:
    scene.shape("Box", s.rect(20, 20, 60, 40), RED, opacity=0.5)
    assert scene.layers[1].rgba[40, 40].tolist() == [200, 30, 30, 128]
    assert scene.flat[40, 40] == pytest.approx([227.4, 142.1, 142.1], abs=0.1)
    assert scene.beneath(30, 30, 10, 10) == (227, 142, 142)


def test_the_shadow_is_in_the_layer_and_not_in_its_core(scene: Scene) -> None:
    scene.shape("Card", s.rect(60, 40, 60, 40), RED, shadow=Shadow(0, 6, 5, 0.5))
    layer = scene.layers[1]
    assert layer.core is not None
    assert layer.core.sum(dtype=int) == 60 * 40 * 255
    assert layer.rgba[84, 90, 3] > 40
    assert layer.core[84, 90] == 0
    assert layer.rgba[84, 90, :3].tolist() == [0, 0, 0]
    assert layer.rgba[60, 90].tolist() == [200, 30, 30, 255]


def test_an_outline_lies_on_the_edge(scene: Scene) -> None:
    scene.shape("Disc", s.rect(60, 40, 60, 40), RED, outline=Outline(8, BLUE))
    rgba = scene.layers[1].rgba
    assert rgba[60, 90].tolist() == [*RED, 255]
    assert rgba[60, 58].tolist() == [*BLUE, 255]
    assert rgba[60, 62].tolist() == [*BLUE, 255]
    assert rgba[60, 55, 3] == 0


@pytest.mark.parametrize(
    ("form", "paint"),
    [
        (s.rect(20, 20, 5, 5), RED),  # too small
        (s.rect(20, 20, 60, 60), (252, 252, 252)),  # the colour of what is beneath
        (s.rect(300, 20, 60, 60), RED),  # outside
    ],
)
def test_the_unfair_is_left_out_and_counted(scene: Scene, form: s.Geometry, paint: tuple[int, int, int]) -> None:
    before = scene.flat.copy()
    scene.shape("Unfair", form, paint)
    assert (len(scene.layers), scene.skipped) == (1, 1)
    assert (scene.flat == before).all()


def test_nothing_may_hide_more_than_it_should(scene: Scene) -> None:
    scene.shape("Below", s.rect(20, 20, 100, 50), RED)
    scene.shape("Half", s.rect(20, 20, 50, 50), BLUE)
    scene.shape("Too much", s.rect(70, 20, 30, 50), WHITE)
    assert [layer.name for layer in scene.layers[1:]] == ["Below", "Half"]
    scene.shape("Translucent", s.rect(70, 20, 30, 50), WHITE, opacity=0.2)
    assert scene.layers[-1].name == "Translucent"


def test_a_design_of_leftovers_is_refused(scene: Scene) -> None:
    scene.shape("Box", s.rect(20, 20, 60, 40), RED)
    with pytest.raises(Unfair, match="0 elements left out, 2 drawn"):
        scene.design("poor")


def test_paints() -> None:
    rng = np.random.default_rng(0)
    assert filled(gradient(RED, BLUE, 0), 3, 5)[1, [0, -1]].tolist() == [list(map(float, RED)), list(map(float, BLUE))]
    assert filled(gradient(RED, BLUE, 90), 5, 3)[-1, 1] == pytest.approx(BLUE)
    assert filled(radial(RED, BLUE), 101, 101)[50, 50] == pytest.approx(RED)
    bands = filled(stripes(RED, BLUE, 3, 0), 4, 300)
    assert (np.abs(bands - RED).max(-1) < 1).mean() == pytest.approx(0.5, abs=0.1)
    paper = grain(rng, 80, 90, (128, 128, 128), 4.0)
    assert paper.std() == pytest.approx(4, abs=0.6)
    assert mixed(RED, BLUE, 0.5) == (115, 30, 115)
    part = cropped(np.zeros((50, 100, 3), np.float32), 40, 30, rng)
    assert part.shape == (40, 30, 3)
    assert filled(np.zeros((9, 9, 3), np.float32), 4, 7).shape == (4, 7, 3)
