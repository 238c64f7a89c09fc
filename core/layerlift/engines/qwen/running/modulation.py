"""What the timestep does to each block, tabulated, so that a third of the transformer need not be in memory.

Law: knows the two layers of each block that make modulations (`img_mod`, `txt_mod`) and nothing of pictures. They see
nothing but the timestep (and the constant picture flag), so that for a schedule of S steps their S answers are all that
is ever asked of them: 6.8 of 20.43 billion parameters become 4.4 MB per step in main memory. Rows are made by the
very layers, one timestep at a time as in a real step: same weights, same shapes, same kernel, same bits.
See docs/adr/0008-modulation-tables.md.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import nn

from layerlift.engines.qwen.running.shards import Shards

MOST_BYTES = 2 << 30
"""How much main memory the table may take (about 480 steps of the full-size model in bf16): rows of other schedules are
kept below it, because a picture of another shape shares most of its steps, rounded to bf16, with the last one."""
LAYERS = ("img_mod", "txt_mod")


@dataclass(frozen=True)
class Moment:
    """What a row depends on: the timestep as the transformer sees it (0–1, rounded to its dtype), the picture flag of
    the layered model, and whether a second half is conditioned on time zero (Edit-2511)."""

    time: float
    flag: int | None = None
    zero: bool = False


class Source(Protocol):
    """Where the layers come from when rows must be made."""

    def block(self, index: int) -> tuple[nn.Module, nn.Module]:
        """`img_mod` and `txt_mod` of one block, on the device, for as long as the caller holds them."""
        ...


class FromShards:
    """The layers read from safetensors, two at a time."""

    def __init__(self, shards: Shards, device: torch.device, dtype: torch.dtype):
        self._shards, self._device, self._dtype = shards, device, dtype

    def block(self, index: int) -> tuple[nn.Module, nn.Module]:
        """See Source."""
        return self._layer(index, "img_mod"), self._layer(index, "txt_mod")

    def _layer(self, index: int, name: str) -> nn.Module:
        stem = f"transformer_blocks.{index}.{name}.1."
        # copies, as when the layers stay: how a mapped file is aligned decides how a processor adds up
        weight = self._shards.read(stem + "weight").to(self._device, self._dtype, copy=True)
        linear = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
        linear.weight = nn.Parameter(weight, requires_grad=False)
        bias = self._shards.read(stem + "bias").to(self._device, self._dtype, copy=True)
        linear.bias = nn.Parameter(bias, requires_grad=False)
        return nn.Sequential(nn.SiLU(), linear)


class Parked:
    """The layers taken out of a loaded transformer and parked in main memory: where no file can be read by halves."""

    def __init__(self, blocks: Iterable[nn.Module], device: torch.device):
        self._device = device
        self._layers = [(block.img_mod.to("cpu"), block.txt_mod.to("cpu")) for block in blocks]
        self._out: tuple[nn.Module, ...] = ()

    def block(self, index: int) -> tuple[nn.Module, nn.Module]:
        """See Source. The block before goes back."""
        for layer in self._out:
            layer.to("cpu")
        img, txt = self._layers[index]
        self._out = (img, txt)
        return img.to(self._device), txt.to(self._device)


class Pick(nn.Module):  # type: ignore[misc]
    """Stands where `img_mod` or `txt_mod` stood and picks its part out of the row given as `temb`."""

    def __init__(self, begin: int, end: int):
        super().__init__()
        self.begin, self.end = begin, end

    def forward(self, row: torch.Tensor) -> torch.Tensor:
        """(n, 12 d) → (n, 6 d)."""
        return row[:, self.begin : self.end]


def drop(transformer: Any) -> None:
    """Put Picks where the layers were. The transformer then wants rows of a Table instead of `temb`."""
    width = 6 * transformer.inner_dim
    for block in transformer.transformer_blocks:
        block.img_mod, block.txt_mod = Pick(0, width), Pick(width, 2 * width)


class Table:
    """Rows by Moment. `embed(times, flag)` is the transformer's own time embedding: (n,) → (n, d)."""

    def __init__(
        self,
        source: Source,
        blocks: int,
        embed: Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor],
        most_bytes: int = MOST_BYTES,
    ):
        self._source, self._blocks, self._embed = source, blocks, embed
        self._most = most_bytes
        self._rows: OrderedDict[Moment, torch.Tensor] = OrderedDict()
        self.built = 0
        """How often the layers had to be fetched."""

    def __len__(self) -> int:
        return len(self._rows)

    def row(
        self, moment: Moment, like: torch.Tensor, coming: Callable[[bool], Iterable[Moment]], pause: Callable[[], None]
    ) -> torch.Tensor:
        """(blocks, n, 12 d) on the device and in the dtype of `like`; n = 2 with `moment.zero`, else 1.

        A missing row is made together with all those of `coming(again)`: the rest of the schedule and, once the layers
        have to be fetched `again`, what other pictures will ask for. `pause` is called between blocks and may raise:
        then nothing has changed.
        """
        if moment not in self._rows:
            wanted = dict.fromkeys((*coming(self.built > 0), moment))
            self._make([one for one in wanted if one not in self._rows], like, pause)
        self._rows.move_to_end(moment)
        return self._rows[moment].to(like.device)

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _make(self, moments: list[Moment], like: torch.Tensor, pause: Callable[[], None]) -> None:
        inputs = [self._input(moment, like) for moment in moments]
        made = [torch.zeros(self._blocks, len(one), 12 * one.shape[1], dtype=like.dtype) for one in inputs]
        for index in range(self._blocks):
            pause()
            img_mod, txt_mod = self._source.block(index)
            for moment, one, rows in zip(moments, inputs, made, strict=True):
                width = 6 * one.shape[1]
                rows[index, :, :width] = img_mod(one)
                text = one[:1] if moment.zero else one  # the text stream sees the real time only
                rows[index, : len(text), width:] = txt_mod(text)
        self._rows.update(zip(moments, made, strict=True))
        self.built += 1
        needed = len(moments)
        while len(self._rows) > needed and sum(row.nbytes for row in self._rows.values()) > self._most:
            self._rows.popitem(last=False)

    def _input(self, moment: Moment, like: torch.Tensor) -> torch.Tensor:
        times = [moment.time, 0.0] if moment.zero else [moment.time]
        flag = None if moment.flag is None else torch.tensor([moment.flag], device=like.device)
        return self._embed(torch.tensor(times, device=like.device, dtype=like.dtype), flag)
