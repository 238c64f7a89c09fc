"""edit, inpaint, extend, generate and harmonise by a server: the same results as here."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.cli.processes import FAKE
from core.client.real import running
from layerlift import formats
from layerlift.imaging.layer import LayerStack

pytest.importorskip("aiohttp")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("server")) as folder:
        yield folder


def same(there: LayerStack, here: LayerStack) -> bool:
    return there.extent == here.extent and all(
        a.name == b.name and a.bounds == b.bounds and (a.pixels == b.pixels).all()
        for a, b in zip(there.layers, here.layers, strict=True)
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("decompose", "photo.png", "--edges", "careful"),
        ("edit", "photo.png", "make it night", "--seed", "3"),
        ("inpaint", "photo.png", "--box", "10,10,20,15", "--prompt", "a hat", "--steps", "4"),
        ("inpaint", "photo.png", "--polygon", "5,5 30,8 20,30", "--feather", "3"),
        ("extend", "photo.png", "--to", "2:1"),
        ("generate", "a red fox", "--size", "64x48"),
        ("generate", "a red fox", "--from", "photo.png", "--strength", "0.3", "--layers", "auto"),
        ("harmonise", "photo.png"),
        ("edit", "layers.psd", "give band 2 a hat"),
        ("edit", "layers.psd", "move band 2 3 px right"),
        ("extend", "layers.psd", "--left", "9"),
    ],
    ids=lambda arguments: " ".join(arguments[:3]),
)
def test_there_is_as_here(server, layerlift, picture, arguments):
    picture()
    assert layerlift("decompose", "photo.png", "-o", "layers.psd", "-q", *FAKE)[0] == 0
    assert layerlift(*arguments, "-o", "here.psd", "-q", *FAKE)[0] == 0
    code, out, err = layerlift(*arguments, "-o", "there.psd", "-q", *FAKE, "--server")
    assert (code, out, err) == (0, "", "")
    assert same(formats.read("there.psd"), formats.read("here.psd"))


def test_what_the_server_refuses_is_one_sentence(server, layerlift, picture):
    picture()
    code, _, err = layerlift(
        "inpaint", "photo.png", "--box", "1,1,9,9", "--prompt", "x", "--engine", "quick", "--server"
    )
    assert code in (1, 2)
    assert "cannot draw what a prompt says" in err
    assert not Path("photo-filled.psd").exists()
