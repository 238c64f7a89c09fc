"""The text encoder: on the device while it is asked something, elsewhere while the transformer draws.

Law: knows transformers' loading and the encoder's life, no prompt and no pipeline. It takes 16.6 GB in bf16, as much as
the transformer in 8 bit, and is needed for a second per job; so what it said is remembered.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from layerlift.engines.qwen.running.narrow import narrow
from layerlift.engines.qwen.running.shards import REMEDY, Shards
from layerlift.errors import EngineError, EngineUnavailable
from layerlift.progress import Progress


class Absent:
    """Stands where the encoder stands in a pipeline while it is not loaded: pipelines ask it for its dtype."""

    def __init__(self, dtype: torch.dtype, device: torch.device):
        self.dtype, self.device = dtype, device

    def __call__(self, *_args: object, **_kwargs: object) -> Any:
        """Nobody is home: EngineError."""
        raise EngineError("The text encoder was asked while it was not loaded.", "Please report this.")


def load_encoder(where: Path, weights: str, device: torch.device, dtype: torch.dtype, progress: Progress) -> Any:
    """Qwen2.5-VL from the folder `where` on `device`: "bf16" (in `dtype`), "fp8" or "nf4" (a folder that was
    quantised by bitsandbytes). Raises EngineUnavailable with a remedy, Cancelled between any two tensors."""
    import transformers

    progress.stage("Loading the text encoder")
    kind = transformers.Qwen2_5_VLForConditionalGeneration
    if weights == "nf4":
        model = _quantised(kind, where, device, dtype)
    elif weights == "bf16":
        model = _watched(kind, where, device, dtype, progress)
    else:
        model = _watched(kind, where, torch.device("cpu"), dtype, progress.part(0, 0.7))
        narrow(model, "fp8", device, dtype, progress.check)
    progress.advance(1)
    return model.eval().requires_grad_(False)


def _watched(kind: Any, where: Path, device: torch.device, dtype: torch.dtype, progress: Progress) -> Any:
    """`from_pretrained` of tensors that report when they are read."""
    import transformers

    shards = Shards(where)
    pieces = {
        name: _Piece(shards.piece(name), progress, count / len(shards.names))
        for count, name in enumerate(shards.names, 1)
    }
    config = transformers.Qwen2_5_VLConfig.from_pretrained(where, local_files_only=True)
    with _silently():
        model, found = kind.from_pretrained(
            None,
            config=config,
            state_dict=pieces,
            dtype=dtype,
            device_map={"": device},
            local_files_only=True,
            output_loading_info=True,
        )
    if found["missing_keys"]:
        raise EngineUnavailable(f"The text encoder lacks {sorted(found['missing_keys'])[0]}.", REMEDY)
    if (where / "generation_config.json").is_file():
        model.generation_config = transformers.GenerationConfig.from_pretrained(where, local_files_only=True)
    shards.close()
    return model


@contextmanager
def _silently() -> Iterator[None]:
    """Without transformers' own progress bar, which would end up in a server's log."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


class _Piece:
    """A tensor on disk for transformers, which reads it by `piece[...]`, possibly in a thread of its own."""

    def __init__(self, piece: Any, progress: Progress, fraction: float):
        self._piece, self._progress, self._fraction = piece, progress, fraction

    def __getitem__(self, place: Any) -> Any:
        self._progress.check()
        tensor = self._piece[place]
        self._progress.advance(self._fraction)
        return tensor

    def get_shape(self) -> list[int]:
        """As safetensors' slices have it."""
        return list(self._piece.get_shape())

    def get_dtype(self) -> str:
        """As safetensors' slices have it."""
        return str(self._piece.get_dtype())

    @property
    def shape(self) -> tuple[int, ...]:
        """As tensors have it."""
        return tuple(self._piece.get_shape())


def _quantised(kind: Any, where: Path, device: torch.device, dtype: torch.dtype) -> nn.Module:
    need("bitsandbytes", "4-bit (NF4) weights")
    with _silently():
        return kind.from_pretrained(where, dtype=dtype, device_map={"": device}, local_files_only=True)


def need(package: str, what: str) -> None:
    """EngineUnavailable unless `package` is installed, which `what` needs."""
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise EngineUnavailable(
            f"{what} need the package {package}, which is not installed.",
            f"Install it with `pip install {package}`, or choose other weights with `layerlift models plan`.",
        )
