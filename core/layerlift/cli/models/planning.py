"""`layerlift models plan`: what fits this machine, or another. Law: prints only; decides nothing."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from typing import Any

from layerlift.cli.main import DONE, FAILED
from layerlift.cli.models.listing import machine_words
from layerlift.cli.terminal import print_table
from layerlift.errors import EngineUnavailable, RequestError
from layerlift.models import catalogue, machine, plans, store
from layerlift.models.machine import Machine
from layerlift.models.model import Model
from layerlift.models.places import places
from layerlift.models.plans import Plan
from layerlift.models.words import duration, gigabytes, memory

SIZES = (8, 12, 16, 24, 32, 48, 80)
"""Graphics memory of the cards in the table, in GB."""
_GIB = 2**30
_OFFLOAD = {
    "none": "all on the card",
    "model": "encoder and transformer take turns",
    "group": "blocks from memory",
    "stream": "blocks read ahead from memory",
}


def run(arguments: argparse.Namespace) -> int:
    """Print a plan per model, or the table."""
    models = _models(arguments.name)
    if arguments.table:
        return _table(models, arguments)
    read = _machine(arguments)
    answers = [(model, _answer(model, read, arguments)) for model in models]
    if arguments.json:
        print(json.dumps([_record(model, answer) for model, answer in answers]))  # noqa: T201
    else:
        words = (
            machine_words(read)
            if arguments.vram is None
            else f"{read.name} with {memory(read.vram)}, {memory(read.ram)} of main memory"
        )
        print(f"{words}:")  # noqa: T201
        for model, answer in answers:
            _tell(model, answer, ours=arguments.vram is None)
    return DONE if any(isinstance(answer, Plan) for _, answer in answers) else FAILED


def _models(name: str | None) -> list[Model]:
    planned = [model for model in catalogue.MODELS if model.family in ("layered", "edit", "image")]
    if name is None:
        return planned
    wanted = catalogue.get(name)
    if wanted not in planned:
        raise RequestError(f"{wanted.name} needs no plan.", "It runs anywhere; download it.")
    return [wanted]


def _machine(arguments: argparse.Namespace) -> Machine:
    read = machine.read(places().target)
    if arguments.vram is None:
        if arguments.ram is not None or arguments.card is not None:
            raise RequestError("--ram and --card describe another machine.", "Add --vram GB.")
        return read
    return another(arguments.vram, arguments.ram or 32, arguments.card)


def another(vram: float, ram: float, card: str | None = None) -> Machine:
    """A machine with an NVIDIA card of the last generations, a large disk, and nothing else running on it."""
    size, main = round(vram * _GIB), round(ram * _GIB)
    return Machine("cuda", card or "An NVIDIA card", size, size, main, main, 10**13, bf16=True, fp8=True)


def _answer(model: Model, read: Machine, arguments: argparse.Namespace) -> Plan | EngineUnavailable:
    try:
        return plans.plan(
            model.family,
            read,
            resolution=arguments.resolution,
            layers=arguments.layers,
            force_cpu=arguments.vram is None and machine.cpu_forced(),
        )
    except EngineUnavailable as refusal:
        return refusal


def _tell(model: Model, answer: Plan | EngineUnavailable, *, ours: bool) -> None:
    if isinstance(answer, EngineUnavailable):
        print(f"\n{model.name}: no. {answer}")  # noqa: T201
        return
    took = f"; about {duration(answer.seconds)} a picture of 50 steps" if answer.seconds else ""
    print(f"\n{model.name}: {answer.variant} ({gigabytes(answer.disk)} to download){took}")  # noqa: T201
    print(f"  {answer.reason}")  # noqa: T201
    if ours:
        here = store.variants(model.name)
        done = "it is here" if answer.variant in here else f"layerlift models download {model.name}"
        print(f"  {done}")  # noqa: T201


def _table(models: Iterable[Model], arguments: argparse.Namespace) -> int:
    rows, records = [], []
    for model in models:
        for size in SIZES:
            read = another(size, arguments.ram or 64, arguments.card)
            answer = _answer(model, read, arguments)
            records.append({"vram_gb": size, **_record(model, answer)})
            rows.append([model.name, f"{size} GB", *_cells(answer)])
    if arguments.json:
        print(json.dumps(records))  # noqa: T201
        return DONE
    columns = [(heading, heading in _RIGHT) for heading in _HEADINGS]
    ram = memory((arguments.ram or 64) * _GIB)
    print_table(f"What fits cards of these sizes, with {ram} of main memory", columns, rows)
    return DONE


_HEADINGS = ("model", "card", "weights", "encoder", "where", "between steps", "peak", "main memory", "download")
_RIGHT = _HEADINGS[5:]


def _cells(answer: Plan | EngineUnavailable) -> list[str]:
    if isinstance(answer, EngineUnavailable):
        return ["no", "", answer.sentence, "", "", "", ""]
    where = _OFFLOAD[answer.offload] + (", decoded in tiles" if answer.tile else "")
    sizes = (answer.resident, answer.peak, answer.ram, answer.disk)
    return [answer.weights, answer.text_encoder, where, *(gigabytes(size) for size in sizes)]


def _record(model: Model, answer: Plan | EngineUnavailable) -> dict[str, Any]:
    if isinstance(answer, EngineUnavailable):
        return {"model": model.name, "ok": False, "sentence": answer.sentence, "remedy": answer.remedy}
    names = (
        "variant device dtype weights text_encoder offload tabulate tile resolution layers resident peak ram disk "
        "seconds reason"
    )
    return {"model": model.name, "ok": True, **{name: getattr(answer, name) for name in names.split()}}
