"""The whole engine on a picture whose layers are known: a red square over a blue disc over a flat ground."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerlift.decomposition import decompose
from layerlift.engines.layerd.engine import GET_MATTER, NO_FILLER, NO_WORDS, LayerdEngine
from layerlift.engines.port import DecomposeRequest, InpaintRequest
from layerlift.errors import Cancelled, EngineUnavailable, RequestError
from layerlift.imaging.layer import Document, LayerStack, Role
from layerlift.progress import Progress, Report

SIZE = (200, 260)
GROUND, BLUE, RED = (235, 225, 200), (30, 40, 220), (225, 35, 30)
Picture = NDArray[np.uint8]


def coverage(kind: str) -> NDArray[np.float32]:
    big = np.zeros((SIZE[0] * 8, SIZE[1] * 8), np.uint8)
    if kind == "disc":
        cv2.circle(big, (90 * 8, 100 * 8), 60 * 8, 255, -1)
    else:
        cv2.rectangle(big, (110 * 8 + 3, 60 * 8 + 3), (200 * 8 + 3, 150 * 8 + 3), 255, -1)
    return cv2.resize(big, (SIZE[1], SIZE[0]), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


@pytest.fixture(scope="module")
def picture() -> Picture:
    colours = np.broadcast_to(np.array(GROUND, np.float32), (*SIZE, 3))
    for kind, colour in (("disc", BLUE), ("square", RED)):
        share = coverage(kind)[..., None]
        colours = share * np.array(colour, np.float32) + (1 - share) * colours
    return np.dstack([np.rint(colours), np.full(SIZE, 255)]).astype(np.uint8)


def composite(stack: LayerStack) -> NDArray[np.float64]:
    out = np.zeros((*SIZE, 3))
    for layer in stack.layers:
        pixels = layer.on(stack.extent) / 255
        out = pixels[..., 3:] * pixels[..., :3] + (1 - pixels[..., 3:]) * out
    return out * 255


@pytest.mark.usefixtures("matter", "filler")
def test_things_come_off_the_top_one_after_the_other(picture: Picture) -> None:
    stack = LayerdEngine().decompose(DecomposeRequest(picture), Progress())
    assert [layer.name for layer in stack.layers] == ["Background", "Shape 1", "Shape 2"]
    assert [layer.role for layer in stack.layers] == [Role.BACKGROUND, Role.GRAPHIC, Role.GRAPHIC]
    background, blue, red = (layer.on(stack.extent) for layer in stack.layers)
    assert np.abs(background[..., :3].astype(int) - GROUND).max() <= 1
    assert (background[..., 3] == 255).all()
    # exact to rounding but for some twenty pixels where the filling has guessed the wrong colour behind the edge
    assert (np.abs(red[..., 3] / 255 - coverage("square")) > 0.03).sum() < 40
    assert np.abs(red[red[..., 3] > 0][:, :3].astype(int) - RED).max() <= 3
    # the disc, where it can be seen
    seen = cv2.dilate(coverage("square"), np.ones((9, 9), np.uint8)) == 0
    assert np.abs(blue[..., 3] / 255 - coverage("disc"))[seen].max() < 0.03
    assert np.abs(composite(stack) - picture[..., :3]).mean() < 0.2
    assert stack.notes == ()


@pytest.mark.usefixtures("matter")
def test_without_lama_it_says_so_and_goes_on(picture: Picture) -> None:
    stack = LayerdEngine().decompose(DecomposeRequest(picture, what="the red thing"), Progress())
    assert len(stack.layers) == 3
    assert stack.notes == (NO_WORDS, NO_FILLER)
    assert np.abs(composite(stack) - picture[..., :3]).mean() < 0.5


@pytest.mark.usefixtures("matter", "filler")
@pytest.mark.parametrize(("layers", "found"), [(1, 1), (2, 2), (3, 3), (12, 3)])
def test_no_more_layers_than_asked_for_nor_than_there_are(picture: Picture, layers: int, found: int) -> None:
    stack = LayerdEngine().decompose(DecomposeRequest(picture, layers=layers), Progress())
    assert len(stack.layers) == found
    assert np.abs(composite(stack) - picture[..., :3]).mean() < 0.5


@pytest.mark.usefixtures("matter", "filler")
def test_same_request_same_layers(picture: Picture) -> None:
    one, two = (LayerdEngine().decompose(DecomposeRequest(picture), Progress()) for _ in range(2))
    assert all((a.pixels == b.pixels).all() for a, b in zip(one.layers, two.layers, strict=True))


@pytest.mark.usefixtures("matter", "filler")
@pytest.mark.parametrize("colour", [GROUND, RED])
def test_a_picture_without_a_thing_and_one_that_is_nothing_else(colour: tuple[int, int, int]) -> None:
    plain = np.full((*SIZE, 4), 255, np.uint8)
    plain[..., :3] = colour
    (background,) = LayerdEngine().decompose(DecomposeRequest(plain), Progress()).layers
    assert (background.pixels == plain).all()


@pytest.mark.usefixtures("matter", "filler")
def test_transparent_parts_stay_so(picture: Picture) -> None:
    cut = picture.copy()
    cut[:, 230:, 3] = 0
    stack = LayerdEngine().decompose(DecomposeRequest(cut), Progress())
    shown = np.max([layer.on(stack.extent)[..., 3] for layer in stack.layers], axis=0)
    assert (shown[:, 230:] == 0).all()
    assert (shown[:, :230] == 255).all()


@pytest.mark.usefixtures("matter", "filler")
def test_progress_looks_and_cancelling_at_every_report(picture: Picture) -> None:
    reports: list[Report] = []
    looks: list[LayerStack] = []
    LayerdEngine().decompose(DecomposeRequest(picture), Progress(reports.append, look=looks.append))
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert [len(look.layers) for look in looks] == [2, 3]
    for moment in range(len(reports) - 1):
        with pytest.raises(Cancelled):
            LayerdEngine().decompose(DecomposeRequest(picture), cancelling_at(moment))


def cancelling_at(moment: int) -> Progress:
    """A Progress that is cancelled by whoever hears its report number `moment`."""
    left = moment

    def listen(_report: Report) -> None:
        nonlocal left
        if left == 0:
            progress.cancel()
        left -= 1

    progress = Progress(listen)
    return progress


def test_without_birefnet_it_says_what_to_do(home: Path, picture: Picture) -> None:
    engine = LayerdEngine()
    assert engine.info.missing is not None
    assert "layerlift models download birefnet" in engine.info.missing
    assert engine.info.operations == ("decompose",)
    with pytest.raises(EngineUnavailable) as caught:
        engine.decompose(DecomposeRequest(picture), Progress())
    assert caught.value.remedy == GET_MATTER
    with pytest.raises(EngineUnavailable, match="LaMa"):
        engine.inpaint(InpaintRequest(picture, picture[..., 3]), Progress())


@pytest.mark.usefixtures("matter", "filler")
def test_fills_selections_with_lama_but_reads_no_prompt(picture: Picture) -> None:
    engine = LayerdEngine()
    assert engine.info.missing is None
    assert engine.info.operations == ("decompose", "inpaint")
    mask = np.zeros(SIZE, np.uint8)
    mask[10:40, 200:250] = 255
    filled = engine.inpaint(InpaintRequest(picture, mask), Progress())
    assert (filled[mask == 0] == picture[mask == 0]).all()
    assert np.abs(filled[mask > 0].astype(int) - (*GROUND, 255)).max() <= 1
    with pytest.raises(RequestError, match="cannot draw what a prompt says"):
        engine.inpaint(InpaintRequest(picture, mask, "a bird"), Progress())


@pytest.mark.usefixtures("matter", "filler")
def test_through_the_heart_the_layers_are_the_picture_again(picture: Picture) -> None:
    large = cv2.resize(picture, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    stack = decompose(Document(large), engine=LayerdEngine())
    out = np.zeros((*large.shape[:2], 3))
    for layer in stack.layers:
        pixels = layer.on(stack.extent) / 255
        out = pixels[..., 3:] * pixels[..., :3] + (1 - pixels[..., 3:]) * out
    assert np.abs(out * 255 - large[..., :3]).max() <= 1.01
    assert len(stack.layers) == 3
