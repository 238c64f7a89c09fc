"""Which accelerator a host has: asked of PyTorch where it runs already, else of the vendors' tools.

Law: asks a `Host`, nothing else; never raises and never imports PyTorch by itself (seconds). Sizes are bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from layerlift.models.host import Host

Backend: TypeAlias = Literal["cuda", "rocm", "mps", "cpu"]
_MIB = 1024 * 1024
_WORKING_SET = 0.75
"""Part of a Mac's memory that Metal recommends to use at most where PyTorch cannot be asked (2/3 on small ones)."""


@dataclass(frozen=True)
class Graphics:
    """One accelerator; see `machine.Machine`. `index`: its number for PyTorch."""

    backend: Backend
    name: str
    vram: int
    vram_free: int
    bf16: bool
    fp8: bool
    index: int = 0


def graphics(host: Host, *, torch: bool = False) -> Graphics | None:
    """The accelerator with the most free memory. `torch`: load PyTorch to ask it (a process that will use it)."""
    library = host.load("torch") if torch else host.imported("torch")
    found = list(_of_torch(library)) if library is not None else [*_nvidia(host), *_amd(host), *_apple(host)]
    return max(found, key=lambda one: (one.vram_free, -one.index), default=None)


def _of_torch(torch: Any) -> Iterator[Graphics]:
    try:
        hip = getattr(torch.version, "hip", None)
        if torch.cuda.is_available():
            for index in range(torch.cuda.device_count()):
                free, total = torch.cuda.mem_get_info(index)
                told = torch.cuda.get_device_properties(index)
                arch = str(getattr(told, "gcnArchName", "")).split(":")[0]
                bf16, fp8 = _amd_can(arch) if hip else _nvidia_can((told.major, told.minor))
                yield Graphics("rocm" if hip else "cuda", told.name, total, free, bf16, fp8, index)
        elif torch.backends.mps.is_available():
            total = int(torch.mps.recommended_max_memory())
            used = int(torch.mps.driver_allocated_memory())
            yield Graphics("mps", "Apple GPU", total, max(0, total - used), bf16=True, fp8=False)
    except Exception:  # noqa: BLE001 (a driver that fails says so in any way it likes; then there is no device)
        return


def _nvidia_can(capability: tuple[int, int]) -> tuple[bool, bool]:
    """bf16 since Ampere (8.0), fp8 since Ada (8.9): CUDA C Programming Guide, "Compute Capabilities"."""
    return capability >= (8, 0), capability >= (8, 9)


def _amd_can(arch: str) -> tuple[bool, bool]:
    """bf16 in matrix units: CDNA (gfx90a, gfx94x) and RDNA 3 on (gfx11, gfx12); fp8: gfx94x, gfx95x, gfx12."""
    return bool(re.match(r"gfx(90a|94|95|11|12)", arch)), bool(re.match(r"gfx(94|95|12)", arch))


def _nvidia(host: Host) -> Iterator[Graphics]:
    told = host.run(
        ["nvidia-smi", "--query-gpu=uuid,name,memory.total,memory.free,compute_cap", "--format=csv,noheader,nounits"]
    )
    rows = [[cell.strip() for cell in line.split(",")] for line in (told or "").splitlines()]
    wanted = host.environ.get("CUDA_VISIBLE_DEVICES")
    for number, row in enumerate(rows):
        sized = re.fullmatch(r"(\d+) (\d+) (\d+)\.(\d+)", " ".join(row[2:5])) if len(row) == 5 else None
        if sized is None or not _visible(wanted, number, row[0]):
            continue
        total, free, major, minor = map(int, sized.groups())
        bf16, fp8 = _nvidia_can((major, minor))
        yield Graphics("cuda", row[1], total * _MIB, free * _MIB, bf16, fp8)


def _visible(wanted: str | None, number: int, uuid: str) -> bool:
    """Whether CUDA_VISIBLE_DEVICES shows this card: numbers or the beginning of identifiers; "" and -1 show none."""
    if wanted is None:
        return True
    return any(w and (w == str(number) or uuid.startswith(w)) for w in map(str.strip, wanted.split(",")))


def _amd(host: Host) -> Iterator[Graphics]:
    """Linux: the driver's own files (rocm-smi may be absent). The name comes from rocm-smi where it is there."""
    if host.system != "Linux" or not host.text("/sys/module/amdgpu/initstate"):
        return
    names = _rocm_names(host)
    for folder in host.list("/sys/class/drm"):
        total = host.number(f"{folder}/device/mem_info_vram_total")
        if not total or "-" in folder.rsplit("/", 1)[-1]:  # card0-DP-1 is a plug, not a card
            continue
        used = host.number(f"{folder}/device/mem_info_vram_used")
        name, arch = next(names, ("AMD GPU", ""))
        bf16, fp8 = _amd_can(arch)
        yield Graphics("rocm", name, total, max(0, total - used), bf16, fp8)


def _rocm_names(host: Host) -> Iterator[tuple[str, str]]:
    try:
        told = json.loads(host.run(["rocm-smi", "--showproductname", "--json"]) or "{}")
        for card in sorted(told):
            about = told[card]
            yield about.get("Card Series") or about.get("Card series") or "AMD GPU", about.get("GFX Version", "")
    except (ValueError, AttributeError):
        return


def _apple(host: Host) -> Iterator[Graphics]:
    if host.system != "Darwin" or (host.run(["sysctl", "-n", "hw.optional.arm64"]) or "").strip() != "1":
        return
    name = (host.run(["sysctl", "-n", "machdep.cpu.brand_string"]) or "Apple GPU").strip()
    total = int((host.run(["sysctl", "-n", "hw.memsize"]) or "0").strip() or 0)
    usable = int(total * _WORKING_SET)
    yield Graphics("mps", name, usable, usable, bf16=True, fp8=False)
