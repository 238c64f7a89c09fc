"""What fits which machine: the table, its order, its arithmetic, and the words of its refusals."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerlift.errors import EngineUnavailable, RequestError
from layerlift.models import catalogue, devices, sizes, workload
from layerlift.models.machine import Machine
from layerlift.models.plans import Plan, device_budget, plan, ram_budget

GIB = 2**30
NAMES = {
    8: "NVIDIA GeForce RTX 4060",
    12: "NVIDIA GeForce RTX 4070",
    16: "NVIDIA GeForce RTX 4080",
    24: "NVIDIA GeForce RTX 4090",
    32: "NVIDIA GeForce RTX 5090",
    48: "NVIDIA L40S",
    80: "NVIDIA H100 80GB HBM3",
}


def card(vram: float, ram: float = 64, **about) -> Machine:
    size, main = round(vram * GIB), round(ram * GIB)
    name = NAMES.get(vram, "Unheard of")
    made = Machine("cuda", name, size, size, main, main, 10**13, bf16=True, fp8=True)
    return replace(made, **about)


# graphics memory → (weights, encoder, offload) with 64 GB and with 32 GB of main memory; layered, 640, 4 layers
TABLE = {
    8: (("bf16", "nf4", "stream"), ("fp8", "nf4", "stream")),
    12: (("bf16", "fp8", "stream"), ("fp8", "fp8", "stream")),
    16: (("bf16", "fp8", "stream"), ("fp8", "fp8", "stream")),
    24: (("bf16", "bf16", "stream"), ("fp8", "bf16", "model")),
    32: (("bf16", "bf16", "model"), ("fp8", "bf16", "model")),
    48: (("bf16", "bf16", "none"), ("bf16", "bf16", "none")),
    80: (("bf16", "bf16", "none"), ("bf16", "bf16", "none")),
}


@pytest.mark.parametrize("vram", sorted(TABLE))
@pytest.mark.parametrize("ram", [64, 32])
def test_the_table(vram: int, ram: int) -> None:
    made = plan("layered", card(vram, ram))
    assert (made.weights, made.text_encoder, made.offload) == TABLE[vram][ram == 32]
    form = "bf16-nf4" if made.text_encoder == "nf4" else "bf16"
    assert (made.resolution, made.layers, made.variant, made.device) == (640, 4, form, "cuda:0")
    assert made.tabulate
    assert made.disk == catalogue.variant(catalogue.LAYERED, form).size


def test_what_a_plan_predicts_is_made_of_the_counted_parameters() -> None:
    """48 GB: everything stays. Transformer without modulation, encoder, VAE, one step's table; then activations."""
    made = plan("layered", card(48))
    transformer = 2 * (sizes.transformer("layered") - sizes.MODULATION)
    assert made.resident == transformer + 2 * sizes.ENCODER + 2 * sizes.VAE["layered"] + sizes.TABLE
    tokens = 40 * 40 * 6 + workload.TEXT_TOKENS
    assert made.peak == made.resident + max(tokens * workload.TOKEN_BYTES, 640 * 640 * workload.DECODE_BYTES)


def test_streaming_keeps_as_many_blocks_as_fit() -> None:
    small, large = plan("layered", card(12)), plan("layered", card(16))
    assert small.offload == large.offload == "stream"
    assert small.resident < large.resident <= device_budget(card(16))
    assert large.resident - small.resident > 3 * GIB


@given(
    vram=st.floats(4, 200),
    ram=st.floats(8, 512),
    family=st.sampled_from(["layered", "edit", "image"]),
    resolution=st.sampled_from([640, 1024]),
    layers=st.integers(1, 10),
    backend=st.sampled_from(["cuda", "rocm", "mps"]),
    bf16=st.booleans(),
    fp8=st.booleans(),
    packages=st.sets(st.sampled_from(["gguf", "bitsandbytes"])),
    variants=st.none() | st.sets(st.sampled_from(["bf16", "bf16-nf4", "gguf-q8", "gguf-q4", "nf4"]), min_size=1),
)
def test_no_plan_ever_asks_for_more_than_there_is(
    vram, ram, family, resolution, layers, backend, bf16, fp8, packages, variants
) -> None:
    machine = card(vram, ram, backend=backend, bf16=bf16, fp8=fp8, packages=frozenset(packages))
    made = _or_none(machine, resolution, layers, family, variants)
    variant, peaks = made.variant if made else "", []
    while made is not None:
        assert made.resident <= made.peak <= device_budget(machine)
        assert made.ram <= ram_budget(machine)
        assert made.variant == variant
        assert variants is None or made.variant in variants
        assert made.weights != "fp8" or fp8
        assert made.weights != "bf16" or bf16
        assert made.dtype == ("bfloat16" if bf16 else "float32")
        assert backend != "mps" or made.offload in ("none", "model")
        assert "nf4" not in (made.weights, made.text_encoder) or "bitsandbytes" in packages
        assert (made.text_encoder == "nf4") == (made.variant in ("nf4", "bf16-nf4"))
        peaks.append(made.peak)
        made = made.lower()
    assert all(below <= 0.92 * above for above, below in pairwise(peaks))


