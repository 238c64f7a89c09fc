"""What may come back, and what may not."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.engines.remote.fake_server import bomb
from layerlift.engines.remote import answers
from layerlift.engines.remote.exchange import Answer
from layerlift.engines.remote.trouble import Kind, Trouble
from layerlift.imaging.geometry import Extent


def packed(image: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def answer(*files: bytes) -> Answer:
    data = [{"b64_json": base64.b64encode(file).decode()} for file in files]
    return Answer(200, json.dumps({"created": 1, "data": data}).encode())


@pytest.mark.parametrize("mode", ["RGBA", "RGB", "L", "LA", "P", "1", "I;16"])
def test_every_png_becomes_rgba(mode: str) -> None:
    image = Image.new(mode, (7, 5), 1 if mode in ("P", "1") else None)
    [found] = answers.pictures(answer(packed(image)), 1, 35)
    assert found.shape == (5, 7, 4)
    assert found.dtype == np.uint8
    assert (found[..., 3] == (0 if mode in ("RGBA", "LA") else 255)).all()


def test_colours_and_alpha_stay() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (6, 9, 4), np.uint8)
    [found] = answers.pictures(answer(packed(Image.fromarray(pixels))), 1, 100)
    np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no JSON"),
        (b"<html>", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no pictures"),
        (b"{}", "no pictures"),
        (b'{"data": {}}', "no pictures"),
        (b'{"data": []}', "no pictures"),
        (b'{"data": [1]}', "no pictures"),
        (b'{"data": [{"url": "http://x"}]}', "no pictures"),
        (b'{"data": [{"b64_json": 1}]}', "no pictures"),
        (b'{"data": [{"b64_json": "a!"}]}', "damaged"),
        (b'{"data": [{"b64_json": "\\ud800"}]}', "damaged"),
        (b'{"data": [{"b64_json": ""}]}', "something else than PNG"),
        (b'{"data": [{}, {}]}', "2 pictures instead of 1"),
    ],
)
def test_an_answer_without_pictures_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(Trouble, match=words) as refused:
        answers.pictures(Answer(200, body), 1, 100)
    assert refused.value.kind is Kind.GARBAGE


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (packed(Image.new("RGB", (5, 5)), "JPEG"), "something else than PNG"),
        (packed(Image.new("RGB", (5, 5)), "WEBP"), "something else than PNG"),
        (bomb(60000, 60000), "60000×60000"),
        (bomb(2**31, 2**31), "far more than was asked for"),
        (bomb(0, 10), "damaged"),
        (bomb(10, 10)[:40], "damaged"),
        (packed(Image.new("RGB", (5, 5)))[:20], "something else than PNG"),
        (packed(Image.new("RGB", (11, 10))), "11×10"),
    ],
)
def test_a_picture_that_is_none_is_refused_before_it_is_decoded(file: bytes, words: str) -> None:
    with pytest.raises(Trouble, match=words):
        answers.pictures(answer(file), 1, 100)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Kind.REFUSED), (401, Kind.KEY), (403, Kind.KEY), (404, Kind.REFUSED), (422, Kind.REFUSED),
        (429, Kind.BUSY), (500, Kind.BROKEN), (502, Kind.BROKEN), (503, Kind.BUSY), (504, Kind.BROKEN),
        (307, Kind.GARBAGE), (204, Kind.GARBAGE),
    ],
)  # fmt: skip
def test_a_status_says_whose_fault_it_is(status: int, kind: Kind) -> None:
    with pytest.raises(Trouble, match=str(status)) as refused:
        answers.pictures(Answer(status, b"", 7.0), 1, 100)
    assert refused.value.kind is kind
    assert refused.value.after == (7.0 if kind is Kind.BUSY else None)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": "Invalid size format: '1024x'."}, "Invalid size format: '1024x'."),
        ({"detail": [{"loc": ["body"], "msg": "field required"}, {"msg": "two"}]}, "field required; two"),
        ({"error": {"message": "no\n\x1b[31mred\x07", "type": "x"}}, "no [31mred"),
        ({"error": "Unauthorized"}, "Unauthorized"),
        ({"object": "error", "message": "m"}, "m"),
        ({"detail": "x" * 5000}, "x" * 200 + "…"),
        ({"detail": 5}, ""),
        ([], ""),
    ],
)
def test_a_server_s_own_words_are_passed_on_without_what_harms(body: Any, said: str) -> None:
    assert answers.words(json.dumps(body).encode()) == said


@given(st.binary(max_size=300))
def test_no_bytes_break_it(body: bytes) -> None:
    for found in (Answer(200, body), answer(body), answer(bomb(9, 9)[:33] + body)):
        try:
            answers.pictures(found, 1, 100)
        except Trouble:
            continue


def test_there_is_room_for_the_worst_picture_and_little_more() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 400, 4), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "PNG", compress_level=0)
    worst = answer(*[out.getvalue()] * 3).body
    assert len(worst) <= answers.room(3, 300 * 400) <= 1.5 * len(worst)


def test_shapes_may_be_rounded_and_no_more() -> None:
    asked = Extent(739, 555)
    answers.shaped(np.zeros((544, 736, 4), np.uint8), asked)
    answers.shaped(np.zeros((896, 1184, 4), np.uint8), asked)
    answers.shaped(np.zeros((128, 2848, 4), np.uint8), Extent(640, 32))
    with pytest.raises(Trouble, match="640×640 for a picture of 739×555"):
        answers.shaped(np.zeros((640, 640, 4), np.uint8), asked)


def test_sizes_are_changed_premultiplied() -> None:
    picture = np.zeros((40, 40, 4), np.uint8)
    picture[:, 20:] = (200, 100, 50, 255)
    picture[:, :20, :3] = (0, 255, 0)  # transparent green must not bleed
    for extent in (Extent(20, 20), Extent(77, 50)):
        found = answers.sized(picture, extent)
        assert found.shape == (extent.height, extent.width, 4)
        seen = found[found[..., 3] > 0]
        assert np.abs(seen[:, :3].astype(int) - (200, 100, 50)).max() <= 2
    assert answers.sized(picture, Extent(40, 40)) is picture
