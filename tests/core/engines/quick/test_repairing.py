"""What the quick engine continues, and what it refuses."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from layerlift.engines.port import EditRequest, InpaintRequest
from layerlift.engines.quick import repairing
from layerlift.engines.quick.engine import QuickEngine
from layerlift.engines.quick.filling import replay
from layerlift.engines.quick.filling.membrane import stitch
from layerlift.engines.quick.filling.replay import _leaning
from layerlift.errors import Cancelled, RequestError
from layerlift.progress import Progress


def opaque(colours: np.ndarray) -> np.ndarray:
    return np.dstack([np.rint(np.clip(colours, 0, 255)), np.full(colours.shape[:2], 255)]).astype(np.uint8)


def textured(height: int = 200, width: int = 300) -> np.ndarray:
    """Clouds over a vignette: every copy is brighter or darker than the place that it is copied to."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    random = np.random.default_rng(2)

    def clouds(strength: float) -> np.ndarray:
        return cv2.GaussianBlur(random.normal(0, 1, (height, width)), (0, 0), 9) * 31 * strength

    shade = 1 - 0.5 * ((x - width / 2) ** 2 + (y - height / 2) ** 2) / (width * width / 4)
    colours = np.dstack([90 + clouds(12), 140 + clouds(12), 200 + clouds(8)]) * shade[..., None]
    return opaque(colours + random.normal(0, 4, colours.shape))


def strange(out: np.ndarray, mask: np.ndarray) -> float:
    """By how many levels the tint of the new part (its worst hundredth) is one that the picture nowhere has."""

    def tint(colours: np.ndarray) -> np.ndarray:
        return colours - colours.mean(axis=1, keepdims=True)

    known = tint(out[mask == 0][:, :3].astype(float))
    new = tint(cv2.blur(out[..., :3].astype(float), (9, 9))[mask > 0])
    low, high = np.percentile(known, [0.5, 99.5], axis=0)
    return float(np.percentile(np.maximum(new - high, low - new).clip(0), 99))


def test_an_extension_keeps_to_the_colours_of_the_picture(monkeypatch):
    """A hole that leans on the frame: the seams' steps must not add up to another colour."""
    image = textured(240, 360)
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[:, 250:] = 255
    out = QuickEngine().inpaint(InpaintRequest(image, mask), Progress())
    assert (out[mask == 0] == image[mask == 0]).all()
    assert strange(out, mask) < 3
    monkeypatch.setattr(replay, "_TIE", 0.0)  # what holds it
    assert strange(QuickEngine().inpaint(InpaintRequest(image, mask), Progress()), mask) > 10


def test_text_is_no_source_unless_it_reaches_the_hole():
    image = np.full((220, 420, 3), (0.15, 0.25, 0.5), np.float32)
    for words, y in (("Meet the makers", 60), ("behind the work", 185)):
        cv2.putText(image, words, (30, y), cv2.FONT_HERSHEY_DUPLEX, 1.2, (1, 1, 1), 2, cv2.LINE_AA)
    hole = np.zeros((220, 420), bool)
    hole[195:] = True
    avoid = repairing._written(image, hole)
    letters = image.min(axis=2) > 0.6
    assert avoid[:90][letters[:90]].all()
    assert not avoid[130:].any()
    assert avoid.mean() < 0.4


def test_a_tie_fades_and_none_changes_nothing():
    hole = np.zeros((60, 400), bool)
    hole[:, 1:] = True
    wires = np.full(hole.shape, 4, np.float32)
    wires[0] -= 1
    wires[-1] -= 1
    wires[:, -1] -= 1
    load = np.zeros((*hole.shape, 1), np.float32)
    load[:, 200] = 0.1
    free, tied = (stitch(load, hole, wires, tie=tie)[..., 0] for tie in (0.0, 1 / 20**2))
    assert (stitch(load, hole, wires)[..., 0] == free).all()
    assert free[30, 390] > 0.9 * free[30, 205]  # nothing holds it on the right
    assert tied[30, 390] < 0.01 * tied[30, 200]
    # one dimension: u = 0.1 L/2 · exp(−|x − 200| / L), L = 20
    assert tied[30, 200] == pytest.approx(1.0, rel=0.08)
    assert tied[30, 220] == pytest.approx(np.exp(-1), rel=0.1)


def test_only_holes_at_the_frame_lean():
    hole = np.zeros((20, 20), bool)
    hole[5:10, 5:10] = True
    assert not _leaning(hole)
    hole[5, 0] = True
    assert _leaning(hole)


def test_what_would_have_to_be_drawn_is_refused():
    image = textured(80, 80)
    mask = np.zeros((80, 80), np.uint8)
    mask[20:40, 20:40] = 255
    with pytest.raises(RequestError, match="cannot draw what a prompt says") as caught:
        QuickEngine().inpaint(InpaintRequest(image, mask, "a hat"), Progress())
    assert "Leave out the prompt" in caught.value.remedy
    with pytest.raises(RequestError, match="exact commands only"):
        QuickEngine().edit(EditRequest((image,), "make it night"), Progress())
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        QuickEngine().inpaint(InpaintRequest(image, mask), progress)


def test_a_hole_in_transparency_is_filled_opaque_from_what_is_seen():
    image = textured(100, 100)
    image[:, :40, 3] = 0
    mask = np.zeros((100, 100), np.uint8)
    mask[40:60, 50:80] = 255
    out = QuickEngine().inpaint(InpaintRequest(image, mask), Progress())
    assert (out[mask > 0][:, 3] == 255).all()
    assert (out[mask == 0] == image[mask == 0]).all()
