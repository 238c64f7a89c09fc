"""Why a machine cannot run a model, in one sentence with a remedy. Law: makes errors, decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from layerlift.errors import EngineUnavailable
from layerlift.models.machine import FORCE_CPU, Machine
from layerlift.models.rungs import Cost, Job
from layerlift.models.words import gigabytes, memory

_ELSEWHERE = (
    "Or let a machine with a larger one do it (--server HOST:PORT), or use the quick engine, which runs anywhere."
)

_SMALLER = {
    "layered": "Ask for fewer layers or a resolution of 640.",
    "edit": "Ask for a resolution of 640.",
    "image": "Ask for a resolution of 640.",
}


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
        f"Install it: pip install bitsandbytes. {_ELSEWHERE}",
    )


def too_small(
    machine: Machine,
    job: Job,
    prices: Sequence[Cost],
    budget: int,
    ram: int,
    variants: Collection[str] | None,
) -> EngineUnavailable:
    """Nothing fits: say what is short, by the least that any way needs."""
    if not prices:
        return _nothing_at_hand(machine, variants)
    asked = f"{job.layers} layers at {job.resolution} pixels" if job.family == "layered" else f"{job.resolution} pixels"
    on_device = min(price.peak for price in prices)
    if on_device > budget:
        return _device_short(machine, job, asked, on_device, budget)
    needed = min((price.ram for price in prices if price.peak <= budget), default=0)
    if needed > ram:
        return EngineUnavailable(
            f"{asked} on {machine.name} ({memory(machine.vram)}) needs {gigabytes(needed)} of main memory for what "
            f"does not fit on the card; here are {memory(machine.ram)}.",
            f"Install smaller weights (layerlift models plan shows which). {_ELSEWHERE}",
        )
    return EngineUnavailable(
        f"{asked} on {machine.name} would wait for main memory most of the time.",
        f"Install smaller weights (layerlift models plan shows which). {_ELSEWHERE}",
    )


def _least(job: Job) -> Job:
    return Job(job.family, 640, 1)


def _device_short(machine: Machine, job: Job, asked: str, needed: int, budget: int) -> EngineUnavailable:
    taken = machine.vram - machine.vram_free
    sentence = f"{asked} needs {gigabytes(needed)} of graphics memory"
    if machine.backend != "mps" and taken > 2_000_000_000:
        return EngineUnavailable(
            f"{sentence}; of {machine.name}'s {memory(machine.vram)} other programs hold {gigabytes(taken)}.",
            f"Close them and try again. {_ELSEWHERE}",
        )
    return EngineUnavailable(
        f"{sentence}; {machine.name} has {memory(machine.vram)}, of which {gigabytes(budget)} can be used.",
        f"{_SMALLER[job.family]} {_ELSEWHERE}" if job != _least(job) else _ELSEWHERE,
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
