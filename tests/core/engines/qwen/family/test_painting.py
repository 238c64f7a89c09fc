"""Pictures from words, drawn over, and filled, through the real pipelines with tiny weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from layerlift.engines.port import GenerateRequest, InpaintRequest, Sampling
from layerlift.engines.qwen.family import painting
from layerlift.engines.qwen.family.holes import continued, in_cells
from layerlift.engines.qwen.family.painting import generate, inpaint
from layerlift.engines.qwen.family.siblings import sibling
from layerlift.errors import EngineError, RequestError
from layerlift.imaging.geometry import Extent
from layerlift.progress import Progress

torch = pytest.importorskip("torch", reason="the model family needs torch and diffusers (the [gpu] extra)")

QUICKLY = Sampling(steps=3, resolution=64, seed=7)
Picture = NDArray[np.uint8]
Passes = Callable[[Any, str], Any]
PROMPT = "一只戴着红色围巾的橘猫，霓虹灯牌上写着“晚安”。 A poster that says “GOOD NIGHT”."


def wanted(start: Picture | None = None, prompt: str = PROMPT, strength: float = 0.6, **more: Any) -> GenerateRequest:
    return GenerateRequest(prompt, Extent(72, 56), start, strength, replace(QUICKLY, **more))


@pytest.fixture
def sure_vae(image_model: Any) -> Iterator[None]:
    """The VAE made as sure of what it reads as the real one is: random weights add noise of their own to a picture."""
    last = image_model.pipeline.vae.quant_conv
    kept = {name: value.clone() for name, value in last.state_dict().items()}
    half = last.weight.shape[0] // 2
    with torch.no_grad():
        last.weight[half:] = 0
        last.bias[half:] = -30  # log of the variance
    yield
    last.load_state_dict(kept)


@pytest.fixture
def hole(photo: Picture) -> Picture:
    mask = np.zeros(photo.shape[:2], np.uint8)
    mask[10:30, 15:50] = 255
    return mask


def test_a_picture_is_opaque_deterministic_and_of_the_size_asked_for(image_model: Any) -> None:
    first = generate(image_model, wanted(), Progress())
    assert first.shape == (56, 72, 4)
    assert (first[..., 3] == 255).all()
    assert (generate(image_model, wanted(), Progress()) == first).all()
    for other in (wanted(seed=8), wanted(prompt="a dog"), wanted(guidance=8.0), wanted(negative="x"), wanted(steps=4)):
        assert (generate(image_model, other, Progress()) != first).any()


def test_chinese_and_english_reach_the_model_letter_by_letter(image_model: Any, passes: Passes) -> None:
    """What the encoder reads, decoded again, holds the prompt unchanged. (How well the real model then writes it into a
    picture cannot be seen with random weights.)"""
    tokenizer = image_model.pipeline.tokenizer
    with image_model.encoder(Progress()), passes(image_model, "text_encoder") as read:
        generate(image_model, wanted(prompt=PROMPT + " ", negative="模糊的字 blurred"), Progress())
    said = [tokenizer.decode(call[0][0]) for call in read]
    assert any(PROMPT in words for words in said)
    assert any("模糊的字 blurred" in words for words in said)


def test_siblings_hold_the_very_weights_that_were_loaded(image_model: Any) -> None:
    loaded = image_model.pipeline
    made = [sibling(loaded, kind) for kind in ("picture", "picture from picture", "inpaint")]
    assert made[0] is loaded
    assert [type(pipeline).__name__ for pipeline in made[1:]] == [
        "QwenImageImg2ImgPipeline",
        "QwenImageInpaintPipeline",
    ]
    for part in ("transformer", "vae", "tokenizer", "scheduler"):
        assert all(getattr(pipeline, part) is getattr(loaded, part) for pipeline in made)
    with pytest.raises(EngineError, match="not made for this"):
        sibling(loaded, "edit")


@pytest.mark.parametrize(("strength", "made"), [(1.0, 10), (0.6, 6), (0.1, 1), (0.05, 1), (0.0, 0)])
def test_strength_is_the_share_of_the_steps(
    image_model: Any, photo: Picture, passes: Passes, strength: float, made: int
) -> None:
    with passes(image_model, "transformer") as calls:
        drawn = generate(image_model, wanted(photo, strength=strength, steps=10, guidance=1.0), Progress())
    assert len(calls) == made
    assert drawn.shape == photo.shape
    assert (drawn == photo).all() == (made == 0)


def test_the_weaker_the_nearer_to_the_start(image_model: Any, photo: Picture) -> None:
    """By latents: these random weights' VAE keeps little of a picture, but little strength keeps all of that."""
    plain = image_model.pipeline.vae
    start = generate(image_model, wanted(photo, strength=0.1, steps=10), Progress()).astype(int)
    some = generate(image_model, wanted(photo, strength=0.5, steps=10), Progress()).astype(int)
    most = generate(image_model, wanted(photo, strength=1.0, steps=10), Progress()).astype(int)
    assert np.abs(some - start).mean() < np.abs(most - start).mean()
    assert image_model.pipeline.vae is plain


