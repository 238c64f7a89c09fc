"""The tiny models are small, the same every time, and what the real ones are."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from models import tiny

pytest.importorskip("torch", reason="the models need torch")


def digest(folder: Path) -> str:
    """Of all files' names and contents."""
    whole = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            whole.update(file.relative_to(folder).as_posix().encode())
            whole.update(file.read_bytes())
    return whole.hexdigest()


@pytest.mark.parametrize("family", ["layered", "edit", "image"])
def test_small_and_always_the_same(family: str, tmp_path: Path) -> None:
    build = getattr(tiny, family)
    folder = build(tmp_path / "a")
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 2_000_000
    assert digest(folder) == digest(build(tmp_path / "b"))
    assert digest(folder) != digest(build(tmp_path / "c", seed=1))


def test_says_what_the_real_ones_say_of_themselves(tmp_path: Path) -> None:
    def told(folder: Path, component: str) -> dict[str, object]:
        told: dict[str, object] = json.loads((folder / component / "config.json").read_text(encoding="utf-8"))
        return told

    layered, edit = tiny.layered(tmp_path / "layered"), tiny.edit(tmp_path / "edit")
    assert told(layered, "transformer")["use_layer3d_rope"] is True
    assert told(layered, "transformer")["use_additional_t_cond"] is True
    assert told(layered, "vae")["input_channels"] == 4
    assert told(edit, "transformer")["zero_cond_t"] is True
    assert told(edit, "vae")["input_channels"] == 3
    index = json.loads((layered / "model_index.json").read_text(encoding="utf-8"))
    assert index["processor"] == ["transformers", "Qwen2VLProcessor"]
    assert (layered / "processor" / "preprocessor_config.json").is_file()