RANK = ("gguf-q3", "nf4", "gguf-q4", "gguf-q5", "gguf-q6", "gguf-q8", "fp8", "bf16")


@given(
    smaller=st.floats(4, 100),
    more=st.floats(0, 100),
    ram=st.sampled_from([12, 16, 24, 32, 48, 64, 128]),
    name=st.sampled_from([NAMES[24], "Unheard of"]),
    family=st.sampled_from(["layered", "edit", "image"]),
)
def test_a_larger_card_never_gets_worse_weights(smaller: float, more: float, ram: int, name: str, family: str) -> None:
    resolution = workload.default_resolution(family)
    small = _or_none(card(smaller, ram, name=name), resolution, 4, family)
    large = _or_none(card(smaller + more, ram, name=name), resolution, 4, family)
    if small is not None:
        assert large is not None
        assert RANK.index(large.weights) >= RANK.index(small.weights)


def test_lowering_ends_and_stays_with_the_same_download() -> None:
    steps = [plan("layered", card(80))]
    while (below := steps[-1].lower()) is not None:
        steps.append(below)
    assert [step.offload for step in steps][:1] == ["none"]
    assert steps[-1].offload == "stream"
    assert {step.variant for step in steps} == {"bf16"}
    assert steps[-1].peak < 11e9


def test_larger_jobs_never_fit_smaller_cards() -> None:
    def smallest(resolution: int, layers: int) -> int:
        return next(vram for vram in range(4, 40) if _or_none(card(vram, 32), resolution, layers))

    sizes_needed = [smallest(*job) for job in ((640, 1), (640, 4), (640, 10), (1024, 4), (1024, 8), (1024, 10))]
    assert sizes_needed == sorted(sizes_needed)
    residents = [plan("layered", card(16, 32), resolution=r, layers=n).resident for r, n in ((640, 4), (1024, 10))]
    assert residents[1] < residents[0] - 3 * GIB  # what a pass holds is taken from the blocks that stay


def _or_none(machine: Machine, resolution: int, layers: int, family: str = "layered", variants=None) -> Plan | None:
    """The plan, or None when it is refused with a sentence and a remedy."""
    try:
        return plan(family, machine, resolution=resolution, layers=layers, variants=variants)
    except EngineUnavailable as refusal:
        return None if refusal.sentence.endswith(".") and refusal.remedy else _unexplained(refusal)


def _unexplained(refusal: EngineUnavailable) -> None:
    raise AssertionError(f"no sentence or no remedy: {refusal!r}")


def test_weights_that_are_here_are_what_is_planned_with() -> None:
    made = plan("layered", card(12), variants={"gguf-q4"})
    assert (made.weights, made.variant, made.offload) == ("gguf-q4", "gguf-q4", "model")
    assert plan("layered", card(24), variants={"gguf-q4", "gguf-q8"}).weights == "gguf-q8"


def test_a_small_disk_chooses_a_smaller_download() -> None:
    made = plan("layered", card(24, 32, disk_free=40 * 10**9))
    assert made.variant == "gguf-q8"
    assert made.disk <= 40 * 10**9


def test_older_cards_compute_in_float32_from_small_weights() -> None:
    made = plan("layered", card(24, 32, bf16=False, fp8=False, name="NVIDIA TITAN RTX"))
    assert (made.dtype, made.weights) == ("float32", "int8")


def test_a_mac() -> None:
    mac = Machine("mps", "Apple M3 Max", 48 * GIB, 48 * GIB, 64 * GIB, 40 * GIB, 10**12, bf16=True, fp8=False)
    made = plan("layered", mac)
    assert (made.device, made.weights, made.text_encoder) == ("mps", "bf16", "bf16")
    assert made.offload == "model"
    assert made.seconds is None


def test_rocm_calls_its_device_cuda() -> None:
    made = plan("edit", card(24, backend="rocm", name="AMD Radeon RX 7900 XTX", fp8=False, index=1))
    assert made.device == "cuda:1"
    assert made.resolution == 1024


