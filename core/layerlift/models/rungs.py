"""The ways in which a model can be fitted to a device, best first, and what each of them costs.

Law: arithmetic only; decides nothing (`plans` takes the first that fits).

What is assumed of the code that loads and runs (`engines/qwen/running`):
- the modulation layers are tabulated per schedule, in main memory; one time step's table is on the device; of GGUF and
  NF4 weights these layers themselves wait in main memory, too;
- with any offload but "none", the text encoder is on the device only while it encodes and the transformer only while
  it draws; the transformer waits in main memory, the encoder too if there is room, else it is read again (on Metal,
  where the two memories are one, both are); what is read from 16-bit files on the way is mapped, not held;
- "stream": blocks that do not fit are read from pinned main memory, one ahead of the computation, once per step for
  both passes; "group": one at a time, nothing ahead;
- the VAE decodes one frame at a time, in tiles where the plan says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from layerlift.models import devices, sizes, workload
from layerlift.models.machine import Machine

Weights: TypeAlias = Literal["bf16", "fp8", "int8", "gguf-q8", "gguf-q6", "gguf-q5", "gguf-q4", "gguf-q3", "nf4"]
EncoderWeights: TypeAlias = Literal["bf16", "fp8", "nf4"]
Offload: TypeAlias = Literal["none", "model", "group", "stream"]

_PROGRAM: Final = 6_000_000_000
"""Main memory for Python, PyTorch, its libraries, and the pictures of one job. Estimate."""
_UNPACKED: Final = 300_000_000
"""Device memory for layers being unpacked from GGUF, NF4 or 8 bits: two of 12288 × 3072 in bf16 and float32 steps."""
_FILLED: Final = 0.95
"""Part of the budget that blocks may fill: the last ones would save next to nothing."""
_CAPTION_TOKENS: Final = 128
_NF4_ONLY: Final[tuple[EncoderWeights, ...]] = ("nf4",)
_BLOCK_SLOTS: Final = {"group": 1, "stream": 2}


@dataclass(frozen=True)
class Job:
    """What is to be drawn."""

    family: str
    resolution: int
    layers: int


@dataclass(frozen=True)
class Rung:
    """One way. `share`: part of the blocks that stays on the device when blocks are offloaded (None: all that fit);
    `anyway`: even where reading blocks takes longer than computing with them."""

    weights: Weights
    encoder: EncoderWeights
    offload: Offload
    tile: bool = False
    share: float | None = None
    anyway: bool = False


@dataclass(frozen=True)
class Cost:
    """Bytes on the device between (`resident`) and during steps (`peak`), of main memory, moved per step; seconds."""

    resident: int
    peak: int
    ram: int
    moved: int
    seconds: float | None


def rungs(machine: Machine) -> Iterator[Rung]:
    """All ways in which this kind of device can do it, best first: exact before quantised, whole before in pieces."""
    metal = machine.backend == "mps"
    eight: Weights = "fp8" if machine.fp8 else "int8"
    order: list[tuple[Weights, tuple[Offload, ...]]] = [
        ("bf16", ("none", "model", "stream")),
        (eight, ("none", "model")),
        ("gguf-q8", ("none", "model")),
        (eight, ("stream",)),
        ("gguf-q6", ("none", "model")),
        ("gguf-q5", ("none", "model")),
        ("gguf-q4", ("none", "model")),
        ("nf4", ("none", "model")),
        ("gguf-q3", ("none", "model")),
        (eight, ("stream", "group")),
    ]
    encoders: tuple[EncoderWeights, ...] = ("bf16",) if metal else ("bf16", "fp8")
    if "bitsandbytes" in machine.packages and not metal:
        encoders = (*encoders, "nf4")
    for number, (weights, offloads) in enumerate(order, 1):
        if not _possible(weights, machine):
            continue
        for encoder in _NF4_ONLY if weights == "nf4" else encoders:
            for tile in (False, True):
                for offload in offloads:
                    if metal and offload in _BLOCK_SLOTS:
                        continue  # memory is shared: there is nowhere to offload to
                    yield Rung(weights, encoder, offload, tile, anyway=number == len(order))


def _possible(weights: Weights, machine: Machine) -> bool:
    if weights == "bf16" and not machine.bf16:
        return False  # computed in float32 instead, which whole 16-bit layers would have to become
    if weights == "nf4":
        return "bitsandbytes" in machine.packages and machine.backend in ("cuda", "rocm")
    return not weights.startswith("gguf") or "gguf" in machine.packages


def cost(rung: Rung, job: Job, machine: Machine, budget: int) -> Cost:
    """What the rung costs; `budget`: bytes of the device that may be used (how many blocks stay depends on it)."""
    wide = not machine.bf16
    step = workload.step_bytes(
        job.family, job.resolution, job.layers, wide=wide, quadratic=machine.backend == "mps"
    ) + (_UNPACKED if rung.weights != "bf16" else 0)
    decode = workload.decode_bytes(job.resolution, tiled=rung.tile, wide=wide)
    vae = sizes.vae_bytes(job.family) * (2 if wide else 1)
    encoder = sizes.encoder_bytes(rung.encoder)
    whole = sizes.transformer_bytes(job.family, rung.weights, tabulated=True)
    drawing = max(step, decode)
    kept = whole
    if rung.offload in _BLOCK_SLOTS:
        kept = _kept(rung, whole, round(budget * _FILLED) - vae - sizes.TABLE - drawing)
    resident = kept + vae + sizes.TABLE + (encoder if rung.offload == "none" else 0)
    encoding = vae + encoder + workload.ENCODE_BYTES + (whole if rung.offload == "none" else 0)
    moved = whole - kept
    return Cost(
        resident,
        max(resident + drawing, encoding),
        _ram(rung, whole, max(resident + drawing, encoding), machine),
        moved,
        _seconds(rung, job, machine, moved, encoder),
    )


def _kept(rung: Rung, whole: int, room: int) -> int:
    """Bytes of the transformer on the device: what is around the blocks, the slots, and the blocks that stay."""
    block = round(sizes.BLOCK * sizes.BITS[rung.weights] / 8)
    around = whole - sizes.BLOCKS * block
    slots = _BLOCK_SLOTS[rung.offload]
    fit = sizes.BLOCKS if rung.share is None else round(sizes.BLOCKS * rung.share)
    stay = max(0, min(fit, (room - around) // block - slots, sizes.BLOCKS - slots))
    return around + (slots + stay) * block


def _ram(rung: Rung, whole: int, peak: int, machine: Machine) -> int:
    if machine.backend == "mps":
        return peak + _PROGRAM
    waiting = 0 if rung.offload == "none" else whole  # the encoder waits there only if there is room
    if rung.weights.startswith(("gguf", "nf4")):  # others read these layers from their files when a schedule is new
        waiting += round(sizes.MODULATION * sizes.BITS[rung.weights] / 8)
    return waiting + _PROGRAM + workload.STEPS * sizes.TABLE


def _seconds(rung: Rung, job: Job, machine: Machine, moved: int, encoder: int) -> float | None:
    """One job of 50 steps with guidance, caption included, everything loaded already."""
    speed = devices.speed(machine.name)
    if speed is None:
        return None
    operations = workload.step_operations(job.family, job.resolution, job.layers)
    step = operations / (speed.operations * devices.REACHED * (1 if machine.bf16 else 0.12))
    if rung.weights.startswith(("gguf", "nf4")):
        weights = sizes.transformer(job.family) - sizes.MODULATION
        step += workload.GUIDED * weights * devices.UNPACK / speed.bandwidth
    bus = moved / devices.BUS
    step = max(step, bus) if rung.offload == "stream" else step + bus
    caption = _CAPTION_TOKENS * encoder / speed.bandwidth / devices.REACHED
    swaps = 0.0 if rung.offload == "none" else 2 * (encoder + moved) / devices.BUS
    return workload.STEPS * step + caption + swaps
