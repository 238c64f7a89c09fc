"""Named tensors in safetensors files, read one at a time, never all at once.

Law: knows files and tensors, no model. Reading goes through the page cache: what was read before comes from memory.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from layerlift.errors import EngineUnavailable

PREFIXES = ("model.diffusion_model.", "diffusion_model.")
"""What single-file checkpoints (ComfyUI's) put before the names that diffusers uses."""
REMEDY = "Run `layerlift models verify --repair`, which finds what is damaged or missing and fetches it again."


class Shards:
    """The tensors of one component: of a folder in diffusers layout, or of a single `.safetensors` file.

    Names are diffusers' names. Raises EngineUnavailable when a file is missing or damaged.
    """

    def __init__(self, where: Path):
        self.where = where
        self._open: dict[Path, Any] = {}
        self._places = {
            _plain(stored): (path, stored)
            for path in _files(where)
            for stored in self._file(path).keys()  # noqa: SIM118 (safe_open is no mapping: it cannot be iterated)
        }

    @property
    def names(self) -> list[str]:
        """Every tensor there is."""
        return list(self._places)

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def piece(self, name: str) -> Any:
        """A tensor that has not been read yet: `piece[...]` reads it."""
        path, stored = self._place(name)
        return self._file(path).get_slice(stored)

    def read(self, name: str) -> Any:
        """The tensor `name` in main memory, in the dtype in which it was stored."""
        path, stored = self._place(name)
        try:
            return self._file(path).get_tensor(stored)
        except (SafetensorError, OSError) as problem:
            raise EngineUnavailable(f"{path.name} could not be read: {problem}.", REMEDY) from problem

    def close(self) -> None:
        """Let the files go; they open again by themselves."""
        self._open.clear()

    def _place(self, name: str) -> tuple[Path, str]:
        if name not in self._places:
            raise EngineUnavailable(f"The weights in {self.where.name} lack {name}.", REMEDY)
        return self._places[name]

    def _file(self, path: Path) -> Any:
        if path not in self._open:
            try:
                self._open[path] = safe_open(str(path), framework="pt", device="cpu")
            except (SafetensorError, OSError) as problem:
                raise EngineUnavailable(f"{path.name} could not be opened: {problem}.", REMEDY) from problem
        return self._open[path]


def _plain(name: str) -> str:
    return next((name[len(prefix) :] for prefix in PREFIXES if name.startswith(prefix)), name)


def _files(where: Path) -> list[Path]:
    """The files that belong together: what the index names, else all that are there."""
    if where.is_file():
        return [where]
    for index in sorted(where.glob("*.safetensors.index.json")):
        named = json.loads(index.read_text(encoding="utf-8")).get("weight_map", {})
        return [where / name for name in sorted(set(named.values()))]
    found = sorted(where.glob("*.safetensors"))
    if not found:
        raise EngineUnavailable(f"No weights were found in {where.name}.", REMEDY)
    return found
