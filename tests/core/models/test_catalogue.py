"""The list of models: complete, consistent, and found by the names that people use."""

from __future__ import annotations

import re

import pytest

from layerlift.errors import RequestError
from layerlift.models import catalogue
from layerlift.models.rungs import Weights

EVERY = [(model, variant) for model in catalogue.MODELS for variant in model.variants]


def test_names_and_families() -> None:
    assert [model.name for model in catalogue.MODELS] == [
        "qwen-image-layered",
        "qwen-image-edit-2511",
        "qwen-image-2512",
        "birefnet",
        "lama",
    ]
    for model in catalogue.MODELS:
        assert catalogue.get(model.name) is catalogue.get(model.family) is model
    with pytest.raises(RequestError, match="no model called “dall-e”") as caught:
        catalogue.get("dall-e")
    assert "qwen-image-layered" in caught.value.remedy
    with pytest.raises(RequestError, match="does not come as") as caught:
        catalogue.variant(catalogue.LAMA, "bf16")
    assert "fp32" in caught.value.remedy


@pytest.mark.parametrize(("model", "variant"), EVERY, ids=lambda one: one.name)
def test_every_part_has_its_source_and_place(model, variant) -> None:
    assert model.licence.startswith(("Apache-2.0", "MIT"))
    assert model.licence_url.startswith("https://github.com/")
    places = [(part.repo, part.into) for part in variant.parts]
    assert len(set(places)) == len(places)  # a record is told by these
    for part in variant.parts:
        assert part.revision == "main" or re.fullmatch(r"[0-9a-f]{40}", part.revision)
        assert part.size > 0
        assert part.files
        assert "\\" not in "".join(part.files)


@pytest.mark.parametrize("model", [catalogue.LAYERED, catalogue.EDIT, catalogue.IMAGE], ids=lambda one: one.name)
def test_all_forms_that_plans_name_can_be_fetched(model) -> None:
    made_while_loading = {"fp8", "int8"}
    forms = {variant.name for variant in model.variants}
    assert forms == set(Weights.__args__) - made_while_loading | {"bf16-nf4"}


def test_where_files_go() -> None:
    encoder = catalogue.variant(catalogue.LAYERED, "bf16").parts[1]
    assert str(encoder.place("text_encoder/config.json")) == "text_encoder/config.json"
    quantised = catalogue.variant(catalogue.EDIT, "nf4").parts[-1]
    assert str(quantised.place("transformer/config.json")) == "transformer-nf4/config.json"
    lite = catalogue.variant(catalogue.BIREFNET, "lite").parts[0]
    assert str(lite.place("onnx/model.onnx")) == "lite/model.onnx"
