"""Blocks that come to the device when it is their turn and go again.

Law: moves tensors, computes nothing. Those for which there is room stay; of the others one is there (`ahead` False:
"group") or two (`ahead` True: "stream"; the next one is copied beside the computation of this one). They rest in
main memory, page-locked where the device can then copy by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from layerlift.engines.qwen.running.denoiser import Blocks


class Streamed(Blocks):
    """The blocks of `transformer`, `resident` of them, evenly spread, always on `device`: while one of those computes,
    the next that is not there has more time to come."""

    def __init__(self, transformer: Any, device: torch.device, *, ahead: bool, resident: int = 0):
        self._blocks = list(transformer.transformer_blocks)
        self._device, self._ahead = device, ahead
        stays = spread(len(self._blocks), resident)
        self.staying = [self._blocks[index] for index in sorted(stays)]
        """The blocks that do not come and go; whoever owns the transformer moves them."""
        self._rest: dict[int, _Resting] = {}
        for index, block in enumerate(self._blocks):
            if index not in stays:
                self._rest[index] = _Resting(block, device)
        self._side = torch.cuda.Stream(device) if ahead and device.type == "cuda" else None
        self.copied = 0
        """How many blocks have been brought to the device."""

    @contextmanager
    def at(self, index: int) -> Iterator[Any]:
        """See Blocks."""
        resting = self._rest.get(index)
        if resting is not None:
            self._start(index)
            resting.arrive()
        if self._ahead and self._rest:
            self._start(self._after(index))
        try:
            yield self._blocks[index]
        finally:
            if resting is not None:
                resting.leave()

    def reset(self) -> None:
        """Send back what was brought for a step that is not going to happen."""
        for resting in self._rest.values():
            resting.leave()

    def _after(self, index: int) -> int:
        """The next block that has to come; after the last one, the first of the next pass."""
        return next((other for other in self._rest if other > index), next(iter(self._rest)))

    def _start(self, index: int) -> None:
        if not self._rest[index].under_way:
            self.copied += 1
            self._rest[index].start(self._side)


def spread(count: int, chosen: int) -> set[int]:
    """`chosen` of `count` places, evenly spread."""
    chosen = min(chosen, count)
    return {(2 * place + 1) * count // (2 * chosen) for place in range(chosen)}


class _Resting:
    """One block whose tensors lie in main memory and are copied for one turn."""

    def __init__(self, block: nn.Module, device: torch.device):
        self._device = device
        block.to("cpu")
        self._tensors: list[torch.Tensor] = [*block.parameters(), *block.buffers()]
        if device.type == "cuda":
            self._pin()
        self._here = [tensor.data for tensor in self._tensors]
        self._there: list[torch.Tensor] | None = None
        self._event: Any = None
        self._last_use: Any = None

    def _pin(self) -> None:
        """Lock its pages, as far as the system lets us: from others the device copies at half the speed."""
        for tensor in self._tensors:
            try:
                tensor.data = tensor.data.pin_memory()
            except RuntimeError:
                return

    @property
    def under_way(self) -> bool:
        """Whether it is on its way or there."""
        return self._there is not None

    def start(self, side: Any) -> None:
        """Begin to copy; on the stream `side`, if there is one."""
        if side is None:
            self._there = [self._copy(tensor) for tensor in self._here]
            return
        with torch.cuda.stream(side):
            self._there = [self._copy(tensor) for tensor in self._here]
            self._event = side.record_event()

    def arrive(self) -> None:
        """Be there: the computation waits for the copy."""
        assert self._there is not None
        if self._event is not None:
            current = torch.cuda.current_stream(self._device)
            current.wait_event(self._event)
            for there in self._there:
                there.record_stream(current)  # made on the other stream, not to be reused before this one is done
        for tensor, there in zip(self._tensors, self._there, strict=True):
            tensor.data = there

    def leave(self) -> None:
        """Give the device its memory back. The processor waits until the block has been used: it must not run ahead,
        or the copies for blocks to come would pile up."""
        for tensor, here in zip(self._tensors, self._here, strict=True):
            tensor.data = here
        if self._there is not None and self._event is not None:
            torch.cuda.current_stream(self._device).synchronize()
        self._there = self._event = None

    def _copy(self, tensor: torch.Tensor) -> torch.Tensor:
        return torch.empty_like(tensor, device=self._device).copy_(tensor, non_blocking=True)
