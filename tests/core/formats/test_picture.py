"""Good pictures of every kind: the very numbers, upright, in the right profile, with a note for each conversion."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from core.formats.pictures import encoded, exif, grey_as_rgba, opaque, png, png16, random_array, tiff, turned
from core.imaging import profiles
from layerlift.errors import InputError
from layerlift.formats import picture

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RGBA = random_array(7, 5, 4)
DEEP = random_array(7, 5, 4, np.uint16)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "PPM", "WEBP", "QOI"])
def test_rgb_arrives_unchanged(kind):
    data = encoded(Image.fromarray(RGBA[..., :3]), kind, **({"lossless": True} if kind == "WEBP" else {}))
    document = picture.read(data)
    assert np.array_equal(document.pixels, opaque(RGBA[..., :3]))
    assert (document.depth, document.icc, document.notes, document.name) == (8, None, (), "Picture")


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_rgba_stays_straight_and_complete(kind):
    data = encoded(Image.fromarray(RGBA), kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
    assert np.array_equal(picture.read(data).pixels, RGBA)


def test_jpeg_keeps_its_profile():
    data = encoded(Image.new("RGB", (20, 10), (200, 30, 40)), "JPEG", icc_profile=profiles.wide_rgb(), quality=95)
    document = picture.read(data)
    assert document.icc == profiles.wide_rgb()
    assert document.extent == (20, 10)
    assert document.notes == ()
    assert np.abs(document.pixels[5, 5].astype(int) - (200, 30, 40, 255)).max() <= 2


def test_paths_streams_and_names(tmp_path):
    path = tmp_path / "Ärger 猫.png"
    path.write_bytes(encoded(Image.fromarray(RGBA), "PNG"))
    assert picture.read(path).name == "Ärger 猫"
    assert picture.read(str(path)).name == "Ärger 猫"
    assert picture.read(path, name="Cat").name == "Cat"
    with path.open("rb") as stream:
        assert picture.read(stream).name == "Ärger 猫"
        assert not stream.closed
    assert picture.read(io.BytesIO(path.read_bytes())).name == "Picture"


class Pipe(io.RawIOBase):
    """Bytes that cannot be rewound, like standard input."""

    def __init__(self, data: bytes):
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return self._data.readinto(buffer)


def test_a_pipe_is_read_to_its_end():
    data = encoded(Image.fromarray(RGBA), "PNG")
    assert np.array_equal(picture.read(io.BufferedReader(Pipe(data))).pixels, RGBA)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright(orientation):
    upright = RGBA[..., :3]
    stored = turned(upright, orientation)
    jpeg_like = encoded(Image.fromarray(stored), "PNG", exif=exif(orientation))
    assert np.array_equal(picture.read(jpeg_like).pixels, opaque(upright))
    tag = [(274, "H", 1, orientation, True)]
    assert np.array_equal(picture.read(tiff(stored, photometric="rgb", extratags=tag)).pixels, opaque(upright))
    deep = turned(DEEP[..., :3], orientation)
    expected = opaque(DEEP[..., :3])
    assert np.array_equal(picture.read(tiff(deep, photometric="rgb", extratags=tag)).pixels, expected)
    assert np.array_equal(picture.read(png16(deep, chunks=((b"eXIf", exif(orientation)),))).pixels, expected)
    grey = picture.read(tiff(turned(DEEP[..., 0], orientation), photometric="minisblack", extratags=tag))
    assert np.array_equal(grey.pixels, grey_as_rgba(DEEP[..., 0]))


def test_an_upright_jpeg_of_a_phone():
    stored = Image.new("RGB", (40, 20), "white")
    stored.paste((255, 0, 0), (0, 0, 20, 20))  # red on the left; turned right it is on top
    document = picture.read(encoded(stored, "JPEG", exif=b"Exif\0\0" + exif(6), quality=95))
    assert document.extent == (20, 40)
    assert document.pixels[5, 10, 1] < 40
    assert document.pixels[35, 10, 1] > 200


@pytest.mark.parametrize(
    ("mode", "word"), [("L", "grey"), ("LA", "grey"), ("1", "1-bit black and white"), ("P", "indexed (a palette)")]
)
def test_other_modes_say_so(mode, word):
    image = Image.fromarray(RGBA[..., :3]).convert(mode)
    document = picture.read(encoded(image, "PNG"))
    assert document.notes == (f"The picture was {word}: it was converted to RGB.",)
    assert np.array_equal(document.pixels, np.asarray(image.convert("RGBA")))


def test_declared_transparency_of_eight_bit_pictures():
    palette = ((b"PLTE", bytes(range(9))), (b"tRNS", bytes([255, 0, 128])))
    indexed = picture.read(png(3, 1, 8, 3, bytes([0, 1, 2]), chunks=palette))
    assert indexed.pixels.tolist() == [[[0, 1, 2, 255], [3, 4, 5, 0], [6, 7, 8, 128]]]
    for mode, value in (("L", 77), ("RGB", (1, 2, 3)), ("1", 0)):
        image = Image.new(mode, (4, 4), value)
        image.putpixel((0, 0), 255 if mode != "RGB" else (9, 9, 9))
        document = picture.read(encoded(image, "PNG", transparency=value))
        assert document.pixels[1, 1, 3] == 0, mode
        assert document.pixels[0, 0, 3] == 255, mode


def test_grey_with_a_grey_profile_goes_through_it():
    icc = profiles.grey(1.0)
    ramp = np.arange(256, dtype=np.uint8)[None]
    shallow = picture.read(encoded(Image.fromarray(ramp), "PNG", icc_profile=icc))
    deep = picture.read(tiff(ramp.astype(np.uint16) * 257, photometric="minisblack", iccprofile=icc))
    linear = np.arange(256) / 255
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    for document, depth in ((shallow, 8), (deep, 16)):
        assert (document.icc, document.depth) == (None, depth)
        assert "Grey 1.0" in document.notes[0]
        seen = document.pixels[0, :, 0] / (255 if depth == 8 else 65535)
        assert np.abs(seen - srgb).max() < 2 / 255
        assert (document.pixels[..., 3] == (255 if depth == 8 else 65535)).all()


def test_grey_with_alpha_and_a_grey_profile_keeps_its_alpha():
    image = Image.fromarray(RGBA).convert("LA")
    document = picture.read(encoded(image, "PNG", icc_profile=profiles.grey(2.2)))
    assert np.array_equal(document.pixels[..., 3], np.asarray(image)[..., 1])


def test_grey_with_an_rgb_profile_stays_in_it():
    document = picture.read(encoded(Image.new("L", (3, 3), 90), "PNG", icc_profile=profiles.wide_rgb()))
    assert document.icc == profiles.wide_rgb()
    assert document.pixels[0, 0].tolist() == [90, 90, 90, 255]


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_cmyk_with_its_profile(kind):
    image = Image.new("CMYK", (16, 16), (0, 0, 0, 0))
    image.paste((0, 255, 255, 0), (0, 0, 16, 8))
    document = picture.read(
        encoded(image, kind, icc_profile=profiles.cmyk(), **({"quality": 100} if kind == "JPEG" else {}))
    )
    red, paper = document.pixels[2, 5].astype(int), document.pixels[13, 5]
    assert document.icc is None
    assert document.notes == ("The picture was CMYK: it was converted to sRGB from its profile “Test press”.",)
    assert red[0] > red[1] + 80
    assert paper.min() >= 250


def test_cmyk_without_a_profile():
    document = picture.read(encoded(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "TIFF"))
    assert document.pixels[0, 0].tolist() == [255, 0, 0, 255]
    assert "without a profile" in document.notes[0]


def test_lab_tiff():
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = ImageCms.applyTransform(Image.new("RGB", (6, 4), (200, 50, 30)), to_lab)
    document = picture.read(encoded(lab, "TIFF"))
    assert np.abs(document.pixels[0, 0].astype(int) - (200, 50, 30, 255)).max() <= 3
    assert document.notes == ("The picture was Lab: it was converted to sRGB.",)


@pytest.mark.parametrize(
    ("icc", "word"),
    [(b"rubbish", "broken"), (SRGB[:300], "broken"), (profiles.cmyk(), "CMYK"), (profiles.grey(2.0), "GRAY")],
)
def test_profiles_that_cannot_be_are_ignored_with_a_note(icc, word):
    document = picture.read(encoded(Image.fromarray(RGBA), "PNG", icc_profile=icc))
    assert document.icc is None
    assert np.array_equal(document.pixels, RGBA)
    assert len(document.notes) == 1
    assert word in document.notes[0]
    assert "ignored" in document.notes[0]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animations_give_their_first_frame(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    document = picture.read(data)
    assert document.pixels[4, 4].tolist() == [255, 0, 0, 255]
    assert document.notes[0] == "The picture is an animation of 3 frames: the first was taken."


def test_the_first_page_of_a_tiff():
    pages = [Image.new("RGB", (3, 3), colour) for colour in ("red", "blue")]
    document = picture.read(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert document.pixels[0, 0].tolist() == [255, 0, 0, 255]
    assert document.notes == ("The file has 2 pages: the first was taken.",)


def test_a_psd_gives_its_merged_picture():
    psd_tools = pytest.importorskip("psd_tools")
    buffer = io.BytesIO()
    psd_tools.PSDImage.frompil(Image.fromarray(RGBA[..., :3])).save(buffer)
    document = picture.read(buffer.getvalue())
    assert np.array_equal(document.pixels, opaque(RGBA[..., :3]))
    assert "merged picture" in document.notes[0]


def test_one_pixel_and_very_long_pictures():
    assert picture.read(encoded(Image.new("RGB", (1, 1), (1, 2, 3)), "PNG")).pixels.tolist() == [[[1, 2, 3, 255]]]
    line = np.broadcast_to(np.arange(65000, dtype=np.uint16).astype(np.uint8)[None, :, None], (10, 65000, 3))
    document = picture.read(encoded(Image.fromarray(np.ascontiguousarray(line)), "PNG"))
    assert document.extent == (65000, 10)
    assert np.array_equal(document.pixels[..., 0], line[..., 0])


def test_the_program_around_us_keeps_its_pillow(monkeypatch):
    """Neither its limit nor its warnings filter is ours to change, nor do they stop us below our own limit."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100_000)
    filters = list(warnings.filters)
    big = random_array(500, 700, 3)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(encoded(Image.fromarray(big), "PNG")))
    assert np.array_equal(picture.read(encoded(Image.fromarray(big), "PNG")).pixels[..., :3], big)
    deep = big.astype(np.uint16) * 257
    assert np.array_equal(picture.read(png16(deep)).pixels[..., :3], deep)
    assert Image.MAX_IMAGE_PIXELS == 100_000
    assert warnings.filters == filters


