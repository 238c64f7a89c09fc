"""Steps that hardly differ from the one before need not be computed in full: the first-block cache.

Law: numbers of one job; knows no model. After the first block the change against the last full step is measured; when
it is small, the contribution of all other blocks is taken from that step (ParaAttention's First Block Cache, after
TeaCache, arXiv 2411.19108). Unlike the usual implementation the two passes of guidance decide together, because
guidance multiplies the difference between a fresh and a remembered pass; and there is a limit to skipping in a row.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import torch

THRESHOLD = 0.12
"""Relative mean change of the first block's contribution below which a step may be skipped; what
ParaAttention recommends for the similar FLUX at 28 steps."""
WARM_UP = 4
"""The first steps lay out the picture and are never skipped."""
IN_A_ROW = 2
"""Most steps that may be skipped one after another."""


@dataclass
class FirstBlockCache:
    """What one job remembers. A pass is recognised by its `name`; the first pass of a step decides for the step."""

    threshold: float = THRESHOLD
    warm_up: int = WARM_UP
    in_a_row: int = IN_A_ROW
    skipped: int = 0
    steps: int = 0
    _first: dict[Hashable, torch.Tensor] = field(default_factory=dict)
    _rest: dict[Hashable, torch.Tensor] = field(default_factory=dict)
    _row: int = 0
    _skip: bool = False

    def begin_step(self, name: Hashable, first: torch.Tensor) -> None:
        """A step begins whose first pass, `name`, has been through its first block, which contributed `first`."""
        self.steps += 1
        self._skip = self.steps > self.warm_up and self._row < self.in_a_row and self._small(name, first)
        self._row = self._row + 1 if self._skip else 0
        self.skipped += self._skip

    def remembered(self, name: Hashable) -> torch.Tensor | None:
        """What all blocks but the first contribute, if this step is skipped and `name` has been through it before."""
        return self._rest.get(name) if self._skip else None

    def remember(self, name: Hashable, first: torch.Tensor, rest: torch.Tensor) -> None:
        """A pass in full: what its first block and all others contributed."""
        self._first[name], self._rest[name] = first, rest

    def _small(self, name: Hashable, first: torch.Tensor) -> bool:
        last = self._first.get(name)
        if last is None or last.shape != first.shape:
            return False
        change = (first - last).abs().mean() / last.abs().mean()
        return bool(change.item() < self.threshold)
