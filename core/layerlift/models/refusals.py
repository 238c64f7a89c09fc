"""Why a machine cannot run a model, in one sentence with a remedy. Law: makes errors, decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from layerlift.errors import EngineUnavailable
from layerlift.models.machine import FORCE_CPU, Machine
from layerlift.models.rungs import Cost, Job
from layerlift.models.words import gigabytes, memory

_ELSEWHERE = "let a larger machine do it (--server HOST:PORT), or use the quick engine, which runs anywhere."

_SMALLER = {
    "layered": "Ask for fewer layers or a resolution of 640.",
    "edit": "Ask for a resolution of 640.",
    "image": "Ask for a resolution of 640.",
}


@dataclass(frozen=True)
class Ideas:
    """What would help: `closing` other programs on the card, a `smaller` job."""

    closing: bool
    smaller: bool


def no_accelerator(machine: Machine) -> EngineUnavailable:
    """There is none, or PyTorch cannot use it."""
    if machine.note:
        return EngineUnavailable(
            machine.note, "Install the PyTorch build for this card (https://pytorch.org/get-started/locally)."
        )
    return EngineUnavailable(
        "No graphics card that PyTorch could use was found; on a processor this model takes hours for one picture.",
        "Use the quick engine, or a server that has a card (--server HOST:PORT); "
        f"{FORCE_CPU}=1 runs it on the processor all the same.",
    )


def package_missing(machine: Machine) -> EngineUnavailable:
    """It would fit with the text encoder in 4 bits."""
    return EngineUnavailable(
        f"{machine.name} ({memory(machine.vram)}) holds this model only with the text encoder in 4 bits, and "
        "bitsandbytes, the package that does that, is not installed.",
        f"Install it: pip install bitsandbytes. Or {_ELSEWHERE}",
    )


def too_small(
    machine: Machine,
    job: Job,
    prices: Sequence[Cost],
    budget: int,
    ram: int,
    variants: Collection[str] | None,
    ideas: Ideas,
) -> EngineUnavailable:
    """Nothing fits: say what is short, by the least that any way needs."""
    if not prices:
        return _nothing_at_hand(machine, variants)
    asked = f"{job.layers} layers at {job.resolution} pixels" if job.family == "layered" else f"{job.resolution} pixels"
    on_device = min(price.peak for price in prices)
    if on_device > budget:
        return _device_short(machine, job, asked, on_device, budget, ideas)
    fewer = "Download smaller weights (layerlift models plan)." if variants else "More main memory would do."
    needed = min((price.ram for price in prices if price.peak <= budget), default=0)
    if needed > ram:
        return EngineUnavailable(
            f"{asked} on {machine.name} ({memory(machine.vram)}) needs {gigabytes(needed)} of main memory for what "
            f"does not fit on the card; here are {memory(machine.ram)}.",
            f"{fewer} Or {_ELSEWHERE}",
        )
    return EngineUnavailable(
        f"{asked} on {machine.name} would wait for main memory most of the time.",
        f"{fewer} Or {_ELSEWHERE}",
    )


def _device_short(machine: Machine, job: Job, asked: str, needed: int, budget: int, ideas: Ideas) -> EngineUnavailable:
    sentence = f"{asked} needs {gigabytes(needed)} of graphics memory"
    if ideas.closing:
        return EngineUnavailable(
            f"{sentence}; of {machine.name}'s {memory(machine.vram)} other programs hold "
            f"{gigabytes(machine.vram - machine.vram_free)}.",
            f"Close them and try again. Or {_ELSEWHERE}",
        )
    return EngineUnavailable(
        f"{sentence}; {machine.name} has {memory(machine.vram)}, of which {gigabytes(budget)} can be used.",
        f"{_SMALLER[job.family]} Or {_ELSEWHERE}" if ideas.smaller else f"{_ELSEWHERE[0].upper()}{_ELSEWHERE[1:]}",
    )


def _nothing_at_hand(machine: Machine, variants: Collection[str] | None) -> EngineUnavailable:
    if variants is None:
        return EngineUnavailable(
            f"The disk has {gigabytes(machine.disk_free)} left; the smallest form of the model needs more.",
            "Make room, or name a folder on another disk with LAYERLIFT_MODELS.",
        )
    if not variants:
        return EngineUnavailable(
            "The model's weights are not here.", "Run “layerlift models plan”, then “layerlift models download”."
        )
    missing = "gguf" if any(name.startswith("gguf") for name in variants) else "bitsandbytes"
    return EngineUnavailable(
        f"The weights that are here ({', '.join(sorted(variants))}) cannot be used without the package {missing}.",
        f"Install it (pip install {missing}), or download another variant.",
    )
