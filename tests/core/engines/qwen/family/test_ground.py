"""The ground shares no colour with the layer, nor with what the prompt asks for."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from layerlift.engines.qwen.family.ground import GROUNDS, ground_for, told


def plain(*colours: tuple[int, int, int], alpha: int = 255) -> NDArray[np.uint8]:
    return np.array([[(*colour, alpha) for colour in colours] * 40] * 40, np.uint8)


@pytest.mark.parametrize("ground", GROUNDS, ids=lambda ground: ground.name)
def test_is_never_a_colour_of_the_layer(ground: object) -> None:
    colour = ground.colour  # type: ignore[attr-defined]
    chosen = ground_for(plain(colour))
    assert np.linalg.norm(np.subtract(chosen.colour, colour)) > 200


def test_a_leaf_is_not_laid_on_green() -> None:
    """The official demo's green is 36 levels from this leaf's colours, the chosen one more than 300."""
    leaf = plain((30, 200, 40), (10, 240, 25))
    chosen = ground_for(leaf)
    nearest = min(float(np.linalg.norm(np.subtract(chosen.colour, colour))) for colour in leaf[0, :2, :3].tolist())
    assert chosen.name != "green"
    assert nearest > 300


def test_is_far_from_everything_in_a_layer_of_all_colours_but_one() -> None:
    others = [ground.colour for ground in GROUNDS if ground.name != "cyan"]
    assert ground_for(plain(*others)).name == "cyan"


def test_specks_and_what_is_not_seen_do_not_count() -> None:
    layer = plain((250, 250, 250))
    assert ground_for(layer).name == "blue" or ground_for(layer).name in {"green", "red", "black"}
    name = ground_for(layer).name
    colour = next(ground.colour for ground in GROUNDS if ground.name == name)
    layer[0, :3] = (*colour, 255)
    layer[20:, :] = (*colour, 20)
    assert ground_for(layer).name == name


@pytest.mark.parametrize(
    ("prompt", "unwanted"),
    [
        ("make the dog green", "green"),
        ("Turn it into emerald and BLUE glass", "green"),
        ("Turn it into emerald and BLUE glass", "blue"),
        ("把狗变成绿色", "green"),
        ("让它站在蓝天下", "blue"),
        ("paint it with golden stripes", "yellow"),
    ],
)
def test_is_never_a_colour_of_which_the_prompt_speaks(prompt: str, unwanted: str) -> None:
    usual = next(ground for ground in GROUNDS if ground.name == unwanted)
    opposite = plain(tuple(255 - level for level in usual.colour))  # type: ignore[arg-type]
    assert ground_for(opposite).name == unwanted
    assert ground_for(opposite, prompt).name != unwanted


def test_words_that_only_contain_a_colour_do_not_count() -> None:
    magenta = plain((255, 0, 255))
    assert ground_for(magenta, "evergreens in a greenhouse").name == "green"


def test_the_wish_is_told_in_the_language_of_the_prompt() -> None:
    green, cyan = GROUNDS[0], GROUNDS[3]
    assert told("Make it old", green) == "Make it old. Keep the plain green background unchanged."
    assert told("Make it old!", cyan) == "Make it old! Keep the plain cyan background unchanged."
    assert told("把它变旧", cyan) == "把它变旧 保持纯青色背景不变。"


def test_an_empty_layer_gets_a_ground_too() -> None:
    assert ground_for(plain((1, 2, 3), alpha=0)) is GROUNDS[0]
