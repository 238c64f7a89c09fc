"""What this machine could do with the real models, and which are here.

Law: asks `layerlift.models`; loads none. Nothing here is ever wrong: the embedded engine needs none of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from layerlift.errors import LayerliftError
from layerlift.models import catalogue, store
from layerlift.models import machine as machines
from layerlift.models import plans as planning
from layerlift.models.places import places
from layerlift.models.words import gigabytes
from layerlift_server.doctor.finding import Finding
from layerlift_server.settings import Settings


def machine(_settings: Settings) -> Iterator[Finding]:
    """The card and the memory, and where models go."""
    found = machines.read()
    if found.note:
        yield Finding("graphics card", None, found.note)
    free = f"{gigabytes(found.disk_free)} free for models in {places().target}"
    yield Finding("graphics card", None if found.backend == "cpu" else True, f"{found.name or 'None'}; {free}.")


def plans(_settings: Settings) -> Iterator[Finding]:
    """Every model that is here: how it would run."""
    here = machines.read()
    for name in sorted({installed.model.name for installed in store.installed()}):
        family = catalogue.get(name).family
        if family not in planning.FAMILIES:
            yield Finding(f"model {name}", True, "It is here and runs anywhere.")
            continue
        forced = machines.cpu_forced()
        try:
            plan = planning.plan(family, here, variants=store.variants(name), force_cpu=forced)
        except LayerliftError as refused:
            yield Finding(f"model {name}", None, refused.sentence, refused.remedy)
        else:
            yield Finding(f"model {name}", True, plan.reason)
