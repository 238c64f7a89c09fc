"""The bench itself: the truth passes its goals, doing nothing misses them, and what is printed is what was measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bench import metrics, quality, sheets
from bench.designs import Design, GroundLayer


def design() -> Design:
    rng = np.random.default_rng(0)
    ground = np.full((60, 80, 4), 255, np.uint8)
    layers = [GroundLayer("background", "Background", ground)]
    for i, role in enumerate(("graphic", "subject", "text")):
        rgba = np.zeros((60, 80, 4), np.uint8)
        rgba[5 + 18 * i : 20 + 18 * i, 10:70] = (*rng.integers(0, 200, 3), 255)
        layers.append(GroundLayer(role, role.title(), rgba, content="Hello 世界" if role == "text" else None))
    image = ground[..., :3].copy()
    for layer in layers[1:]:
        image[layer.rgba[..., 3] > 0] = layer.rgba[layer.rgba[..., 3] > 0][:, :3]
    return Design("test-000", image, tuple(layers))


def truth(_: np.ndarray) -> list[metrics.Found]:
    return [metrics.Found(layer.role, layer.name, layer.rgba, layer.content) for layer in design().layers]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(half: str, count: int, *, start: int = 0, jpeg_quality: int | None = None) -> Iterator[Design]:
        return iter([design()] * count)

    monkeypatch.setattr(quality, "load", load)
    monkeypatch.setattr(quality, "METHODS", {"nothing": lambda: quality.nothing, "full": lambda: truth})


def test_the_truth_passes_and_nothing_misses() -> None:
    best, _ = quality.measure(design(), truth)
    row = quality.summary([best])
    assert row["text"] == row["subject"] == row["graphic"] == row["ink"] == row["characters"] == row["iou 0"] == 1
    assert row["background"] == row["l1 0"] == 0
    assert quality.verdicts(row, jpeg=False).count("pass") == 4
    worst, _ = quality.measure(design(), quality.nothing)
    assert quality.verdicts(quality.summary([worst]), jpeg=True).count("MISS") == 4


def test_jpeg_is_allowed_a_little_less() -> None:
    row = {"text": 0.86, "subject": 0.76, "graphic": 0.56, "background": 0.03}
    assert quality.verdicts(row, jpeg=True).count("pass") == 4
    assert quality.verdicts(row, jpeg=False).count("MISS") == 3


@pytest.mark.usefixtures("bench")
def test_the_command_prints_the_table_and_saves_the_sheets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quality.main(["--count", "2", "--methods", "nothing,full", "--out", str(tmp_path), "--list", "--jpeg", "90"])
    printed = capsys.readouterr().out
    assert "| nothing | 0.000 | 0.000 | 0.000 |" in printed
    assert "| full | 1.000 | 1.000 | 1.000 | 0.000 | 1.000 |" in printed
    assert "JPEG 90" in printed
    assert printed.count("test-000 ") >= 2
    saved = json.loads((tmp_path / "result.json").read_text())
    assert saved["summary"]["full"]["text"] == 1
    assert len(saved["designs"]["nothing"]) == 2
    assert (tmp_path / "test-000.png").stat().st_size > 1000


def test_the_weakest_are_named() -> None:
    worst, _ = quality.measure(design(), quality.nothing)
    lines = quality.weakest([worst], 1).splitlines()
    assert [line.split()[0] for line in lines] == ["text", "subject", "graphic", "bg"]
    assert "Hello" not in lines[0]
    assert "Text" in lines[0]


def test_sheets_show_every_cell() -> None:
    picture = design()
    sheet = sheets.comparison(picture, [("one", picture.layers[1].rgba)], [None, 0.5, 0.5, 0.5], columns=3)
    assert sheet.size == (3 * 226, 3 * 240)
    assert sheets.overview([picture] * 7, columns=3, side=50).size == (3 * 56, 3 * 70)
    board = np.asarray(sheets.checkered(np.zeros((20, 20, 4), np.uint8), 20))
    assert set(np.unique(board).tolist()) == {135, 160}
