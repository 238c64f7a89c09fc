"""Whether files that nobody listed are whole, as far as their own headers tell.

Law: reads headers only, never a whole file (that is `checksums`). Knows formats, no models.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Final

_LONGEST_HEADER: Final = 100_000_000
"""safetensors' own limit for its header (its README, "Format")."""


def whole_file(path: Path) -> bool:
    """Whether the file is there and, for safetensors, as long as its header says; a GGUF must at least begin as one."""
    try:
        if path.suffix == ".safetensors":
            about = path.stat()
            return about.st_size == _safetensors_size(path, about.st_size, about.st_mtime_ns)
        if path.suffix == ".gguf":
            with path.open("rb") as file:
                return file.read(4) == b"GGUF"
        return path.stat().st_size > 0
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # no header, or another one than safetensors'
        return False


def whole_component(folder: Path) -> bool:
    """Whether a folder in diffusers layout holds a component's configuration and all of its weights."""
    if not (folder / "config.json").is_file():
        return False
    indices = sorted(folder.glob("*.safetensors.index.json"))
    if indices:
        return all(_whole_shards(index) for index in indices)
    weights = sorted(folder.glob("*.safetensors"))
    return bool(weights) and all(whole_file(path) for path in weights)


def whole_surroundings(folder: Path) -> bool:
    """Whether a folder in diffusers layout holds what a pipeline needs besides its two large components."""
    return (
        (folder / "model_index.json").is_file()
        and (folder / "scheduler").is_dir()
        and (folder / "tokenizer").is_dir()
        and whole_component(folder / "vae")
    )


def _whole_shards(index: Path) -> bool:
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return False
    return bool(names) and all(whole_file(index.parent / name) for name in names)


@lru_cache(maxsize=512)
def _safetensors_size(path: Path, _size: int, _changed: int) -> int:
    """8 bytes little-endian header length N, N bytes of JSON, then the tensors: the largest end of their offsets.
    Remembered while size and time of change stay: a model is looked for before every job."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > _LONGEST_HEADER:
            raise ValueError("not a safetensors header")
        header = json.loads(file.read(length))
    ends = [about["data_offsets"][1] for name, about in header.items() if name != "__metadata__"]
    return 8 + length + max(ends, default=0)
