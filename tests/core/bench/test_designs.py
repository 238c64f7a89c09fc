"""The designs are what their layers say, fairly, and the same every time."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from bench.designs import Design, layouts, load
from bench.designs.scene import MIN_VISIBLE
from bench.designs.words import PALETTES, WORDS

EVERY = [(half, index) for half in ("tuning", "unseen") for index in range(len(layouts(half)))]


def composite(design: Design) -> np.ndarray:
    flat = np.zeros((*design.image.shape[:2], 3), np.float64)
    for layer in design.layers:
        alpha = layer.rgba[..., 3:] / 255.0
        flat = flat * (1 - alpha) + layer.rgba[..., :3] * alpha
    return flat


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(("half", "index"), EVERY, ids=lambda value: str(value))
def test_every_layout_draws_a_fair_design(half: str, index: int) -> None:
    (design,) = load(half, 1, start=index)
    height, width = design.image.shape[:2]
    assert 0.6e6 < height * width < 1.3e6
    assert np.abs(composite(design) - design.image).max() <= 1
    assert design.layers[0].role == "background"
    assert (design.layers[0].rgba[..., 3] == 255).all()
    assert len(design.layers) >= 5
    assert {layer.role for layer in design.layers[1:]} <= {"graphic", "subject", "text"}
    assert len(design.texts) == sum(layer.role == "text" for layer in design.layers) >= 1
    above = np.ones((height, width))
    for layer in reversed(design.layers[1:]):
        core = layer.rgba[..., 3] if layer.core is None else layer.core
        assert (core * above).sum() >= 0.99 * MIN_VISIBLE * core.sum(dtype=np.int64), layer.name
        above *= 1 - layer.rgba[..., 3] / 255.0


@pytest.mark.usefixtures("offline")
def test_a_design_is_its_half_and_its_number() -> None:
    first, again = next(load("tuning", 3, start=1)), next(islice(load("tuning", 9), 1, 2))
    assert first.name == again.name
    assert (first.image == again.image).all()
    assert [layer.name for layer in first.layers] == [layer.name for layer in again.layers]
    other = next(load("tuning", 1, start=1 + len(layouts("tuning"))))
    assert other.image.shape != first.image.shape or (other.image != first.image).any()


@pytest.mark.usefixtures("offline")
def test_jpeg_changes_the_picture_and_not_the_truth() -> None:
    clean, noisy = next(load("unseen", 1)), next(load("unseen", 1, jpeg_quality=90))
    difference = np.abs(clean.image.astype(int) - noisy.image)
    assert 0 < difference.mean() < 6
    assert all((a.rgba == b.rgba).all() for a, b in zip(clean.layers, noisy.layers, strict=True))


def test_the_halves_share_no_layout_copy_or_palette() -> None:
    assert not set(layouts("tuning")) & set(layouts("unseen"))
    assert not set(PALETTES["tuning"]) & set(PALETTES["unseen"])
    for use in (
        "titles",
        "sublines",
        "sentences",
        "buttons",
        "labels",
        "prices",
        "names",
        "han_titles",
        "han_sentences",
    ):
        assert not set(getattr(WORDS["tuning"], use)) & set(getattr(WORDS["unseen"], use)), use
