"""The nouns: a Model, the Variants in which it can be had, the Parts that make a variant, and what is Installed.

Law: types only; knows no disk, no network and no machine. Sizes are bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

Family: TypeAlias = Literal["layered", "edit", "image", "matting", "inpainting"]


@dataclass(frozen=True)
class Part:
    """Files of one hub repository at one revision, and where they go.

    `files`: exact names or patterns (fnmatch) within `repo`; `into`: the folder (relative to the model's) that takes
    them, "" for the model's own layout; `size`: bytes of all of them together, as far as known (None: ask the hub);
    `component`: what of the pipeline they are ("transformer", "text_encoder", "" for everything else).
    """

    repo: str
    revision: str
    files: tuple[str, ...]
    size: int | None
    into: str = ""
    component: str = ""


@dataclass(frozen=True)
class Variant:
    """One form in which a model can be had: "bf16", "gguf-q4", "nf4", "onnx", …"""

    name: str
    title: str
    parts: tuple[Part, ...]

    @property
    def size(self) -> int | None:
        """Bytes to download; None where a part's size is not known."""
        sizes = [part.size for part in self.parts]
        return None if None in sizes else sum(size or 0 for size in sizes)


@dataclass(frozen=True)
class Model:
    """A model that Layerlift can use. `repo` and `revision` are the original's; variants may come from others."""

    name: str
    title: str
    family: Family
    repo: str
    revision: str
    licence: str
    licence_url: str
    variants: tuple[Variant, ...]

    def variant(self, name: str) -> Variant | None:
        """The variant called `name`, or None."""
        return next((variant for variant in self.variants if variant.name == name), None)


@dataclass(frozen=True)
class Installed:
    """Weights that are here, wherever they came from.

    `folder` is in diffusers layout (for ONNX models: holds the file). `files`: components that lie elsewhere than
    `folder`/component, as a single file (GGUF, ONNX) or as a folder of their own ("transformer" → …/transformer-nf4).
    `source`: "ours", "given" ($LAYERLIFT_MODELS), "hub" (the Hugging Face cache) or "comfyui".
    """

    model: Model
    folder: Path
    variant: str
    files: Mapping[str, Path] = field(default_factory=dict)
    source: Literal["ours", "given", "hub", "comfyui"] = "ours"

    def component(self, name: str) -> Path:
        """Where the component's weights are: a folder for `from_pretrained`, or one file for `from_single_file`."""
        return self.files.get(name, self.folder / name)
