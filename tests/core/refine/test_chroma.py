"""JPEG's halved chroma: recognised, put back, and never painted."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from core.refine.test_quality import SIDE, flattened, rough, scene
from core.refine.test_refine import check_is_the_document
from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Document
from layerlift.imaging.resample import reduce
from layerlift.refine import chroma, refine
from layerlift.refine.chroma import Halving, halved, restored

RED = (0.85, 0.1, 0.15)
KINDS = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}


def drawing():
    """The scene of test_quality, with a red thing: luma and chroma change at its edges."""
    (ground, solid), (_, alpha) = scene()
    return [(ground, solid), (np.broadcast_to(np.float32(RED), ground.shape).copy(), alpha)]


def through_jpeg(levels, kind="4:2:0", quality=90):
    stream = io.BytesIO()
    Image.fromarray(levels).save(stream, "JPEG", quality=quality, subsampling=KINDS[kind])
    return np.asarray(Image.open(stream))


def document(levels, dtype=np.uint8):
    scale = 257 if dtype == np.uint16 else 1
    pixels = np.full((*levels.shape[:2], 4), 255 * scale, dtype)
    pixels[..., :3] = levels.astype(dtype) * scale
    return Document(pixels)


def small(picture):
    return reduce(picture.pixels, Extent(picture.extent.width // 3, picture.extent.height // 3))


@pytest.fixture(scope="module")
def clean():
    return flattened(drawing()).pixels[..., :3].copy()


@pytest.mark.parametrize("quality", [95, 75])
@pytest.mark.parametrize(
    ("kind", "found"), [("4:4:4", None), ("4:2:2", Halving(0, None)), ("4:2:0", Halving(0, 0))], ids=str
)
def test_halved_chroma_is_recognised(clean, kind, quality, found):
    picture = document(through_jpeg(clean, kind, quality))
    assert halved(picture, small(picture)) == found
    assert (restored(picture, small(picture)) is None) == (found is None)


@pytest.mark.parametrize("x", [0, 1])
@pytest.mark.parametrize("y", [0, 1])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_also_where_the_picture_was_cropped(clean, x, y, dtype):
    picture = document(through_jpeg(clean)[y:, x:], dtype)
    assert halved(picture, small(picture)) == Halving(x, y)


def test_and_where_it_was_turned(clean):
    picture = document(np.rot90(through_jpeg(clean, "4:2:2")).copy())
    assert halved(picture, small(picture)) == Halving(None, 0)


def kept_as_it_is(levels):
    picture = document(levels)
    return restored(picture, small(picture)) is None


def test_whatever_was_not_halved_is_left_alone(clean):
    noise = np.random.default_rng(1).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    flat = np.full((200, 200, 3), 90, np.uint8)
    grey = np.repeat(cv2.cvtColor(clean, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    jpeg = through_jpeg(clean)
    scaled = cv2.resize(jpeg, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    for levels in (clean, noise, flat, grey, through_jpeg(grey), scaled, jpeg[:63]):
        assert kept_as_it_is(levels)
    seen_through = document(jpeg)
    seen_through.pixels[10:20, 10:20, 3] = 99
    assert restored(seen_through, small(seen_through)) is None


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("kind", "share"), [("4:2:0", 0.85), ("4:2:2", 0.9)])
def test_restored_colours_are_nearer_to_what_was_drawn(clean, kind, share, dtype):
    picture = document(through_jpeg(clean, kind), dtype)
    before = picture.pixels.copy()
    better = restored(picture, small(picture))
    assert (picture.pixels == before).all()
    assert better.pixels.dtype == dtype
    scale = 257 if dtype == np.uint16 else 1
    off = [
        np.abs(one.pixels[..., :3] / scale - clean)[cv2.dilate(edges(), np.ones((9, 9))) > 0].mean()
        for one in (picture, better)
    ]
    print(f"{kind}: {off[0]:.2f} levels beside edges, {off[1]:.2f} restored")
    assert off[1] < share * off[0]


def edges():
    alpha = drawing()[1][1]
    return ((alpha > 0.02) & (alpha < 0.98)).astype(np.uint8)


def test_luma_stays(clean):
    picture = document(through_jpeg(clean))
    better = restored(picture, small(picture))
    luma = [
        cv2.transform(one.pixels[..., :3].astype(np.float32), chroma.LUMA_CHROMA)[..., 0] for one in (picture, better)
    ]
    outside = (better.pixels[..., :3].min(-1) == 0) | (better.pixels[..., :3].max(-1) == 255)
    assert np.abs(luma[0] - luma[1])[~outside].max() <= 0.51  # rounding


@pytest.mark.parametrize("crop", [0, 1])
def test_bands_do_not_show(clean, crop, monkeypatch):
    picture = document(through_jpeg(clean)[crop:, crop:])
    whole = restored(picture, small(picture)).pixels
    for rows in (32, 64, 1024):
        monkeypatch.setattr(chroma, "ROWS", rows)
        assert (restored(picture, small(picture)).pixels == whole).all()


def errors(stack, truth):
    """Mean absolute error of the thing's alpha."""
    found = {layer.name: layer.on(Extent(SIDE, SIDE)) for layer in stack.layers}
    return float(np.abs(found["1"][..., 3] / 255 - truth).mean())


@pytest.mark.parametrize("edges", ["fast", "careful"])
def test_refinement_asks_the_restored_and_paints_the_document(clean, edges, monkeypatch):
    picture, layers = document(through_jpeg(clean)), drawing()
    better = refine(picture, rough(layers), edges=edges)
    check_is_the_document(picture, better)
    monkeypatch.setattr("layerlift.refine.restored", lambda document, small: None)
    plain = refine(picture, rough(layers), edges=edges)
    off = errors(plain, layers[1][1]), errors(better, layers[1][1])
    print(f"{edges}: alpha is off by {off[0]:.5f}, asking the restored {off[1]:.5f}")
    assert off[1] < 0.85 * off[0]
