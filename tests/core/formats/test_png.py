from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hosts.stacks import assert_same, random_stack
from layerlift.errors import InputError
from layerlift.formats import read, write
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Drift, Layer, LayerStack, Role, Text, TextLine

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
names = st.text(max_size=20)
lines = st.builds(TextLine, names, st.tuples(*[st.tuples(finite, finite)] * 4), st.floats(0, 1))
colours = st.tuples(*[st.integers(0, 255)] * 3)
texts = st.builds(Text, st.lists(lines, max_size=2).map(tuple), colours)


@st.composite
def layers(draw: st.DrawFn, dtype: type[np.uint8] | type[np.uint16]) -> Layer:
    bounds = Bounds(*(draw(st.integers(-50, 50)) for _ in "xy"), *(draw(st.integers(0, 4)) for _ in "wh"))
    fill = draw(st.integers(0, np.iinfo(dtype).max))
    return Layer(
        name=draw(names),
        role=draw(st.sampled_from(Role)),
        bounds=bounds,
        pixels=np.full((bounds.height, bounds.width, 4), fill, dtype),
        opacity=draw(st.floats(0, 1)),
        blend_mode=draw(st.sampled_from(["normal", "multiply", "whatever"])),
        group=tuple(draw(st.lists(names, max_size=3))),
        text=draw(st.none() | texts),
        confidence=draw(st.floats(0, 1)),
    )


@st.composite
def stacks(draw: st.DrawFn) -> LayerStack:
    dtype = draw(st.sampled_from([np.uint8, np.uint16]))
    return LayerStack(
        Extent(draw(st.integers(1, 40)), draw(st.integers(1, 40))),
        tuple(draw(st.lists(layers(dtype), max_size=3))),
        draw(names),
        draw(st.none() | st.binary(min_size=1, max_size=40)),
        tuple(draw(st.lists(names, max_size=2))),
        draw(st.none() | st.builds(Drift, finite, finite, st.lists(finite, max_size=3).map(tuple))),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stack=stacks(), zipped=st.booleans())
def test_nothing_is_ever_lost(tmp_path: Path, stack: LayerStack, zipped: bool) -> None:
    target = tmp_path / ("a.zip" if zipped else "a")
    write(stack, target)
    assert_same(read(target), stack)


def test_a_name_that_is_not_unicode_survives(tmp_path: Path) -> None:
    stack = random_stack()
    stack = replace(stack, layers=(replace(stack.layers[0], name="bad \udcff name"),))
    write(stack, tmp_path / "a")
    assert_same(read(tmp_path / "a"), stack)


def test_the_manifest_is_what_the_documentation_says(tmp_path: Path) -> None:
    stack = random_stack(icc=b"not really a profile")
    write(stack, tmp_path / "a")
    found = json.loads((tmp_path / "a" / "stack.json").read_text("utf-8"))
    assert found["size"] == [53, 37]
    assert found["icc"] == "profile.icc"
    assert (tmp_path / "a" / "profile.icc").read_bytes() == b"not really a profile"
    bottom = found["layers"][0]
    assert bottom["file"] == "01 Background.png"
    assert bottom["role"] == "background"
    assert bottom["bounds"] == {"x": 0, "y": 0, "width": 53, "height": 37}
    assert bottom["opacity"] == 1
    assert "text" not in bottom
    text = found["layers"][3]["text"]
    assert text["content"] == "Grüße <&> 世界\nsecond line 🎉"
    assert text["lines"][0] == {
        "content": "Grüße <&> 世界",
        "quad": [[10.5, 8.25], [40.0, 9.0], [39.75, 20.0], [10.25, 19.5]],
        "confidence": 0.93,
    }
    assert text["colour"] == [200, 3, 77]


def test_layers_are_plain_pngs_to_another_library(tmp_path: Path) -> None:
    for depth in (8, 16):
        stack = random_stack(depth=depth)
        write(stack, tmp_path / str(depth))
        for file, layer in zip(sorted((tmp_path / str(depth)).glob("*.png")), stack.layers, strict=True):
            found = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
            assert np.array_equal(found[..., [2, 1, 0, 3]], layer.pixels)


