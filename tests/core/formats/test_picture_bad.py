"""Bad input: one sentence with the right numbers, one remedy, and nothing else happens."""

from __future__ import annotations

import io
import os
import struct
import sys
import tracemalloc
import zlib
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from core.formats.pictures import encoded, png, png16, random_array, tiff
from layerlift.errors import InputError
from layerlift.formats import picture, picture_source
from layerlift.imaging.layer import Document
from layerlift.limits import MAX_PIXELS, MAX_SIDE

RGB = random_array(64, 48, 3)
DEEP = random_array(64, 48, 3, np.uint16)
PSD_16_BIT = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 10, 10, 16, 3) + bytes(40)


def refusal(source: object) -> InputError:
    """The InputError of reading `source`, checked to be one sentence and one remedy."""
    with pytest.raises(InputError) as refused:
        picture.read(source)
    error = refused.value
    assert error.sentence.endswith(".")
    assert error.remedy.endswith(".")
    assert "\n" not in str(error)
    return error


def test_missing(tmp_path):
    error = refusal(tmp_path / "nowhere.png")
    assert error.sentence == f"There is no file {tmp_path / 'nowhere.png'}."


def test_a_folder(tmp_path):
    assert refusal(tmp_path).sentence == f"{tmp_path} is a folder, not a picture."


