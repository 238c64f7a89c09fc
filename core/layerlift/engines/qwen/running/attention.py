"""Joint attention over text and pictures with real-valued rotations, on the quickest kernel that is present.

Law: one layer's arithmetic and the choice of its kernel. diffusers rotates with complex numbers, which torch.compile
cannot fuse and Apple's GPUs lack; (a + bi)(c + di) written out is the same in float32. Kernels are not guessed but
timed on this device; those that round coarser than bf16 (SageAttention) are never among them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from diffusers.models.attention_dispatch import AttentionBackendName, dispatch_attention_fn

CANDIDATES = ("native", "_native_cudnn", "flash", "_flash_3")
"""diffusers' names of kernels that compute attention in the dtype of their input."""
TRIAL = (1, 4096, 24, 128)
"""(batch, tokens, heads, width) on which they race: two layers at 640."""
AGREEMENT = 2e-2
"""By how much a kernel may differ from the native one in bf16 (largest absolute difference of outputs of order 0.1)."""


class Rotation:
    """cos and sin (tokens, 1, width / 2) in float32, of unit complex numbers (tokens, width / 2)."""

    def __init__(self, turns: torch.Tensor):
        parts = torch.view_as_real(turns)
        self.cos = parts[..., 0].unsqueeze(1).contiguous()
        self.sin = parts[..., 1].unsqueeze(1).contiguous()


def rotate(x: torch.Tensor, turn: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Turn neighbouring pairs of x (batch, tokens, heads, width) (RoPE: arXiv 2104.09864, eq. 34), in float32."""
    cos, sin = turn
    a, b = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2).type_as(x)


class RealAttention:
    """Attention processor of the family's transformer: text first, then pictures, all attending to all.

    `kernel` is diffusers' name of the backend. `image_rotary_emb`: ((cos, sin) of the pictures, (cos, sin) of the
    text). Answers (pictures, text), each (batch, tokens, width).
    """

    # read by diffusers
    _parallel_config = None

    def __init__(self, kernel: str = "native"):
        self._attention_backend = AttentionBackendName(kernel)

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        encoder_hidden_states_mask: torch.Tensor | None = None,
        attention_mask: None = None,
        image_rotary_emb: tuple[tuple[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]] | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """See the class."""
        assert image_rotary_emb is not None
        width = attn.inner_dim // attn.heads
        pictures = _heads(hidden_states, (attn.to_q, attn.to_k, attn.to_v), width)
        words = _heads(encoder_hidden_states, (attn.add_q_proj, attn.add_k_proj, attn.add_v_proj), width)
        image_turn, text_turn = image_rotary_emb
        query = _join(rotate(attn.norm_added_q(words[0]), text_turn), rotate(attn.norm_q(pictures[0]), image_turn))
        key = _join(rotate(attn.norm_added_k(words[1]), text_turn), rotate(attn.norm_k(pictures[1]), image_turn))
        seen = dispatch_attention_fn(
            query,
            key,
            _join(words[2], pictures[2]),
            attn_mask=_mask(encoder_hidden_states_mask, hidden_states.shape[1]),
            backend=self._attention_backend,
        )
        seen = seen.flatten(2, 3).to(query.dtype)
        border = encoder_hidden_states.shape[1]
        out = attn.to_out[0](seen[:, border:].contiguous())
        return out, attn.to_add_out(seen[:, :border].contiguous())


def _heads(x: torch.Tensor, layers: tuple[Any, Any, Any], width: int) -> list[torch.Tensor]:
    return [layer(x).unflatten(-1, (-1, width)) for layer in layers]


def _join(text: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
    return torch.cat((text, pictures), dim=1)


def _mask(text: torch.Tensor | None, pictures: int) -> torch.Tensor | None:
    """(batch, 1, 1, tokens) bool: whom everybody may look at."""
    if text is None:
        return None
    seen = text.bool()
    return torch.cat((seen, seen.new_ones(seen.shape[0], pictures)), dim=1)[:, None, None, :]


def install(transformer: Any, kernel: str) -> None:
    """Give every block of `transformer` the RealAttention on `kernel`. It then wants real rotations."""
    for block in transformer.transformer_blocks:
        block.attn.set_processor(RealAttention(kernel))


def fastest(
    device: torch.device,
    dtype: torch.dtype,
    candidates: tuple[str, ...] = CANDIDATES,
    *,
    measure: Callable[[str, torch.device, torch.dtype], float] | None = None,
) -> str:
    """The quickest of `candidates` that runs here and agrees with the native kernel; on a processor always "native"."""
    if device.type != "cuda" or dtype == torch.float32:
        return "native"
    measure = measure or _measure
    times: dict[str, float] = {}
    for kernel in candidates:
        try:
            times[kernel] = measure(kernel, device, dtype)
        # what a kernel that is absent, or not made for this device, raises is its own affair
        except (RuntimeError, ValueError, ImportError, NotImplementedError, TypeError, AttributeError):
            continue
    return min(times, key=times.__getitem__, default="native")


def _measure(kernel: str, device: torch.device, dtype: torch.dtype) -> float:
    """Seconds that a few rounds take; RuntimeError when the result is not the native kernel's."""
    generator = torch.Generator(device).manual_seed(0)
    query, key, value = (torch.randn(TRIAL, device=device, dtype=dtype, generator=generator) for _ in range(3))

    def once(name: str) -> torch.Tensor:
        return dispatch_attention_fn(query, key, value, backend=AttentionBackendName(name))

    worst = (once(kernel).float() - once("native").float()).abs().max().item()
    if not worst <= AGREEMENT:
        raise RuntimeError(f"{kernel} differs from the native kernel by {worst}")
    torch.cuda.synchronize(device)
    begin = time.perf_counter()
    for _ in range(5):
        once(kernel)
    torch.cuda.synchronize(device)
    return time.perf_counter() - begin
