"""Filling: exact outside, in every depth and profile, at every scale."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ImageCms

from core.operations.pictures import Narrow, Small, on_top, scene, selection
from layerlift.engines.fake import FakeEngine
from layerlift.engines.port import InpaintRequest
from layerlift.errors import Cancelled, RequestError
from layerlift.imaging.layer import Document
from layerlift.operations import run
from layerlift.operations.inpainting import inpaint
from layerlift.progress import Progress

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("engine", [FakeEngine(), Small()])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("prompt", [None, "a hat"])
@pytest.mark.parametrize("soft", [0, 3])
def test_nothing_outside_the_selection_is_touched(engine, dtype, prompt, soft):
    document = scene(dtype=dtype, icc=SRGB)
    mask = selection(document, soft)
    stack = inpaint(document, mask, prompt, engine=engine)
    (layer,) = stack.layers
    alpha = layer.on(stack.extent)[..., 3].astype(np.float64) / np.iinfo(dtype).max
    assert (alpha[mask == 0] == 0).all()
    assert (alpha <= mask / 255 + 1e-4).all()
    seen = on_top(document, stack)
    assert (seen[mask == 0] == document.pixels[mask == 0]).all()
    assert (seen[mask == 255] != document.pixels[mask == 255]).any()
    assert (stack.depth, stack.icc, stack.extent, stack.name) == (document.depth, SRGB, document.extent, "Scene")
    assert layer.name == ("Fill" if prompt is None else "Fill: a hat")
    assert layer.bounds.width < document.extent.width


def test_a_removal_takes_the_whole_selection_and_a_drawing_fades_in():
    document = scene()
    mask = selection(document)
    removed = inpaint(document, mask, engine=FakeEngine()).layers[0].on(document.extent)[..., 3]
    assert (removed == mask).all()
    drawn = inpaint(document, mask, "a hat", engine=FakeEngine()).layers[0].on(document.extent)[..., 3]
    rim = (mask > 0) & (drawn < 255)
    assert 0 < rim.sum() < 0.5 * (mask > 0).sum()
    wide = inpaint(document, mask, engine=FakeEngine(), feather=12).layers[0].on(document.extent)[..., 3]
    assert (wide <= drawn).all()
    assert (wide < drawn).any()


def test_the_seam_has_no_step():
    """An engine that answers brighter everywhere is brought back to the document's own colours."""

    class Bright(FakeEngine):
        def inpaint(self, request: InpaintRequest, progress: Progress) -> np.ndarray:
            out = request.image.copy()
            out[..., :3] = np.minimum(out[..., :3].astype(np.uint16) + 20, 255)
            return out

    document = scene()
    seen = on_top(document, inpaint(document, selection(document), engine=Bright()))
    apart = np.abs(seen.astype(int) - document.pixels)[..., :3]
    assert apart.mean() < 0.5
    assert np.percentile(apart[selection(document) > 0], 99) <= 4


def test_the_engine_sees_a_window_at_its_working_size():
    seen = []

    class Looks(Small):
        def inpaint(self, request: InpaintRequest, progress: Progress) -> np.ndarray:
            seen.append(request)
            return super().inpaint(request, progress)

    document = scene(1200, 800)
    mask = np.zeros((800, 1200), np.uint8)
    mask[700:740, 1100:1150] = 255
    inpaint(document, mask, engine=Looks())
    (request,) = seen
    height, width = request.mask.shape
    assert request.image.shape == (height, width, 4)
    assert width % 8 == height % 8 == 0
    assert width * height <= 1.2 * 48 * 32
    assert set(np.unique(request.mask)) == {0, 255}
    assert 0.05 < (request.mask > 0).mean() < 0.5  # not the 0.2 % that it is of the whole picture


def test_grain_matches_the_surroundings():
    """An enlarged fill is smooth; the picture around it is not."""
    document = scene(400, 300)
    noise = np.random.default_rng(0).normal(0, 5, document.pixels.shape[:2])[..., None]
    pixels = document.pixels.copy()
    pixels[..., :3] = np.clip(pixels[..., :3] + noise, 0, 255)
    mask = selection(document)
    seen = on_top(Document(pixels), inpaint(Document(pixels), mask, engine=Small()))

    def roughness(where: np.ndarray) -> float:
        grey = seen[..., :3].mean(axis=2)
        return float(np.abs(2 * grey[:, 1:-1] - grey[:, :-2] - grey[:, 2:])[where[:, 1:-1]].mean())

    inside, outside = roughness(mask == 255), roughness(mask == 0)
    assert 0.6 < inside / outside < 1.4


def test_where_the_surroundings_are_transparent_nothing_is_filled():
    document = scene()
    pixels = document.pixels.copy()
    mask = selection(document)
    pixels[mask == 0] = 0
    stack = inpaint(Document(pixels), mask, engine=FakeEngine())
    assert not stack.layers[0].pixels[..., 3].any()
    assert "transparent" in stack.notes[-1]
    drawn = inpaint(Document(pixels), mask, "a hat", engine=FakeEngine())
    assert drawn.layers[0].pixels[..., 3].max() == 255


@pytest.mark.parametrize("limit", [0.0, 0.3, 0.9])
def test_a_cancel_is_heard(limit):
    progress = Progress(lambda report: progress.cancel() if report.fraction >= limit else None)
    with pytest.raises(Cancelled):
        inpaint(scene(), selection(scene()), engine=Small(), progress=progress)


def test_is_deterministic():
    document, mask = scene(), selection(scene())
    first, second = (inpaint(document, mask, engine=Small()) for _ in range(2))
    assert (first.layers[0].pixels == second.layers[0].pixels).all()


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (None, "Nothing is selected"),
        (np.zeros((120, 180), np.uint8), "Nothing is selected"),
        (np.zeros((12, 18), np.uint8), "The selection is 18 × 12 pixels"),
        (np.full((120, 180), 255, np.uint8), "Everything is selected"),
        (np.ones((120, 180), bool), "The selection is"),
    ],
)
def test_what_cannot_be_filled(mask, words):
    with pytest.raises(RequestError, match=words) as caught:
        run("inpaint", FakeEngine(), document=scene(), mask=mask)
    assert caught.value.remedy


def test_engines_that_cannot_say_who_can():
    with pytest.raises(RequestError, match="cannot fill selections") as caught:
        run("inpaint", Narrow(), document=scene(), mask=selection(scene()))
    assert "“quick”" in caught.value.remedy
    with pytest.raises(RequestError, match="cannot draw what a prompt says"):
        run("inpaint", "quick", document=scene(), mask=selection(scene()), params={"prompt": "a hat"})


def test_the_quick_engine_removes_what_is_selected():
    document = scene()
    mask = selection(document)
    stack = run("inpaint", "quick", document=document, mask=mask)
    seen = on_top(document, stack)
    assert (seen[mask == 0] == document.pixels[mask == 0]).all()
    y, x = np.mgrid[0:120, 0:180]
    ground = np.stack([0.3 + 0.4 * x / 180, 0.5 + 0 * x, 0.7 - 0.4 * y / 120], axis=2) * 255
    assert np.abs(seen[..., :3] - ground)[mask == 255].mean() < 3  # the disc (0.9, 0.2, 0.1) is gone
