"""Tiny pipelines of the Qwen-Image family, built offline in the diffusers layout that the real checkpoints have.

The classes, the configuration keys and the folder layout are the real ones; only the sizes are small and the weights
random (seeded). `layered(folder)`, `edit(folder)` and `image(folder)` write one model each (< 2 MB) and return the
folder; the product's own loading code reads it. `small_areas` lets the pipelines work at a few thousand pixels.

Sizes that may not be chosen freely: `z_dim` is not 3 or 4 (a picture would be taken for latents), heads are as wide as
`axes_dims_rope` adds up to, 512 words (256 bytes, the special tokens, and what the encoder shall say).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SPECIAL = (
    "<|endoftext|> <|im_start|> <|im_end|> <|object_ref_start|> <|object_ref_end|> <|box_start|> <|box_end|> "
    "<|quad_start|> <|quad_end|> <|vision_start|> <|vision_end|> <|vision_pad|> <|image_pad|> <|video_pad|>"
).split()
Z = 16
WORDS = 512
WIDTH = 32
"""Width of the encoder. Nothing else depends on it but `joint_attention_dim`."""


def layered(folder: Path, *, seed: int = 0, says: str | None = None) -> Path:
    """A tiny Qwen-Image-Layered. `says`: what its encoder answers to any question (None: random bytes)."""
    transformer = {"use_layer3d_rope": True, "use_additional_t_cond": True}
    # scheduler_config.json of Qwen/Qwen-Image-Layered
    scheduler = {"shift_terminal": False, "time_shift_type": "linear"}
    return _build(folder, "QwenImageLayeredPipeline", transformer, scheduler, channels=4, seed=seed, says=says)


def edit(folder: Path, *, seed: int = 0, says: str | None = None) -> Path:
    """A tiny Qwen-Image-Edit-2511."""
    transformer = {"zero_cond_t": True}
    return _build(folder, "QwenImageEditPlusPipeline", transformer, _SHARED_SCHEDULE, channels=3, seed=seed, says=says)


def image(folder: Path, *, seed: int = 0) -> Path:
    """A tiny Qwen-Image-2512: no processor, like the real one."""
    return _build(folder, "QwenImagePipeline", {}, _SHARED_SCHEDULE, channels=3, seed=seed, says=None)


def small_areas(monkeypatch: Any, pixels: int = 64 * 64) -> None:
    """Let the layered and the edit pipeline work at about `pixels` (64² = 4096) instead of 640² and 1024²."""
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus, pipeline_qwenimage_layered

    for module in (pipeline_qwenimage_layered, pipeline_qwenimage_edit_plus):
        original = module.calculate_dimensions
        monkeypatch.setattr(
            module, "calculate_dimensions", lambda _area, ratio, original=original: original(pixels, ratio)
        )


# scheduler_config.json of Qwen/Qwen-Image and Qwen/Qwen-Image-Edit-2511 (one step alone gives NaN: shift_terminal)
_SHARED_SCHEDULE = {"shift_terminal": 0.02, "time_shift_type": "exponential"}


def _build(
    folder: Path,
    pipeline: str,
    transformer: dict[str, Any],
    scheduler: dict[str, Any],
    *,
    channels: int,
    seed: int,
    says: str | None,
) -> Path:
    import diffusers

    words = _tokenizer(says)
    parts = {
        "scheduler": _scheduler(**scheduler),
        "vae": _vae(channels, seed),
        "text_encoder": _encoder(words, seed, says),
        "tokenizer": words,
        "transformer": _transformer(seed, **transformer),
    }
    index: dict[str, Any] = {"_class_name": pipeline, "_diffusers_version": diffusers.__version__}
    for name, part in parts.items():
        part.save_pretrained(folder / name)
        index[name] = [type(part).__module__.split(".")[0], type(part).__name__]
    if pipeline != "QwenImagePipeline":
        index["processor"] = ["transformers", "Qwen2VLProcessor"]
        words.save_pretrained(folder / "processor")
        _eye().save_pretrained(folder / "processor")
    (folder / "model_index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")
    return folder


def _transformer(seed: int, **more: Any) -> Any:
    import torch
    from diffusers import QwenImageTransformer2DModel

    torch.manual_seed(seed)
    return QwenImageTransformer2DModel(
        patch_size=2,
        in_channels=4 * Z,
        out_channels=Z,
        num_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=WIDTH,
        axes_dims_rope=(8, 4, 4),
        **more,
    )


def _vae(channels: int, seed: int) -> Any:
    import torch
    from diffusers import AutoencoderKLQwenImage

    torch.manual_seed(seed)
    vae = AutoencoderKLQwenImage(
        base_dim=8,
        z_dim=Z,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        input_channels=channels,
        latents_mean=[0.0] * Z,
        latents_std=[1.0] * Z,
    ).eval()
    _liven(vae)
    return vae


def _liven(vae: Any) -> None:
    """Let it paint strong colours (and alphas) around the middle grey: random weights all paint the same flat one."""
    import torch

    last = vae.decoder.conv_out
    with torch.no_grad():
        painted = vae.decode(torch.randn(4, Z, 1, 8, 8)).sample
        gain = 0.5 / painted.std((0, 2, 3, 4))
        last.weight.mul_(gain.view(-1, *[1] * (last.weight.ndim - 1)))
        last.bias.mul_(gain)
        last.bias.sub_(painted.mean((0, 2, 3, 4)) * gain)


def _scheduler(**more: Any) -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(
        base_image_seq_len=256,
        base_shift=0.5,
        max_image_seq_len=8192,
        max_shift=0.9,
        num_train_timesteps=1000,
        shift=1.0,
        use_dynamic_shifting=True,
        **more,
    )


def _tokenizer(says: str | None) -> Any:
    """Bytes are words; so is the whole of `says`."""
    from transformers import Qwen2Tokenizer
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    vocabulary = {letter: place for place, letter in enumerate(bytes_to_unicode().values())}
    words = Qwen2Tokenizer(
        vocab=vocabulary,
        merges=[],
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=list(SPECIAL),
    )
    if says:
        words.add_tokens([says])
    return words


def _eye() -> Any:
    from transformers import Qwen2VLImageProcessorPil

    return Qwen2VLImageProcessorPil(
        min_pixels=28 * 28, max_pixels=56 * 56, patch_size=14, merge_size=2, temporal_patch_size=2
    )


def _encoder(words: Any, seed: int, says: str | None) -> Any:
    import torch
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    ids = {word: words.convert_tokens_to_ids(word) for word in SPECIAL}
    torch.manual_seed(seed)
    ends = {"bos_token_id": ids["<|endoftext|>"], "pad_token_id": ids["<|endoftext|>"]}
    text = {
        "hidden_size": WIDTH,
        "intermediate_size": WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "vocab_size": WORDS,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [1, 1, 2]},
        "eos_token_id": ids["<|im_end|>"],
        **ends,
    }
    vision = {
        "depth": 2,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_heads": 2,
        "out_hidden_size": WIDTH,
        "fullatt_block_indexes": [1],
    }
    config = Qwen2_5_VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=False,
    )
    model = Qwen2_5_VLForConditionalGeneration(config).eval()
    # generation_config.json of Qwen2.5-VL-7B-Instruct, but for the token numbers
    model.generation_config.update(
        do_sample=True, temperature=1e-6, repetition_penalty=1.05, eos_token_id=[ids["<|im_end|>"]], **ends
    )
    if says:
        _teach(
            model, after=words.convert_tokens_to_ids("Ċ"), say=words.convert_tokens_to_ids(says), then=ids["<|im_end|>"]
        )
    return model


def _teach(model: Any, *, after: int, say: int, then: int) -> None:
    """Make it a chain of words: after the line feed that ends every question comes `say`, and then the end.

    Each block's contribution to the residual stream is silenced, so the last word alone decides; it and `say` get axes
    of their own, along which the head looks.
    """
    import torch

    with torch.no_grad():
        for block in model.model.language_model.layers:
            block.self_attn.o_proj.weight.zero_()
            block.mlp.down_proj.weight.zero_()
        words, head = model.model.language_model.embed_tokens.weight, model.lm_head.weight
        head.zero_()
        for axis, (word, following) in enumerate(((after, say), (say, then))):
            words[:, axis] = 0
            words[word] = 0
            words[word, axis] = 1
            head[following, axis] = 10
