from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import photoshopapi
import pytest
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import Resource

from core.imaging.profiles import wide_rgb
from hosts.stacks import assert_same, distance, flat, poster, random_stack
from layerlift.errors import RequestError
from layerlift.formats import psd, read, write
from layerlift.formats.blend import PSD as PSD_MODES
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Pixels, Role


def written(stack: LayerStack, folder: Path, name: str = "a.psd") -> Path:
    write(stack, folder / name)
    return folder / name


def by_psd_tools(path: Path, depth: int) -> Pixels:
    """psd-tools' own composite of the layers, at the file's depth."""
    composite = PSDImage.open(path)
    colour, _, alpha = composite_numpy(composite)
    full = 255 if depth == 8 else 65535
    picture = np.concatenate([colour, alpha], axis=2)
    return np.rint(picture * full).astype(np.uint8 if depth == 8 else np.uint16)


def composite_numpy(document: PSDImage) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    from psd_tools.composite import composite

    return composite(document, force=True, color=0.0, alpha=0.0)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("opaque", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_psd_tools_composes_the_same_picture(tmp_path: Path, seed: int, depth: int, opaque: bool) -> None:
    stack = random_stack(seed, depth, opaque=opaque)
    found = by_psd_tools(written(stack, tmp_path), depth)
    assert distance(found, flat(stack)) <= (1 if depth == 8 else 257)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("name", ["a.psd", "a.psb"])
def test_psd_tools_sees_every_pixel_name_place_and_group(tmp_path: Path, depth: int, name: str) -> None:
    stack = random_stack(1, depth, icc=wide_rgb())
    document = PSDImage.open(written(stack, tmp_path, name))
    assert (document.width, document.height, document.depth) == (*stack.extent, depth)
    assert document.image_resources.get_data(Resource.ICC_PROFILE) == wide_rgb()
    (top,) = document
    assert top.name == stack.name
    full = 255 if depth == 8 else 65535
    layers = [layer for layer in top.descendants() if not layer.is_group()]
    for found, wanted in zip(layers, stack.layers, strict=True):
        assert found.name == wanted.name
        assert (found.left, found.top, found.width, found.height) == (
            wanted.bounds.x,
            wanted.bounds.y,
            wanted.bounds.width,
            wanted.bounds.height,
        )
        assert found.opacity == round(wanted.opacity * 255)
        assert np.array_equal(np.rint(found.numpy() * full), wanted.pixels)
        path = []
        while (found := found.parent) is not document:
            path.append(found.name)
        assert tuple(path[::-1]) == (stack.name, *wanted.group)


@pytest.mark.parametrize("depth", [8, 16])
def test_photoshopapi_reads_the_same_pixels(tmp_path: Path, depth: int) -> None:
    """A third library, in C++ and strict about the structure."""
    stack = random_stack(2, depth)
    file = photoshopapi.LayeredFile.read(str(written(stack, tmp_path)))
    assert (file.width, file.height) == tuple(stack.extent)
    found = {layer.name: layer for layer in file.flat_layers if not hasattr(layer, "layers")}
    wanted = {layer.name: layer for layer in stack.layers}
    for name, layer in wanted.items():
        if list(wanted).count(name) > 1 or sum(other.name == name for other in stack.layers) > 1:
            continue
        planes = found[name].get_image_data()
        for channel in range(4):
            plane = planes[channel if channel < 3 else -1].reshape(layer.pixels.shape[:2])
            assert np.array_equal(plane, layer.pixels[..., channel])


def test_photoshopapi_reads_a_name_of_any_script(tmp_path: Path) -> None:
    stack = random_stack(0)
    file = photoshopapi.LayeredFile.read(str(written(stack, tmp_path)))
    assert {layer.name for layer in stack.layers} <= {layer.name for layer in file.flat_layers}


@pytest.mark.parametrize("opaque", [True, False])
def test_a_viewer_without_layers_shows_the_picture(tmp_path: Path, opaque: bool) -> None:
    stack = random_stack(5, opaque=opaque)
    with Image.open(written(stack, tmp_path)) as image:
        seen = np.asarray(image.convert("RGB")).astype(int)
    wanted = flat(stack).astype(np.float64)
    alpha = wanted[..., 3:] / 255
    assert np.abs(seen - (wanted[..., :3] * alpha + 255 * (1 - alpha))).max() <= 1.5


@pytest.mark.parametrize("depth", [8, 16])
def test_the_merged_image_with_its_transparency(tmp_path: Path, depth: int) -> None:
    stack = random_stack(6, depth, opaque=False)
    document = PSDImage.open(written(stack, tmp_path))
    assert document.has_preview()
    # The planes as they stand in the file: psd-tools takes the white off again and magnifies rounding at low alpha.
    planes = document._record.image_data.get_data(document._record.header)
    assert isinstance(planes, list)
    wanted = flat(stack).astype(np.float64)
    full = 255 if depth == 8 else 65535
    alpha = wanted[..., 3:] / full
    wanted[..., :3] = wanted[..., :3] * alpha + full * (1 - alpha)
    for plane, expected in zip(planes, np.moveaxis(wanted, 2, 0), strict=True):
        found = np.frombuffer(plane, np.uint8 if depth == 8 else ">u2").reshape(expected.shape)
        assert np.abs(found - expected).max() <= 1.5


def test_the_thumbnail_is_a_small_jpeg_of_the_picture(tmp_path: Path) -> None:
    stack = poster()
    thumbnail = PSDImage.open(written(stack, tmp_path)).thumbnail()
    assert thumbnail is not None
    assert thumbnail.size == (160, 100)
    wanted = Image.fromarray(flat(stack)[..., :3]).resize((160, 100), Image.Resampling.BOX)
    assert np.abs(np.asarray(thumbnail).astype(int) - np.asarray(wanted)).mean() < 3


def test_recognised_text_is_in_the_xmp(tmp_path: Path) -> None:
    stack = random_stack(0)
    xmp = PSDImage.open(written(stack, tmp_path)).image_resources.get_data(Resource.XMP_METADATA)
    text = xmp.decode("utf-8")
    assert "<photoshop:LayerText>Grüße &lt;&amp;&gt; 世界\nsecond line 🎉</photoshop:LayerText>" in text
    assert "<?xpacket begin" in text


def test_a_side_above_30000_becomes_a_psb(tmp_path: Path) -> None:
    stripe = np.full((2, 30_001, 4), 200, np.uint8)
    stack = LayerStack(Extent(30_001, 2), (Layer("Long", Role.BACKGROUND, Bounds(0, 0, 30_001, 2), stripe),))
    path = written(stack, tmp_path)
    assert path.read_bytes()[:6] == b"8BPS\0\2"
    assert_same(read(path), stack)


def test_a_file_above_photoshops_limit_becomes_a_psb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = random_stack(7)
    for limit in (len(written(stack, tmp_path).read_bytes()) - 1, 5_000):
        monkeypatch.setattr(psd, "_MOST_PSD_BYTES", limit)
        path = written(stack, tmp_path)
        assert path.read_bytes()[:6] == b"8BPS\0\2"
        assert_same(read(path), stack)


@pytest.mark.parametrize("mode", PSD_MODES)
def test_blend_modes_keep_their_names(tmp_path: Path, mode: str) -> None:
    stack = poster()
    top = replace(stack.layers[-1], blend_mode=mode)
    path = written(replace(stack, layers=(*stack.layers[:-1], top)), tmp_path)
    assert read(path).layers[-1].blend_mode == mode
    found = next(layer for layer in PSDImage.open(path).descendants() if layer.name == top.name)
    assert found.blend_mode.name.lower().replace("_", "-") == mode
    assert PSDImage.open(path).has_preview() == (mode == "normal")


def test_an_unknown_blend_mode_is_refused(tmp_path: Path) -> None:
    stack = poster()
    with pytest.raises(RequestError, match="'glow'"):
        write(replace(stack, layers=(replace(stack.layers[0], blend_mode="glow"),)), tmp_path / "a.psd")
    assert list(tmp_path.iterdir()) == []


def test_names_that_xml_cannot_hold(tmp_path: Path) -> None:
    stack = poster()
    odd = replace(stack.layers[0], name="bell \x07 \ufffe \udcff \r\n ]]> &amp;", group=("\x01",))
    stack = replace(stack, layers=(odd,), name="\x1b[31m", notes=("\x0c",))
    assert_same(read(written(stack, tmp_path)), stack)


def test_empty_layers_and_stacks(tmp_path: Path) -> None:
    nothing = Layer("Nothing", Role.GRAPHIC, Bounds(-3, 9, 0, 0), np.zeros((0, 0, 4), np.uint8))
    stack = replace(poster(), layers=(*poster().layers, nothing))
    assert_same(read(written(stack, tmp_path)), stack)
    path = written(replace(stack, layers=()), tmp_path)
    assert [layer.name for layer in PSDImage.open(path).descendants()] == ["Poster"]
    assert read(path).layers == ()


@pytest.mark.parametrize("side", [(1, 1), (1, 300), (300, 1), (2, 2)])
@pytest.mark.parametrize("depth", [8, 16])
def test_thin_pictures(tmp_path: Path, side: tuple[int, int], depth: int) -> None:
    stack = random_stack(3, depth, Extent(*side))
    path = written(stack, tmp_path)
    assert_same(read(path), stack)
    assert distance(by_psd_tools(path, depth), flat(stack)) <= (1 if depth == 8 else 257)
