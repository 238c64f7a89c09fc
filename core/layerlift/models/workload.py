"""What one job asks of a device: how long its sequence is, what that holds in memory, how many operations it takes.

Law: arithmetic; knows no torch. The memory numbers were read off the real classes at full size by counting live tensors
on PyTorch's meta device (tests/core/models/test_workload.py repeats that); what the attention kernel or cuDNN reserve
besides is covered by the budget's margin (`plans`). Operations are exact counts of the matrix products.
"""

from __future__ import annotations

from typing import Final

from layerlift.models import sizes

STEPS: Final = 50
"""Steps of a job as the model cards have it (Edit-2511: 40)."""
GUIDED: Final = 2
"""Passes per step: with guidance once with the prompt, once with the negative one."""
TEXT_TOKENS: Final = 512
"""Longest prompt (`max_sequence_length` of the pipelines)."""
_PIXELS_PER_TOKEN = 256  # VAE 8 × 8, patches of 2 × 2
_EDIT_REFERENCE = 1024 * 1024
"""EditPlus scales every picture that it looks at to this area (VAE_IMAGE_SIZE)."""

TOKEN_BYTES: Final = 18 * sizes.WIDTH * 2
"""Live bytes per token within a bf16 pass: measured 15.1 widths (layered), 16.6 (edit: two modulations)."""
DECODE_BYTES: Final = 3_470
"""Live bytes per pixel while the VAE decodes one frame in bf16: measured 3 461. Frames are decoded one by one."""
ENCODE_BYTES: Final = 800_000_000
"""Live bytes of the text encoder at work: measured 569 kB per token (logits over 152 064 words, all layers' states) for
1 200 tokens (prompt and picture), and 100 MB for the vision tower (estimate)."""
TILE_PIXELS: Final = 256 * 256 * 2
"""What the VAE's tiling decodes at a time (256² and its overlap)."""


def default_resolution(family: str) -> int:
    """Side of the square whose area the model works at: layered 640 (its card), the others 1024."""
    return 640 if family == "layered" else 1024


def tokens(family: str, resolution: int, layers: int) -> int:
    """Image tokens of one pass: layered has all layers, the composite and the picture as frames, edit the new picture
    and the one looked at."""
    frame = resolution * resolution // _PIXELS_PER_TOKEN
    if family == "layered":
        return frame * (layers + 2)
    return frame + (_EDIT_REFERENCE // _PIXELS_PER_TOKEN if family == "edit" else 0)


def step_bytes(family: str, resolution: int, layers: int, *, wide: bool = False, quadratic: bool = False) -> int:
    """Bytes that a pass holds besides the weights. `wide`: computed in float32; `quadratic`: the attention kernel of
    the device keeps a whole score matrix (Metal)."""
    length = tokens(family, resolution, layers) + TEXT_TOKENS
    scores = 24 * length * length * 2 if quadratic else 0
    return (length * TOKEN_BYTES + scores) * (2 if wide else 1)


def decode_bytes(resolution: int, *, tiled: bool = False, wide: bool = False) -> int:
    """Bytes that decoding one frame holds besides the weights."""
    pixels = resolution * resolution
    return (min(pixels, TILE_PIXELS) if tiled else pixels) * DECODE_BYTES * (2 if wide else 1)


def step_operations(family: str, resolution: int, layers: int) -> float:
    """Floating point operations of one step with guidance: products of the blocks' layers with every token, and
    attention (QKᵀ and the weighted sum: 4 · length² · width per block)."""
    image = tokens(family, resolution, layers)
    length = image + TEXT_TOKENS
    linear = 2 * sizes.BLOCKS * (sizes.BLOCK // 2) * length  # each token passes one of the two streams
    attention = 4 * sizes.BLOCKS * length * length * sizes.WIDTH
    return float(GUIDED * (linear + attention))
