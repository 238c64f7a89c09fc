"""Everything of one pipeline, loaded as a plan says.

Law: puts the pieces together; decides nothing that the plan has decided. Knows diffusers' folder layout (and which
component lies elsewhere, from `Installed`), and that a model may be cancelled between any two of its tensors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import torch

from layerlift.engines.qwen import seeing
from layerlift.engines.qwen.running import attention, compiling, memory, schedule, transformer
from layerlift.engines.qwen.running.denoiser import Denoiser
from layerlift.engines.qwen.running.encoder import Absent
from layerlift.engines.qwen.running.modulation import Source, Table
from layerlift.engines.qwen.running.placing import SLOTS, Placing, weight_bytes
from layerlift.engines.qwen.running.shards import REMEDY
from layerlift.errors import EngineUnavailable
from layerlift.models.model import Installed
from layerlift.models.plans import Plan
from layerlift.progress import Progress


@dataclass
class Parts:
    """A pipeline that can be called, and the handles on what makes it run."""

    pipeline: Any
    denoiser: Denoiser
    placing: Placing
    absent: Absent
    kernel: str
    compiled: bool

    def free(self) -> None:
        """Let go of everything. Not to be used afterwards."""
        self.denoiser.remove()
        self.pipeline.transformer = self.pipeline.vae = self.pipeline.text_encoder = None
        memory.tidy(self.placing.device)


def load_parts(where: Path | Installed, plan: Plan, progress: Progress) -> Parts:
    """All but the text encoder, ready to run (transformer in main memory where the plan has it come and go). Raises
    EngineUnavailable with a remedy, Cancelled, torch's shortage of memory."""
    folder = where if isinstance(where, Path) else where.folder
    device, dtype = torch.device(plan.device), getattr(torch, plan.dtype)
    progress.stage("Loading the model")
    model, source = _transformer(where, folder, plan, progress.part(0, 0.95))
    progress.stage("Loading the picture decoder")
    vae = diffusers.AutoencoderKLQwenImage.from_pretrained(folder / "vae", dtype=dtype, local_files_only=True)
    vae = vae.eval().requires_grad_(False).to(device)
    pipeline = _pipeline(folder, transformer=model, vae=vae, text_encoder=Absent(dtype, device))
    made = assemble(pipeline, source, plan, again=lambda: _transformer(where, folder, plan, Progress())[0])
    progress.advance(1)
    return made


def assemble(pipeline: Any, source: Source | None, plan: Plan, *, again: Callable[[], Any]) -> Parts:
    """Make a diffusers `pipeline` run as `plan` says. Its transformer lacks the layers that make modulations if there
    is a `source` of them; `again` reads it once more (see Placing)."""
    model, vae, device = pipeline.transformer, pipeline.vae, torch.device(plan.device)
    vae.enable_slicing()  # one layer after the other: eight at 1024 would take 29 GB at once
    if plan.tile:
        vae.enable_tiling()
    kernel = attention.fastest(device, getattr(torch, plan.dtype))
    attention.install(model, kernel)
    placing = Placing(model, plan, here=plan.offload == "none", beside=weight_bytes(vae), again=again)
    compiled = compiling.worthwhile(plan)
    if compiled:
        compiling.compile_blocks(model)
    denoiser = Denoiser(
        model,
        table=_table(model, source),
        blocks=placing.blocks,
        lockstep=plan.offload in SLOTS,
        coming=lambda tokens, again: _coming(pipeline.scheduler, tokens, again and plan.dtype != "float32"),
        ready=placing.come,
    )
    return Parts(pipeline, denoiser, placing, pipeline.text_encoder, kernel, compiled)


def component(where: Path | Installed, name: str, weights: str) -> Path:
    """Where the weights of a component are: a folder, or one file."""
    if not isinstance(where, Path):
        return where.component(name)
    if weights == "nf4" and (where / f"{name}-nf4").is_dir():
        return where / f"{name}-nf4"
    if weights.startswith("gguf"):
        found = sorted((where / name).glob("*.gguf")) or sorted(where.glob("*.gguf"))
        if not found:
            raise EngineUnavailable(f"No GGUF file was found in {where.name}.", REMEDY)
        return found[0]
    return where / name


def _transformer(where: Path | Installed, folder: Path, plan: Plan, progress: Progress) -> tuple[Any, Source | None]:
    weights = component(where, "transformer", plan.weights)
    config = folder / "transformer"
    device, dtype = torch.device(plan.device), getattr(torch, plan.dtype)
    home = device if plan.offload == "none" else torch.device("cpu")
    if weights.suffix == ".gguf":
        return transformer.from_gguf(weights, config, dtype, home, device, plan.tabulate, progress)
    if plan.weights == "nf4":
        return transformer.from_nf4(weights, dtype, home, device, plan.tabulate)
    form = plan.weights if plan.weights in ("fp8", "int8") else None
    return transformer.from_shards(weights, config, form, dtype, home, device, plan.tabulate, progress)


def _table(model: Any, source: Source | None) -> Table | None:
    if source is None:
        return None

    def embed(times: torch.Tensor, flag: torch.Tensor | None) -> torch.Tensor:
        return model.time_text_embed(times, times, flag)  # the second one is asked for its dtype only

    return Table(source, len(model.transformer_blocks), embed)


def _coming(scheduler: Any, tokens: int, others: bool) -> Iterator[torch.Tensor]:
    """The timesteps of the schedule that is under way and, where they are rounded to 16 bits, of `others` like it."""
    yield from scheduler.timesteps
    if others:
        yield from schedule.alike(scheduler, tokens)


def _pipeline(folder: Path, **loaded: Any) -> Any:
    """The pipeline that model_index.json names, of what has been loaded and the small parts in `folder`."""
    import transformers

    try:
        index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise EngineUnavailable(f"The model in {folder.name} has no readable model_index.json.", REMEDY) from problem
    kind = getattr(diffusers, str(index.get("_class_name", "")), None)
    if kind is None:
        raise EngineUnavailable(
            f"diffusers {diffusers.__version__} does not know {index.get('_class_name')}.",
            "Update it with `pip install --upgrade diffusers`.",
        )
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler.from_pretrained(folder / "scheduler", local_files_only=True)
    words = transformers.Qwen2Tokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    if "processor" in index:
        loaded["processor"] = seeing.processor(folder)
    pipeline = kind(scheduler=scheduler, tokenizer=words, **loaded)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def encoder_bytes(where: Path, weights: str) -> int:
    """About how much the text encoder at `where` takes in the form `weights`, judged by its files (bf16 or NF4)."""
    stored = sum(file.stat().st_size for file in where.glob("*.safetensors"))
    return stored if weights in ("bf16", "nf4") else int(0.6 * stored)
