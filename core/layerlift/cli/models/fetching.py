"""`layerlift models download`: what will come and under which licence, a question, then the download.

Law: words, questions and progress; `layerlift.models` does the work.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace

from layerlift.cli.interrupt import Interrupts
from layerlift.cli.main import DONE
from layerlift.cli.terminal import display
from layerlift.errors import Cancelled, EngineUnavailable, RequestError
from layerlift.models import catalogue, downloading, machine, plans
from layerlift.models.downloading import Order
from layerlift.models.hub import Hub
from layerlift.models.model import Installed, Model, Variant
from layerlift.models.places import Places, places
from layerlift.models.words import gigabytes
from layerlift.progress import Progress

KEPT = "What has arrived is kept; the same command goes on from there."


def run(arguments: argparse.Namespace) -> int:
    """Fetch a model."""
    where = places()
    model = catalogue.get(arguments.name)
    variant = wanted(model, arguments.variant, where)
    found, order = fetch(model, variant, where, arguments.endpoint, yes=arguments.yes, quiet=arguments.quiet)
    if arguments.json:
        record = {
            "model": model.name,
            "variant": variant.name,
            "folder": str(found.folder),
            "bytes_fetched": order.size,
            "files": {name: str(path) for name, path in found.files.items()},
        }
        print(json.dumps(record))  # noqa: T201
    elif not arguments.quiet:
        say(f"{model.name} ({variant.name}) is here: {found.folder}")
    return DONE


def wanted(model: Model, name: str | None, where: Places) -> Variant:
    """The form that was asked for, else what fits this machine, else (ONNX) the first. Raises EngineUnavailable."""
    if name is not None:
        return catalogue.variant(model, name)
    if model.family not in ("layered", "edit", "image"):
        return model.variants[0]
    read = machine.read(where.target)
    try:
        # all of the card's memory: what is loaded now need not be when the model runs
        whole = replace(read, vram_free=read.vram)
        return catalogue.variant(model, plans.plan(model.family, whole, force_cpu=machine.cpu_forced()).variant)
    except EngineUnavailable as refusal:
        sentence = f"{model.name} does not run here. {refusal.sentence}"
        remedy = f"{refusal.remedy} To fetch it all the same, name a form with --variant."
        raise EngineUnavailable(sentence, remedy) from None


def fetch(
    model: Model, variant: Variant, where: Places, endpoint: str | None, *, yes: bool, quiet: bool
) -> tuple[Installed, Order]:
    """Tell, ask, download. Raises LayerliftError, Cancelled."""
    with Interrupts() as interrupts, display(quiet) as shown:
        progress = Progress(shown.begin(f"{model.name} ({variant.name})", 1, 1))
        interrupts.watch(progress)
        hub = Hub(endpoint)
        progress.stage(f"Asking {hub.address}")
        order = downloading.order(model, variant, hub, where)
    if order.missing and not quiet:
        _announce(order, hub)
    if order.missing and not yes:
        confirm("Download it?", "Add --yes.")
    with Interrupts() as interrupts, display(quiet) as shown:
        progress = Progress(shown.begin(f"{model.name} ({variant.name})", 1, 1))
        interrupts.watch(progress)
        try:
            return downloading.download(order, hub, where, progress), order
        except Cancelled:
            say(KEPT)
            raise


def _announce(order: Order, hub: Hub) -> None:
    """What comes from where, how much, under which licence."""
    say(f"{order.model.title}, {order.variant.title}")
    for missing in order.missing:
        size = sum(listed.size for listed in missing.files.values())
        say(f"  {gigabytes(size):>8}  {missing.part.repo} at {missing.commit[:12]} ({len(missing.files)} files)")
    for part, located in order.here:
        say(f"            {part.component or 'the rest'} is here already: {located.path}")
    say(f"  {gigabytes(order.size)} to come from {hub.address}, into {order.folder}")
    say(f"  licence: {order.model.licence}, {order.model.licence_url}")


def confirm(question: str, remedy: str) -> None:
    """Ask; raises Cancelled for anything but yes, RequestError where nobody can be asked."""
    if not sys.stdin or not sys.stdin.isatty():
        raise RequestError("Nobody can be asked here.", remedy)
    say(f"{question} [y/N] ", end="")
    try:
        answer = input()
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise Cancelled


def say(line: str, end: str = "\n") -> None:
    """A line for people, beside the output."""
    print(line, end=end, file=sys.stderr, flush=True)  # noqa: T201
