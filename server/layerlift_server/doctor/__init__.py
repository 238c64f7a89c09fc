"""`layerlift doctor`: what could be wrong here, and what would help.

Law: looks and changes nothing (a probe file apart, which it removes). Runs in its own process, never in the server's:
it may import what computes. Every finding that is not well has a remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from layerlift_server.doctor import engines, models, places, program, running
from layerlift_server.doctor.finding import Finding
from layerlift_server.settings import Settings

__all__ = ["CHECKS", "Finding", "examine"]

Check = Callable[[Settings], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    program.python,
    program.http_server,
    program.open_files,
    program.loopback,
    places.data_folder,
    places.space,
    places.job_store,
    places.devices,
    places.runtime_folder,
    places.clock,
    running.leftovers,
    running.server,
    running.address,
    engines.engines,
    models.machine,
    models.plans,
)
"""In the order in which one would look."""


def examine(settings: Settings | None = None) -> list[Finding]:
    """Look at everything (None: with the settings that `layerlift serve` would have). Never raises: a check that breaks
    is itself a finding."""
    chosen = settings if settings is not None else Settings.from_environment()
    found: list[Finding] = []
    for check in CHECKS:
        try:
            found.extend(check(chosen))
        except Exception as broken:  # noqa: BLE001 (the doctor outlives what it examines)
            name = check.__name__.replace("_", " ")
            words = f"This could not be examined ({type(broken).__name__}: {broken})."
            found.append(Finding(name, False, words, "Please report it, with what `layerlift doctor` prints."))
    return found
