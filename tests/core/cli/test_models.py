"""`layerlift models` in this process: lists, plans, words. Downloads as processes: tests/hub/test_processes.py."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from hub.weights import pipeline, put
from layerlift.cli.models import planning
from layerlift.models import catalogue

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def nobody_s_machine(work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty folders, no card, whatever this machine has."""
    monkeypatch.setenv("LAYERLIFT_MODELS", str(work / "models"))
    monkeypatch.setenv("LAYERLIFT_COMFYUI", str(work / "comfy"))
    monkeypatch.setenv("HF_HUB_CACHE", str(work / "hub"))
    monkeypatch.setenv("XDG_DATA_HOME", str(work / "data"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.delenv("LAYERLIFT_FORCE_CPU", raising=False)
    return work


def test_a_list_of_nothing(layerlift, work: Path) -> None:
    code, out, err = layerlift("models")
    assert code == 0
    assert all(model.name in out and model.licence.split(";")[0] in out for model in catalogue.MODELS)
    assert str(work / "models") in "".join(out.split("\n"))
    assert "models plan" in err


def test_a_list_for_programs(layerlift, work: Path) -> None:
    put(work / "models" / "qwen-image-layered", pipeline())
    for words in (("models", "--json"), ("models", "list", "--json"), ("models", "--json", "list")):
        code, out, _ = layerlift(*words)
        assert code == 0
        answer = json.loads(out)
        (layered,) = [one for one in answer["models"] if one["family"] == "layered"]
        (bf16,) = [one for one in layered["variants"] if one["name"] == "bf16"]
        assert bf16["here"] == {"folder": str(work / "models" / "qwen-image-layered"), "source": "ours"}
        assert bf16["bytes"] > 57e9
        assert answer["machine"]["ram"] > 0


def test_a_plan_for_another_machine(layerlift) -> None:
    code, out, _ = layerlift("models", "plan", "--vram", "24", "--card", "RTX 4090")
    assert code == 0
    assert "RTX 4090 with 24 GB, 32 GB of main memory" in out
    assert "qwen-image-layered: bf16 (57.7 GB to download); about " in out
    code, out, _ = layerlift("models", "plan", "layered", "--vram", "24", "--json")
    (answer,) = json.loads(out)
    assert (answer["weights"], answer["offload"], answer["variant"]) == ("fp8", "model", "bf16")
    assert answer["peak"] > answer["resident"] > 13e9


def test_a_plan_that_cannot_be(layerlift) -> None:
    code, out, _ = layerlift("models", "plan", "layered", "--vram", "4")
    assert code == 1
    assert "qwen-image-layered: no. 4 layers at 640 pixels needs" in out
    code, out, _ = layerlift("models", "plan", "layered", "--vram", "4", "--json")
    assert not json.loads(out)[0]["ok"]


def test_a_plan_for_here_without_a_card(layerlift, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = layerlift("models", "plan", "edit")
    assert code == 1
    assert "No graphics card" in out
    monkeypatch.setenv("LAYERLIFT_FORCE_CPU", "1")
    code, out, _ = layerlift("models", "plan", "edit")
    assert code == 0
    assert "because it was forced" in out
    assert "layerlift models download qwen-image-edit-2511" in out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("plan", "--ram", "64"), "Add --vram GB"),
        (("plan", "lama"), "needs no plan"),
        (("plan", "dall-e"), "There is no model called"),
        (("download", "lama", "--variant", "q4"), "does not come as “q4”"),
        (("remove", "lama"), "lama is not here"),
        (("plan", "--vram", "lots"), "not a size in GB"),
        (("download", "lama", "--endpoint", "example.org"), "begins with https://"),
        (("plan", "--resolution", "800"), "invalid choice"),
    ],
)
def test_what_was_asked_wrongly(layerlift, words: tuple[str, ...], complaint: str) -> None:
    code, _, err = layerlift("models", *words)
    assert code == 2
    assert complaint in err


def test_without_the_hub_s_library(layerlift, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    code, _, err = layerlift("models", "download", "lama", "--yes")
    assert code == 1
    assert "huggingface_hub, which is not installed" in err
    assert "layerlift[gpu]" in err


def test_a_download_for_a_machine_that_cannot_run_it(layerlift) -> None:
    code, _, err = layerlift("models", "download", "layered", "--yes")
    assert code == 1
    assert "qwen-image-layered does not run here." in err
    assert "name a form with --variant" in err


def test_bringing_along_and_verifying(layerlift, work: Path) -> None:
    put(work / "stick", pipeline())
    code, out, err = layerlift("models", "add", "stick", "--json")
    assert (code, json.loads(out)) == (0, {"qwen-image-layered": ["bf16"]})
    code, out, err = layerlift("models", "verify")
    assert code == 0
    assert "no checksums are known" in err
    code, _, err = layerlift("models", "add", "nowhere")
    assert code == 1
    assert "does not exist" in err


def test_verifying_nothing(layerlift) -> None:
    code, _, err = layerlift("models", "verify")
    assert (code, "No models are here." in err) == (0, True)


def test_nothing_heavy_is_imported(layerlift) -> None:
    before = set(sys.modules)
    layerlift("models")
    layerlift("models", "plan", "--vram", "24")
    assert not {"torch", "diffusers", "huggingface_hub", "numpy"} & (set(sys.modules) - before)


def table(ram: int) -> list[str]:
    """The plan table as docs/models.md has it."""
    rows = []
    for model in (catalogue.LAYERED, catalogue.EDIT, catalogue.IMAGE):
        for size in planning.SIZES:
            read = planning.another(size, ram)
            made = planning.plans.plan(model.family, read)
            rows.append(f"| {model.family} | {size} GB | " + " | ".join(planning._cells(made)[:-1]) + " |")
    return rows


@pytest.mark.parametrize("ram", [32, 64])
def test_the_table_in_the_docs_is_what_is_planned(ram: int) -> None:
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    for row in table(ram):
        assert row in text, f"docs/models.md lacks: {row}"


def test_the_docs_name_every_model_and_source() -> None:
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    for model in catalogue.MODELS:
        assert model.name in text
        assert model.licence_url in text
        for variant in model.variants:
            for part in variant.parts:
                assert part.repo in text, part.repo
