"""The nouns: a Model, the Variants in which it can be had, the Parts that make a variant, and what is Installed.

Law: types only; knows no disk, no network and no machine. Sizes are bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias

Family: TypeAlias = Literal["layered", "edit", "image", "matting", "inpainting"]
Source: TypeAlias = Literal["ours", "hub", "comfyui"]


@dataclass(frozen=True)
class Part:
    """Files of one hub repository at one revision, and where they go.

    `files`: patterns (fnmatch, any letter case) of names within `repo`; `size`: bytes of all of them together, `exact`
    unless only estimated; `under`: the repository's folder that is left off their names, `into`: the folder (relative
    to the model's) that takes them; `component`: what they are of the pipeline ("transformer", "text_encoder", "onnx";
    "" for what surrounds those). `elsewhere`: names under which ComfyUI's users have the same weights as one file;
    `sha256` of a part that is one file, where it is known in public: no hub or mirror can then give another.
    """

    repo: str
    revision: str
    files: tuple[str, ...]
    size: int
    into: str = ""
    under: str = ""
    component: str = ""
    exact: bool = True
    elsewhere: tuple[str, ...] = ()
    sha256: str = ""

    def place(self, name: str) -> PurePosixPath:
        """Where the repository's file `name` goes, relative to the model's folder."""
        return PurePosixPath(self.into, PurePosixPath(name).relative_to(self.under))


@dataclass(frozen=True)
class Variant:
    """One form in which a model can be had: "bf16", "gguf-q4", "nf4", "lite", …"""

    name: str
    title: str
    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Bytes to download when nothing of it is here."""
        return sum(part.size for part in self.parts)


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
    `folder`/component, as a single file (GGUF, safetensors, ONNX) or as a folder of their own ("transformer" →
    …/transformer-nf4). `source`: where most of it lies: "ours" (a Layerlift folder), "hub" (the Hugging Face cache),
    "comfyui".
    """

    model: Model
    folder: Path
    variant: str
    files: Mapping[str, Path] = field(default_factory=dict)
    source: Source = "ours"

    def component(self, name: str) -> Path:
        """Where the component's weights are: a folder for `from_pretrained`, or one file for `from_single_file`."""
        return self.files.get(name, self.folder / name)
