"""Weights in other forms than the one in which they were trained."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the family needs torch")

from layerlift.engines.qwen.running import load  # noqa: E402
from layerlift.engines.qwen.running.narrow import NarrowLinear, narrow  # noqa: E402
from layerlift.engines.qwen.running.placing import weight_bytes  # noqa: E402
from layerlift.errors import EngineUnavailable  # noqa: E402
from layerlift.progress import Progress  # noqa: E402

from .conftest import Loaded, by_us, plan  # noqa: E402

CPU = torch.device("cpu")
# relative error of one weight: 8-bit float with 3 bits of mantissa, half a step of 16; integers, half a step of 127
WORST = {"fp8": 1 / 16, "int8": 1 / 2 / 127}


@pytest.mark.parametrize("form", ["fp8", "int8"])
def test_a_narrow_layer_rounds_its_weights_and_nothing_else(form: Any) -> None:
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(24, 48, generator=generator) * torch.logspace(-4, 2, 24)[:, None]  # rows of any size
    bias = torch.randn(24, generator=generator)
    layer = NarrowLinear(weight, bias, form, torch.float32)
    assert layer.weight.element_size() == 1
    back = layer.weight.float() * layer.scale[:, None]
    largest = weight.abs().amax(dim=1, keepdim=True)
    error = (back - weight).abs()
    # of the weight itself (fp8, above the smallest normal number) or of its row's largest (int8)
    assert (error <= WORST[form] * (weight.abs() if form == "fp8" else largest) + 2e-4 * largest).all()
    x = torch.randn(5, 48, generator=generator)
    assert torch.allclose(layer(x), x @ back.T + bias, rtol=1e-4, atol=1e-4)


def test_a_row_of_zeros_stays_zero() -> None:
    layer = NarrowLinear(torch.zeros(2, 4), None, "fp8", torch.float32)
    assert torch.equal(layer(torch.ones(1, 4)), torch.zeros(1, 2))


def test_narrowing_a_module_leaves_what_is_no_linear_layer() -> None:
    module = torch.nn.Sequential(
        torch.nn.Linear(4, 4), torch.nn.LayerNorm(4), torch.nn.Sequential(torch.nn.Linear(4, 2))
    )
    paused: list[int] = []
    narrow(module, "int8", CPU, torch.float32, lambda: paused.append(1))
    assert [type(part).__name__ for part in (module[0], module[1], module[2][0])] == [
        "NarrowLinear",
        "LayerNorm",
        "NarrowLinear",
    ]
    assert len(paused) == 2


@pytest.mark.parametrize("weights", ["fp8", "int8"])
@pytest.mark.parametrize("offload", ["none", "stream"])
def test_one_byte_per_weight_draws_nearly_the_same(weights: str, offload: str, loaded: Loaded) -> None:
    exact, running = loaded("layered"), loaded("layered", weights=weights, text_encoder="fp8", offload=offload)
    expected, got = by_us(exact), by_us(running)
    assert 0 < np.abs(got - expected).max() < 0.05, "pixels of 0–1"
    assert np.abs(got - expected).mean() < 0.002
    blocks = [weight_bytes(one.transformer.transformer_blocks) for one in (running, exact)]
    assert blocks[0] < 0.32 * blocks[1], "a byte instead of four, and the scales and biases"


@pytest.fixture(scope="module")
def gguf_file(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny layered transformer, its blocks in Q8_0."""
    gguf = pytest.importorskip("gguf", reason="GGUF weights need the package gguf")
    from safetensors.torch import load_file

    file = tmp_path_factory.mktemp("gguf") / "tiny-Q8_0.gguf"
    writer = gguf.GGUFWriter(file, arch="qwen_image")
    for name, tensor in load_file(next((folders["layered"] / "transformer").glob("*.safetensors"))).items():
        values, kind = tensor.float().numpy(), gguf.GGMLQuantizationType.Q8_0
        if values.ndim == 2 and values.shape[1] % 32 == 0 and "transformer_blocks" in name:
            writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


@pytest.fixture
def with_gguf(folders: dict[str, Path], gguf_file: Path, tmp_path: Path) -> Path:
    """A model folder whose transformer is the GGUF file."""
    import shutil

    shutil.copytree(folders["layered"], tmp_path / "model", ignore=shutil.ignore_patterns("diffusion_pytorch_model*"))
    shutil.copytree(folders["layered"] / "vae", tmp_path / "model" / "vae", dirs_exist_ok=True)
    shutil.copy(gguf_file, tmp_path / "model" / "transformer")
    return tmp_path / "model"


@pytest.mark.parametrize("tabulate", [False, True])
def test_gguf_is_what_diffusers_makes_of_it(tabulate: bool, with_gguf: Path, gguf_file: Path) -> None:
    from diffusers import GGUFQuantizationConfig, QwenImageTransformer2DModel

    running = load("layered", with_gguf, plan(weights="gguf-q8", tabulate=tabulate), Progress())
    assert type(running.transformer.transformer_blocks[0].attn.to_q).__name__ == "GGUFLinear"
    ours = by_us(running)
    theirs = QwenImageTransformer2DModel.from_single_file(
        str(gguf_file),
        quantization_config=GGUFQuantizationConfig(compute_dtype=torch.float32),
        config=str(with_gguf),
        subfolder="transformer",
        dtype=torch.float32,
        local_files_only=True,
    )
    running.close()
    reference = load("layered", with_gguf, plan(weights="gguf-q8", tabulate=False), Progress())
    missing = reference.transformer.load_state_dict(theirs.state_dict(), assign=True, strict=False)
    assert not missing.missing_keys
    assert np.array_equal(by_us(reference), ours)
    reference.close()


def test_gguf_blocks_can_be_streamed(with_gguf: Path) -> None:
    results = []
    for offload in ("none", "stream"):
        running = load("layered", with_gguf, plan(weights="gguf-q8", offload=offload), Progress())
        results.append(by_us(running))
        running.close()
    assert np.array_equal(*results)


@pytest.mark.skipif(find_spec("bitsandbytes") is not None, reason="bitsandbytes is installed")
@pytest.mark.parametrize("part", ["weights", "text_encoder"])
def test_nf4_without_its_package_says_what_to_install(part: str, loaded: Loaded) -> None:
    with pytest.raises(EngineUnavailable, match="bitsandbytes") as caught:
        by_us(loaded("layered", **{part: "nf4"}))
    assert "pip install bitsandbytes" in caught.value.remedy
