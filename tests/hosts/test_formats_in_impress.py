"""Our presentations in the real LibreOffice Impress: the slide looks like the picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from hosts.conftest import Ask
from hosts.stacks import flat, poster
from layerlift.formats import write
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Layer, Role, Text, TextLine


def drawn(impress: Ask, deck: Path) -> np.ndarray:  # type: ignore[type-arg]
    """The slide as Impress draws it, brought to the poster's size."""
    page = cv2.imread(str(impress(deck)), cv2.IMREAD_COLOR)
    assert abs(page.shape[0] / page.shape[1] - 200 / 320) < 0.005
    return cv2.resize(page, (320, 200), interpolation=cv2.INTER_AREA)[..., ::-1].astype(int)


def test_the_slide_looks_like_the_picture(impress: Ask, tmp_path: Path) -> None:
    stack = poster()
    write(stack, tmp_path / "picture.pptx")
    away = np.abs(drawn(impress, tmp_path / "picture.pptx") - flat(stack)[..., :3])
    # Impress draws enlarged and smoothed: edges differ, surfaces may not.
    assert away.mean() < 2
    assert np.percentile(away, 95) < 8


def test_live_text_is_drawn_in_its_place(impress: Ask, tmp_path: Path) -> None:
    line = TextLine("HHHHHHHH", ((170, 130), (300, 130), (300, 160), (170, 160)), 1)
    words = np.zeros((40, 150, 4), np.uint8)
    text = Layer("Title", Role.TEXT, Bounds(160, 125, 150, 40), words, text=Text((line,), (255, 0, 0)))
    ground = np.full((200, 320, 4), 255, np.uint8)
    stack = replace(poster(), layers=(replace(poster().layers[0], pixels=ground), text))
    write(stack, tmp_path / "live.pptx", live_text=True)
    page = drawn(impress, tmp_path / "live.pptx")
    red = (page[..., 0] > 150) & (page[..., 1] < 120) & (page[..., 2] < 120)
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    assert 128 <= rows.min() <= rows.max() <= 166
    assert 165 <= columns.min() <= 180
    assert red[130:160, 170:300].mean() > 0.15