@pytest.mark.usefixtures("sure_vae")
def test_a_hole_is_filled_and_the_rest_is_kept(image_model: Any, passes: Passes) -> None:
    """What the VAE paints from has, cell by cell, the picture's own latents outside of the hole whatever is drawn."""
    photo = np.random.default_rng(0).integers(0, 255, (64, 64, 4), dtype=np.uint8)
    mask = np.zeros((64, 64), np.uint8)
    mask[18:30, 8:45] = 255
    fills, latents = [], []
    for seed in (1, 1, 2):
        with passes(image_model, "vae.decoder") as painted:
            request = InpaintRequest(photo, mask, "a cat", replace(QUICKLY, seed=seed))
            fills.append(inpaint(image_model, request, Progress()))
        latents.append(painted[-1][0][0, :, 0])
    assert (fills[0] == fills[1]).all()
    assert (fills[0] != fills[2]).any()
    assert (fills[0][..., 3] == np.where(mask > 0, 255, photo[..., 3])).all()
    drawn = torch.zeros(8, 8, dtype=torch.bool)
    drawn[2:4, 1:6] = True
    assert torch.allclose(latents[0][:, ~drawn], latents[2][:, ~drawn], rtol=0, atol=1e-5)
    assert (latents[0] != latents[2])[:, drawn].all()


def test_outpainting_is_a_hole_around_the_picture(image_model: Any, photo: Picture) -> None:
    canvas = np.zeros((96, 96, 4), np.uint8)
    canvas[20:76, 12:84] = photo
    mask = np.where(canvas[..., 3] == 0, 255, 0).astype(np.uint8)
    filled = inpaint(image_model, InpaintRequest(canvas, mask, sampling=QUICKLY), Progress())
    assert filled.shape == canvas.shape
    assert (filled[..., 3] == 255).all()


def test_without_words_it_describes_what_is_around(image_model: Any, photo: Picture, hole: Picture) -> None:
    told: list[str] = []
    encode = type(image_model.pipeline).encode_prompt
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            type(image_model.pipeline),
            "encode_prompt",
            lambda pipeline, prompt=None, **more: told.append(prompt) or encode(pipeline, prompt, **more),
        )
        for prompt in (None, "  "):
            inpaint(image_model, InpaintRequest(photo, hole, prompt, QUICKLY), Progress())
    assert set(told) <= {painting.REMOVAL, painting.REMOVAL_NEGATIVE}


def test_what_is_to_go_does_not_shine_through(image_model: Any, photo: Picture, hole: Picture, passes: Passes) -> None:
    """The VAE's cells beside the hole must not know what was in it: two different things leave the same fill."""
    one, other = photo.copy(), photo.copy()
    one[hole > 0], other[hole > 0] = (0, 0, 0, 255), (255, 255, 255, 255)
    fills = [inpaint(image_model, InpaintRequest(picture, hole, None, QUICKLY), Progress()) for picture in (one, other)]
    assert (fills[0] == fills[1]).all()


