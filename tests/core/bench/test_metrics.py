"""The metrics give known answers on stacks whose scores can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import metrics
from bench.designs import Design, GroundLayer
from bench.metrics import Found

H, W = 40, 60


def layer(y: slice, x: slice, colour: tuple[int, int, int] = (200, 0, 0), alpha: int = 255) -> np.ndarray:
    rgba = np.zeros((H, W, 4), np.uint8)
    rgba[y, x] = (*colour, alpha)
    return rgba


WHOLE = layer(slice(None), slice(None), (255, 255, 255))
PANEL = layer(slice(0, 40), slice(0, 30))
WORD = layer(slice(10, 20), slice(10, 50), (0, 0, 0))


@pytest.fixture
def design() -> Design:
    layers = (
        GroundLayer("background", "Background", WHOLE),
        GroundLayer("graphic", "Panel", PANEL),
        GroundLayer("text", "Word", WORD, content="Two words"),
    )
    return Design("test", np.zeros((H, W, 3), np.uint8), layers)


def found(*layers: np.ndarray, roles: tuple[str, ...] = ("graphic", "text"), content: str | None = None) -> list[Found]:
    return [Found("background", "B", WHOLE)] + [
        Found(role, "L", rgba, content if role == "text" else None) for role, rgba in zip(roles, layers, strict=False)
    ]


def test_the_truth_is_perfect(design: Design) -> None:
    guess = found(PANEL, WORD, content="Two\nwords")
    scores = metrics.pair(design, guess)
    assert [(s.role, s.seen, s.whole, s.partner) for s in scores] == [("graphic", 1, 1, 1), ("text", 1, 1, 2)]
    assert metrics.background_l1(design, guess) == 0
    assert metrics.text_ink(design, guess) == 1
    assert metrics.text_accuracy(design, guess, scores) == [1]


def test_one_flat_layer_gets_nothing(design: Design) -> None:
    scores = metrics.pair(design, found())
    assert [(s.seen, s.partner) for s in scores] == [(0, None), (0, None)]
    assert metrics.text_ink(design, found()) == 0
    assert metrics.text_accuracy(design, found(), scores) == [0]


def test_what_is_hidden_counts_only_in_the_whole(design: Design) -> None:
    holed = PANEL.copy()
    holed[WORD[..., 3] > 0] = 0
    panel = metrics.pair(design, found(holed, WORD))[0]
    assert panel.seen == pytest.approx(1)
    assert panel.whole == pytest.approx(1 - 10 * 20 / (40 * 30))


def test_pairing_is_blind_to_roles_and_order_but_one_to_one(design: Design) -> None:
    swapped = metrics.pair(design, found(WORD, PANEL))
    assert [(s.seen, s.partner) for s in swapped] == [(1, 2), (1, 1)]
    twice = metrics.pair(design, found(PANEL, PANEL))
    assert twice[0].seen == 1
    assert twice[1].seen == pytest.approx((10 * 20) / (30 * 40 + 10 * 20))


def test_a_half_transparent_guess_is_half_right(design: Design) -> None:
    pale = PANEL.copy()
    pale[..., 3] //= 2
    assert metrics.pair(design, found(pale, WORD))[0].seen == pytest.approx(127 / 255, abs=1e-6)


def test_a_shadow_may_be_in_the_layer_or_not() -> None:
    shadowed = np.maximum(layer(slice(2, 40), slice(2, 34), (0, 0, 0), 90), PANEL)
    truth = GroundLayer("graphic", "Card", shadowed, PANEL[..., 3].copy())
    design = Design("test", np.zeros((H, W, 3), np.uint8), (GroundLayer("background", "B", WHOLE), truth))
    for guess in (PANEL, shadowed):
        assert metrics.pair(design, found(guess))[0].seen == 1


def test_background_l1_covers_what_is_hidden(design: Design) -> None:
    dark = WHOLE.copy()
    dark[:, :30, :3] = 0
    assert metrics.background_l1(design, [Found("background", "B", dark)]) == pytest.approx(0.5)


def test_ink_does_not_mind_grouping(design: Design) -> None:
    left, right = WORD.copy(), WORD.copy()
    left[:, 30:], right[:, :30] = 0, 0
    guess = found(left, right, roles=("text", "text"))
    assert metrics.text_ink(design, guess) == 1
    assert metrics.pair(design, guess)[1].seen == pytest.approx(0.5)
    bare = Design("test", design.image, design.layers[:2])
    assert metrics.text_ink(bare, guess) is None


@pytest.mark.parametrize(
    ("truth", "guess", "expected"),
    [("abcd", "abcd", 1), ("a b\ncd", "ab cd", 1), ("abcd", "", 0), ("abcd", "abxd", 0.75), ("abcd", "bcd", 0.75),
     ("ab", "xxxxxxx", 0), ("咖啡时光", "咖啡时", 0.75)],
)  # fmt: skip
def test_character_accuracy(truth: str, guess: str, expected: float) -> None:
    assert metrics.character_accuracy(truth, guess) == expected


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_character_accuracy_is_a_share(truth: str, guess: str) -> None:
    value = metrics.character_accuracy(truth, guess)
    assert 0 <= value <= 1
    if truth and value == 1:
        assert truth == guess


def test_reduced_averages_in_premultiplied_colour() -> None:
    rgba = np.zeros((8, 8, 4), np.uint8)
    rgba[:, ::2] = (200, 100, 50, 255)
    small = metrics.reduced(rgba, 4)
    assert small.shape == (4, 4, 4)
    assert small[1, 1].tolist() == [200, 100, 50, 128]
    assert metrics.reduced(rgba, 8) is rgba
