"""Pipelines to measure: the released configuration with random weights, the tests' tiny one, and ours on their tensors.

Law: builds models; measures nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def tiny_pipeline(scratch: Path) -> Any:
    """The tests' tiny model, at about 64² pixels."""
    import diffusers
    import torch
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_layered as module

    from layerlift.engines.qwen import seeing
    from models import tiny

    folder = tiny.layered(scratch / "tiny")
    original = module.calculate_dimensions
    module.calculate_dimensions = lambda area, ratio: original(area // 100, ratio)
    return diffusers.DiffusionPipeline.from_pretrained(
        folder, dtype=torch.float32, local_files_only=True, processor=seeing.processor(folder)
    )


def full_pipeline(scratch: Path, device: Any, dtype: Any) -> Any:
    """The released configuration with random weights on the device."""
    import diffusers
    import torch
    import transformers
    from accelerate import init_empty_weights

    from models import tiny

    words = transformers.Qwen2Tokenizer.from_pretrained(tiny.layered(scratch / "tiny") / "tokenizer")
    with init_empty_weights():
        transformer = diffusers.QwenImageTransformer2DModel(use_layer3d_rope=True, use_additional_t_cond=True)
        vae = diffusers.AutoencoderKLQwenImage(input_channels=4)
    torch.manual_seed(0)
    for model in (transformer, vae):
        _fill(model, device, dtype)
    text = {
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "vocab_size": 152064,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
    }
    vision = {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 3584}
    config = transformers.Qwen2_5_VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=False)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            encoder = transformers.Qwen2_5_VLForConditionalGeneration(config).eval().requires_grad_(False)
    finally:
        torch.set_default_dtype(before)
    # scheduler_config.json of Qwen/Qwen-Image-Layered
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler.from_pretrained(scratch / "tiny" / "scheduler")
    return diffusers.QwenImageLayeredPipeline(
        scheduler=scheduler, vae=vae, text_encoder=encoder, tokenizer=words, processor=None, transformer=transformer
    )


def _fill(model: Any, device: Any, dtype: Any) -> None:
    """Random matrices, norms of one, biases of nought."""
    import torch
    from torch import nn

    for name, old in list(model.named_parameters()):
        stem, _, leaf = name.rpartition(".")
        value = torch.empty(old.shape, device=device, dtype=dtype)
        if old.dim() > 1 and "gamma" not in leaf:
            value.normal_(0, 0.02)
        else:
            value.fill_(0.0 if leaf == "bias" else 1.0)
        model.get_submodule(stem)._parameters[leaf] = nn.Parameter(value, requires_grad=False)
    model.eval()


class Lent:
    """Modulation layers lent by the plain transformer."""

    def __init__(self, model: Any):
        self._model = model

    def block(self, index: int) -> Any:
        """See layerlift.engines.qwen.running.modulation.Source."""
        block = self._model.transformer_blocks[index]
        return block.img_mod, block.txt_mod


def sharing(plain: Any, weights: str, device: Any, dtype: Any) -> Any:
    """A transformer without modulation layers on the same tensors (8 bit: on its own, made of them)."""
    import torch
    from accelerate import init_empty_weights
    from torch import nn

    from layerlift.engines.qwen.running import modulation
    from layerlift.engines.qwen.running.narrow import narrow

    with init_empty_weights():
        ours = type(plain).from_config(plain.config)
    modulation.drop(ours)
    have = dict(plain.named_parameters())
    for name, _ in list(ours.named_parameters()):
        stem, _, leaf = name.rpartition(".")
        ours.get_submodule(stem)._parameters[leaf] = nn.Parameter(have[name].data, requires_grad=False)
    if weights != "bf16":
        with torch.no_grad():
            narrow(ours.transformer_blocks, weights, device, dtype)  # type: ignore[arg-type]
    return ours.eval()