def test_a_logo_taken_off_a_white_page_leaves_a_white_page(
    image_model: Any, hole: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = np.full((*hole.shape, 4), 255, np.uint8)
    blank: list[bool] = []

    def white(_running: Any, drawing: Any, _progress: Any, *, may_be_blank: bool = False) -> Picture:
        blank.append(may_be_blank)
        return np.full((drawing.extent.height, drawing.extent.width, 3), 255, np.uint8)

    monkeypatch.setattr(painting, "draw", white)
    assert (inpaint(image_model, InpaintRequest(page, hole), Progress()) == page).all()
    assert blank == [True]


def test_the_edit_model_fills_too_by_orders_and_at_the_working_size(
    edit_model: Any, photo: Picture, hole: Picture, passes: Passes
) -> None:
    """It sees the picture with the hole blurred, and what is outside of the hole is kept likewise."""
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_inpaint as module

    rule = module.calculate_dimensions
    other = photo.copy()
    other[hole > 0] = (255, 0, 255, 255)
    with edit_model.encoder(Progress()), passes(edit_model, "vae.encoder") as seen:
        fills = [
            inpaint(edit_model, InpaintRequest(image, hole, None, QUICKLY), Progress()) for image in (photo, other)
        ]
    assert (fills[0] == fills[1]).all()
    assert fills[0].shape == photo.shape
    areas = {call[0].shape[-1] * call[0].shape[-2] for call in seen} - {256 * 256}
    assert areas == {64 * 64}
    assert module.calculate_dimensions is rule
    with_words = inpaint(edit_model, InpaintRequest(photo, hole, "a cat", QUICKLY), Progress())
    assert (with_words != fills[0]).any()


@pytest.mark.parametrize(
    ("prompt", "order"),
    [
        ("a red boat.", "Fill the blurred area with this: a red boat. Keep everything else unchanged."),
        ("一艘红色的船。", "将模糊区域填充为：一艘红色的船。其他部分保持不变。"),
        (None, painting.REMOVAL_ORDER),
        ("  ", painting.REMOVAL_ORDER),
    ],
)
def test_orders_are_given_in_the_language_of_the_prompt(prompt: str | None, order: str) -> None:
    assert painting._orders(prompt).prompt == order


def test_requests_that_make_no_sense(image_model: Any, photo: Picture, hole: Picture) -> None:
    with pytest.raises(RequestError, match="no words"):
        generate(image_model, wanted(prompt=" \n"), Progress())
    with pytest.raises(RequestError, match="Nothing is selected"):
        inpaint(image_model, InpaintRequest(photo, hole * 0), Progress())


def test_masks_are_grown_to_whole_cells() -> None:
    mask = np.zeros((32, 48), np.uint8)
    mask[9, 20] = 255
    grown = in_cells(mask)
    assert np.argwhere(grown).min(0).tolist() == [8, 16]
    assert np.argwhere(grown).max(0).tolist() == [15, 23]
    # diffusers looks at one pixel of each cell: a line one pixel wide would mostly be lost
    assert (grown[::8, ::8] > 0).sum() == 1
    assert (mask[::8, ::8] > 0).sum() == 0


def test_holes_are_continued_smoothly_and_nothing_else_is_touched() -> None:
    y, x = np.mgrid[:60, :80].astype(np.float32)
    ramp = np.dstack([2 * x, 3 * y, 100 + 0 * x]).astype(np.uint8)
    hole = np.zeros((60, 80), np.bool_)
    hole[15:45, 20:60] = True
    damaged = ramp.copy()
    damaged[hole] = (255, 0, 255)
    filled = continued(damaged, hole)
    assert (filled[~hole] == ramp[~hole]).all()
    assert np.abs(filled[hole].astype(int) - ramp[hole]).mean() < 12
    assert (continued(damaged, np.zeros_like(hole)) == damaged).all()
    assert continued(damaged, np.ones_like(hole)).shape == damaged.shape
