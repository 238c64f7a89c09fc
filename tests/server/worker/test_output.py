from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.imaging.profiles import wide_rgb
from layerlift.errors import Cancelled
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Drift, Layer, LayerStack, Role, Text, TextLine
from layerlift.progress import Progress
from layerlift.wire import frames, limits
from layerlift.wire.messages import LayerReady
from layerlift.wire.values import LayerInfo, NativePixels
from layerlift_server.worker import export, manifest, output

RNG = np.random.default_rng(6)
JOB = "0b0f1c9e-55a6-4f5e-9d0f-3c3b4f1f2a10"
QUAD = ((0.0, 1.0), (20.0, 1.0), (20.0, 9.0), (0.0, 9.0))


def stack(dtype: type = np.uint8, icc: bytes | None = None) -> LayerStack:
    def noise(width: int, height: int) -> np.ndarray:
        return RNG.integers(0, np.iinfo(dtype).max, (height, width, 4)).astype(dtype)

    text = Text((TextLine("Grüße", QUAD, 0.9), TextLine("二", QUAD, 1.0)), (255, 0, 7))
    layers = (
        Layer("Sky", Role.BACKGROUND, Bounds(0, 0, 30, 20), noise(30, 20)),
        Layer("Title", Role.TEXT, Bounds(-2, 3, 25, 9), noise(25, 9), 0.5, "normal", ("Words", "Big"), text, 0.25),
    )
    return LayerStack(Extent(30, 20), layers, "Poster", icc, ("A note.",), Drift(0.1, 0.5, (0.1, 0.2)))


@pytest.mark.parametrize(("dtype", "icc"), [(np.uint8, None), (np.uint16, wide_rgb())])
def test_a_stack_comes_back_from_its_folder_as_it_was(tmp_path: Path, dtype: type, icc: bytes | None) -> None:
    made, ready = stack(dtype, icc), []
    result = output.write(made, tmp_path / "r", lambda: 1.5, ready.append, Progress())
    assert list(result.layers) == ready
    assert manifest.load(tmp_path / "r") == result
    assert result.bytes == sum(layer.pixels.nbytes for layer in made.layers) + len(icc or b"")
    for info, layer in zip(ready, made.layers, strict=True):
        data = (tmp_path / "r" / manifest.layer_file(info.index)).read_bytes()
        assert data == layer.pixels.tobytes()
        assert (info.size, info.digest) == (len(data), hashlib.sha256(data).hexdigest())
        frames.encode(LayerReady(JOB, info))
    back = export.stack(tmp_path / "r")
    for one, other in zip(back.layers, made.layers, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        assert replace(one, pixels=other.pixels) == one.__class__(**vars(other)) or vars(one).keys()
        for name in ("name", "role", "bounds", "opacity", "blend_mode", "group", "text", "confidence"):
            assert getattr(one, name) == getattr(other, name)
    for name in ("extent", "name", "icc", "notes", "drift", "depth"):
        assert getattr(back, name) == getattr(made, name)
    assert not list((tmp_path / "r").glob("*.part"))


def test_the_documents_own_numbers_lie_beside_each_layer(tmp_path: Path) -> None:
    made, ready = stack(np.uint16), []
    own = [RNG.integers(0, 65536, (*layer.pixels.shape[:2], 5)).astype(np.uint16) for layer in made.layers]
    result = output.write(made, tmp_path / "r", lambda: 1.5, ready.append, Progress(), own)
    assert result.bytes == sum(
        layer.pixels.nbytes + pixels.nbytes for layer, pixels in zip(made.layers, own, strict=True)
    )
    for info, pixels in zip(ready, own, strict=True):
        data = (tmp_path / "r" / manifest.native_file(info.index)).read_bytes()
        assert data == pixels.tobytes()
        assert info.native == NativePixels(4, 16, len(data), hashlib.sha256(data).hexdigest())
    assert manifest.load(tmp_path / "r") == result
    assert len(export.stack(tmp_path / "r").layers) == 2
    assert not list((tmp_path / "r").glob("*.part"))


def test_big_endian_pixels_travel_little_endian(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 65535, (4, 5, 4)).astype(np.uint16)
    layer = Layer("A", Role.GRAPHIC, Bounds(0, 0, 5, 4), pixels)
    swapped = pixels.astype(">u2")
    object.__setattr__(layer, "pixels", swapped)
    assert bytes(output.raw(layer.pixels)) == pixels.astype("<u2").tobytes()


def test_what_no_message_could_hold_is_cut_to_what_one_can(tmp_path: Path) -> None:
    line = TextLine("ü" * 1000, QUAD, 7.0)
    layer = replace(
        stack().layers[1],
        name="\ud800" + "名" * 300,
        group=tuple("g" * 300 for _ in range(20)),
        text=Text((line,) * 999),
    )
    long = replace(stack(), layers=(layer,), name="n" * 999, notes=("old",) * 99 + ("x" * 999,), drift=Drift(1.5, 2.0))
    ready: list[LayerInfo] = []
    result = output.write(long, tmp_path / "r", lambda: 0.0, ready.append, Progress())
    assert len(frames.encode(LayerReady(JOB, ready[0]))) <= limits.MESSAGE
    assert ready[0].text is not None
    assert 100 <= len(ready[0].text.lines) <= limits.LINES
    assert len(result.notes) < limits.NOTES
    assert result.notes[-1].startswith("xxx"), "what was said last is about this result"
    assert manifest.load(tmp_path / "r") == result
    assert result.drift == 1.0


def test_a_cancel_between_layers_leaves_no_description(tmp_path: Path) -> None:
    progress = Progress()
    with pytest.raises(Cancelled):
        output.write(stack(), tmp_path / "r", lambda: 0.0, lambda _: progress.cancel(), progress)
    with pytest.raises(manifest.Damaged):
        manifest.load(tmp_path / "r")


def test_a_stack_without_drift_and_a_damaged_layer(tmp_path: Path) -> None:
    output.write(replace(stack(), drift=None), tmp_path / "r", lambda: 0.0, lambda _: None, Progress())
    assert export.stack(tmp_path / "r").drift is None
    (tmp_path / "r" / "layer-001.rgba").write_bytes(b"short")
    with pytest.raises(manifest.Damaged, match="layer 1 has 5 bytes"):
        export.stack(tmp_path / "r")
