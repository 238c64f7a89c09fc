"""Exact mode draws what plain diffusers draws from the same weights: every family, every way of keeping the weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the family needs torch")

from .conftest import Loaded, by_diffusers, by_us, words  # noqa: E402

ROUNDING = 1e-5
"""On pixels of 0–1, in float32. The one cause of any difference: layers are decoded one by one, not as a batch."""
FAMILIES = ("layered", "edit", "image")


@pytest.mark.parametrize("family", FAMILIES)
def test_draws_what_diffusers_draws(family: str, plain: Callable[[str], Any], loaded: Loaded) -> None:
    theirs, ours = by_diffusers(plain(family), family), by_us(loaded(family))
    assert theirs.std() > 0.01, "a blank picture proves nothing"
    assert np.abs(ours - theirs).max() <= ROUNDING


@pytest.mark.parametrize("family", FAMILIES)
def test_is_bit_for_bit_the_same_but_for_the_decoding(family: str, plain: Callable[[str], Any], loaded: Loaded) -> None:
    running = loaded(family)
    running.pipeline.vae.disable_slicing()
    assert np.array_equal(by_us(running), by_diffusers(plain(family), family))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("offload", ["model", "group", "stream"])
def test_where_weights_wait_changes_nothing(family: str, offload: str, loaded: Loaded) -> None:
    assert np.array_equal(by_us(loaded(family, offload=offload)), by_us(loaded(family)))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_transformer_gives_the_same_bits_in_bf16(family: str, plain: Callable[[str], Any], loaded: Loaded) -> None:
    import diffusers

    running = loaded(family, dtype="bfloat16")
    theirs = diffusers.QwenImageTransformer2DModel.from_pretrained(
        loaded.folders[family] / "transformer", dtype=torch.bfloat16, local_files_only=True
    )
    asked = _asked(family, torch.bfloat16)
    with torch.no_grad():
        expected, got = theirs(**asked)[0], running.transformer(**asked)[0]
    assert torch.equal(got, expected)


def test_decoding_in_tiles_where_the_plan_says_so(loaded: Loaded) -> None:
    running = loaded("layered", tile=True)
    vae = running.pipeline.vae
    assert vae.use_tiling
    whole = by_us(running)
    for name in ("tile_sample_min_height", "tile_sample_min_width"):
        setattr(vae, name, 48)
    for name in ("tile_sample_stride_height", "tile_sample_stride_width"):
        setattr(vae, name, 32)
    tiled = by_us(running)
    assert tiled.shape == whole.shape
    assert 0 < np.abs(tiled - whole).mean() < 0.1, "seams are blended: near, not equal"


def test_padding_is_left_out(loaded: Loaded) -> None:
    import diffusers

    running = loaded("layered")
    theirs = diffusers.QwenImageTransformer2DModel.from_pretrained(
        loaded.folders["layered"] / "transformer", local_files_only=True
    )
    asked = _asked("layered", torch.float32)
    plain = dict(asked)
    asked["encoder_hidden_states"] = torch.cat((asked["encoder_hidden_states"], torch.full((1, 5, 32), 9.0)), dim=1)
    asked["encoder_hidden_states_mask"] = torch.tensor([[1] * 9 + [0] * 5])
    with torch.no_grad():
        padded = running.transformer(**asked)[0]
        assert torch.equal(padded, running.transformer(**plain)[0])
        assert (padded - theirs(**asked)[0]).abs().max() < 1e-5


def test_a_hole_in_the_mask_is_obeyed(loaded: Loaded) -> None:
    import diffusers

    running = loaded("layered")
    theirs = diffusers.QwenImageTransformer2DModel.from_pretrained(
        loaded.folders["layered"] / "transformer", local_files_only=True
    )
    asked = _asked("layered", torch.float32)
    asked["encoder_hidden_states_mask"] = torch.tensor([[1, 1, 0, 1, 1, 0, 1, 1, 1]])
    with torch.no_grad():
        assert (running.transformer(**asked)[0] - theirs(**asked)[0]).abs().max() < 1e-5


def test_without_guidance_there_is_one_pass_per_step(loaded: Loaded) -> None:
    running = loaded("image")
    passes: list[int] = []
    running.transformer.proj_out.register_forward_hook(lambda *_: passes.append(1))
    by_us(running, guidance=1.0, steps=3)
    assert len(passes) == 3
    passes.clear()
    by_us(running, guidance=4.0, steps=3)
    assert len(passes) == 6


def test_guidance_goes_through_a_streamed_block_once(loaded: Loaded) -> None:
    running = loaded("image", offload="group")
    blocks = running._loaded.placing.blocks
    by_us(running, steps=4)
    # two passes in the first step, by which it is learned that there are two; one pair in each of the other three
    assert blocks.copied == 2 * (2 + 3)


def test_passes_go_alone_when_guidance_ends(loaded: Loaded) -> None:
    """Lockstep is a forecast: one that fails costs time, never the result."""
    streamed, resident = loaded("image", offload="stream"), loaded("image")
    results = []
    for running in (streamed, resident):
        embeds, _ = words(running, running.pipeline, "a circle")
        other, _ = words(running, running.pipeline, "a square")
        asked = {key: value for key, value in _asked("image", torch.float32).items() if key != "encoder_hidden_states"}
        outputs = []
        with torch.no_grad():
            for step, texts in enumerate(
                [(embeds, other), (embeds, other), (embeds,), (other, embeds), (other, embeds)]
            ):
                hidden = torch.full_like(asked["hidden_states"], 0.1 * step)
                for text in texts:
                    call = asked | {"hidden_states": hidden, "encoder_hidden_states": text}
                    outputs.append(running.transformer(**call)[0])
        results.append(outputs)
    assert all(torch.equal(one, other) for one, other in zip(*results, strict=True))


def _asked(family: str, dtype: Any) -> dict[str, Any]:
    """What a pipeline passes to the transformer in one step."""
    generator = torch.Generator().manual_seed(3)
    frames = {"layered": 4, "edit": 2, "image": 1}[family]
    asked: dict[str, Any] = {
        "hidden_states": torch.randn(1, frames * 16, 64, generator=generator).to(dtype),
        "encoder_hidden_states": torch.randn(1, 9, 32, generator=generator).to(dtype),
        "timestep": torch.tensor([0.731], dtype=dtype),
        "img_shapes": [[(1, 4, 4)] * frames],
        "return_dict": False,
    }
    return asked | ({"additional_t_cond": torch.zeros(1, dtype=torch.long)} if family == "layered" else {})