def test_strips_meet_without_a_seam(monkeypatch):
    from layerlift.formats import picture_modes

    monkeypatch.setattr(picture_modes, "_STRIP_PIXELS", 12)
    palette = Image.fromarray(RGBA[..., :3]).quantize(9)
    assert np.array_equal(picture.read(encoded(palette, "PNG")).pixels, np.asarray(palette.convert("RGBA")))


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([0, 3, 4]), st.sampled_from([np.uint8, np.uint16]))
@settings(max_examples=40, deadline=None)
def test_arrays_become_documents(height, width, channels, dtype):
    array = random_array(height, width, max(1, channels), dtype, seed=height * 10 + width)
    document = picture.from_array(array if channels else array[..., 0], name="Array", icc=SRGB)
    expected = array if channels == 4 else opaque(array) if channels == 3 else grey_as_rgba(array)
    assert np.array_equal(document.pixels, expected)
    assert (document.name, document.icc) == ("Array", SRGB)
    array[:] = 0
    assert np.array_equal(document.pixels[..., 3] > 0, expected[..., 3] > 0) or channels == 4


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 2), np.float32), np.zeros((2, 2, 2), np.uint8), np.zeros(4, np.uint8), np.zeros((2, 2, 4), np.int32)],
    ids=str,
)
def test_other_arrays_are_refused(array):
    with pytest.raises(InputError, match="is not a picture") as refused:
        picture.from_array(array)
    assert str(array.shape) in str(refused.value)
    assert "H×W×4" in refused.value.remedy


