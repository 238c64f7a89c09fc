"""The quick engine as a whole, on pictures drawn here: what it must find, and what it must never invent."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from layerlift.decomposition import decompose
from layerlift.engines.port import DecomposeRequest
from layerlift.engines.quick.engine import QuickEngine
from layerlift.errors import Cancelled
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.layer import LayerStack, Role
from layerlift.progress import Progress

WIDTH, HEIGHT = 480, 360


def poster() -> np.ndarray:
    """A gradient with a red panel, a headline on it and a blue disc beside it; (H, W, 3) uint8, anti-aliased."""
    rows = np.linspace(0.95, 0.75, HEIGHT, dtype=np.float32)[:, None, None]
    picture = Image.fromarray((np.broadcast_to(rows, (HEIGHT, WIDTH, 3)) * 255).astype(np.uint8)).resize(
        (WIDTH * 3, HEIGHT * 3)
    )
    draw = ImageDraw.Draw(picture)
    draw.rectangle((90, 120, 990, 420), fill=(190, 30, 40))
    draw.ellipse((1000, 620, 1300, 920), fill=(30, 80, 200))
    picture = picture.resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    ImageDraw.Draw(picture).text((60, 70), "SUMMER SALE", font=ImageFont.load_default(36), fill=(255, 255, 255))
    return np.asarray(picture)


@pytest.fixture(scope="module")
def stack() -> LayerStack:
    return decompose(poster())


def only(stack: LayerStack, role: Role) -> list[str]:
    return [layer.name for layer in stack.layers if layer.role is role]


def test_text_panel_and_disc_become_layers_in_their_order(stack: LayerStack) -> None:
    assert stack.layers[0].role is Role.BACKGROUND
    assert only(stack, Role.TEXT) == ["SUMMER SALE"]
    assert sorted(only(stack, Role.GRAPHIC)) == ["Blue circle", "Red panel"]
    assert stack.layers[-1].role is Role.TEXT


def test_the_panel_is_whole_behind_the_text(stack: LayerStack) -> None:
    panel = next(layer for layer in stack.layers if layer.name == "Red panel")
    inner = panel.pixels[5:-5, 5:-5]
    assert (inner[..., 3] == 255).all()
    off = np.abs(inner[..., :3].astype(int) - (190, 30, 40)).max(axis=2)
    assert np.percentile(off, 98) <= 2
    assert off.max() <= 16  # pixels that a letter's edge shares with the panel


def test_the_background_is_whole_behind_everything(stack: LayerStack) -> None:
    background = stack.layers[0].pixels
    assert (background[..., 3] == 255).all()
    truth = np.linspace(0.95, 0.75, HEIGHT)[:, None] * 255
    assert np.abs(background[..., 0] - truth).max() <= 8


def test_what_was_read_comes_with_its_place(stack: LayerStack) -> None:
    text = stack.layers[-1].text
    assert text is not None
    (line,) = text.lines
    assert line.content == "SUMMER SALE"
    assert line.height == pytest.approx(30, abs=14)
    assert all(x == pytest.approx(c, abs=20) for x, c in zip(line.quad[0], (60, 72), strict=True))
    assert min(text.colour) > 220


def test_a_jpeg_gives_the_same_things() -> None:
    _, data = cv2.imencode(".jpg", poster()[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    stack = decompose(data.tobytes())
    assert only(stack, Role.TEXT) == ["SUMMER SALE"]
    assert sorted(only(stack, Role.GRAPHIC)) == ["Blue circle", "Red panel"]


def test_steering_takes_out_only_what_was_asked() -> None:
    assert [layer.role for layer in decompose(poster(), what="text").layers] == [Role.BACKGROUND, Role.TEXT]
    shapes = decompose(poster(), what="shapes")
    assert {layer.role for layer in shapes.layers} == {Role.BACKGROUND, Role.GRAPHIC}


def test_a_maximum_merges_what_matters_least() -> None:
    stack = decompose(poster(), layers=2)
    assert len(stack.layers) == 2
    assert any("Merged" in note for note in stack.notes)


@pytest.mark.parametrize("shape", [(20, 20), (32, 32), (32, 400), (300, 33)])
@pytest.mark.parametrize("kind", ["black", "noise", "ramp"])
def test_pictures_without_things_get_no_invented_layers(shape: tuple[int, int], kind: str) -> None:
    pixels = np.zeros((*shape, 3), np.uint8)
    if kind == "noise":
        pixels = np.random.default_rng(0).integers(0, 256, pixels.shape, np.uint8)
    elif kind == "ramp":
        pixels[:] = np.linspace(0, 255, shape[1]).astype(np.uint8)[None, :, None]
    stack = decompose(pixels)
    assert len(stack.layers) == 1
    assert (composite(stack)[..., :3] == pixels).all()


def test_a_transparent_picture_keeps_its_transparency() -> None:
    pixels = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    cv2.rectangle(pixels, (60, 80), (420, 280), (40, 120, 60, 255), -1, cv2.LINE_AA)
    cv2.circle(pixels, (150, 180), 60, (240, 200, 40, 255), -1, cv2.LINE_AA)
    stack = decompose(pixels)
    back = composite(stack)
    assert (back[..., 3] == pixels[..., 3]).all()
    seen = pixels[..., 3] > 0
    assert np.abs(back[seen].astype(int) - pixels[seen]).max() <= 1
    assert len(stack.layers) >= 2


@pytest.mark.parametrize("moment", [0.0, 0.25, 0.5, 0.88])
def test_cancel_is_heard_in_every_stage(moment: float) -> None:
    image = np.dstack([poster(), np.full((HEIGHT, WIDTH), 255, np.uint8)])
    progress = Progress(lambda report: progress.cancel() if report.fraction >= moment else None)
    with pytest.raises(Cancelled):
        QuickEngine().decompose(DecomposeRequest(image), progress)


def test_a_ground_in_several_colours_is_not_taken_apart_whole() -> None:
    stripes = np.empty((300, 420, 3), np.uint8)
    stripes[:] = np.where((np.arange(420) // 30 % 2)[None, :, None], (150, 215, 195), (165, 225, 205))
    stripes[160:220] = (240, 160, 10)
    background = decompose(stripes).layers[0].pixels[..., :3].astype(int)
    assert np.abs(background - (157, 220, 200)).mean() < 25, "no hole filled with the colours of something else"


def test_under_a_thing_that_leans_on_a_panel_lies_the_ground_alone() -> None:
    """The hole behind the thing was filled while the panel was still there; with the panel its traces go, too."""
    ground, panel = (150, 175, 200), (210, 40, 30)
    picture = np.full((360, 480, 3), ground, np.uint8)
    picture[200:] = panel
    busy = cv2.GaussianBlur(np.random.default_rng(2).random((360, 480, 3), np.float32), (0, 0), 2)
    busy = (busy - busy.min()) / np.ptp(busy) * (240, 220, 60)
    y, x = np.ogrid[:360, :480]
    radius = 75 * (1 + 0.2 * np.cos(5 * np.arctan2(y - 190, x - 240)))
    thing = np.hypot(y - 190, x - 240) < radius
    picture[thing] = busy[thing]
    background = decompose(picture).layers[0].pixels[..., :3].astype(int)
    off = np.abs(background - ground).max(axis=2)
    assert (off > 3).mean() < 0.0005
