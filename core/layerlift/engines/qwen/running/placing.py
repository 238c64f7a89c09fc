"""Where the transformer is: on the device, in main memory, or coming and going block by block.

Law: moves a loaded transformer; knows no file and no pipeline.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from layerlift.engines.qwen.running.denoiser import Blocks, Resident
from layerlift.engines.qwen.running.streaming import Streamed
from layerlift.models.plans import Plan

SLOTS = {"group": 1, "stream": 2}
"""Blocks on the device at a time, beside those that stay."""


class Placing:
    """The place of `transformer`; `here`: it has been loaded to the device (else to main memory). `beside`: bytes of
    what else stays on the device. `again` reads it from the disk once more: where the device's memory is the
    computer's (Metal), nothing is gained by moving, so that it is let go of and read again."""

    def __init__(
        self, transformer: Any, plan: Plan, *, here: bool, beside: int, again: Callable[[], Any], shared: bool = False
    ):
        self._transformer, self._again, self.device = transformer, again, torch.device(plan.device)
        self.shared = shared or self.device.type == "mps"
        self._streamed: Streamed | None = None
        self.here = here
        """Whether it is ready to run."""
        self._gone = False
        if plan.offload in SLOTS:
            staying = _staying(transformer, plan, beside)
            self._streamed = Streamed(transformer, self.device, ahead=plan.offload == "stream", resident=staying)
        self.blocks: Blocks = self._streamed or Resident(transformer)

    def come(self) -> None:
        """Be ready to run."""
        if self._gone:
            self._read_again()
        if not self.here:
            self._move(self.device)
            self.here = True

    def go(self) -> None:
        """Give the device's memory back."""
        if not self.here:
            return
        if self.shared:
            for tensor in _tensors(self._transformer):
                tensor.data = tensor.data.new_empty(0)
            self._gone = True
        else:
            self._move(torch.device("cpu"))
        self.here = False

    def reset(self) -> None:
        """A job has ended, however it ended."""
        if self._streamed is not None:
            self._streamed.reset()

    def _read_again(self) -> None:
        for tensor, fresh in zip(_tensors(self._transformer), _tensors(self._again()), strict=True):
            tensor.data = fresh.data
        self._gone = False

    def _move(self, device: torch.device) -> None:
        if self._streamed is None:
            self._transformer.to(device)
            return
        for name, part in self._transformer.named_children():
            if name != "transformer_blocks":
                part.to(device)
        for block in self._streamed.staying:
            block.to(device)


def _tensors(module: nn.Module) -> list[Any]:
    return [*module.parameters(), *module.buffers()]


def weight_bytes(module: nn.Module) -> int:
    """Bytes of its parameters and buffers."""
    return sum(tensor.nbytes for tensor in _tensors(module))


def _staying(transformer: Any, plan: Plan, beside: int) -> int:
    """How many blocks may stay within what the plan predicted for the time between steps."""
    blocks = list(transformer.transformer_blocks)
    block = max(1, weight_bytes(blocks[0]))
    row = 12 * transformer.inner_dim * len(blocks) * getattr(torch, plan.dtype).itemsize  # of the modulation table
    around = weight_bytes(transformer) - sum(map(weight_bytes, blocks)) + beside + row
    return int(max(0, min(len(blocks), (plan.resident - around) // block - SLOTS[plan.offload])))
