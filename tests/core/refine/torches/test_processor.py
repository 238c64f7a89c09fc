"""When a device is used, and what happens when it has no room or fails."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the GPU path needs PyTorch, which is not installed here")
# ruff: noqa: E402 (what follows loads PyTorch)

from torch.utils._python_dispatch import TorchDispatchMode

from core.refine.test_quality import flattened, rough, scene
from layerlift.errors import RequestError
from layerlift.imaging.arithmetic import composite
from layerlift.refine import refine
from layerlift.refine.torches import torch_processor
from layerlift.refine.torches.device import Device
from layerlift.refine.torches.processor import FAILED, NO_ROOM, WORTH, TorchProcessor, opened


class Card(TorchDispatchMode):
    """A card on which nothing larger than `limit` bytes can be made; `refused` counts. `reason`: it fails otherwise."""

    def __init__(self, limit, reason=None):
        super().__init__()
        self.limit, self.reason, self.refused = limit, reason, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor) and out.untyped_storage().nbytes() > self.limit:
            self.refused += 1
            if self.reason is not None:
                raise RuntimeError(self.reason)
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return out


def same(one, other):
    return all((a.pixels == b.pixels).all() for a, b in zip(one.layers, other.layers, strict=True))


@pytest.fixture
def asked():
    layers = scene()
    return flattened(layers), rough(layers)


def through(asked, card, monkeypatch, *, sure=True):
    """Refined with a processor of our own making, of which the others know nothing."""
    document, stack = asked
    made = TorchProcessor(Device("cpu"), document, sure=sure)
    monkeypatch.setattr("layerlift.refine.torch_processor", lambda device, given: made)
    with card:
        return refine(document, stack, device="cuda")


def test_careful_edges_are_found_on_the_processor(asked):
    document, stack = asked
    careful = refine(document, stack, device="cpu", edges="careful")
    here = refine(document, stack, edges="careful")
    assert (composite(careful, "krita") == document.pixels).all()
    assert not same(here, refine(document, stack))
    for one, other in zip(careful.layers, here.layers, strict=True):  # models were learnt on the device: roundings
        ours, theirs = (layer.on(document.extent)[..., 3].astype(int) for layer in (one, other))
        assert (abs(ours - theirs) > 1).mean() < 1e-4


def test_less_room_than_was_thought_means_smaller_strips(asked, monkeypatch):
    card = Card(2_500_000)
    monkeypatch.setattr("layerlift.refine.torches.processor.NUMPY", None)  # nobody but the device can have made it
    stack = through(asked, card, monkeypatch)
    assert card.refused > 0
    assert NO_ROOM not in stack.notes
    assert (composite(stack, "krita") == asked[0].pixels).all()


def test_without_any_room_numpy_does_it_and_a_note_says_so(asked, monkeypatch):
    stack = through(asked, Card(1000), monkeypatch)
    assert stack.notes == (NO_ROOM,)
    assert same(stack, refine(*asked))


def test_a_card_that_fails_is_replaced_unless_it_was_asked_for(asked, monkeypatch):
    reason = "CUDA error: an illegal memory access\nand much more"
    stack = through(asked, Card(1000, reason), monkeypatch, sure=False)
    assert stack.notes == (FAILED.format(reason="CUDA error: an illegal memory access"),)
    assert same(stack, refine(*asked))
    with pytest.raises(RuntimeError, match="illegal"):
        through(asked, Card(1000, reason), monkeypatch)


def test_auto_takes_a_card_only_if_torch_is_loaded_and_sees_one(asked, monkeypatch):
    document, _ = asked
    assert torch_processor("auto", document) is None or torch.cuda.is_available()
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: True)))
    made = torch_processor("auto", document)  # PyTorch itself is loaded already, and knows whether there is a card
    assert isinstance(made, TorchProcessor) if torch.cuda.is_available() else made is None
    monkeypatch.delitem(sys.modules, "torch")
    assert torch_processor("auto", document) is None
    assert "torch" not in sys.modules


def test_a_card_with_little_room_is_used_only_if_it_is_named(asked):
    assert Device("cpu").room() < WORTH
    assert isinstance(opened("cpu", asked[0], sure=True), TorchProcessor)
    with pytest.raises(RequestError, match="little room"):
        opened("cpu", asked[0], sure=False)


def test_a_device_that_is_not_there_is_said_in_a_sentence(asked):
    with pytest.raises(RequestError, match="no device “cuda:77”"):
        torch_processor("cuda:77", asked[0])


def test_a_missing_torch_is_said_in_a_sentence(asked, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("layerlift.refine.torches.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(RequestError, match="needs PyTorch"):
        torch_processor("cuda", asked[0])
    assert np.isfinite(refine(*asked, device="auto").drift.mean)


def test_big_arrays_arrive_whole_and_words_keep_their_bits():
    device = Device("cpu")
    for dtype in (np.uint8, np.uint16, np.uint32, np.uint64, np.float32, np.int64, np.bool_):
        array = np.random.default_rng(0).integers(0, 2**62, (7, 5)).astype(dtype)
        out = np.empty_like(array)
        device.take(device.put(array), out)
        assert (out == array).all()
