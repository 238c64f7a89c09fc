from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from layerlift.wire.shapes import Mismatch
from layerlift.wire.values import Bounds, LayerInfo
from layerlift_server.worker import manifest

LAYER = LayerInfo(0, "Sky", "background", Bounds(0, 0, 5, 4), 8, 80, "0" * 64)
RESULT = manifest.Result("Poster", 5, 4, 8, 10, 1.5, (LAYER, replace(LAYER, index=1)), ("A note.",), 0.25, 0.5, (0.1,))


def test_a_result_is_whole_once_its_description_is_there(tmp_path: Path) -> None:
    with pytest.raises(manifest.Damaged):
        manifest.load(tmp_path)
    manifest.save(RESULT, tmp_path)
    assert manifest.load(tmp_path) == RESULT
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
    assert RESULT.bytes == 170


@pytest.mark.parametrize("change", [{"layers": []}, {"depth": 9}, {"width": 0}, {"name": 5}, {"layers": [{}]}])
def test_a_damaged_description_is_said_to_be_one(tmp_path: Path, change: dict[str, object]) -> None:
    manifest.save(RESULT, tmp_path)
    found = json.loads((tmp_path / "result.json").read_bytes())
    (tmp_path / "result.json").write_text(json.dumps({**found, **change}))
    with pytest.raises(manifest.Damaged):
        manifest.load(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, "\xff\xfe"])
def test_nonsense_is_damaged_too(tmp_path: Path, text: str) -> None:
    (tmp_path / "result.json").write_text(text, encoding="utf-8")
    with pytest.raises(manifest.Damaged):
        manifest.load(tmp_path)


def test_what_the_wire_cannot_say_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(Mismatch):
        manifest.save(replace(RESULT, name="x" * 256), tmp_path)
    assert not (tmp_path / "result.json").exists()
