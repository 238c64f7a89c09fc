"""Which weights in which form, kept where: decided and predicted before anything is loaded.

Law: arithmetic only; knows no torch, no disk, no network. Sizes are bytes. A plan that does not fit is not made: what
spills over from graphics memory runs for hours without a word.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final

from layerlift.errors import EngineUnavailable, RequestError
from layerlift.models import catalogue, devices, refusals, workload
from layerlift.models.machine import PACKAGES, Machine
from layerlift.models.rungs import Cost, EncoderWeights, Job, Offload, Rung, Weights, cost, rungs
from layerlift.models.words import gigabytes, in_words

RESERVED: Final = 800_000_000
"""Device memory that is never ours: the driver's context and libraries' work space. Estimate."""
MARGIN: Final = 0.04
"""Part of the free device memory left over for fragmentation and what the desktop takes meanwhile."""
RAM_MARGIN: Final = 0.10
"""Part of the main memory left to the system."""
_LOWERED: Final = 0.92
"""A lowered plan needs at most this part of the peak of the one above it."""
_HIDDEN: Final = 0.6
"""Reading blocks may take at most this part of the computation's time, so that it hides behind it on slower boards."""
_BIG_STREAM: Final = 8_000_000_000
"""Bytes a step on a device of unknown speed beyond which reading blocks is not believed to hide behind computing."""


FAMILIES = ("layered", "edit", "image")
"""Families that need a plan; the others run anywhere."""


@dataclass(frozen=True)
class Plan:
    """How one model family runs on one machine.

    `device` ("cuda:0", "mps", "cpu"), `dtype` of the computation ("bfloat16", "float32"); `weights` of the
    transformer, `text_encoder`: of the encoder; `variant`: the download that they come from (fp8 and int8 are made from
    bf16 while loading); `offload`: "none" (everything stays on the device), "model" (whole components come and go),
    "group" (blocks that do not fit come one by one), "stream" (the same, one ahead); `tabulate`: modulation tables
    instead of the layers that make them; `tile`: the VAE decodes in tiles; `resolution` 640 or 1024; `layers` planned
    for; `resident` and `peak`: bytes on the device between and during steps; `ram`, `disk`: bytes needed there;
    `seconds` for one job of 50 steps with guidance (None: nothing known about such a device); `reason`: one sentence
    for people.
    """

    family: str
    device: str
    dtype: str
    weights: Weights
    text_encoder: EncoderWeights
    offload: Offload
    tabulate: bool
    resolution: int
    resident: int
    peak: int
    ram: int
    disk: int
    seconds: float | None
    reason: str
    layers: int = 4
    variant: str = "bf16"
    tile: bool = False
    below: Plan | None = field(default=None, repr=False, compare=False)

    def lower(self) -> Plan | None:
        """The next plan that needs less of the device and only weights that this one has as well; None at the end."""
        return self.below


def plan(
    family: str,
    machine: Machine,
    *,
    resolution: int | None = None,
    layers: int = 4,
    force_cpu: bool = False,
    variants: Collection[str] | None = None,
) -> Plan:
    """The best plan for `family` ("layered", "edit", "image") on `machine` at `resolution` (640, 1024; None: the
    family's own) with `layers` layers. `variants`: only from those downloads (the ones that are here; None: any for
    which the disk has room). `force_cpu`: on the processor, whatever it takes. Raises EngineUnavailable with a remedy
    when nothing fits, RequestError for a family without plans."""
    if family not in FAMILIES:
        raise RequestError(f"{family} models need no plan.", "They run anywhere.")
    job = Job(family, resolution or workload.default_resolution(family), layers)
    if force_cpu:
        return _forced(job, variants)
    if machine.backend == "cpu":
        raise refusals.no_accelerator(machine)
    budget = device_budget(machine)
    ways = [
        (rung, cost(rung, job, machine, budget)) for rung in rungs(machine) if _at_hand(rung, family, machine, variants)
    ]
    fitting = [(rung, price) for rung, price in ways if _fits(rung, price, job, machine, budget)]
    if not fitting:
        raise _refusal(machine, job, [price for _, price in ways], budget, variants)
    (chosen, price), *others = fitting
    return _chain(chosen, price, [rung for rung, _ in others], job, machine, budget)


