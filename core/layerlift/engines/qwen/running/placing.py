"""Where the transformer is: on the device, in main memory, or coming and going block by block.

Law: moves a loaded transformer; knows no file and no pipeline.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from layerlift.engines.qwen.running.denoiser import Blocks, Resident
from layerlift.engines.qwen.running.streaming import Streamed
from layerlift.models.plans import Plan

SLOTS = {"group": 1, "stream": 2}
"""Blocks on the device at a time, beside those that stay."""


class Placing:
    """The place of `transformer`; `here`: it has been loaded to the device (else to main memory)."""

    def __init__(self, transformer: Any, plan: Plan, *, here: bool):
        self._transformer, self.device = transformer, torch.device(plan.device)
        self._streamed: Streamed | None = None
        self.here = here
        """Whether it is ready to run."""
        if plan.offload in SLOTS:
            ahead = plan.offload == "stream"
            self._streamed = Streamed(
                transformer, self.device, ahead=ahead, resident=_staying(transformer, plan, SLOTS[plan.offload])
            )
        self.blocks: Blocks = self._streamed or Resident(transformer)

    def come(self) -> None:
        """Be ready to run."""
        if not self.here:
            self._move(self.device)
            self.here = True

    def go(self) -> None:
        """Give the device's memory back."""
        if self.here:
            self._move(torch.device("cpu"))
            self.here = False

    def reset(self) -> None:
        """A job has ended, however it ended."""
        if self._streamed is not None:
            self._streamed.reset()

    def _move(self, device: torch.device) -> None:
        if self._streamed is None:
            self._transformer.to(device)
            return
        for name, part in self._transformer.named_children():
            if name != "transformer_blocks":
                part.to(device)
        for block in self._streamed.staying:
            block.to(device)


def weight_bytes(module: nn.Module) -> int:
    """Bytes of its parameters and buffers."""
    return sum(tensor.nbytes for tensor in (*module.parameters(), *module.buffers()))


def _staying(transformer: Any, plan: Plan, slots: int) -> int:
    """How many blocks may stay within what the plan predicted for the time between steps."""
    blocks = list(transformer.transformer_blocks)
    block = max(1, weight_bytes(blocks[0]))
    rest = weight_bytes(transformer) - sum(map(weight_bytes, blocks))
    return int(max(0, min(len(blocks), (plan.resident - rest) // block - slots)))
