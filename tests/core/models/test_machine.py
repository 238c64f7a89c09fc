"""Any machine, told by what its operating system and tools would say."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from layerlift.models import graphics, machine
from layerlift.models.host import Host

GIB = 2**30
MEMINFO = "MemTotal:       65536000 kB\nMemFree:  1000 kB\nMemAvailable:   32768000 kB\n"
SMI = (
    "GPU-aaaa1111, NVIDIA GeForce RTX 4090, 24564, 23000, 8.9\n"
    "GPU-bbbb2222, NVIDIA GeForce RTX 2080 Ti, 11264, 11000, 7.5\n"
)


def host(
    system="Linux", runs=None, texts=None, folders=None, environ=None, torch=None, packages=(), broken=False
) -> Host:
    """A host that answers from dictionaries; `torch`: a module that is loaded already."""
    texts = {"/proc/meminfo": MEMINFO, **(texts or {})}

    def run(command):
        return (runs or {}).get(
            command[0] if len(command) < 3 else f"{command[0]} {command[-1]}", (runs or {}).get(command[0])
        )

    return Host(
        system=system,
        environ=environ or {},
        run=run,
        text=texts.get,
        list=lambda folder: (folders or {}).get(folder, []),
        found=lambda name: Path("/site") / name if name in packages else None,
        imported=lambda name: torch if name == "torch" else None,
        load=lambda name: torch,
        free=lambda folder: 7 * GIB,
    )


def test_nvidia() -> None:
    read = machine.read(host=host(runs={"nvidia-smi": SMI}, packages=("gguf",)))
    assert (read.backend, read.name) == ("cuda", "NVIDIA GeForce RTX 4090")
    assert (read.vram, read.vram_free) == (24564 * 2**20, 23000 * 2**20)
    assert read.bf16
    assert read.fp8
    assert (read.ram, read.ram_free) == (65536000 * 1024, 32768000 * 1024)
    assert read.disk_free == 7 * GIB
    assert read.packages == {"gguf"}
    assert read.note == ""


@pytest.mark.parametrize(
    ("visible", "name"),
    [("1", "RTX 2080 Ti"), ("GPU-bbbb", "RTX 2080 Ti"), ("1,0", "RTX 4090"), (" 0 ", "RTX 4090")],
)
def test_only_visible_cards_count(visible: str, name: str) -> None:
    read = machine.read(host=host(runs={"nvidia-smi": SMI}, environ={"CUDA_VISIBLE_DEVICES": visible}))
    assert read.name.endswith(name)
    assert read.bf16 == (name == "RTX 4090")


@pytest.mark.parametrize("visible", ["", "-1"])
def test_hidden_cards_are_none(visible: str) -> None:
    assert machine.read(host=host(runs={"nvidia-smi": SMI}, environ={"CUDA_VISIBLE_DEVICES": visible})).backend == "cpu"


def test_amd_by_its_driver_s_files() -> None:
    told = '{"card0": {"Card Series": "AMD Instinct MI300X", "GFX Version": "gfx942"}}'
    read = machine.read(
        host=host(
            texts={
                "/sys/module/amdgpu/initstate": "live",
                "/sys/class/drm/card0/device/mem_info_vram_total": str(192 * GIB),
                "/sys/class/drm/card0/device/mem_info_vram_used": str(GIB),
            },
            folders={"/sys/class/drm": ["/sys/class/drm/card0", "/sys/class/drm/card0-DP-1"]},
            runs={"rocm-smi": told},
        )
    )
    assert (read.backend, read.name, read.vram, read.vram_free) == ("rocm", "AMD Instinct MI300X", 192 * GIB, 191 * GIB)
    assert read.fp8


def test_apple() -> None:
    runs = {
        "sysctl hw.optional.arm64": "1\n",
        "sysctl machdep.cpu.brand_string": "Apple M3 Max\n",
        "sysctl hw.memsize": f"{64 * GIB}\n",
        "vm_stat": "Mach VM Statistics: (page size of 16384 bytes)\nPages free: 1000.\nPages inactive: 500.\n",
    }
    read = machine.read(host=host("Darwin", runs=runs))
    assert (read.backend, read.name, read.ram) == ("mps", "Apple M3 Max", 64 * GIB)
    assert read.vram == 48 * GIB
    assert read.ram_free == 1500 * 16384
    assert read.bf16
    assert not read.fp8


def test_an_intel_mac_has_none() -> None:
    assert machine.read(host=host("Darwin", runs={"sysctl hw.memsize": f"{8 * GIB}"})).backend == "cpu"


def torch_module(**about) -> ModuleType:
    """As much of PyTorch as is asked."""
    module = ModuleType("torch")
    properties = [
        SimpleNamespace(name="NVIDIA H200", major=9, minor=0, **about),
        SimpleNamespace(name="small", major=8, minor=6),
    ]
    module.version = SimpleNamespace(hip=None)
    module.cuda = SimpleNamespace(
        is_available=lambda: True,
        device_count=lambda: 2,
        mem_get_info=lambda index: [(100 * GIB, 140 * GIB), (120 * GIB, 140 * GIB)][index],
        get_device_properties=lambda index: properties[index],
    )
    return module


def test_pytorch_is_asked_where_it_runs() -> None:
    read = machine.read(host=host(torch=torch_module(), runs={"nvidia-smi": SMI}))
    assert (read.name, read.index, read.vram_free) == ("small", 1, 120 * GIB)
    assert (read.bf16, read.fp8) == (True, False)


def test_pytorch_with_rocm() -> None:
    module = torch_module(gcnArchName="gfx1100:sramecc+")
    module.version = SimpleNamespace(hip="6.4")
    module.cuda.device_count = lambda: 1
    read = machine.read(torch=True, host=host(torch=module))
    assert (read.backend, read.bf16, read.fp8) == ("rocm", True, False)


def test_pytorch_on_a_mac() -> None:
    module = torch_module()
    module.cuda.is_available = lambda: False
    module.backends = SimpleNamespace(mps=SimpleNamespace(is_available=lambda: True))
    module.mps = SimpleNamespace(recommended_max_memory=lambda: 48 * GIB, driver_allocated_memory=lambda: GIB)
    read = machine.read(torch=True, host=host("Darwin", torch=module))
    assert (read.backend, read.vram, read.vram_free) == ("mps", 48 * GIB, 47 * GIB)


def test_a_driver_that_fails_is_no_device() -> None:
    module = torch_module()

    def fails(index: int):
        raise RuntimeError("CUDA driver error")

    module.cuda.mem_get_info = fails
    assert machine.read(host=host(torch=module)).backend == "cpu"


@pytest.mark.parametrize(
    ("version", "usable"),
    [("cuda: Optional[str] = '12.8'\nhip = None\n", True), ("cuda: Optional[str] = None\n", False)],
)
def test_a_pytorch_that_cannot_use_the_card_is_said_so(version: str, usable: bool) -> None:
    given = host(runs={"nvidia-smi": SMI}, packages=("torch",), texts={str(Path("/site/torch/version.py")): version})
    read = machine.read(host=given)
    assert (read.backend == "cuda") == usable
    assert usable or "built without CUDA" in read.note


@pytest.mark.parametrize("answer", [None, "", "nonsense", "GPU-1, X, N/A, N/A, N/A", "a,b,c\n\n"])
def test_nonsense_is_nothing(answer: str | None) -> None:
    read = machine.read(host=host(runs={"nvidia-smi": answer, "rocm-smi": "{"}, texts={"/proc/meminfo": answer or ""}))
    assert (read.backend, read.vram, read.ram) == ("cpu", 0, 0)


def test_a_container_s_limit_is_the_memory() -> None:
    texts = {"/sys/fs/cgroup/memory.max": str(8 * GIB), "/sys/fs/cgroup/memory.current": str(2 * GIB)}
    read = machine.read(host=host(texts=texts))
    assert (read.ram, read.ram_free) == (8 * GIB, 6 * GIB)
    assert machine.read(host=host(texts={"/sys/fs/cgroup/memory.max": "max"})).ram == 65536000 * 1024


def test_this_machine_does_not_crash_it() -> None:
    read = machine.read()
    assert read.ram > 0
    assert read.disk_free > 0
    assert graphics.graphics(Host()) is None or read.vram > 0 or read.note


@pytest.mark.parametrize(("value", "forced"), [("1", True), ("0", False), ("", False)])
def test_forced(value: str, forced: bool) -> None:
    assert machine.cpu_forced({machine.FORCE_CPU: value}) == forced
    assert not machine.cpu_forced({})
