"""Tiny models on disk, plain diffusers to compare with, and plans as the planner makes them."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from layerlift.engines.qwen import seeing
from layerlift.models.plans import Plan
from layerlift.progress import Progress
from models import tiny

if TYPE_CHECKING:
    from layerlift.engines.qwen.running import Running

# torch and diffusers are imported inside functions: without them the tests are skipped one by one, by themselves

PLAN = Plan(
    family="layered",
    device="cpu",
    dtype="float32",
    weights="bf16",
    text_encoder="bf16",
    offload="none",
    tabulate=True,
    resolution=640,
    resident=0,
    peak=0,
    ram=0,
    disk=0,
    seconds=None,
    reason="for a test",
)
"""As on a machine without accelerator whose user insists."""


def plan(**changes: Any) -> Plan:
    return replace(PLAN, **changes)


@pytest.fixture(scope="session")
def _imported() -> None:
    """What was imported is no garbage: collecting it after every test would take longer than the tests."""
    import diffusers  # noqa: F401
    import transformers  # noqa: F401

    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def folders(_imported: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny model of each family."""
    where = tmp_path_factory.mktemp("models")
    return {
        "layered": tiny.layered(where / "layered"),
        "edit": tiny.edit(where / "edit"),
        "image": tiny.image(where / "image"),
    }


@pytest.fixture(scope="session")
def deep(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny layered model whose transformer has eight blocks, so that there is something to leave out."""
    import torch
    from diffusers import QwenImageTransformer2DModel

    folder = tmp_path_factory.mktemp("models") / "deep"
    shutil.copytree(folders["layered"], folder)
    config = dict(QwenImageTransformer2DModel.load_config(folder / "transformer", local_files_only=True))
    torch.manual_seed(5)
    QwenImageTransformer2DModel.from_config(config | {"num_layers": 8}).save_pretrained(folder / "transformer")
    return folder


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.small_areas(monkeypatch)


@pytest.fixture(scope="session")
def plain(folders: dict[str, Path]) -> Callable[[str], Any]:
    """The pipeline of a family as diffusers itself loads it."""
    import diffusers
    import torch

    loaded: dict[str, Any] = {}

    def pipeline(family: str) -> Any:
        if family not in loaded:
            more = {} if family == "image" else {"processor": seeing.processor(folders[family])}
            loaded[family] = diffusers.DiffusionPipeline.from_pretrained(
                folders[family], dtype=torch.float32, local_files_only=True, **more
            )
            loaded[family].set_progress_bar_config(disable=True)
            for parameter in loaded[family].transformer.parameters():
                # diffusers maps the file; how its tensors are aligned there decides how a processor adds up
                parameter.data = parameter.data.clone()
        return loaded[family]

    return pipeline


@dataclass
class Loaded:
    """Loads and closes."""

    folders: dict[str, Path]
    running: list[Running]

    def __call__(self, family: str = "layered", progress: Progress | None = None, **changes: Any) -> Running:
        from layerlift.engines.qwen.running import load

        one = load(family, self.folders[family], plan(family=family, **changes), progress or Progress())
        self.running.append(one)
        return one


@pytest.fixture
def loaded(folders: dict[str, Path]) -> Iterator[Loaded]:
    """`loaded("edit", weights="int8")`: our own pipeline of a family under PLAN with changes."""
    one = Loaded(folders, [])
    yield one
    for running in one.running:
        running.close()


def picture() -> Image.Image:
    return Image.radial_gradient("L").resize((64, 64)).convert("RGB")


def words(running: Running, pipeline: Any, prompt: str) -> tuple[Any, Any]:
    """A prompt's embeddings, by way of the cache."""
    import torch

    def make(pipeline: Any) -> tuple[Any, Any]:
        more = {"image": [picture()]} if running.family == "edit" else {}
        return pipeline.encode_prompt(prompt=prompt, **more)

    embeds, mask = running.embedding(prompt, make, Progress())
    return embeds, torch.ones(embeds.shape[:2], dtype=torch.long) if mask is None else mask


def draw(family: str, *, guidance: float = 4.0, steps: int = 3, layers: int = 2, **more: Any) -> dict[str, Any]:
    """The arguments of a short job, but for its words."""
    import torch

    asked: dict[str, Any] = {
        "true_cfg_scale": guidance,
        "num_inference_steps": steps,
        "output_type": "np",
        "generator": torch.Generator().manual_seed(7),
    }
    if family == "layered":
        asked |= {"image": picture().convert("RGBA"), "layers": layers, "cfg_normalize": True}
    elif family == "edit":
        asked |= {"image": [picture()]}
    else:
        asked |= {"width": 64, "height": 64}
    return asked | more


def by_diffusers(pipeline: Any, family: str, prompt: str = "a circle", **more: Any) -> NDArray[np.float32]:
    """What plain diffusers draws: (pictures, h, w, channels)."""
    import torch

    asked = draw(family, **more)
    if asked["true_cfg_scale"] > 1:
        asked["negative_prompt"] = " "
    with torch.no_grad():
        return _array(pipeline(prompt=prompt, **asked))


def by_us(
    running: Running, prompt: str = "a circle", *, fast: bool = False, progress: Progress | None = None, **more: Any
) -> NDArray[np.float32]:
    """What our pipeline draws: (pictures, h, w, channels)."""

    def call(pipeline: Any) -> NDArray[np.float32]:
        asked = draw(running.family, **more)
        asked["prompt_embeds"], asked["prompt_embeds_mask"] = words(running, pipeline, prompt)
        if asked["true_cfg_scale"] > 1:
            asked["negative_prompt_embeds"], asked["negative_prompt_embeds_mask"] = words(running, pipeline, " ")
        if running.family == "layered":
            asked["prompt"] = "x"  # else it captions
        return _array(pipeline(**asked))

    return running.run(call, progress or Progress(), fast=fast)


def _array(output: Any) -> NDArray[np.float32]:
    images = output.images[0] if isinstance(output.images, list) else output.images
    return np.asarray(images, dtype=np.float32)
