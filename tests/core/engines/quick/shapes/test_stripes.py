"""Stripes: two colours in turns are the ground, whatever lies on them; bars of other kinds are not."""

from __future__ import annotations

import numpy as np
import pytest

from core.engines.quick.shapes import drawn
from layerlift.engines.quick.shapes import graphics
from layerlift.progress import Progress

SIZE = (300, 400)
NONE = np.zeros(SIZE, bool)


def striped(period: float, degrees: float, one: tuple[int, int, int], two: tuple[int, int, int]) -> np.ndarray:
    """(H, W, 3) soft-edged stripes."""
    ys, xs = np.mgrid[: SIZE[0], : SIZE[1]]
    along = xs * np.cos(np.radians(degrees)) + ys * np.sin(np.radians(degrees))
    share = np.clip(0.5 + period / 5 * np.sin(2 * np.pi * along / period), 0, 1)[..., None]
    return (np.rint(np.float32(one) * share + np.float32(two) * (1 - share)) / 255).astype(np.float32)


@pytest.mark.parametrize("degrees", [0, 38, 90])
@pytest.mark.parametrize("two", [(200, 205, 190), (232, 235, 220)], ids=["plain", "faint"])
def test_only_what_lies_on_stripes_is_lifted(degrees: float, two: tuple[int, int, int]) -> None:
    ground = striped(44, degrees, (240, 243, 230), two)
    half, button = drawn.rect(SIZE, 230, 0, 170, 300), drawn.rect(SIZE, 40, 90, 120, 60)
    picture = drawn.over(drawn.over(ground, half, (30, 90, 170)), button, (200, 40, 60))
    found = graphics.find(picture, NONE, Progress())
    assert drawn.best(found, half) > 0.98
    assert drawn.best(found, button) > 0.97
    covered = np.maximum.reduce([drawn.alpha(element, SIZE) for element in found])
    assert covered[np.maximum(half, button) == 0].mean() < 0.01


def test_bars_that_do_not_run_off_the_canvas_are_a_chart() -> None:
    picture, bars = drawn.flat(SIZE, (240, 243, 230)), np.zeros(SIZE, np.float32)
    for i, height in enumerate((60, 140, 90, 180, 120)):
        bars = np.maximum(bars, drawn.rect(SIZE, 60 + 60 * i, 260 - height, 30, height))
    found = graphics.find(drawn.over(picture, bars, (200, 205, 190)), NONE, Progress())
    covered = np.maximum.reduce([drawn.alpha(element, SIZE) for element in found])
    assert drawn.agreement(covered, bars) > 0.97


def test_sections_of_a_page_are_not_stripes() -> None:
    """They take turns, but each is as high as what it says."""
    picture, sections = drawn.flat(SIZE, (255, 255, 255)), []
    for y, height in ((20, 25), (90, 60), (200, 15), (240, 30)):
        sections.append(drawn.rect(SIZE, 0, y, 400, height))
        picture = drawn.over(picture, sections[-1], (215, 225, 240))
    found = graphics.find(picture, NONE, Progress())
    covered = np.maximum.reduce([drawn.alpha(element, SIZE) for element in found])
    assert drawn.agreement(covered, np.maximum.reduce(sections)) > 0.97
