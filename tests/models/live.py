"""Counts the bytes of live tensors while something runs on PyTorch's meta device: the memory it would hold."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map


class Live(TorchDispatchMode):
    """`peak`: most bytes held at once within the block, the parameters and buffers of `module` aside."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._sizes = {t.untyped_storage()._cdata: 0 for t in (*module.parameters(), *module.buffers())}

    def _seen(self, tensor: Any) -> Any:
        if isinstance(tensor, torch.Tensor):
            storage = tensor.untyped_storage()
            key = storage._cdata
            if key not in self._sizes:
                self._sizes[key] = storage.nbytes()
                self.now += storage.nbytes()
                self.peak = max(self.peak, self.now)
                weakref.finalize(storage, self._gone, key)
        return tensor

    def _gone(self, key: int) -> None:
        self.now -= self._sizes.pop(key, 0)

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = function(*args, **(kwargs or {}))
        tree_map(self._seen, made)
        return made
