"""How fast well-known devices are, for predictions.

Law: a table. Dense bf16 tensor throughput and memory bandwidth are the makers' published numbers (data sheets); what
of it a diffusion transformer reaches is one factor for all, set between the reports that we know (facts in
docs/models.md). A device that stands here nowhere gets no prediction: None is honest, a guess is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REACHED: Final = 0.55
"""Part of the published throughput that is reached. Reports: H200 0.61 (SGLang), RTX 5090 0.74 (fp8), 0.63 (NF4)."""
BUS: Final = 16e9
"""Bytes per second from pinned memory to a card, PCIe 4 × 16 in practice; older boards have half."""
UNPACK: Final = 40
"""Bytes of memory traffic to unpack one GGUF or NF4 weight in PyTorch: fitted to one report (RTX 3060, Q3_K_M, 512²:
7.3 s a step)."""


@dataclass(frozen=True)
class Speed:
    """`operations` per second (dense bf16) and `bandwidth` of the device's memory in bytes per second."""

    operations: float
    bandwidth: float


# Longer names first: "RTX 4070 Ti SUPER" before "RTX 4070".
_TERA_AND_GIGA: Final = (
    ("B200", 2250, 8000),
    ("GH200", 989, 4000),
    ("H200", 989, 4800),
    ("H100", 989, 3350),
    ("A100", 312, 2039),
    ("L40S", 362, 864),
    ("L40", 181, 864),
    ("L4", 121, 300),
    ("A6000", 155, 768),
    ("A5000", 111, 768),
    ("A10", 125, 600),
    ("RTX PRO 6000", 251, 1792),
    ("RTX 5090", 209, 1792),
    ("RTX 5080", 113, 960),
    ("RTX 5070 TI", 88, 896),
    ("RTX 5070", 62, 672),
    ("RTX 5060", 48, 448),
    ("RTX 4090", 165, 1008),
    ("RTX 4080", 97, 717),
    ("RTX 4070 TI", 80, 504),
    ("RTX 4070", 58, 504),
    ("RTX 4060", 30, 272),
    ("RTX 3090", 71, 936),
    ("RTX 3080", 60, 760),
    ("RTX 3070", 41, 448),
    ("RTX 3060", 25, 360),
    ("MI325", 1307, 6000),
    ("MI300", 1307, 5300),
    ("MI250", 362, 3277),
    ("RX 9070 XT", 195, 640),
    ("RX 7900 XTX", 123, 960),
    ("RX 7900 XT", 103, 800),
)


def speed(name: str) -> Speed | None:
    """The speed of the device that calls itself so ("NVIDIA GeForce RTX 4090 Laptop GPU": None, it is another one)."""
    told = name.upper()
    if "LAPTOP" in told or "MAX-Q" in told:
        return None
    words = f" {told.replace('-', ' ')} "
    for known, tera, giga in _TERA_AND_GIGA:
        if f" {known} " in words or (known[:2] in {"H1", "H2", "MI", "GH", "B2"} and known in told):
            return Speed(tera * 1e12, giga * 1e9)
    return None
