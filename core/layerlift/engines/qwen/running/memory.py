"""How much memory a device has left, and what it says when it has none.

Law: asks torch; decides nothing.
"""

from __future__ import annotations

import gc

import torch

_SENTENCES = ("out of memory", "can't allocate memory", "failed to allocate")
"""What torch says on devices whose errors have no class of their own (MPS, the processor, cuBLAS handles)."""


def free(device: torch.device) -> int | None:
    """Bytes that are free on `device`; None: main memory, ask the machine."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return None


def is_shortage(problem: BaseException) -> bool:
    """Whether it means that the device's memory is full."""
    if isinstance(problem, torch.OutOfMemoryError):
        return True
    return isinstance(problem, RuntimeError) and any(text in str(problem).lower() for text in _SENTENCES)


def tidy(device: torch.device) -> None:
    """Find what holds itself, then `give_back`. For when models go: it takes a large fraction of a second."""
    gc.collect()
    give_back(device)


def give_back(device: torch.device) -> None:
    """Give back to the driver what nobody holds any more."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
