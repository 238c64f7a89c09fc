"""Linear layers whose weights take one byte: 8-bit floats or integers with one scale per output.

Law: arithmetic of one layer. Weight only: activations stay what they are, so that the result depends on nothing but
the rounding of the weights. Needs no further package and runs wherever torch does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import torch
from torch import nn

Form: TypeAlias = Literal["fp8", "int8"]
_STORED: dict[Form, tuple[torch.dtype, float]] = {"fp8": (torch.float8_e4m3fn, 448.0), "int8": (torch.int8, 127.0)}
"""dtype and the largest number that it is asked to hold (OCP FP8: E4M3 ends at 448)."""


class NarrowLinear(nn.Module):  # type: ignore[misc]
    """y = (x Wᵀ) · scale + b, with W (out, in) in one byte each, scale (out,) and b (out,) in the dtype of x."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None, form: Form, dtype: torch.dtype):
        super().__init__()
        stored, largest = _STORED[form]
        exact = weight.float()
        scale = exact.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / largest
        scale = scale.to(dtype).float()  # what is multiplied back later, not what would have been best
        exact = (exact / scale).clamp_(-largest, largest)
        narrowed = exact.round_().to(stored) if stored is torch.int8 else exact.to(stored)
        self.in_features, self.out_features = weight.shape[1], weight.shape[0]
        self.weight = nn.Parameter(narrowed, requires_grad=False)
        self.scale = nn.Parameter(scale[:, 0].to(dtype), requires_grad=False)
        self.bias = None if bias is None else nn.Parameter(bias.to(dtype), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (…, in) → (…, out), same dtype."""
        y = nn.functional.linear(x, self.weight.to(x.dtype)) * self.scale
        return y if self.bias is None else y + self.bias


def narrow(
    module: nn.Module, form: Form, device: torch.device, dtype: torch.dtype, pause: Callable[[], None] = lambda: None
) -> None:
    """Move `module` to `device` with every Linear inside replaced by a NarrowLinear, one after the other: at no time
    is more than one of them there in full width. `pause` is called between them."""
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Linear):
            pause()
            weight, bias = child.weight.to(device), None if child.bias is None else child.bias.to(device)
            setattr(module, name, NarrowLinear(weight, bias, form, dtype))
        else:
            narrow(child, form, device, dtype, pause)
    own: list[Any] = [*module._parameters.items(), *module._buffers.items()]
    for name, tensor in own:
        if tensor is not None and not isinstance(module, NarrowLinear):
            _replace(module, name, tensor.to(device))


def _replace(module: nn.Module, name: str, tensor: torch.Tensor) -> None:
    if name in module._parameters:
        module._parameters[name] = nn.Parameter(tensor.detach(), requires_grad=False)
    else:
        module._buffers[name] = tensor
