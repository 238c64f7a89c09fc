from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.imaging.profiles import wide_rgb
from hosts.stacks import assert_same, distance, flat, poster, random_stack
from layerlift.errors import InputError, RequestError
from layerlift.formats import read, write
from layerlift.formats.blend import ORA as ORA_MODES
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Pixels, Role


def compose(path: Path) -> Pixels:
    """What the file shows, by the specification and with OpenCV alone: its own little ORA reader."""
    with zipfile.ZipFile(path) as packed:
        image = ElementTree.fromstring(packed.read("stack.xml"))
        width, height = int(image.attrib["w"]), int(image.attrib["h"])
        layers = []
        for node in reversed(list(image.iter("layer"))):
            assert node.attrib["composite-op"] == "svg:src-over"
            encoded = np.frombuffer(packed.read(node.attrib["src"]), np.uint8)
            pixels = cv2.cvtColor(cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)
            bounds = Bounds(int(node.attrib["x"]), int(node.attrib["y"]), pixels.shape[1], pixels.shape[0])
            layers.append(Layer("", Role.GRAPHIC, bounds, pixels, float(node.attrib["opacity"])))
    return flat(LayerStack(Extent(width, height), tuple(layers)))


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("opaque", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_the_layers_make_the_picture(tmp_path: Path, seed: int, depth: int, opaque: bool) -> None:
    stack = random_stack(seed, depth, opaque=opaque)
    write(stack, tmp_path / "a.ora")
    assert distance(compose(tmp_path / "a.ora"), flat(stack)) == 0


def test_the_file_layout_specification(tmp_path: Path) -> None:
    write(random_stack(icc=wide_rgb()), tmp_path / "a.ora")
    content = (tmp_path / "a.ora").read_bytes()
    # The type can be told from the first bytes: the entry's name at 30, its content at 38, no extra field.
    assert content[30:54] == b"mimetypeimage/openraster"
    with zipfile.ZipFile(tmp_path / "a.ora") as packed:
        first = packed.infolist()[0]
        assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
        names = packed.namelist()
        assert {"stack.xml", "mergedimage.png", "Thumbnails/thumbnail.png"} <= set(names)
        assert len(names) == len(set(names))
        root = ElementTree.fromstring(packed.read("stack.xml"))
        sources = [node.attrib["src"] for node in root.iter("layer")]
        assert all(source.startswith("data/") and source in names for source in sources)
        with Image.open(io.BytesIO(packed.read("data/000.png"))) as bottom:
            assert bottom.info["icc_profile"] == wide_rgb()
    assert root.tag == "image"
    assert {"version": "0.0.5", "w": "53", "h": "37"}.items() <= root.attrib.items()
    assert [child.tag for child in root] == ["stack"]
    allowed = {"name", "src", "x", "y", "opacity", "visibility", "composite-op", "isolation"}
    for node in root.iter():
        assert node.tag in {"image", "stack", "layer"}
        assert node.tag == "image" or set(node.attrib) <= allowed


@pytest.mark.parametrize("depth", [8, 16])
def test_merged_image_and_thumbnail(tmp_path: Path, depth: int) -> None:
    stack = random_stack(4, depth, Extent(700, 90), opaque=False)
    write(stack, tmp_path / "a.ora")
    with zipfile.ZipFile(tmp_path / "a.ora") as packed:
        merged = cv2.imdecode(np.frombuffer(packed.read("mergedimage.png"), np.uint8), cv2.IMREAD_UNCHANGED)
        with Image.open(io.BytesIO(packed.read("Thumbnails/thumbnail.png"))) as small:
            assert small.size == (256, 33)
            assert small.mode == "RGBA"
    assert distance(merged[..., [2, 1, 0, 3]], flat(stack)) <= 1


def test_an_untagged_stack_says_srgb(tmp_path: Path) -> None:
    for depth in (8, 16):
        write(poster(depth), tmp_path / "a.ora")
        with zipfile.ZipFile(tmp_path / "a.ora") as packed:
            data = packed.read("data/000.png")
        assert (b"sRGB\0" in data, b"iCCPICC profile" in data) == ((True, False) if depth == 8 else (False, True))


def test_groups_are_nested_stacks_topmost_first(tmp_path: Path) -> None:
    write(poster(), tmp_path / "a.ora")
    with zipfile.ZipFile(tmp_path / "a.ora") as packed:
        root = ElementTree.fromstring(packed.read("stack.xml"))
    found = [(node.tag, node.get("name"), node.get("isolation")) for node in root.iter() if node.get("name")]
    assert found == [
        ("stack", "Poster", "isolate"),
        ("stack", "Shapes", "auto"),
        ("stack", "Inner", "auto"),
        ("layer", "Dot", None),
        ("layer", "Bar 帯", None),
        ("layer", "Disc", None),
        ("layer", "Background", None),
    ]


@pytest.mark.parametrize("mode", ORA_MODES)
def test_blend_modes_keep_their_names(tmp_path: Path, mode: str) -> None:
    stack = poster()
    stack = replace(stack, layers=(*stack.layers[:-1], replace(stack.layers[-1], blend_mode=mode)))
    write(stack, tmp_path / "a.ora")
    assert_same(read(tmp_path / "a.ora"), stack)


def test_an_unknown_blend_mode_is_refused(tmp_path: Path) -> None:
    stack = poster()
    with pytest.raises(RequestError, match="'exclusion'"):
        write(replace(stack, layers=(replace(stack.layers[0], blend_mode="exclusion"),)), tmp_path / "a.ora")
    assert list(tmp_path.iterdir()) == []


def test_names_that_xml_cannot_hold_and_empty_layers(tmp_path: Path) -> None:
    stack = poster()
    odd = replace(stack.layers[0], name="bell \x07 \udcff ]]> &amp; \r")
    nothing = Layer("Nothing", Role.GRAPHIC, Bounds(-3, 9, 0, 4), np.zeros((4, 0, 4), np.uint8))
    stack = replace(stack, layers=(odd, nothing), name="\x1b[31m")
    write(stack, tmp_path / "a.ora")
    assert_same(read(tmp_path / "a.ora"), stack)


def theirs(path: Path, xml: str, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("mimetype", "image/openraster")
        packed.writestr("stack.xml", xml)
        for name, data in files.items():
            packed.writestr(f"data/{name}.png", data)
    return path


def png(value: object, dtype: type = np.uint8, shape: tuple[int, ...] = (2, 3, 4)) -> bytes:
    return cv2.imencode(".png", np.full(shape, value, dtype))[1].tobytes()


def test_files_of_other_programs(tmp_path: Path) -> None:
    xml = """<image w="20" h="10"><stack x="1" y="2">
      <layer src="data/a.png" name="hidden" visibility="hidden"/>
      <text name="words">Hi</text>
      <stack name="G" x="3" opacity="0.5">
        <layer src="data/a.png" name="deep" x="4" y="-9" opacity="0.25" composite-op="svg:weird"/>
        <layer src="data/b.png" name="grey"/>
      </stack>
      <layer src="data/c.png" name="colour"/>
    </stack></image>"""
    wide = png(40_000, np.uint16)
    path = theirs(tmp_path / "a.ora", xml, a=wide, b=png(9, shape=(2, 3)), c=png(77, shape=(2, 3, 3)))
    stack = read(path)
    assert stack.name == "a"
    assert [(layer.name, layer.role, layer.group) for layer in stack.layers] == [
        ("colour", Role.BACKGROUND, ()),
        ("grey", Role.GRAPHIC, ("G",)),
        ("deep", Role.GRAPHIC, ("G",)),
    ]
    assert stack.layers[2].bounds == Bounds(8, -7, 3, 2)
    assert stack.layers[2].opacity == 0.25
    assert stack.depth == 16
    assert (stack.layers[1].pixels == np.array([9, 9, 9, 255]) * 257).all()
    for word in ("hidden", "words", "svg:weird", "'G'"):
        assert any(word in note for note in stack.notes), word


@pytest.mark.parametrize(
    "xml",
    [
        "<image",
        "<image/>",
        '<image w="x" h="1"><stack/></image>',
        '<image w="0" h="1"><stack/></image>',
        '<image w="5" h="5"><stack><layer src="data/missing.png"/></stack></image>',
        '<image w="5" h="5"><stack><layer/></stack></image>',
        '<image w="5" h="5"><stack><layer src="data/a.png" x="left"/></stack></image>',
        '<image w="5" h="5"><stack><layer src="stack.xml"/></stack></image>',
    ],
)
def test_damaged_descriptions(tmp_path: Path, xml: str) -> None:
    with pytest.raises(InputError) as caught:
        read(theirs(tmp_path / "a.ora", xml, a=png(1)))
    assert caught.value.remedy


def test_an_entry_larger_than_any_layer_is_not_inflated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from layerlift.formats import archive

    monkeypatch.setattr(archive, "_MOST_BYTES", 1000)
    xml = '<image w="5" h="5"><stack><layer src="data/a.png"/></stack></image>'
    with pytest.raises(InputError, match="too large"):
        read(theirs(tmp_path / "a.ora", xml, a=bytes(1001)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_an_input_error_or_does_no_harm(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "a.ora"
    write(random_stack(8, extent=Extent(9, 7)), path)
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(60, len(content) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(60, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(InputError):
        read(path)
