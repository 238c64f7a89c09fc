"""The formulas against the real classes at full size, built on PyTorch's meta device: shapes without memory."""

from __future__ import annotations

import pytest

from layerlift.models import catalogue, sizes

torch = pytest.importorskip("torch", reason="comes with layerlift[gpu]")
diffusers = pytest.importorskip("diffusers", reason="comes with layerlift[gpu]")
transformers = pytest.importorskip("transformers", reason="comes with layerlift[gpu]")

TRANSFORMER = {
    "patch_size": 2,
    "in_channels": 64,
    "out_channels": 16,
    "num_layers": 60,
    "attention_head_dim": 128,
    "num_attention_heads": 24,
    "joint_attention_dim": 3584,
    "axes_dims_rope": (16, 56, 56),
}
VARIANTS = {
    "layered": {"use_additional_t_cond": True, "use_layer3d_rope": True},
    "edit": {"zero_cond_t": True},
    "image": {},
}


def count(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture(scope="module", params=sorted(VARIANTS))
def transformer(request: pytest.FixtureRequest):
    with torch.device("meta"):
        return request.param, diffusers.QwenImageTransformer2DModel(**TRANSFORMER, **VARIANTS[request.param])


def test_the_transformer_has_as_many_parameters(transformer) -> None:
    family, model = transformer
    assert count(model) == sizes.transformer(family)
    modulation = [p for name, p in model.named_parameters() if ".img_mod." in name or ".txt_mod." in name]
    assert sum(p.numel() for p in modulation) == sizes.MODULATION
    block = model.transformer_blocks[0]
    assert count(block) - count(block.img_mod) - count(block.txt_mod) == sizes.BLOCK


def test_what_is_resident_in_exact_mode_is_below_14_billion_parameters() -> None:
    for family in VARIANTS:
        assert sizes.transformer_bytes(family, "bf16", tabulated=True) / 2 <= 14e9


def test_the_text_encoder_has_as_many_parameters() -> None:
    config = transformers.Qwen2_5_VLConfig(
        text_config={
            "hidden_size": 3584,
            "num_hidden_layers": 28,
            "num_attention_heads": 28,
            "num_key_value_heads": 4,
            "intermediate_size": 18944,
            "vocab_size": 152064,
            "tie_word_embeddings": False,
        },
        vision_config={
            "depth": 32,
            "hidden_size": 1280,
            "num_heads": 16,
            "intermediate_size": 3420,
            "out_hidden_size": 3584,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "in_channels": 3,
        },
    )
    with torch.device("meta"):
        model = transformers.Qwen2_5_VLForConditionalGeneration(config)
    assert count(model) == sizes.ENCODER
    assert count(model.model.language_model.embed_tokens) == sizes.ENCODER_EMBEDDING


@pytest.mark.parametrize(("family", "channels"), [("layered", 4), ("edit", 3), ("image", 3)])
def test_the_vae_has_as_many_parameters(family: str, channels: int) -> None:
    with torch.device("meta"):
        model = diffusers.AutoencoderKLQwenImage(
            base_dim=96,
            z_dim=16,
            dim_mult=[1, 2, 4, 4],
            num_res_blocks=2,
            attn_scales=[],
            temperal_downsample=[False, True, True],
            input_channels=channels,
        )
    assert count(model) == sizes.VAE[family]


def test_the_published_files_are_as_large_as_their_parameters() -> None:
    """Sizes in the catalogue (read from public pages) against counts times bytes, headers aside."""
    for model in (catalogue.LAYERED, catalogue.EDIT, catalogue.IMAGE):
        around, encoder, transformer = catalogue.variant(model, "bf16").parts
        assert transformer.size == pytest.approx(2 * sizes.transformer(model.family), rel=1e-4)
        assert encoder.size == pytest.approx(2 * sizes.ENCODER, rel=1e-4)
        assert around.size > sizes.vae_bytes(model.family)


def test_ggufs_take_at_least_their_nominal_bits() -> None:
    for model in (catalogue.LAYERED, catalogue.EDIT, catalogue.IMAGE):
        for variant in model.variants:
            if variant.name in sizes.GGUF:
                nominal = sizes.transformer(model.family) * sizes.BITS[variant.name] / 8
                assert nominal < variant.parts[-1].size <= sizes.GGUF[variant.name]
