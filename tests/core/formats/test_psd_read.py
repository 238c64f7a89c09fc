from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import photoshopapi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import Compression

from hosts.stacks import random_stack
from layerlift.errors import InputError
from layerlift.formats import read, write
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Role


@pytest.mark.parametrize("compression", list(Compression))
def test_layers_that_psd_tools_wrote(tmp_path: Path, compression: Compression) -> None:
    document = PSDImage.new("RGBA", (40, 30))
    pixels = random_stack(1).layers[0].pixels[:20, :30]
    made = [
        document.create_pixel_layer(Image.fromarray(pixels), name=name, top=4, left=-6, compression=compression)
        for name in ("bottom", "top")
    ]
    group = document.create_group([made[1]], name="G")
    group.opacity = 100
    made[0].opacity = 51
    document.save(tmp_path / "theirs.psd")
    stack = read(tmp_path / "theirs.psd")
    assert stack.name == "theirs"
    assert [(layer.name, layer.group, layer.role) for layer in stack.layers] == [
        ("bottom", (), Role.BACKGROUND),
        ("top", ("G",), Role.GRAPHIC),
    ]
    assert stack.layers[0].opacity == 0.2
    assert stack.layers[1].bounds == Bounds(-6, 4, 30, 20)
    assert np.array_equal(stack.layers[1].pixels, pixels)
    assert any("'G'" in note for note in stack.notes)


@pytest.mark.parametrize("depth", [8, 16])
def test_layers_that_photoshopapi_wrote(tmp_path: Path, depth: int) -> None:
    """Predicted ZIP, as Photoshop writes at 16 bit."""
    pixels = random_stack(1, depth).layers[0].pixels
    height, width = pixels.shape[:2]
    file = getattr(photoshopapi, f"LayeredFile_{depth}bit")(photoshopapi.enum.ColorMode.rgb, width, height)
    planes = {c if c < 3 else -1: np.ascontiguousarray(pixels[..., c]) for c in range(4)}
    layer = getattr(photoshopapi, f"ImageLayer_{depth}bit")(
        planes, "Theirs", width=width, height=height, pos_x=width / 2, pos_y=height / 2
    )
    file.add_layer(layer)
    file.write(str(tmp_path / "a.psd"))
    (found,) = read(tmp_path / "a.psd").layers
    assert np.array_equal(found.pixels, pixels)
    assert found.name == "Theirs"


def test_what_a_stack_cannot_hold_is_named(tmp_path: Path) -> None:
    document = PSDImage.new("RGBA", (20, 20))
    picture = Image.new("RGBA", (20, 20), (1, 2, 3, 128))
    for name in ("ground", "hidden", "masked", "clipped", "dissolved"):
        document.create_pixel_layer(picture, name=name)
    ground, hidden, masked, clipped, dissolved = document
    assert ground.name == "ground"
    hidden.visible = False
    masked.create_mask(Image.new("L", (20, 20), 9))
    clipped.clipping = True
    dissolved._record.blend_mode = b"diss"
    document.create_group([], name="empty")
    document.save(tmp_path / "a.psd")
    stack = read(tmp_path / "a.psd")
    assert [layer.name for layer in stack.layers] == ["ground", "masked", "clipped", "dissolved"]
    for word in ("hidden", "mask of 'masked'", "clipped", "blend mode"):
        assert any(word in note for note in stack.notes), word


@pytest.mark.parametrize("mode", ["L", "CMYK", "1"])
def test_other_colour_modes_are_refused_with_a_remedy(tmp_path: Path, mode: str) -> None:
    PSDImage.new(mode, (5, 5)).save(tmp_path / "a.psd")
    with pytest.raises(InputError, match="RGB") as caught:
        read(tmp_path / "a.psd")
    assert caught.value.remedy


def test_a_psd_without_layers_is_a_flat_picture(tmp_path: Path) -> None:
    PSDImage.new("RGB", (5, 5)).save(tmp_path / "a.psd")
    with pytest.raises(InputError, match="no layers"):
        read(tmp_path / "a.psd")


@pytest.mark.parametrize("size", [(0, 5), (50_000, 50_000)])
def test_a_canvas_outside_the_limits_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    (tmp_path / "a.psd").write_bytes(struct.pack(">4sH6xHIIHHI", b"8BPS", 1, 3, *size, 8, 3, 0) + bytes(40))
    with pytest.raises(InputError, match="limit"):
        read(tmp_path / "a.psd")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_an_input_error_or_does_no_harm(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "a.psd"
    write(random_stack(8, data.draw(st.sampled_from([8, 16])), Extent(9, 7)), path)
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(InputError):
        read(path)