def test_empty_arrays_are_refused():
    with pytest.raises(InputError, match="0 × 5 pixels"):
        picture.from_array(np.zeros((5, 0, 3), np.uint8))


def test_pillow_images_become_documents():
    image = Image.fromarray(RGBA)
    image.info["icc_profile"] = SRGB
    document = picture.from_image(image, name="Image")
    assert np.array_equal(document.pixels, RGBA)
    assert (document.icc, document.name) == (SRGB, "Image")
    assert np.array_equal(picture.from_image(Image.fromarray(DEEP[..., 0])).pixels, grey_as_rgba(DEEP[..., 0]))
    for mode in ("YCbCr", "HSV", "PA", "RGBX", "RGBa", "La"):
        plain = Image.new("RGBA", (3, 2), (200, 100, 50, 255))
        step = (
            plain.convert("LA") if mode == "La" else plain.convert("RGB") if mode in ("YCbCr", "HSV", "RGBX") else plain
        )
        assert picture.from_image(step.convert(mode)).pixels.shape == (2, 3, 4)


@pytest.mark.parametrize(("mode", "word"), [("F", "floating-point"), ("I", "32-bit integer")])
def test_pillow_images_that_are_no_pictures(mode, word):
    with pytest.raises(InputError, match=word):
        picture.from_image(Image.new(mode, (2, 2)))
