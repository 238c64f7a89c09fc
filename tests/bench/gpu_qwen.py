"""The real model's size on a GPU, plain diffusers beside ours in one process: time per step, whole job, peak memory.

    python -m tests.bench.gpu_qwen [--cases 640x2,640x4,640x8,1024x2,1024x4,1024x8] [--steps 12] [--whole 640x4]
                                   [--weights bf16|fp8|int8] [--json FILE] [--tiny]

Law: weights are random but of full size (transformer 20.43 B, Qwen2.5-VL 7 B, VAE), so that it costs what the released
ones cost and shows nothing of their pictures. Both sides share the very same tensors. Plain and ours take turns case
by case, so that clocks and neighbours treat them alike. `--whole` cases make all 50 steps; the others `--steps`, and
their whole job is computed from them (marked ~). What fast mode skips depends on the weights: with random ones its
figure shows the cost of a computed and of a skipped step, not how many a real picture would skip.
`--tiny` is a dry run on tiny weights on the processor: it shows that the script works and its times mean nothing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from . import gpu_weights

STEPS = 50
GOALS = {"exact": 0.85, "fast": 0.40}
"""Whole drawing (all steps), as a part of plain diffusers'."""
RESIDENT = 14e9
PROMPT = (
    "A poster with a red circle, a blue headline that says HELLO, a photograph of a dog and a paper background. " * 2
)


@dataclass
class Job:
    """One run of a pipeline: seconds by stage, and what came out."""

    encode: float = 0.0
    decode: float = 0.0
    steps: list[float] = field(default_factory=list)
    peak: int = 0
    skipped: int = 0
    pixels: Any = None

    @property
    def step(self) -> float:
        """Seconds per step, in the median of those after the first two."""
        return statistics.median(self.steps[2:] or self.steps)

    def drawing(self, steps: int) -> float:
        """Seconds of `steps` steps at the mean pace of those measured (the mean: skipped steps count)."""
        return steps * statistics.fmean(self.steps[2:] or self.steps)

    def whole(self, steps: int) -> float:
        """Seconds of a whole job of `steps` steps."""
        return self.encode + self.drawing(steps) + self.decode