def test_a_name_that_cannot_be():
    assert "is not a file name" in refusal("a\0b.png").sentence


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs a device that refuses to be opened")
def test_a_path_below_a_file(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    assert "cannot be opened: Not a directory" in refusal(tmp_path / "file" / "photo.png").sentence


@pytest.mark.parametrize("as_stream", [False, True])
def test_empty(tmp_path, as_stream):
    path = tmp_path / "empty.png"
    path.write_bytes(b"")
    assert refusal(io.BytesIO() if as_stream else path).sentence.endswith("is empty: it has 0 bytes.")


@pytest.mark.parametrize(
    ("begin", "what"),
    [
        ("Dear diary, today I drew a café.\n".encode() * 9, "is not a picture: it is text."),
        (("x" * 63 + "é").encode(), "is not a picture: it is text."),
        (bytes(range(200, 256)) * 3, "of a kind that Layerlift does not know"),
        (b"\xe9\x00\x01" * 30, "of a kind that Layerlift does not know"),
        (b"\0\0\0\x18ftypheic" + bytes(80), "HEIC"),
        (b"\0\0\0\x18ftypmif1" + bytes(80), "HEIF"),
        (b"\0\0\0\x18ftypcrx " + bytes(80), "camera's raw"),
        (b"\0\0\0\x18ftypmp42" + bytes(80), "a film"),
        (b"\xff\x0a" + bytes(80), "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(80), "JPEG XL"),
        (b"v/1\x01" + bytes(80), "OpenEXR"),
        (b"#?RADIANCE\n", "Radiance"),
        (b"8BPS\0\x02" + bytes(80), "PSB"),
        (PSD_16_BIT, "16 bits per channel"),
        (b"%PDF-1.7\n", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"\n  <svg xmlns=", "vector"),
        (b"PK\x03\x04" + bytes(80), "archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(80), "begins like a PNG picture but is damaged"),
        (b"\xff\xd8\xff\xe0" + bytes(80), "begins like a JPEG picture but is damaged"),
        (b"II*\0" + bytes(80), "begins like a TIFF picture but is damaged"),
        (b"GIF89a", "begins like a GIF picture but is damaged"),
        (b"\x89PN\x07", "of a kind that Layerlift does not know"),
    ],
    ids=repr,
)
def test_not_a_picture(tmp_path, begin, what):
    path = tmp_path / "photo.png"
    path.write_bytes(begin)
    error = refusal(path)
    assert what in error.sentence
    assert error.sentence.startswith("photo.png ")


def test_avif_without_a_decoder(monkeypatch):
    monkeypatch.delitem(Image.OPEN, "AVIF", raising=False)
    assert "AVIF" in refusal(b"\0\0\0\x1cftypavif" + bytes(90)).sentence


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_cut_short(tmp_path, kind, share):
    whole = encoded(Image.fromarray(RGB), kind)
    cut = whole[: int(len(whole) * share)]
    path = tmp_path / f"cut.{kind.lower()}"
    path.write_bytes(cut)
    error = refusal(path)
    assert error.sentence.startswith(path.name)
    if "bytes" in error.sentence:
        assert str(len(cut)) in error.sentence
    else:
        assert "damaged" in error.sentence


@pytest.mark.parametrize(
    "whole",
    [png16(DEEP), tiff(DEEP, photometric="rgb", rowsperstrip=8), tiff(DEEP, photometric="rgb", compression="zlib")],
    ids=["png", "tiff", "zlib tiff"],
)
def test_deep_pictures_cut_short(whole, capfd):
    cut = whole[: len(whole) // 2]
    assert str(len(cut)) in refusal(cut).sentence
    assert capfd.readouterr().err == ""  # the decoders do not chatter past us


def test_flipped_bytes_in_a_deep_png_are_noticed():
    data = bytearray(png16(DEEP))
    data[len(data) // 2] ^= 0xFF
    assert "damaged" in refusal(bytes(data)).sentence


def test_a_deep_png_with_too_few_rows_is_noticed():
    assert "damaged" in refusal(png(40, 4000, 16, 2, bytes(40 * 6))).sentence


@pytest.mark.parametrize(
    ("array", "options", "what"),
    [
        (RGB.astype(np.float32), {"photometric": "rgb"}, "a floating-point TIFF (32 bits per channel)"),
        (RGB[..., 0].astype(np.float16), {"photometric": "minisblack"}, "a floating-point TIFF (16 bits per channel)"),
        (RGB[..., 0].astype(np.float64), {"photometric": "minisblack"}, "a floating-point TIFF (64 bits per channel)"),
        (RGB[..., 0].astype(np.int16), {"photometric": "minisblack"}, "a TIFF of signed or complex numbers"),
        (RGB[..., 0].astype(np.uint32), {"photometric": "minisblack"}, "a TIFF of 32-bit integers"),
        (DEEP, {"photometric": "cielab"}, "a 16-bit Lab TIFF"),
        (DEEP[..., :2], {"photometric": "minisblack", "planarconfig": "contig"}, "a 16-bit grey TIFF with an alpha"),
        (DEEP.transpose(2, 0, 1).copy(), {"photometric": "rgb", "planarconfig": "separate"}, "(planar)"),
        (RGB, {"photometric": "rgb", "extratags": [(50706, "B", 4, b"\1\4\0\0", True)]}, "a camera's raw file"),
        (RGB, {"photometric": "rgb", "subfiletype": 1}, "a camera's raw file"),
    ],
    ids=str,
)
def test_tiffs_that_we_cannot_read_right(array, options, what):
    error = refusal(tiff(array, **options))
    assert what in error.sentence
    assert "Save it as a plain 8- or 16-bit RGB TIFF or PNG" in error.remedy


def test_float_pictures_of_other_kinds():
    assert "floating-point" in refusal(b"Pf\n2 2\n-1.0\n" + bytes(16)).sentence


@pytest.mark.parametrize(
    ("width", "height", "numbers"),
    [
        (20_000, 15_000, ("20000 × 15000", "300 megapixels", f"{MAX_PIXELS / 1e6:.4g} megapixels")),
        (12_248, 12_248, ("12248 × 12248", "150 megapixels")),
        (MAX_SIDE + 1, 10, (f"{MAX_SIDE + 1} × 10", f"{MAX_SIDE} pixels")),
    ],
)
@pytest.mark.parametrize("depth", [8, 16])
def test_too_large_is_refused_by_the_declared_size(width, height, numbers, depth):
    """A zip bomb: a few kilobytes that would unpack to a gigabyte. Nothing is unpacked."""
    bomb = png(width, height, depth, 2, b"")
    assert len(bomb) < 1000
    tracemalloc.start()
    error = refusal(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert all(number in error.sentence for number in numbers), error.sentence
    assert peak < 20e6


@pytest.mark.parametrize("kind", ["GIF", "BMP", "PSD"])
def test_every_format_declares_its_size(kind):
    side = 30_000
    data = {
        "GIF": b"GIF89a"
        + struct.pack("<HHBBB", side, side, 0, 0, 0)
        + b","
        + struct.pack("<HHHHB", 0, 0, side, side, 0)
        + b"\x02\x00;",
        "BMP": b"BM"
        + struct.pack("<IHHI", 0, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0),
        "PSD": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, side, side, 8, 3) + bytes(14),
    }[kind]
    assert "900 megapixels" in refusal(data + bytes(64)).sentence


def test_a_bomb_in_a_text_chunk():
    chunk = b"Comment\0\0" + zlib.compress(bytes(50_000_000), 9)
    tracemalloc.start()
    assert not _survives(png(4, 4, 8, 2, bytes(48), chunks=((b"zTXt", chunk),)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6


def test_a_pipe_without_end(monkeypatch):
    monkeypatch.setattr(picture_source, "MAX_FILE_BYTES", 1000)

    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            buffer[:] = bytes(len(buffer))
            return len(buffer)

    assert "longer than 1000 bytes" in refusal(io.BufferedReader(Endless())).sentence


def test_random_bytes_after_every_magic_are_refused_in_a_sentence():
    rng = np.random.default_rng(5)
    for magic in (
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
        b"RIFF\0\1\0\0WEBPVP8 ",
        b"GIF89a",
        b"BM",
        b"8BPS\0\1",
        b"P6 ",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"qoif",
        b"\0\0\0\x1cftypavif",
    ):
        for _ in range(12):
            data = magic + rng.integers(0, 256, 300, np.uint8).tobytes()
            assert not _survives(data)


def test_flipped_bytes_never_escape_as_anything_else():
    rng = np.random.default_rng(6)
    small = Image.fromarray(RGB[:12, :10])
    wholes = [encoded(small, kind) for kind in ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "QOI", "JPEG2000")]
    survived = []
    for whole in [*wholes, encoded(small.quantize(8), "PNG"), tiff(DEEP[:9, :9, 0], photometric="minisblack")]:
        for _ in range(25):
            data = bytearray(whole)
            for _ in range(rng.integers(1, 4)):
                data[rng.integers(len(data))] = rng.integers(256)
            survived.append(_survives(bytes(data)))
    assert 0 < sum(survived) < len(survived)  # both happen: the flips are neither too weak nor too strong


def _survives(data: bytes) -> bool:
    """Whether it is read; anything but a Document or a proper refusal fails the test."""
    with suppress(InputError):
        return isinstance(picture.read(data), Document)
    return False
