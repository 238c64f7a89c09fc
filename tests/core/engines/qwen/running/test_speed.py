"""Compiled blocks, attention kernels, blocks that come and go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the family needs torch")

from layerlift.engines.qwen.running import attention, compiling, load  # noqa: E402
from layerlift.engines.qwen.running.placing import weight_bytes  # noqa: E402
from layerlift.engines.qwen.running.streaming import Streamed, spread  # noqa: E402
from layerlift.progress import Progress  # noqa: E402

from .conftest import Loaded, by_us, plan  # noqa: E402

CPU = torch.device("cpu")


@pytest.mark.parametrize("family", ["layered", "edit"])
def test_blocks_compile_whole_and_are_traced_a_few_times_only(family: str, loaded: Loaded) -> None:
    """Traced, not translated to machine code: graph breaks and needless variants show without a compiler."""
    running = loaded(family)
    expected = by_us(running)
    torch.compiler.reset()
    torch._dynamo.utils.counters.clear()
    compiling.compile_blocks(running.transformer, backend="aot_eager")
    assert np.abs(by_us(running) - expected).max() < 1e-5
    by_us(running, steps=5)
    by_us(running, prompt="words of quite another length than those before")
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] <= 3
    assert not torch._dynamo.utils.counters["graph_break"]
    compiling.leave_uncompiled(running.transformer)


@pytest.mark.parametrize("kernel", ["native", "_native_math"])
def test_a_compiler_that_fails_is_done_without(
    kernel: str, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def broken(_graph: Any, _inputs: Any) -> Any:
        tried.append(running.kernel)
        raise RuntimeError("no C compiler was found")

    monkeypatch.setattr(compiling, "worthwhile", lambda _plan: True)
    monkeypatch.setattr(attention, "fastest", lambda *_: kernel)
    original = compiling.compile_blocks
    monkeypatch.setattr(compiling, "compile_blocks", lambda model: original(model, backend=broken))
    torch.compiler.reset()
    running = load("layered", folders["layered"], plan(), Progress())
    drawn = by_us(running)
    assert list(dict.fromkeys(tried)) == list(dict.fromkeys([kernel, "native"]))
    assert ["uncompiled" in note for note in running.notes] == [True]
    assert np.array_equal(by_us(running), drawn)
    assert len(running.notes) == 1
    running.close()


@pytest.mark.parametrize(
    ("changes", "worth"),
    [
        ({"device": "cuda:0"}, True),
        ({"device": "cuda:0", "weights": "fp8"}, True),
        ({"device": "cuda:0", "weights": "gguf-q4"}, False),
        ({"device": "cuda:0", "offload": "stream"}, False),
        ({"device": "mps"}, False),
        ({}, False),
    ],
)
def test_what_is_compiled(changes: dict[str, Any], worth: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "_triton", lambda: True)
    assert compiling.worthwhile(plan(**changes)) == worth
    monkeypatch.setattr(compiling, "_triton", lambda: False)
    assert not compiling.worthwhile(plan(**changes))


def test_rotating_in_reals_is_rotating_in_complex_numbers() -> None:
    from diffusers.models.transformers.transformer_qwenimage import apply_rotary_emb_qwen

    generator = torch.Generator().manual_seed(2)
    x = torch.randn(1, 7, 3, 16, generator=generator)
    turns = torch.polar(torch.ones(7, 8), torch.randn(7, 8, generator=generator))
    turn = attention.Rotation(turns)
    for dtype in (torch.float32, torch.bfloat16):
        ours = attention.rotate(x.to(dtype), (turn.cos, turn.sin))
        assert torch.equal(ours, apply_rotary_emb_qwen(x.to(dtype), turns, use_real=False))


def test_the_quickest_kernel_that_works_is_taken() -> None:
    def measure(kernel: str, _device: Any, _dtype: Any) -> float:
        if kernel == "flash":
            raise RuntimeError("flash-attn is not installed")
        return {"native": 2.0, "_native_cudnn": 1.0, "_flash_3": 3.0}[kernel]

    def nothing_works(kernel: str, _device: Any, _dtype: Any) -> float:
        raise ImportError(kernel)

    cuda = torch.device("cuda:0")
    assert attention.fastest(cuda, torch.bfloat16, measure=measure) == "_native_cudnn"
    assert attention.fastest(cuda, torch.bfloat16, measure=nothing_works) == "native"
    assert attention.fastest(CPU, torch.bfloat16, measure=measure) == "native"


def test_staying_blocks_are_spread() -> None:
    assert spread(10, 0) == set()
    assert spread(10, 2) == {2, 7}
    assert spread(3, 5) == {0, 1, 2}
    assert all(len(spread(60, count)) == count for count in range(61))


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("resident", [0, 3, 8])
def test_blocks_come_when_they_are_needed(ahead: bool, resident: int, deep: Path) -> None:
    whole = load("layered", deep, plan(), Progress())
    expected = by_us(whole)
    model = whole.transformer
    streamed = Streamed(model, CPU, ahead=ahead, resident=resident)
    whole._loaded.denoiser._blocks = streamed
    assert np.array_equal(by_us(whole), expected)
    away = 8 - resident
    # each of the 3 steps' two passes alone; one ahead is brought for a pass that never comes
    assert streamed.copied == (away * 6 + (1 if ahead and away else 0))
    streamed.reset()
    assert not any(resting.under_way for resting in streamed._rest.values())
    whole.close()


def test_what_stays_follows_the_plan(deep: Path) -> None:
    running = load("layered", deep, plan(), Progress())
    model, vae = running.transformer, running.pipeline.vae
    block = weight_bytes(model.transformer_blocks[0])
    row = 12 * model.inner_dim * 8 * 4
    around = weight_bytes(model) - weight_bytes(model.transformer_blocks) + weight_bytes(vae) + row
    running.close()
    counts = []
    for resident in (0, around + 2 * block, around + 4 * block, around + 4 * block - 1, around + 100 * block):
        running = load("layered", deep, plan(offload="stream", resident=resident), Progress())
        counts.append(len(running._loaded.placing._streamed.staying))
        running.close()
    assert counts == [0, 0, 2, 1, 8], "beside the two that come and go"
