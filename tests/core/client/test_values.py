"""What goes up and what comes down, byte by byte: payloads, layers, masks."""

from __future__ import annotations

import importlib.metadata
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.client.conftest import drawn
from layerlift.client import masking, orders, stack
from layerlift.client.errors import ServerError
from layerlift.client.payload import payload
from layerlift.errors import InputError
from layerlift.imaging.layer import Document, Role
from layerlift.limits import MAX_LAYERS
from layerlift.wire import masking as wire_masking
from layerlift.wire import messages as m
from layerlift.wire import values
from layerlift.wire.rules import broken


@given(st.binary(max_size=5000), st.binary(min_size=4, max_size=4))
def test_masks_as_the_wire_does(data, key):
    view = memoryview(data)
    assert b"".join(masking.masked(view, key)) == b"".join(wire_masking.masked(view, key))


def test_masks_what_is_not_aligned():
    data = bytes(range(256)) * 40
    for start in range(5):
        view = memoryview(data)[start : len(data) - start]
        assert b"".join(masking.masked(view, b"abcd")) == b"".join(wire_masking.masked(view, b"abcd"))


def read_all(sent, length):
    pieces, offset = [], 0
    while offset < sent.size:
        piece = sent.read(offset, length)
        assert 0 < piece.nbytes <= length
        pieces.append(bytes(piece))
        offset += piece.nbytes
    return b"".join(pieces)


@pytest.mark.parametrize("length", [1000, 1 << 18])
@pytest.mark.parametrize("deep", [False, True])
def test_a_document_s_bytes(deep, length):
    document = drawn(33, 21, deep=deep, icc=b"profile")
    mask = np.ones((21, 33), np.uint8)
    sent = payload(document, mask=mask)
    little = document.pixels.astype("<u2" if deep else "u1")
    assert read_all(sent, length) == little.tobytes() + mask.tobytes() + b"profile"
    assert broken(m.Put(1, "0" * 8, sent.size, sent.info)) == ""
    assert sent.notes == ("Converted.",)
    with pytest.raises(EOFError):
        sent.read(sent.size, 1)


def test_names_are_cut_to_what_a_message_holds():
    assert len(payload(Document(drawn().pixels, "猫" * 300)).info.name.encode()) <= 255


def test_a_selection_of_another_size():
    with pytest.raises(InputError, match="Give both one size"):
        payload(drawn(), mask=np.ones((2, 2), np.uint8))


def test_files_that_cannot_be_sent(tmp_path):
    (tmp_path / "empty.png").touch()
    for name, words in (("gone.png", "There is no file"), ("empty.png", "is empty"), (".", "is a folder")):
        with pytest.raises(InputError, match=words):
            payload(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything")
def test_a_file_that_may_not_be_read(tmp_path):
    (tmp_path / "secret.png").write_bytes(b"x")
    (tmp_path / "secret.png").chmod(0)
    with pytest.raises(InputError, match="cannot be opened"):
        payload(tmp_path / "secret.png")


def test_a_file_that_shrinks_on_its_way(tmp_path):
    (tmp_path / "a.png").write_bytes(b"12345678")
    sent = payload(tmp_path / "a.png")
    assert bytes(sent.read(0, 4)) == b"1234"
    (tmp_path / "a.png").write_bytes(b"1234")
    with pytest.raises(InputError, match="changed while it was being sent"):
        sent.read(4, 4)
    sent.close()


def info(**changes):
    known = {
        "index": 0,
        "name": "Sign",
        "role": "text",
        "bounds": values.Bounds(-3, 5, 2, 1),
        "depth": 8,
        "size": 8,
        "digest": "0" * 64,
    }
    return values.LayerInfo(**{**known, **changes})


def test_a_layer_with_everything_it_may_have():
    line = values.TextLine("Hé", (0.0, 1.0, 2.0, 1.0, 2.0, 3.0, 0.0, 3.0), 0.75)
    text = values.Text((line,), (1, 2, 3))
    found = stack.layer(
        info(opacity=0.5, blend_mode="multiply", group=("A", "B"), text=text, confidence=0.25),
        np.arange(8, dtype=np.uint8),
    )
    assert (found.role, found.opacity, found.blend_mode, found.group) == (Role.TEXT, 0.5, "multiply", ("A", "B"))
    assert (found.bounds.x, found.confidence) == (-3, 0.25)
    assert found.pixels.tolist() == [[[0, 1, 2, 3], [4, 5, 6, 7]]]
    assert found.text is not None
    assert (found.text.content, found.text.colour) == ("Hé", (1, 2, 3))
    assert found.text.lines[0].quad == ((0.0, 1.0), (2.0, 1.0), (2.0, 3.0), (0.0, 3.0))


def test_a_role_that_only_newer_servers_know():
    assert stack.layer(info(role="hologram"), np.zeros(8, np.uint8)).role is Role.GRAPHIC


def test_deep_layers():
    data = np.array([1, 2, 3, 65535, 5, 6, 7, 8], "<u2").view(np.uint8)
    found = stack.layer(info(depth=16, size=16), data)
    assert found.pixels.dtype == np.uint16
    assert found.pixels[0, 0].tolist() == [1, 2, 3, 65535]


@pytest.mark.parametrize(
    "changes",
    [
        {"size": 9},
        {"bounds": values.Bounds(0, 0, 0, 1), "size": 0},
        {"bounds": values.Bounds(0, 0, 200_000, 1), "size": 800_000},
        {"bounds": values.Bounds(0, 0, 90_000, 90_000), "size": 4 * 90_000**2},
        {"index": MAX_LAYERS},
    ],
)
def test_no_memory_is_taken_for_what_cannot_be(changes):
    with pytest.raises(ServerError, match="announced something strange"):
        stack.buffer(info(**changes))


@pytest.mark.parametrize("text", [values.Text((), (1, 2)), values.Text((values.TextLine("a", (1.0,)),))])
def test_text_without_corners_or_colour(text):
    with pytest.raises(ServerError, match="four corners"):
        stack.layer(info(text=text), np.zeros(8, np.uint8))


def test_who_we_are(monkeypatch):
    assert orders.library().name == "layerlift"

    def none(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(orders, "version", none)
    assert orders.library().version == "unknown"