class Bench:
    """Both pipelines on the same tensors. `tiny`: on the processor."""

    def __init__(self, weights: str, tiny: bool, scratch: Path):
        import torch

        from layerlift.engines.qwen.running import Running, parts
        from layerlift.engines.qwen.running import transformer as loading
        from layerlift.engines.qwen.running.encoder import Absent
        from layerlift.models.plans import Plan
        from layerlift.progress import Progress

        self.tiny, self._torch = tiny, torch
        self.device = torch.device("cpu" if tiny else "cuda:0")
        self.dtype = torch.float32 if tiny else torch.bfloat16
        self.plain = (
            gpu_weights.tiny_pipeline(scratch) if tiny else gpu_weights.full_pipeline(scratch, self.device, self.dtype)
        )
        self.plain.set_progress_bar_config(disable=True)
        sizes = {"resolution": 640, "resident": 0, "peak": 0, "ram": 0, "disk": 0, "seconds": None}
        kept: Any = {"text_encoder": "bf16", "offload": "none", "tabulate": True, "reason": "bench", **sizes}
        dtype = str(self.dtype).removeprefix("torch.")
        plan = Plan("layered", str(self.device), dtype, weights, **kept)  # type: ignore[arg-type]
        ours = gpu_weights.sharing(self.plain.transformer, weights, self.device, self.dtype)
        pipeline = type(self.plain)(**{**self.plain.components, "transformer": ours})
        pipeline.set_progress_bar_config(disable=True)
        self._encoder = pipeline.text_encoder
        pipeline.text_encoder = Absent(self.dtype, self.device)
        made = parts.assemble(pipeline, gpu_weights.Lent(self.plain.transformer), plan, again=lambda: None)
        self.running = Running("layered", scratch, plan, Progress(), made)
        self.running._encoder, self.running._encoder_here = self._encoder, True
        self.parameters = {"plain": loading.parameters(self.plain.transformer), "ours": loading.parameters(ours)}
        self.only_plain = parts.weight_bytes(self.plain.transformer) - parts.weight_bytes(ours)
        if weights != "bf16":
            self.only_plain = parts.weight_bytes(self.plain.transformer)

    def run(self, mode: str, resolution: int, layers: int, steps: int) -> Job:
        """One job by "plain", "exact" or "fast"."""
        from layerlift.progress import Progress

        job = Job()
        if self.device.type == "cuda":
            self._torch.cuda.reset_peak_memory_stats(self.device)
        if mode == "plain":
            job.pixels = self._job(
                self.plain, lambda text: self._encode(self.plain, text), job, resolution, layers, steps
            )
        else:
            self.running._embeddings.clear()  # as for a new prompt

            def call(pipeline: Any) -> Any:
                def encode(text: str) -> Any:
                    make = lambda pipeline: self._encode(pipeline, text)  # noqa: E731
                    return self.running.embedding(text, make, Progress())

                drawn = self._job(pipeline, encode, job, resolution, layers, steps)
                cache = self.running._loaded.denoiser.cache
                job.skipped = cache.skipped if cache else 0
                return drawn

            job.pixels = self.running.run(call, Progress(), fast=mode == "fast")
        if self.device.type == "cuda":
            peak = self._torch.cuda.max_memory_allocated(self.device)
            # the plain transformer is there all the time; ours could run without what only that one holds
            job.peak = peak - (0 if mode == "plain" else self.only_plain)
        return job

    def _encode(self, pipeline: Any, text: str) -> Any:
        embeds, _ = pipeline.encode_prompt(prompt=text, device=self.device)
        return embeds, self._torch.ones(embeds.shape[:2], dtype=self._torch.long, device=self.device)

    def _job(self, pipeline: Any, encode: Any, job: Job, resolution: int, layers: int, steps: int) -> Any:
        torch = self._torch
        with torch.no_grad():
            begin = self._now()
            embeds, mask = encode(PROMPT)
            negative, negative_mask = encode(" ")
            marks = [self._now()]
            job.encode = marks[0] - begin

            def on_step_end(_pipeline: Any, _step: int, _time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
                marks.append(self._now())
                return tensors

            drawn = pipeline(
                image=_picture(),
                prompt="x",
                prompt_embeds=embeds,
                prompt_embeds_mask=mask,
                negative_prompt_embeds=negative,
                negative_prompt_embeds_mask=negative_mask,
                true_cfg_scale=4.0,
                cfg_normalize=True,
                layers=layers,
                resolution=resolution,
                num_inference_steps=steps,
                generator=torch.Generator(self.device).manual_seed(1),
                callback_on_step_end=on_step_end,
                output_type="np",
            ).images[0]
            job.decode = self._now() - marks[-1]
        job.steps = [later - sooner for sooner, later in pairwise(marks)]
        return np.asarray(drawn)

    def _now(self) -> float:
        if self.device.type == "cuda":
            self._torch.cuda.synchronize(self.device)
        return time.perf_counter()


def _picture() -> Any:
    from PIL import Image

    return Image.radial_gradient("L").resize((640, 640)).convert("RGBA")


def _case(text: str) -> tuple[int, int]:
    resolution, layers = text.split("x")
    return int(resolution), int(layers)


def measure(bench: Bench, resolution: int, layers: int, steps: int, full: int) -> dict[str, Any]:
    """One case, all three ways; `steps` measured of `full`."""
    fast = bench.running.steps(steps)
    begin = time.perf_counter()
    for mode in ("plain", "exact"):
        bench.run(mode, resolution, layers, 3)  # kernels are chosen and compiled
    warm_up = time.perf_counter() - begin
    jobs = {
        "plain": bench.run("plain", resolution, layers, steps),
        "exact": bench.run("exact", resolution, layers, steps),
        "fast": bench.run("fast", resolution, layers, fast),
    }
    levels, lost = (255 * np.abs(jobs[mode].pixels.astype(np.float64) - jobs["plain"].pixels) for mode in GOALS)
    counts = {"plain": full, "exact": full, "fast": bench.running.steps(full)}
    row: dict[str, Any] = {
        "case": f"{resolution}x{layers}",
        "measured_steps": steps,
        "warm_up_s": warm_up,
        "worst_level": float(levels.max()),
        "mean_level": float(levels.mean()),
        "fast_mean_level": float(lost.mean()),
    }
    for mode, job in jobs.items():
        row[mode] = {
            "step_s": job.step,
            "steps": counts[mode],
            "drawing_s": job.drawing(counts[mode]),
            "job_s": job.whole(counts[mode]),
            "encode_s": job.encode,
            "decode_s": job.decode,
            "peak_gb": job.peak / 1e9,
            "skipped": job.skipped,
            "of_steps": len(job.steps),
        }
    for mode in GOALS:
        row[mode]["ratio"] = row[mode]["drawing_s"] / row["plain"]["drawing_s"]
    return row


def line(row: dict[str, Any], full: bool) -> str:
    """One case in words."""
    parts = [f"{row['case']:>7}"]
    for mode in ("plain", "exact", "fast"):
        one = row[mode]
        text = f"{mode} {one['step_s'] * 1000:7.0f} ms/step {'' if full else '~'}{one['job_s']:6.1f} s"
        text += f" {one['peak_gb']:5.1f} GB"
        if mode in GOALS:
            text += f" = {one['ratio']:.2f}× (goal ≤ {GOALS[mode]:.2f})"
        if mode == "fast":
            text += f" skipped {one['skipped']}/{one['of_steps']}"
        parts.append(text)
    parts.append(f"exact differs by {row['worst_level']:.3f} levels at worst, {row['mean_level']:.4f} in the mean")
    parts.append(f"fast by {row['fast_mean_level']:.3f} in the mean (random weights)")
    return " | ".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Run it; 0 unless a goal was missed (a dry run judges nothing)."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--cases", default="640x2,640x4,640x8,1024x2,1024x4,1024x8")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--whole", default="640x4", help="cases that make all 50 steps")
    parser.add_argument("--weights", default="bf16", choices=("bf16", "fp8", "int8"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)

    import torch

    if not asked.tiny and not torch.cuda.is_available():
        print("There is no CUDA device here: nothing was measured. Use --tiny for a dry run.", file=sys.stderr)
        return 2
    if asked.tiny:
        print("DRY RUN on tiny weights on the processor: the script works; these times and ratios mean nothing.")
    else:
        print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}; random weights of full size")
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(asked.weights, asked.tiny, Path(scratch))
        kept = bench.parameters["ours"]
        print(f"attention by {bench.running.kernel}; resident {kept / 1e9:.3f} B parameters (goal ≤ 14 B)")
        rows = []
        for case in asked.cases.split(","):
            whole = case in asked.whole.split(",")
            rows.append(measure(bench, *_case(case), STEPS if whole and not asked.tiny else asked.steps, STEPS))
            print(line(rows[-1], whole and not asked.tiny), flush=True)
        notes = bench.running.notes
    for note in notes:
        print(note)
    result = {
        "tiny": asked.tiny,
        "weights": asked.weights,
        "parameters": bench.parameters,
        "cases": rows,
        "notes": notes,
    }
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=1), encoding="utf-8")
    missed = [f"{row['case']} {mode}" for row in rows for mode, goal in GOALS.items() if row[mode]["ratio"] > goal]
    if asked.tiny:
        print("DRY RUN: no goal was judged.")
        return 0
    print("All goals reached." if not missed and kept <= RESIDENT else f"Missed: {', '.join(missed) or 'resident'}")
    return int(bool(missed) or kept > RESIDENT)


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1])]  # for the tests' tiny models
    sys.exit(main())