def test_seconds_are_near_the_reports() -> None:
    """H200, SGLang: 34 s; RTX 5090, fp8 and offload: 135 s (docs/models.md). Half to double is what a prediction that
    was never measured can promise."""
    h200 = plan("layered", card(140, 128, name="NVIDIA H200"))
    assert h200.seconds is not None
    assert 17 < h200.seconds < 68
    rtx = plan("layered", card(32, 64), variants={"bf16"})
    assert rtx.seconds is not None
    assert 68 < rtx.seconds < 270
    assert plan("layered", card(24, name="Unheard of")).seconds is None


def test_the_processor_is_refused_unless_forced() -> None:
    none = card(0, 64, backend="cpu", bf16=False, fp8=False, name="the processor")
    with pytest.raises(EngineUnavailable, match="No graphics card") as caught:
        plan("layered", none)
    assert "LAYERLIFT_FORCE_CPU=1" in caught.value.remedy
    made = plan("layered", none, force_cpu=True, variants={"bf16"})
    assert (made.device, made.dtype, made.weights, made.text_encoder) == ("cpu", "float32", "bf16", "bf16")
    assert (made.offload, made.seconds, made.lower()) == ("none", None, None)
    assert made.ram > 80e9
    assert plan("layered", none, force_cpu=True, variants={"gguf-q4"}).variant == "gguf-q4"


def test_a_card_that_pytorch_cannot_use() -> None:
    noted = card(0, backend="cpu", note="RTX 4090 is here, but the installed PyTorch was built without CUDA.")
    with pytest.raises(EngineUnavailable, match="built without CUDA") as caught:
        plan("layered", noted)
    assert "PyTorch build" in caught.value.remedy


def test_refusals_say_what_is_short_and_what_helps() -> None:
    with pytest.raises(EngineUnavailable, match=r"needs .* of graphics memory; Unheard of has 6 GB") as caught:
        plan("layered", card(6))
    assert caught.value.remedy.startswith("Let a larger machine do it")  # fewer layers would not help here
    with pytest.raises(EngineUnavailable, match=r"10 layers at 1024 pixels needs .* of graphics memory") as caught:
        plan("layered", card(12), resolution=1024, layers=10, variants={"gguf-q4"})
    assert caught.value.remedy.startswith("Ask for fewer layers or a resolution of 640. Or let")
    with pytest.raises(EngineUnavailable, match="other programs hold 19") as caught:
        plan("layered", card(24, vram_free=6 * GIB))
    assert caught.value.remedy.startswith("Close them")
    with pytest.raises(EngineUnavailable, match="of main memory for what does not fit"):
        plan("layered", card(8, 16))
    with pytest.raises(EngineUnavailable, match="only with the text encoder in 4 bits") as caught:
        plan("layered", card(8, 64, packages=frozenset({"gguf"})))
    assert "pip install bitsandbytes" in caught.value.remedy
    with pytest.raises(EngineUnavailable, match="The disk has 5") as caught:
        plan("layered", card(24, disk_free=5 * 10**9))
    assert "LAYERLIFT_MODELS" in caught.value.remedy
    with pytest.raises(EngineUnavailable, match="weights are not here"):
        plan("layered", card(24), variants=())
    with pytest.raises(EngineUnavailable, match="without the package gguf"):
        plan("layered", card(24, packages=frozenset()), variants={"gguf-q4"})
    with pytest.raises(RequestError, match="need no plan"):
        plan("matting", card(24))


def test_reasons_are_sentences() -> None:
    assert plan("layered", card(24)).reason.startswith("NVIDIA GeForce RTX 4090 (24 GB): the published 16-bit weights")
    assert "take turns" in plan("layered", card(32)).reason
    busy = plan("layered", card(24, ram_free=20 * GIB)).reason
    assert "are held by other programs now: close some." in busy
    assert "close some" not in plan("layered", card(24)).reason


@pytest.mark.parametrize(
    ("name", "operations"),
    [
        ("NVIDIA GeForce RTX 4070 Ti SUPER", 80e12),
        ("NVIDIA GeForce RTX 4070", 58e12),
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("AMD Instinct MI300X", 1307e12),
        ("NVIDIA L4", 121e12),
        ("NVIDIA L40S", 362e12),
    ],
)
def test_devices_are_known_by_their_names(name: str, operations: float) -> None:
    found = devices.speed(name)
    assert found is not None
    assert found.operations == operations


@pytest.mark.parametrize("name", ["NVIDIA GeForce RTX 4090 Laptop GPU", "NVIDIA GeForce GTX 1080", "Apple M4", ""])
def test_unknown_devices_get_no_guess(name: str) -> None:
    assert devices.speed(name) is None
