"""What this machine has to run a model on.

Law: stdlib only. Never fails: what cannot be read counts as absent. Sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Backend: TypeAlias = Literal["cuda", "rocm", "mps", "cpu"]
PACKAGES = frozenset({"bitsandbytes", "gguf", "torchao"})
"""The packages that some forms of weights need."""


@dataclass(frozen=True)
class Machine:
    """One accelerator with its computer.

    `vram`/`vram_free`: the accelerator's memory, total and free now ("mps": how much of the shared memory the GPU may
    use); `ram`, `ram_free`, `disk_free` (where models go); `bf16`, `fp8`: whether it computes in those itself;
    `packages`: which of PACKAGES are installed.
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


def read() -> Machine:
    """This machine."""
    raise NotImplementedError
