"""Which engines can run here, and why one cannot. Law: the one part of the server that imports engines, in the doctor's
own process."""

from __future__ import annotations

from collections.abc import Iterator

from layerlift_server.doctor.finding import Finding
from layerlift_server.settings import Settings


def engines(_settings: Settings) -> Iterator[Finding]:
    """Each engine; at least the default one should run."""
    try:
        from layerlift.engines import DEFAULT, available
    except ImportError as error:
        remedy = "Install Layerlift again: pip install --force-reinstall layerlift"
        yield Finding("engines", False, f"The engines cannot be loaded ({error}).", remedy)
        return
    for info in available():
        if info.missing is None:
            yield Finding(f"engine {info.name}", True, f"{info.title} can run here.")
        else:
            ok = False if info.name == DEFAULT else None
            yield Finding(f"engine {info.name}", ok, f"{info.title} cannot run here.", info.missing)
