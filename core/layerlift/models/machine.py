"""What this machine has to run a model on.

Law: stdlib only. Never fails: what cannot be read counts as absent. Sizes are bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from layerlift.models.graphics import Backend, Graphics, graphics
from layerlift.models.host import Host
from layerlift.models.memory import main_memory

PACKAGES = frozenset({"bitsandbytes", "gguf"})
"""The packages that some forms of weights need."""
FORCE_CPU = "LAYERLIFT_FORCE_CPU"


@dataclass(frozen=True)
class Machine:
    """One accelerator with its computer.

    `vram`/`vram_free`: the accelerator's memory, total and free now ("mps": how much of the shared memory the GPU may
    use); `ram`, `ram_free`, `disk_free` (where models go); `bf16`, `fp8`: whether it computes in those itself;
    `packages`: which of PACKAGES are installed; `index`: the accelerator's number for PyTorch; `note`: a sentence for
    people when something keeps an accelerator from being used.
    """

    backend: Backend
    name: str
    vram: int
    vram_free: int
    ram: int
    ram_free: int
    disk_free: int
    bf16: bool
    fp8: bool
    packages: frozenset[str] = PACKAGES
    index: int = 0
    note: str = ""


def read(folder: Path | None = None, *, torch: bool = False, host: Host | None = None) -> Machine:
    """This machine. `folder`: where models go (its disk counts); `torch`: load PyTorch to ask it, which takes seconds
    and is right in a process that will use it; otherwise it is asked only where it is loaded already."""
    host = host or Host()
    ram, ram_free = main_memory(host)
    found = graphics(host, torch=torch)
    note = _unusable(found, host) if found else ""
    if found is None or note:
        found = Graphics("cpu", "the processor", 0, 0, bf16=False, fp8=False)
    return Machine(
        backend=found.backend,
        name=found.name,
        vram=found.vram,
        vram_free=found.vram_free,
        ram=ram,
        ram_free=ram_free,
        disk_free=host.free(folder or Path.home()),
        bf16=found.bf16,
        fp8=found.fp8,
        packages=frozenset(name for name in PACKAGES if host.found(name)),
        index=found.index,
        note=note,
    )


def cpu_forced(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the user wants the processor to be used whatever it takes: LAYERLIFT_FORCE_CPU=1."""
    return environ.get(FORCE_CPU, "") not in ("", "0")


def _unusable(found: Graphics, host: Host) -> str:
    """Why the installed PyTorch cannot use the accelerator; "" when it can or none is installed yet. Read from the
    library's version file: importing it would take seconds."""
    place = host.found("torch")
    told = host.text(str(place / "version.py")) if place else None
    if told is None or found.backend == "mps":
        return ""
    kind = "hip" if found.backend == "rocm" else "cuda"
    if re.search(rf"^{kind}\b[^=\n]*=\s*['\"]", told, re.MULTILINE):
        return ""
    wanted = "ROCm" if found.backend == "rocm" else "CUDA"
    return f"{found.name} is here, but the installed PyTorch was built without {wanted}."
