from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.imaging.profiles import wide_rgb
from layerlift.errors import InputError
from layerlift.wire.limits import LATTICE
from layerlift.wire.values import DocumentInfo, Native
from layerlift_server.worker import document

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("dtype", ["u1", "<u2"])
def test_pixels_are_used_where_they_lie(tmp_path: Path, dtype: str) -> None:
    pixels = RNG.integers(0, np.iinfo(dtype).max, (20, 30, 4)).astype(dtype)
    (tmp_path / "a").write_bytes(pixels.tobytes() + wide_rgb())
    info = DocumentInfo("Poster", width=30, height=20, depth=8 * pixels.itemsize, icc=len(wide_rgb()))
    read, apart = document.read(tmp_path / "a", info)
    assert apart is None
    np.testing.assert_array_equal(read.pixels, pixels)
    assert (read.name, read.icc, read.depth) == ("Poster", wide_rgb(), 8 * pixels.itemsize)
    assert not read.pixels.flags.writeable
    assert not read.pixels.flags.owndata


@pytest.mark.parametrize("dtype", ["u1", "<u2"])
def test_a_selection_is_multiplied_into_the_alpha(tmp_path: Path, dtype: str) -> None:
    pixels = RNG.integers(0, np.iinfo(dtype).max, (20, 30, 4)).astype(dtype)
    mask = RNG.integers(0, 256, (20, 30), np.uint8)
    mask[0] = 0
    mask[1] = 255
    (tmp_path / "a").write_bytes(pixels.tobytes() + mask.tobytes())
    info = DocumentInfo("", width=30, height=20, depth=8 * pixels.itemsize, mask=True)
    read, apart = document.read(tmp_path / "a", info)
    assert apart is None
    np.testing.assert_array_equal(read.pixels[..., :3], pixels[..., :3])
    assert not read.pixels[0, :, 3].any()
    np.testing.assert_array_equal(read.pixels[1, :, 3], pixels[1, :, 3])
    exact = pixels[..., 3] * (mask / 255.0)
    assert np.abs(read.pixels[..., 3] - exact).max() <= 0.5
    assert (read.name, read.icc) == ("Picture", None)


def test_a_selection_is_handed_out_apart_where_it_says_where_to_work(tmp_path: Path) -> None:
    pixels, mask = RNG.integers(0, 256, (20, 30, 4), np.uint8), RNG.integers(0, 256, (20, 30), np.uint8)
    (tmp_path / "a").write_bytes(pixels.tobytes() + mask.tobytes() + wide_rgb())
    info = DocumentInfo("", width=30, height=20, depth=8, mask=True, icc=len(wide_rgb()))
    read, apart = document.read(tmp_path / "a", info, apart=True)
    np.testing.assert_array_equal(read.pixels, pixels)
    np.testing.assert_array_equal(apart, mask)
    assert read.icc == wide_rgb()


@pytest.mark.parametrize("dtype", ["u1", "<u2"])
def test_a_documents_own_numbers_lie_behind_everything_else(tmp_path: Path, dtype: str) -> None:
    pixels, mask = RNG.integers(0, 256, (7, 9, 4), np.uint8), RNG.integers(0, 256, (7, 9), np.uint8)
    own = RNG.integers(0, 256, (7, 9, 5)).astype(dtype)
    table = RNG.integers(0, 256, (LATTICE**3, 5)).astype(dtype)
    parts = (pixels.tobytes(), mask.tobytes(), b"profile", own.tobytes(), table.tobytes())
    (tmp_path / "a").write_bytes(b"".join(parts))
    beside = Native(4, 16 if own.itemsize == 2 else 8)
    info = DocumentInfo("", width=9, height=7, depth=8, mask=True, icc=7, native=beside)
    read, apart = document.read(tmp_path / "a", info, apart=True)
    assert read.icc == b"profile"
    np.testing.assert_array_equal(read.pixels, pixels)
    np.testing.assert_array_equal(apart, mask)
    found = document.native(tmp_path / "a", info)
    assert found is not None
    np.testing.assert_array_equal(found.pixels, own)
    np.testing.assert_array_equal(found.table, table)
    assert found.table.dtype == own.dtype
    (tmp_path / "a").write_bytes(b"".join(parts[:-1]))
    with pytest.raises(InputError, match="instead of"):
        document.native(tmp_path / "a", info)


def test_a_short_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(100))
    with pytest.raises(InputError, match="100 bytes instead of 2400"):
        document.read(tmp_path / "a", DocumentInfo("x", width=30, height=20, depth=8))


def test_an_encoded_picture_keeps_its_given_name(tmp_path: Path) -> None:
    picture = Image.fromarray(RNG.integers(0, 256, (20, 30, 3), np.uint8))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    (tmp_path / "0b0f1c9e").write_bytes(buffer.getvalue())
    for name, expected in (("Holiday", "Holiday"), ("", "Picture")):
        read, _ = document.read(tmp_path / "0b0f1c9e", DocumentInfo(name, kind="file"))
        assert read.name == expected
        np.testing.assert_array_equal(read.pixels[..., :3], np.asarray(picture))
