"""Which weights in which form, kept where: decided and predicted before anything is loaded.

Law: arithmetic only; knows no torch, no disk, no network. Sizes are bytes. A plan that does not fit is not made: what
spills over from graphics memory runs for hours without a word.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from layerlift.models.machine import Machine

Weights: TypeAlias = Literal["bf16", "fp8", "int8", "gguf-q8", "gguf-q6", "gguf-q5", "gguf-q4", "gguf-q3", "nf4"]
EncoderWeights: TypeAlias = Literal["bf16", "fp8", "nf4"]
Offload: TypeAlias = Literal["none", "model", "group", "stream"]


@dataclass(frozen=True)
class Plan:
    """How one model family runs on one machine.

    `device` ("cuda:0", "mps", "cpu"), `dtype` of the computation ("bfloat16", "float16", "float32"); `weights` of the
    transformer, `text_encoder`: of the encoder, which is on the device only while it encodes unless `resident` has
    room for it; `variant`: the download that they come from (fp8 and int8 are made from bf16 while loading); `offload`:
    "none" (transformer stays on the device), "model" (whole components come and go), "group" (blocks come and go),
    "stream" (single layers, prefetched); `tabulate`: modulation tables instead of the layers that make them;
    `resolution` 640 or 1024; `layers` planned for; `resident` and `peak`: bytes on the device between and during steps;
    `ram`, `disk`: bytes needed there; `seconds` for one job of 50 steps with guidance (None: nothing known about such a
    device); `reason`: one sentence for people.
    """

    family: str
    device: str
    dtype: str
    weights: Weights
    text_encoder: EncoderWeights
    offload: Offload
    tabulate: bool
    resolution: int
    resident: int
    peak: int
    ram: int
    disk: int
    seconds: float | None
    reason: str
    layers: int = 4
    variant: str = "bf16"
    below: Plan | None = field(default=None, repr=False)

    def lower(self) -> Plan | None:
        """The next plan that needs less of the device and only weights that this one has as well; None at the end."""
        return self.below


def plan(
    family: str,
    machine: Machine,
    *,
    resolution: int = 640,
    layers: int = 4,
    force_cpu: bool = False,
    variants: Collection[str] | None = None,
) -> Plan:
    """The best plan for `family` on `machine` at `resolution` (640, 1024) with `layers` layers. `variants`: only from
    those downloads (the ones that are here; None: any). `force_cpu`: on a machine without accelerator run on its
    processor all the same. Raises EngineUnavailable with a remedy when nothing fits."""
    raise NotImplementedError
