"""`layerlift models verify`, `remove`, `add`. Law: words, questions and progress; `layerlift.models` does the work."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from layerlift.cli.interrupt import Interrupts
from layerlift.cli.main import DONE, FAILED
from layerlift.cli.models.fetching import confirm, fetch, say
from layerlift.cli.terminal import Display, display
from layerlift.errors import RequestError
from layerlift.models import catalogue, importing, store, upkeep
from layerlift.models.model import Model
from layerlift.models.places import Places, places
from layerlift.models.upkeep import Checked
from layerlift.models.words import gigabytes
from layerlift.progress import Progress


def run(arguments: argparse.Namespace) -> int:
    """Carry out the verb."""
    return {"verify": _verify, "remove": _remove, "add": _add}[arguments.verb](arguments)


def _verify(arguments: argparse.Namespace) -> int:
    where = places()
    models = [catalogue.get(arguments.name)] if arguments.name else [m for m in catalogue.MODELS if _any(m, where)]
    fetched = {model.name: upkeep.fetched(model, where) for model in models}
    with Interrupts() as interrupts, display(arguments.quiet) as shown:
        results = [(model, _checked(model, where, shown, interrupts)) for model in models]
    if arguments.json:
        print(json.dumps([_record(model, checked) for model, checked in results]))  # noqa: T201
    elif not arguments.quiet:
        _tell(results)
    damaged = [(model, checked.damaged) for model, checked in results if checked.damaged]
    if damaged and arguments.repair:
        for model, files in damaged:
            upkeep.forget(model, files, where)
            for name in sorted(fetched[model.name] - store.variants(model.name, where)):
                variant = catalogue.variant(model, name)
                fetch(model, variant, where, arguments.endpoint, yes=True, quiet=arguments.quiet)
        return DONE
    if damaged and not arguments.quiet:
        say("“layerlift models verify --repair” fetches the damaged files again.")
    return FAILED if damaged else DONE


def _any(model: Model, where: Places) -> bool:
    return upkeep.traces(model, where) or bool(store.variants(model.name, where))


def _checked(model: Model, where: Places, shown: Display, interrupts: Interrupts) -> Checked:
    progress = Progress(shown.begin(model.name, 1, 1))
    interrupts.watch(progress)
    return upkeep.verify(model, where, progress)


def _tell(results: list[tuple[Model, Checked]]) -> None:
    if not results:
        say("No models are here.")
    for model, checked in results:
        if not (checked.good or checked.damaged or checked.unlisted):
            say(f"{model.name}: nothing of it is here.")
            continue
        say(f"{model.name}: {len(checked.good)} files are as they should be.")
        for path in checked.damaged:
            say(f"  damaged: {path}")
        for path in checked.unlisted:
            say(f"  no checksums are known for {path}; its headers are sound")


def _record(model: Model, checked: Checked) -> dict[str, Any]:
    lists = {name: [str(path) for path in getattr(checked, name)] for name in ("good", "damaged", "unlisted")}
    return {"model": model.name, "ok": not checked.damaged, **lists}


def _remove(arguments: argparse.Namespace) -> int:
    where = places()
    model = catalogue.get(arguments.name)
    doomed = [catalogue.variant(model, arguments.variant)] if arguments.variant else list(model.variants)
    here = [one for one in doomed if store.find(model.name, one.name, where)]
    if not here and not upkeep.traces(model, where):
        raise RequestError(f"{model.name} is not here.", "“layerlift models” lists what is.")
    if not arguments.yes:
        names = ", ".join(one.name for one in here) or "what was fetched of it"
        confirm(f"Remove {model.name} ({names})?", "Add --yes.")
    freed, foreign = upkeep.remove(model, doomed, where)
    if arguments.json:
        print(json.dumps({"model": model.name, "bytes_freed": freed, "stays": [str(p) for p in foreign]}))  # noqa: T201
        return DONE
    say(f"{gigabytes(freed)} freed.")
    for path in foreign:
        say(f"  {path} was not fetched by Layerlift and stays.")
    return DONE


def _add(arguments: argparse.Namespace) -> int:
    where = places()
    model = catalogue.get(arguments.name) if arguments.name else None
    found = importing.recognise(Path(arguments.place).expanduser(), model)
    with Interrupts() as interrupts, display(arguments.quiet) as shown:
        for number, brought in enumerate(found, 1):
            progress = Progress(shown.begin(brought.model.name, number, len(found)))
            interrupts.watch(progress)
            importing.take(brought, where, progress)
            shown.say(f"{brought.model.name}: {brought.what}, {gigabytes(brought.size)}")
    names = dict.fromkeys(brought.model.name for brought in found)
    complete = {name: sorted(store.variants(name, where)) for name in names}
    if arguments.json:
        print(json.dumps(complete))  # noqa: T201
    elif not arguments.quiet:
        for name, forms in complete.items():
            rest = f"“layerlift models download {name}” would fetch what is missing"
            say(f"{name} is complete as {', '.join(forms)}." if forms else f"{name} is not complete yet; {rest}.")
    return DONE