def test_the_zip_holds_the_folder(tmp_path: Path) -> None:
    write(random_stack(), tmp_path / "a.zip")
    write(random_stack(), tmp_path / "a")
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == {
            file.name: file.read_bytes() for file in (tmp_path / "a").iterdir()
        }
        assert packed.namelist()[-1] == "stack.json"


def change(folder: Path, key: str, value: object, layer: int | None = None) -> None:
    manifest = folder / "stack.json"
    found = json.loads(manifest.read_text("utf-8"))
    (found if layer is None else found["layers"][layer])[key] = value
    manifest.write_text(json.dumps(found), "utf-8")


@pytest.mark.parametrize("file", ["../secret.png", "/etc/passwd", "a\\b.png", "C:x.png", "..", "", "missing.png"])
def test_a_manifest_reaches_nothing_outside_its_folder(tmp_path: Path, file: str) -> None:
    write(random_stack(), tmp_path / "a")
    (tmp_path / "secret.png").write_bytes((tmp_path / "a" / "01 Background.png").read_bytes())
    change(tmp_path / "a", "file", file, layer=0)
    with pytest.raises(InputError, match=r"outside|missing"):
        read(tmp_path / "a")


@pytest.mark.parametrize(
    ("key", "value", "layer"),
    [
        ("size", [0, 5], None),
        ("size", [200_000, 1], None),
        ("size", [99_999, 99_999], None),
        ("size", "large", None),
        ("layers", [{"name": "no bounds"}], None),
        ("layers", 5, None),
        ("file", None, 0),
        ("file", 7, 0),
        ("bounds", {"x": 0, "y": 0, "width": 5, "height": 5}, 0),
        ("bounds", {"x": 0, "y": 0, "width": -5, "height": 5}, 0),
        ("bounds", {"x": 0, "y": 0, "width": 1e30, "height": 0}, 0),
        ("icc", 5, None),
        ("role", "king", 0),
        ("text", {"lines": [{}]}, 0),
        ("text", {"lines": [], "colour": [1]}, 0),
    ],
)
def test_a_damaged_manifest_is_an_input_error(tmp_path: Path, key: str, value: object, layer: int | None) -> None:
    write(random_stack(), tmp_path / "a")
    change(tmp_path / "a", key, value, layer)
    with pytest.raises(InputError):
        read(tmp_path / "a")


def test_damaged_files(tmp_path: Path) -> None:
    write(random_stack(), tmp_path / "a")
    (tmp_path / "a" / "01 Background.png").write_bytes(b"GIF89a")
    with pytest.raises(InputError, match="not a PNG"):
        read(tmp_path / "a")
    (tmp_path / "a" / "stack.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        read(tmp_path / "a")
    (tmp_path / "a" / "stack.json").unlink()
    with pytest.raises(InputError, match="missing"):
        read(tmp_path / "a")
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(InputError, match="damaged"):
        read(tmp_path / "a.zip")


def test_an_optional_field_may_be_left_out(tmp_path: Path) -> None:
    """What another program writes: the fields of the documentation and no more."""
    (tmp_path / "a").mkdir()
    cv2.imwrite(str(tmp_path / "a" / "x.png"), np.full((2, 3), 7, np.uint8))
    described = {"size": [4, 4], "layers": [{"file": "x.png", "name": "x", "role": "graphic", "opacity": 0.5}]}
    described["layers"][0]["bounds"] = {"x": 1, "y": 2, "width": 3, "height": 2}  # type: ignore[index]
    (tmp_path / "a" / "stack.json").write_text(json.dumps(described))
    stack = read(tmp_path / "a")
    assert stack.layers[0].bounds == Bounds(1, 2, 3, 2)
    assert stack.layers[0].opacity == 0.5
    assert (stack.layers[0].pixels == np.array([7, 7, 7, 255], np.uint8)).all()


def test_a_layer_saved_at_another_depth_is_taken(tmp_path: Path) -> None:
    stack = random_stack(depth=8)
    write(stack, tmp_path / "a")
    file = tmp_path / "a" / "01 Background.png"
    wide = cv2.imread(str(file), cv2.IMREAD_UNCHANGED).astype(np.uint16) * 257
    cv2.imwrite(str(file), wide)
    assert_same(read(tmp_path / "a"), stack)
    change(tmp_path / "a", "depth", 16)
    assert np.array_equal(read(tmp_path / "a").layers[1].pixels, stack.layers[1].pixels.astype(np.uint16) * 257)
