"""Plans and sizes in words for people. Law: text only."""

from __future__ import annotations

from layerlift.models.machine import Machine
from layerlift.models.rungs import Cost, Rung

_WEIGHTS = {
    "bf16": "the published 16-bit weights",
    "fp8": "weights reduced to 8 bits (fp8)",
    "int8": "weights reduced to 8 bits (int8)",
    "gguf-q8": "8-bit GGUF weights",
    "gguf-q6": "6-bit GGUF weights",
    "gguf-q5": "5-bit GGUF weights",
    "gguf-q4": "4-bit GGUF weights",
    "gguf-q3": "3-bit GGUF weights",
    "nf4": "4-bit NF4 weights",
}
_ENCODER = {"bf16": "", "fp8": ", the text encoder in 8 bits", "nf4": ", the text encoder in NF4"}
_OFFLOAD = {
    "none": "everything stays there",
    "model": "the text encoder and the transformer take turns",
    "group": "what does not fit comes block by block from main memory",
    "stream": "what does not fit is read ahead, block by block, from main memory",
}

_NOTICEABLE = 1_000_000_000
"""Bytes of main memory whose lack is worth a word: systems page out that much without anybody noticing."""


def gigabytes(size: float) -> str:
    """ "13.2 GB", "208 MB": 10⁹ and 10⁶ bytes, as download pages count."""
    if size < 0.9995e9:
        return f"{size / 1e6:.0f} MB" if size >= 9.95e6 else f"{size / 1e6:.1f} MB"
    return f"{size / 1e9:.1f} GB" if size < 99.95e9 else f"{size / 1e9:.0f} GB"


def memory(size: float) -> str:
    """ "24 GB": 2³⁰ bytes, as graphics cards and memory modules are called."""
    exact = size / 2**30
    return f"{exact:.1f} GB" if abs(exact - round(exact)) > 0.06 and exact < 10 else f"{exact:.0f} GB"


def duration(seconds: float) -> str:
    """ "45 s", "3 min", "2 h"."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


def in_words(rung: Rung, price: Cost, machine: Machine) -> str:
    """One sentence about a plan."""
    tiles = ", pictures decoded in tiles" if rung.tile else ""
    short = price.ram - machine.ram_free
    close = f" Of that {gigabytes(short)} are held by other programs now: close some." if short > _NOTICEABLE else ""
    return (
        f"{machine.name} ({memory(machine.vram)}): {_WEIGHTS[rung.weights]}{_ENCODER[rung.encoder]}, "
        f"{_OFFLOAD[rung.offload]}{tiles}; "
        f"at most {gigabytes(price.peak)} there and {gigabytes(price.ram)} of main memory.{close}"
    )
