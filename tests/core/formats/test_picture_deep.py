"""16 bit: every number arrives whole, whatever the container; what is lost is told."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from core.formats.pictures import encoded, grey_as_rgba, opaque, png16, random_array, tiff
from core.imaging import profiles
from layerlift.formats import picture

RGBA = random_array(7, 5, 4)
DEEP = random_array(7, 5, 4, np.uint16)
DEPTHS = {np.uint8: 255, np.uint16: 65535}


@pytest.mark.parametrize(
    ("array", "data"),
    [
        (DEEP, png16(DEEP)),
        (opaque(DEEP[..., :3]), png16(DEEP[..., :3])),
        (np.dstack([np.repeat(DEEP[..., :1], 3, axis=2), DEEP[..., 1]]), png16(DEEP[..., :2])),
        (grey_as_rgba(DEEP[..., 0]), png16(DEEP[..., :1])),
        (DEEP, tiff(DEEP, photometric="rgb", extrasamples=["unassalpha"])),
        (opaque(DEEP[..., :3]), tiff(DEEP[..., :3], photometric="rgb", byteorder=">")),
        (opaque(DEEP[..., :3]), tiff(DEEP[..., :3], photometric="rgb", compression="zlib", predictor=True)),
        (opaque(DEEP[..., :3]), tiff(DEEP[..., :3], photometric="rgb", tile=(16, 16))),
        (opaque(DEEP[..., :3]), tiff(DEEP[..., :3], photometric="rgb", bigtiff=True)),
        (grey_as_rgba(DEEP[..., 0]), tiff(DEEP[..., 0], photometric="minisblack")),
        (grey_as_rgba(DEEP[..., 0]), tiff(DEEP[..., 0], photometric="minisblack", byteorder=">")),
        (grey_as_rgba(65535 - DEEP[..., 0]), tiff(DEEP[..., 0], photometric="miniswhite")),
        (opaque(DEEP[..., :3]), b"P6 5 7 65535\n" + DEEP[..., :3].astype(">u2").tobytes()),
        (grey_as_rgba(DEEP[..., 0]), b"P5 5 7 65535\n" + DEEP[..., 0].astype(">u2").tobytes()),
    ],
    ids=str,
)
def test_sixteen_bits_arrive_whole(array, data):
    document = picture.read(data)
    assert document.depth == 16
    assert np.array_equal(document.pixels, array)


def test_bits_that_are_lost_are_told():
    import cv2

    ok, jpeg2000 = cv2.imencode(".jp2", np.full((128, 128, 3), 40_000, np.uint16))
    assert ok
    cmyk = tiff(DEEP, photometric="separated")
    for data, bits in ((jpeg2000.tobytes(), 16), (b"P6 2 1 1023\n" + bytes(12), 10), (cmyk, 16)):
        document = picture.read(data)
        assert document.depth == 8
        assert document.notes[0] == f"The picture has {bits} bits per channel: it was reduced to 8."
    shallow = encoded(Image.fromarray(RGBA[..., :3]), "JPEG2000")
    assert picture.read(shallow).notes == ()
    assert np.array_equal(picture.read(shallow).pixels, opaque(RGBA[..., :3]))
    assert picture.read(b"P5 1 1 1023\n\x03\xff").pixels[0, 0, 0] == 65535


def test_sixteen_bit_profiles_are_kept():
    icc = profiles.wide_rgb()
    image = Image.fromarray(RGBA[..., :3])
    assert picture.read(encoded(image, "PNG", icc_profile=icc)).icc == icc
    assert picture.read(tiff(DEEP[..., :3], photometric="rgb", iccprofile=icc)).icc == icc


def test_the_declared_transparent_colour_of_sixteen_bit_pngs():
    colour = DEEP[3, 2, :3]
    document = picture.read(png16(DEEP[..., :3], chunks=((b"tRNS", colour.astype(">u2").tobytes()),)))
    assert document.pixels[3, 2, 3] == 0
    assert np.count_nonzero(document.pixels[..., 3] == 0) == 1
    assert np.array_equal(document.pixels[..., :3], DEEP[..., :3])
    grey = picture.read(png16(DEEP[..., :1], chunks=((b"tRNS", DEEP[1, 1, :1].astype(">u2").tobytes()),)))
    assert grey.pixels[1, 1, 3] == 0
    assert np.count_nonzero(grey.pixels[..., 3] == 0) == np.count_nonzero(DEEP[..., 0] == DEEP[1, 1, 0])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_associated_alpha_is_made_straight(dtype):
    top = DEPTHS[dtype]
    straight = random_array(6, 6, 4, dtype)
    straight[..., 3] |= 1 << (np.iinfo(dtype).bits - 1)  # alpha of a half at least: the way back is defined
    alpha = straight[..., 3:].astype(np.float64) / top
    stored = straight.copy()
    stored[..., :3] = np.rint(straight[..., :3] * alpha)
    stored[0, 0] = 0
    document = picture.read(tiff(stored, photometric="rgb", extrasamples=["assocalpha"]))
    assert np.abs(document.pixels.astype(int) - straight)[1:].max() <= 2
    assert document.pixels[0, 0].tolist() == [0, 0, 0, 0]
