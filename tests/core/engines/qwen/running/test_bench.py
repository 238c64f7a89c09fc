"""The GPU bench is ready: it runs on tiny weights, and builds the released sizes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the family needs torch")

from bench import gpu_qwen, gpu_weights  # noqa: E402
from layerlift.engines.qwen.running import transformer  # noqa: E402


def test_it_runs_dry_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_layered as module

    monkeypatch.setattr(module, "calculate_dimensions", module.calculate_dimensions)  # the dry run changes it
    assert gpu_qwen.main(["--tiny", "--cases", "640x2", "--steps", "5", "--json", str(tmp_path / "out.json")]) == 0
    told = capsys.readouterr().out
    assert told.startswith("DRY RUN")
    assert "no goal was judged" in told
    row = json.loads((tmp_path / "out.json").read_text())["cases"][0]
    assert row["worst_level"] < 0.01, "exact mode is exact here, too"
    assert [row[mode]["steps"] for mode in ("plain", "exact", "fast")] == [50, 50, 30]


def test_without_a_gpu_nothing_is_claimed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu_qwen.main([]) == 2
    assert "nothing was measured" in capsys.readouterr().err


def test_what_is_measured_has_the_released_sizes(tmp_path: Path) -> None:
    pipeline = gpu_weights.full_pipeline(tmp_path, torch.device("meta"), torch.bfloat16)
    assert transformer.parameters(pipeline.transformer) == pytest.approx(20.43e9, rel=1e-3)
    assert transformer.parameters(pipeline.text_encoder) == pytest.approx(8.29e9, rel=1e-2)
    assert transformer.parameters(pipeline.vae) == pytest.approx(0.127e9, rel=1e-2)
    ours = gpu_weights.sharing(pipeline.transformer, "bf16", torch.device("meta"), torch.bfloat16)
    assert transformer.parameters(ours) <= 14e9
