"""How many parameters the models have, and how many bytes those take in each form.

Law: arithmetic over the published configurations; knows no torch, no disk. tests/core/models compare every count with
the real classes, built at full size without memory (PyTorch's meta device).

The three models of the family share one transformer (MMDiT of 60 double-stream blocks, width 24 × 128 = 3072), one
text encoder (Qwen2.5-VL-7B-Instruct) and one VAE; the layered one adds an embedding of 2 × 3072 and an alpha channel.
"""

from __future__ import annotations

from typing import Final

BLOCKS: Final = 60
WIDTH: Final = 24 * 128
"""Inner width of the transformer: heads × head size."""
_TEXT: Final = 3584
"""Width of the text encoder's states."""
_LATENT: Final = 64
"""Numbers per image token: 16 latent channels × 2 × 2 pixels."""


def _linear(inside: int, outside: int) -> int:
    return (inside + 1) * outside


MODULATION: Final = BLOCKS * 2 * _linear(WIDTH, 6 * WIDTH)
"""img_mod and txt_mod of all blocks: a third of the transformer, and a function of the time step alone."""

_ATTENTION = 8 * _linear(WIDTH, WIDTH) + 4 * 128  # q, k, v, out for image and text; four RMS norms over a head
_FEED_FORWARD = 2 * (_linear(WIDTH, 4 * WIDTH) + _linear(4 * WIDTH, WIDTH))
BLOCK: Final = _ATTENTION + _FEED_FORWARD
"""One block without its modulation."""

_AROUND = (
    _linear(256, WIDTH)  # time step
    + _linear(WIDTH, WIDTH)
    + _TEXT  # RMS norm of the text states
    + _linear(_LATENT, WIDTH)
    + _linear(_TEXT, WIDTH)
    + _linear(WIDTH, 2 * WIDTH)  # last adaptive norm
    + _linear(WIDTH, _LATENT)
)
_LAYER_FLAG = 2 * WIDTH


def transformer(family: str) -> int:
    """Parameters of the whole transformer."""
    return MODULATION + BLOCKS * BLOCK + _AROUND + (_LAYER_FLAG if family == "layered" else 0)


def _encoder_language() -> int:
    width, inner, layers, heads, keys, vocabulary = 3584, 18944, 28, 28, 4, 152064
    head = width // heads
    attention = _linear(width, width) + 2 * _linear(width, keys * head) + width * width  # o has no bias
    return vocabulary * width + layers * (attention + 3 * width * inner + 2 * width) + width


def _encoder_vision() -> int:
    width, inner, depth, out = 1280, 3420, 32, 3584
    block = _linear(width, 3 * width) + _linear(width, width)
    block += 2 * _linear(width, inner) + _linear(inner, width) + 2 * width
    merger = width + _linear(4 * width, 4 * width) + _linear(4 * width, out)
    return 3 * 2 * 14 * 14 * width + depth * block + merger


ENCODER_EMBEDDING: Final = 152064 * 3584
"""The text encoder's table of words, and once more as its output layer."""
ENCODER: Final = _encoder_language() + _encoder_vision() + ENCODER_EMBEDDING
"""Qwen2.5-VL-7B-Instruct: language model, vision tower, output layer."""

VAE: Final = {"layered": 126_897_716, "edit": 126_892_531, "image": 126_892_531}
"""AutoencoderKLQwenImage with 4 (RGBA) and 3 channels; counted from the class (a formula would repeat its source)."""

BITS: Final = {
    "bf16": 16.0,
    "fp8": 8.0,
    "int8": 8.0,
    "gguf-q8": 8.5,
    "gguf-q6": 6.5625,
    "gguf-q5": 5.5,
    "gguf-q4": 4.5,
    "gguf-q3": 3.4375,
    "nf4": 4.5,
}
"""Bits per weight of each form: GGML's block formats Q8_0 … Q3_K (llama.cpp, ggml-quants.h: 34 bytes per 32, 210, 176,
144 and 110 per 256), NF4 with one float32 scale per 64 (bitsandbytes). A "Q4_K_M" file mixes levels and is larger."""

GGUF: Final = {
    "gguf-q8": 21_761_829_504,
    "gguf-q6": 16_852_429_440,
    "gguf-q5": 15_027_513_984,
    "gguf-q4": 13_244_770_944,
    "gguf-q3": 9_930_000_000,
}
"""Bytes of the published transformer files (the largest of the three models'; Q3_K_M rounded up)."""

TABLE: Final = 2 * BLOCKS * 6 * WIDTH * 2
"""Bytes of one time step's tabulated modulation in bf16."""
_SCALES = 1.02
"""Row scales and norms beside 8-bit weights."""


def transformer_bytes(family: str, weights: str, *, tabulated: bool) -> int:
    """Bytes of the transformer in that form, with or without (tabulated) its modulation layers. For GGUF the modulation
    is taken off at the format's nominal bits: published files store it with more, so this errs upwards."""
    whole = GGUF.get(weights) or round(transformer(family) * BITS[weights] / 8 * (_SCALES if weights != "bf16" else 1))
    return whole - (round(MODULATION * BITS[weights] / 8) if tabulated else 0)


def encoder_bytes(weights: str) -> int:
    """Bytes of the text encoder. Its tables stay in bf16 (8 bit: the input one, NF4: both)."""
    if weights == "bf16":
        return ENCODER * 2
    tables = ENCODER_EMBEDDING * (2 if weights == "nf4" else 1)
    return tables * 2 + round((ENCODER - tables) * BITS[weights] / 8 * _SCALES)


def vae_bytes(family: str) -> int:
    """Bytes of the VAE, always bf16."""
    return VAE[family] * 2