def _refusal(
    machine: Machine, job: Job, prices: list[Cost], budget: int, variants: Collection[str] | None
) -> EngineUnavailable:
    """Why not, and which of the things that somebody could do would change it."""

    def helps(other: Machine, smaller: Job = job) -> bool:
        ways = [rung for rung in rungs(other) if _at_hand(rung, job.family, other, variants)]
        room = device_budget(other)
        return any(_fits(rung, cost(rung, smaller, other, room), smaller, other, room) for rung in ways)

    if prices and machine.backend == "cuda" and helps(replace(machine, packages=PACKAGES)):
        return refusals.package_missing(machine)
    ideas = refusals.Ideas(
        closing=helps(replace(machine, vram_free=machine.vram)),
        smaller=helps(machine, Job(job.family, 640, 1)),
    )
    return refusals.too_small(machine, job, prices, budget, ram_budget(machine), variants, ideas)


def device_budget(machine: Machine) -> int:
    """Bytes of the device that a plan may use now."""
    return max(0, round(machine.vram_free * (1 - MARGIN)) - RESERVED)


def ram_budget(machine: Machine) -> int:
    """Bytes of main memory that a plan may use (of all of it: what other programs hold can be paged out)."""
    return round(machine.ram * (1 - RAM_MARGIN))


def _variant(rung: Rung) -> str:
    """The download from which the rung's weights are made."""
    if rung.weights in ("bf16", "fp8", "int8"):
        return "bf16-nf4" if rung.encoder == "nf4" else "bf16"
    return rung.weights


def _at_hand(rung: Rung, family: str, machine: Machine, variants: Collection[str] | None) -> bool:
    if rung.encoder == "nf4" and rung.weights.startswith("gguf"):
        return False  # comes with no GGUF download
    if variants is not None:
        return _variant(rung) in variants
    return _disk(family, _variant(rung)) <= machine.disk_free


def _disk(family: str, variant: str) -> int:
    return catalogue.variant(catalogue.get(family), variant).size


def _fits(rung: Rung, price: Cost, job: Job, machine: Machine, budget: int) -> bool:
    if price.peak > budget or price.ram > ram_budget(machine):
        return False
    if rung.offload != "stream" or rung.anyway:
        return True
    if price.seconds is None:
        return price.moved <= _BIG_STREAM
    return price.moved / devices.BUS * workload.STEPS <= price.seconds * _HIDDEN


def _chain(rung: Rung, price: Cost, others: list[Rung], job: Job, machine: Machine, budget: int) -> Plan:
    """The plan with the lower ones below it: from the same download, each with a clearly lower peak."""
    steps = [other for other in others if _variant(other) == _variant(rung)]
    for base in (rung, *steps):
        if machine.backend != "mps" and not base.weights.startswith(("gguf", "nf4")):
            steps += [replace(base, offload="stream", share=share) for share in (0.5, 0.0)]
    ladder = [(rung, price)]
    for step in steps:
        below = cost(step, job, machine, budget)
        if below.peak <= ladder[-1][1].peak * _LOWERED and below.ram <= ram_budget(machine):
            ladder.append((step, below))
    made: Plan | None = None
    for step, below in reversed(ladder):
        made = replace(_plan(step, below, job, machine), below=made)
    assert made is not None
    return made


def _plan(rung: Rung, price: Cost, job: Job, machine: Machine) -> Plan:
    device = "mps" if machine.backend == "mps" else f"cuda:{machine.index}"  # ROCm calls itself cuda, too
    return Plan(
        job.family,
        device,
        "bfloat16" if machine.bf16 else "float32",
        rung.weights,
        rung.encoder,
        rung.offload,
        tabulate=True,
        resolution=job.resolution,
        resident=price.resident,
        peak=price.peak,
        ram=price.ram,
        disk=_disk(job.family, _variant(rung)),
        seconds=price.seconds,
        reason=in_words(rung, price, machine),
        layers=job.layers,
        variant=_variant(rung),
        tile=rung.tile,
    )


def _forced(job: Job, variants: Collection[str] | None) -> Plan:
    """On the processor in float32, as asked, with the best weights that are here; sizes are told, not judged."""
    forms: tuple[Weights, ...] = ("bf16", "gguf-q8", "gguf-q6", "gguf-q5", "gguf-q4", "gguf-q3")
    weights = next((form for form in forms if variants is None or form in variants), forms[0])
    rung = Rung(weights, "bf16", "none")  # bitsandbytes' 4 bits need a card
    machine = Machine("cpu", "the processor", 0, 0, 0, 0, 0, bf16=False, fp8=False)
    price = cost(rung, job, machine, 0)
    ram = (2 if weights == "bf16" else 1) * price.resident + (price.peak - price.resident) + price.ram
    reason = f"The processor, because it was forced: it takes hours and {gigabytes(ram)} of memory."
    made = _plan(rung, price, job, machine)
    return replace(made, device="cpu", resident=0, peak=0, ram=ram, seconds=None, reason=reason)
