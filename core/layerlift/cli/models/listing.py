"""`layerlift models [list]`: what there is, what is here. Law: prints only."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from layerlift.cli.main import DONE
from layerlift.cli.terminal import print_table
from layerlift.models import catalogue, machine, store
from layerlift.models.machine import Machine
from layerlift.models.model import Installed, Model
from layerlift.models.places import Places, places
from layerlift.models.words import gigabytes, memory

_SOURCES = {"ours": "", "hub": ", in the Hugging Face cache", "comfyui": ", in ComfyUI's folder"}


def run(arguments: argparse.Namespace) -> int:
    """Print every model with its forms."""
    where = places()
    here = {(one.model.name, one.variant): one for one in store.installed(where)}
    read = machine.read(where.target)
    if arguments.json:
        print(json.dumps(_record(here, read, where)))  # noqa: T201
        return DONE
    columns = [("model", False), ("form", False), ("what it is", False), ("download", True), ("here", False)]
    print_table("Models", columns, [row for model in catalogue.MODELS for row in _rows(model, here)])
    print(f"\nHere: {machine_words(read)}. Downloads go to {where.target}.")  # noqa: T201
    if not here:
        print("“layerlift models plan” says what fits; “layerlift models download NAME” fetches it.", file=sys.stderr)  # noqa: T201
    return DONE


def machine_words(read: Machine) -> str:
    """The machine in one line."""
    rest = f"{memory(read.ram)} of main memory, {gigabytes(read.disk_free)} free on the disk"
    if read.backend == "cpu":
        return f"{read.note or 'no graphics card that PyTorch could use;'} {rest}"
    taken = f" ({memory(read.vram_free)} free)" if read.vram_free < 0.95 * read.vram else ""
    return f"{read.name} with {memory(read.vram)}{taken}, {rest}"


def _rows(model: Model, here: dict[tuple[str, str], Installed]) -> list[list[str]]:
    rows = []
    for number, variant in enumerate(model.variants):
        found = here.get((model.name, variant.name))
        about = "" if number else f"{model.title} ({model.licence})"
        rows.append(
            [
                "" if number else model.name,
                variant.name,
                about or variant.title,
                gigabytes(variant.size),
                f"yes{_SOURCES[found.source]}" if found else "",
            ]
        )
    return rows


def _record(here: dict[tuple[str, str], Installed], read: Machine, where: Places) -> dict[str, Any]:
    models = [
        {
            "name": model.name,
            "title": model.title,
            "family": model.family,
            "licence": model.licence,
            "licence_url": model.licence_url,
            "repository": model.repo,
            "revision": model.revision,
            "variants": [
                {
                    "name": variant.name,
                    "title": variant.title,
                    "bytes": variant.size,
                    "here": None if found is None else {"folder": str(found.folder), "source": found.source},
                }
                for variant in model.variants
                for found in [here.get((model.name, variant.name))]
            ],
        }
        for model in catalogue.MODELS
    ]
    told = {**asdict(read), "packages": sorted(read.packages)}
    return {"models": models, "machine": told, "folder": str(where.target)}
