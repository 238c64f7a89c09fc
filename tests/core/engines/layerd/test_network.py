"""ONNX files as functions: right answers, broken ones explained, cancelled in the middle."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from layerlift.engines.layerd import matting
from layerlift.engines.layerd.network import load
from layerlift.errors import Cancelled, EngineError
from layerlift.progress import Progress
from models import networks

RED, BLUE, WHITE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 1.0)


def halves(left: tuple[float, ...], right: tuple[float, ...]) -> np.ndarray:
    image = np.empty((60, 80, 3), np.float32)
    image[:, :40], image[:, 40:] = left, right
    return image


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize("side", [128, "size"])
def test_alpha_of_any_file_of_the_signature(tmp_path: Path, half: bool, logits: bool, side: int | str) -> None:
    network = load(networks.matter(tmp_path / "m.onnx", side, half=half, logits=logits))
    alpha = matting.alpha(network, halves(RED, WHITE), Progress())
    assert alpha.shape == (60, 80)
    assert alpha[:, :38].min() > 0.99
    assert alpha[:, 42:].max() < 0.01


def test_blue_is_in_front_only_where_there_is_no_red(tmp_path: Path) -> None:
    network = load(networks.matter(tmp_path / "m.onnx"))
    assert matting.alpha(network, halves(BLUE, RED), Progress())[:, :38].max() < 0.01
    assert matting.alpha(network, halves(BLUE, WHITE), Progress())[:, :38].min() > 0.99


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = networks.matter(tmp_path / "m.onnx")
    first = load(path)
    assert load(path) is first
    path.write_bytes(networks.matter(tmp_path / "n.onnx", 64).read_bytes())
    assert load(path).side() == 64


def test_what_is_no_network_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"\0" * 1000)
    with pytest.raises(EngineError, match=r"m\.onnx could not be loaded") as caught:
        load(path)
    assert "models download" in caught.value.remedy


def test_numbers_that_are_none_are_explained(tmp_path: Path) -> None:
    network = load(networks.broken(tmp_path / "m.onnx"))
    with pytest.raises(EngineError, match="no numbers"):
        matting.alpha(network, halves(RED, WHITE), Progress())


def test_another_signature_is_explained(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="takes 2 inputs, not 1"):
        matting.alpha(load(networks.filler(tmp_path / "l.onnx")), halves(RED, WHITE), Progress())


class Impatient(Progress):
    """Cancels as soon as somebody asks whether it was: only who is in the middle of computing does."""

    @property
    def cancelled(self) -> bool:
        self.cancel()
        return super().cancelled


def test_cancelling_stops_it_in_the_middle(tmp_path: Path) -> None:
    """It would compute on and on (4000 nodes over 512²); cancelled, the thread that ran it is gone."""
    network = load(networks.slow(tmp_path / "m.onnx"))
    with pytest.raises(Cancelled):
        matting.alpha(network, halves(RED, WHITE), Impatient())
    assert not [thread for thread in threading.enumerate() if thread.name == "layerd network"]
