"""How much main memory a host has. Law: asks a `Host`, nothing else; never raises. Sizes are bytes."""

from __future__ import annotations

import ctypes
import re

from layerlift.models.host import Host


def main_memory(host: Host) -> tuple[int, int]:
    """(total, available now); a container's limit counts as the total. (0, 0) when the system does not tell."""
    if host.system == "Darwin":
        return _mac(host)
    if host.system == "Windows":
        return _windows()
    return _linux(host)


def _linux(host: Host) -> tuple[int, int]:
    lines = host.text("/proc/meminfo") or ""
    sizes = {name: int(size) * 1024 for name, size in re.findall(r"^(\w+):\s+(\d+) kB", lines, re.MULTILINE)}
    total, free = sizes.get("MemTotal", 0), sizes.get("MemAvailable", 0)
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        allowed = host.number(limit)  # "max" reads as 0: no limit
        if 0 < allowed < total:
            return allowed, min(free, max(0, allowed - host.number(used)))
    return total, free


def _mac(host: Host) -> tuple[int, int]:
    total = int((host.run(["sysctl", "-n", "hw.memsize"]) or "0").strip() or 0)
    told = host.run(["vm_stat"]) or ""
    page = re.search(r"page size of (\d+)", told)
    pages = dict(re.findall(r"^Pages (free|inactive|speculative|purgeable):\s+(\d+)", told, re.MULTILINE))
    return total, sum(map(int, pages.values())) * int(page[1] if page else 16384)


class _Status(ctypes.Structure):
    """MEMORYSTATUSEX (sysinfoapi.h)."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("total", ctypes.c_uint64),
        ("available", ctypes.c_uint64),
        *((name, ctypes.c_uint64) for name in ("page", "page_free", "virtual", "virtual_free", "extended")),
    )


def _windows() -> tuple[int, int]:
    status = _Status(length=ctypes.sizeof(_Status))
    try:
        kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
        told = kernel.GlobalMemoryStatusEx(ctypes.byref(status))
    except (AttributeError, OSError):
        return 0, 0
    return (status.total, status.available) if told else (0, 0)
