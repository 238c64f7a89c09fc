"""PyTorch, and the way there and back.

Law: the only file that loads torch. Arrays go to the device and tensors come back; unsigned integers travel as signed
ones of the same bits (PyTorch counts with few unsigned types). On a CUDA device big transfers pass through pinned
memory in bands, so that the card copies while the processor prepares the next one.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias

import numpy as np

from layerlift.errors import RequestError

try:
    import torch as torch  # the other rooms have it from here
except ImportError as error:
    raise RequestError("Refining on a GPU needs PyTorch.", "Install torch, or leave the device out.") from error

Tensor: TypeAlias = Any
Array: TypeAlias = "np.ndarray[Any, Any]"

SHARE = 0.6
"""How much of a card's free memory is taken: other programs live there too, and PyTorch rounds blocks up."""
MOST = 16 << 30
"""More than this brings nothing at any size that can be opened."""
_WITHOUT_CARD = 256 << 20
"""What strips may take where the "card" is the processor itself."""
_BAND = 16 << 20
"""Bytes that pass through pinned memory at a time; larger ones are no faster and lock more memory."""
_HANDS = 4
"""Threads that take what has arrived out of pinned memory: fresh pages are what costs time here."""
_SIGNED = {np.dtype(np.uint16): np.int16, np.dtype(np.uint32): np.int32, np.dtype(np.uint64): np.int64}


class Device:
    """A torch device by `name`; `room`: bytes that may be used there, instead of what is found free (for tests)."""

    def __init__(self, name: str, room: int | None = None) -> None:
        try:
            torch.zeros(1, device=name)
        except (RuntimeError, AssertionError) as error:
            raise RequestError(f"PyTorch has no device “{name}” here.", "Leave the device out.") from error
        self.name = name
        self._room, self._shrunk = room, 1
        self._card = torch.device(name).type == "cuda"

    def room(self) -> int:
        """Bytes that may be used now: a share of what is free, or reserved by PyTorch and unused."""
        return (self._free() if self._room is None else self._room) // self._shrunk

    def shrink(self) -> None:
        """From now on use a quarter of the room: it was not there, or in too many pieces."""
        self._shrunk *= 4
        self.release()

    def _free(self) -> int:
        if not self._card:
            return _WITHOUT_CARD
        free, _ = torch.cuda.mem_get_info(self.name)
        unused = torch.cuda.memory_reserved(self.name) - torch.cuda.memory_allocated(self.name)
        return min(MOST, int((free + unused) * SHARE))

    def release(self) -> None:
        """Give back what PyTorch keeps for later: whoever plans for the card reads what is free there."""
        if self._card:
            torch.cuda.empty_cache()

    def put(self, array: Array) -> Tensor:
        """The array on the device, same shape; returns before it has arrived (later work on the device waits)."""
        array = np.ascontiguousarray(array)
        array = array.view(_SIGNED.get(array.dtype, array.dtype))
        if not self._card:
            return torch.from_numpy(array if array.flags.writeable else array.copy()).to(self.name)
        kind = torch.from_numpy(np.empty(0, array.dtype)).dtype
        out = torch.empty(array.shape, dtype=kind, device=self.name)
        here, there = array.reshape(-1), out.reshape(-1)
        step = _BAND // array.itemsize
        for begin in range(0, here.size, step):
            part = here[begin : begin + step]
            pinned = torch.empty(part.size, dtype=kind, pin_memory=True)  # kept from being reused until it has left
            np.copyto(pinned.numpy(), part)
            there[begin : begin + step].copy_(pinned, non_blocking=True)
        return out

    def take(self, tensor: Tensor, out: Array) -> None:
        """Bring a tensor into a contiguous array of as many numbers of the same size."""
        flat, there = out.reshape(-1), tensor.contiguous().reshape(-1)
        flat = flat.view(_SIGNED.get(flat.dtype, flat.dtype))
        if not self._card:
            np.copyto(flat, there.cpu().numpy())
            return
        step = _BAND // flat.itemsize
        with ThreadPoolExecutor(_HANDS) as pool:
            landing: deque[Future[None]] = deque()
            for begin in range(0, flat.size, step):
                if len(landing) > _HANDS:
                    landing.popleft().result()
                part = there[begin : begin + step]
                pinned = torch.empty(part.shape, dtype=part.dtype, pin_memory=True)
                pinned.copy_(part, non_blocking=True)
                arrived = torch.cuda.Event()
                arrived.record(torch.cuda.current_stream(self.name))
                landing.append(pool.submit(_land, arrived, pinned, flat[begin : begin + step]))
            for job in landing:
                job.result()

    def array(self, tensor: Tensor) -> Array:
        """A small tensor as an array."""
        out: Array = tensor.cpu().numpy()
        return out


def _land(arrived: Any, pinned: Tensor, out: Array) -> None:
    arrived.synchronize()
    np.copyto(out, pinned.numpy())


def out_of_memory(error: BaseException) -> bool:
    """Whether the device had no room for something."""
    return isinstance(error, torch.OutOfMemoryError)


def pick(planes: Tensor, at: Tensor) -> Tensor:
    """Planes (…, n) at the indices `at` (k,): (…, k)."""
    return planes.index_select(-1, at)


def where_true(mask: Tensor) -> Tensor:
    """Indices of what is true in a mask of any shape, flat, ascending. Waits for the device: how many there are
    decides how much is launched next, and that saves more than the wait costs (some 30 µs, a few dozen times)."""
    return torch.nonzero(mask.reshape(-1))[:, 0]
