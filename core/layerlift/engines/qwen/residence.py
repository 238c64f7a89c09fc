"""Who lives on the device: one model of the family at a time, kept warm from job to job.

Law: decides what is loaded and when it goes; how is `running`'s. A machine's free memory is read while nothing of ours
is on it, and that reading is what later plans are made for: our own model does not count as somebody else's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from layerlift.errors import EngineUnavailable, LayerliftError
from layerlift.models import machine, plans, store
from layerlift.models.machine import Machine
from layerlift.models.model import Installed
from layerlift.models.plans import Plan
from layerlift.progress import Progress

MODELS = {"layered": "qwen-image-layered", "edit": "qwen-image-edit-2511", "image": "qwen-image-2512"}
"""The model of each family, as the store knows it."""
_BEAT = 0.2
"""Seconds between two looks at whether somebody who waits for the device still wants it."""

Load = Callable[[str, Installed, Plan, Progress], Any]


class Residence:
    """The place on the device. Safe from any thread; one job at a time."""

    def __init__(self, load: Load | None = None) -> None:
        self._load = load or _load
        self._lock = threading.RLock()
        self._machine: Machine | None = None
        self._whole: Machine | None = None
        self._running: Any = None
        self._family = ""
        self.folder = ""
        """Where the loaded model's files are."""
        self._asleep = False

    @contextmanager
    def occupied(
        self, family: str, progress: Progress, *, resolution: int, layers: Sequence[int] = (1,)
    ) -> Iterator[Any]:
        """The running model of `family`, good for the first number of `layers` that fits, at `resolution`; nobody
        else's until the block ends.

        `progress` covers the loading, which takes nothing when the model is here already. Raises EngineUnavailable with
        a remedy (no weights, no room), Cancelled.
        """
        while not self._lock.acquire(timeout=_BEAT):
            progress.check()
        try:
            yield self._ready(family, progress, resolution, layers)
        except LayerliftError:
            raise
        except BaseException:
            self.close()  # nobody knows what state it is in
            raise
        finally:
            self._lock.release()

    def _ready(self, family: str, progress: Progress, resolution: int, layers: Sequence[int]) -> Any:
        progress.check()
        variants = here().get(family)
        if not variants:
            raise EngineUnavailable("The model's weights are not here.", download(family))
        if self._running is None:
            self._machine = machine.read(torch=True)
        wanted = self._plan(family, variants, resolution, layers)
        if self._running is not None and (self._family != family or not suits(self._running.plan, wanted)):
            self.close()
            self._machine = machine.read(torch=True)
            wanted = self._plan(family, variants, resolution, layers)
        if self._running is None:
            progress.stage("Loading the model", 0.0)
            installed = variants[wanted.variant]
            self._running, self._family = self._load(family, installed, wanted, progress), family
            self.folder = str(installed.folder)
        elif self._asleep:
            progress.stage("Waking the model", 0.0)
            self._running.wake()
        self._asleep = False
        if not _room(self._running.plan, wanted):
            self._running.plan = wanted  # loaded no differently: what is asked for now has room, too
        progress.advance(1.0)
        return self._running

    def _plan(self, family: str, variants: Mapping[str, Installed], resolution: int, layers: Sequence[int]) -> Plan:
        """The plan for the first number of `layers` that fits."""
        assert self._machine is not None  # read before anything is planned
        for number in layers:
            try:
                return plans.plan(
                    family,
                    self._machine,
                    resolution=resolution,
                    layers=number,
                    force_cpu=machine.cpu_forced(),
                    variants=set(variants),
                )
            except EngineUnavailable:
                if number == layers[-1]:
                    raise
        raise ValueError("no number of layers was given")

    def fits(self, family: str, variants: Collection[str]) -> EngineUnavailable | None:
        """Why the weights of `family` in `variants` cannot run on this machine, were all of its memory free; None when
        they can. Imports nothing; the machine is read once."""
        if self._whole is None:
            read = machine.read()
            self._whole = replace(read, vram_free=read.vram, ram_free=read.ram)
        try:
            plans.plan(family, self._whole, layers=1, force_cpu=machine.cpu_forced(), variants=set(variants))
        except EngineUnavailable as refusal:
            return refusal
        return None

    def holds(self, family: str) -> bool:
        """Whether the model of `family` is the one that is loaded."""
        return self._running is not None and self._family == family

    def rest(self) -> None:
        """Give the device back, unless somebody works on it; the model stays in the computer's memory if it can."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._running is not None and not self._asleep:
                self._running.rest()
                self._asleep = True
        finally:
            self._lock.release()

    def close(self) -> None:
        """Forget the model and free all that it had."""
        with self._lock:
            running, self._running, self._asleep = self._running, None, False
            if running is not None:
                running.close()


def suits(has: Plan, wanted: Plan) -> bool:
    """Whether what was loaded by the plan `has` can do what `wanted` was made for: it has room for as much, or nothing
    would be loaded differently."""
    return _room(has, wanted) or _form(has) == _form(wanted)


def _room(has: Plan, wanted: Plan) -> bool:
    return has.resolution >= wanted.resolution and has.layers >= wanted.layers


def _form(plan: Plan) -> tuple[Any, ...]:
    weights = (plan.variant, plan.weights, plan.text_encoder)
    parts = (plan.device, plan.dtype, *weights, plan.offload, plan.tabulate, plan.tile)
    # what comes and goes depends on how much may stay
    return parts if plan.offload == "none" else (*parts, plan.resident)


def here() -> dict[str, dict[str, Installed]]:
    """The weights that are here, by family and variant."""
    families = {name: family for family, name in MODELS.items()}
    found: dict[str, dict[str, Installed]] = {}
    for one in store.installed():
        if one.model.name in families:
            found.setdefault(families[one.model.name], {})[one.variant] = one
    return found


def download(family: str) -> str:
    """What to do about missing weights."""
    return f"Get them with `layerlift models download {MODELS[family]}`."


def _load(family: str, installed: Installed, plan: Plan, progress: Progress) -> Any:
    from layerlift.engines.qwen.running import load

    return load(family, installed, plan, progress)


RESIDENCE = Residence()
"""The one of this process."""
