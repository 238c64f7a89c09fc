from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

FAKE = ("--engine", "fake")


@pytest.fixture
def stack(layerlift, picture) -> Path:
    assert layerlift("decompose", picture(), "-o", "x.ora", "-q", *FAKE)[0] == 0
    return Path("x.ora")


def test_the_table(layerlift, stack):
    code, out, err = layerlift("inspect", stack)
    lines = [line.rstrip() for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert lines[0] == "x.ora: 60 × 40 pixels, 8 bit, sRGB, 4 layers (bottom first)"
    assert lines[1].split("  ")[0] == "layer"
    assert [line.split("  ")[0] for line in lines[2:]] == ["Background", "Band 1", "Band 2", "Band 3"]
    assert "60 × 40 at 0, 0" in lines[2]
    assert "100.0%" in lines[2]


def test_against_the_original(layerlift, stack, picture):
    code, out, _ = layerlift("inspect", stack, "--against", "photo.png")
    assert code == 0
    assert out.splitlines()[-1].startswith("The composite is ")
    assert "0.00% of the pixels are more than one 8-bit level off." in out
    from PIL import Image

    with Image.open("photo.png") as image:
        image.point(lambda value: min(255, value + 9)).save("other.png")
    out = layerlift("inspect", stack, "--against", "other.png")[1]
    assert re.match(r"The composite differs \(against other\.png\): max (8|9|10) and mean ", out.splitlines()[-1])


def test_json(layerlift, stack):
    code, out, _ = layerlift("inspect", stack, "--against", "photo.png", "--json")
    record = json.loads(out)
    assert code == 0
    assert record["file"] == "x.ora"
    assert record["size"] == [60, 40]
    assert [layer["role"] for layer in record["layers"]] == ["background", "graphic", "subject", "text"]
    assert record["against"]["file"] == "photo.png"
    assert record["against"]["maximum"] <= 1
    assert record["against"]["depth"] == 8


def test_another_pictures_size(layerlift, stack, picture):
    picture("wide.png", 61, 40)
    code, _, err = layerlift("inspect", stack, "--against", "wide.png")
    assert code == 1
    assert err.startswith("layerlift: The stack is 60 × 40 pixels, the original 61 × 40. Name the picture")


@pytest.mark.parametrize("name", ["gone.psd", "photo.png"])
def test_no_stack(layerlift, picture, name):
    picture()
    code, out, err = layerlift("inspect", name)
    assert (code, out) == (1, "")
    assert err.startswith(f"layerlift: {name} ")


def test_text_in_one_line_and_groups(capsys):
    from layerlift.cli.inspect import _row
    from layerlift.imaging.geometry import Bounds
    from layerlift.imaging.layer import Role
    from layerlift.inspection import LayerFacts

    bounds = Bounds(-3, 4, 50, 20)
    layer = LayerFacts(
        "Title", Role.TEXT, bounds, 0.0421, 0.5, "normal", ("Page", "Head"), 1.0, "two\nlines" + "x" * 80
    )
    row = _row(layer)
    assert row[:5] == ["Page / Head / Title", "text", "50 × 20 at -3, 4", "4.2%", "50%"]
    assert row[5].startswith("two ⏎ lines")
    assert len(row[5]) == 60
    assert row[5].endswith("…")


def test_engines(layerlift):
    code, out, _ = layerlift("engines")
    assert code == 0
    assert "quick (default)" in out
    assert "fake" in out
    records = json.loads(layerlift("engines", "--json")[1])
    assert {record["name"] for record in records} >= {"quick", "fake"}
    assert all("decompose" in record["operations"] for record in records)


def test_records_carry_text():
    from layerlift.cli.records import layer_record
    from layerlift.imaging.geometry import Bounds
    from layerlift.imaging.layer import Role
    from layerlift.inspection import LayerFacts

    layer = LayerFacts("T", Role.TEXT, Bounds(1, 2, 3, 4), 0.5, 1.0, "normal", ("G",), 0.87654321, "SALE")
    record = layer_record(layer)
    assert (record["text"], record["group"], record["confidence"]) == ("SALE", ["G"], 0.8765)
