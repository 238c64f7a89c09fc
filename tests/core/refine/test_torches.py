import sys

import numpy as np
import pytest

from core.refine.test_quality import flattened, rough, scene
from layerlift.errors import RequestError
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Layer, Role
from layerlift.refine import refine
from layerlift.refine.models import LayerModel
from layerlift.refine.torches import torch_unmix
from layerlift.refine.unmix import Points, unmix

TYPICAL, WORST = 1e-5, 1e-3
"""Mean and largest difference of alpha between the two (measured: 7e-8 and 4e-5 on these models)."""


def models(count, rng):
    source = Layer("x", Role.GRAPHIC, Bounds(0, 0, 1, 1), np.zeros((1, 1, 4), np.uint8))
    made = []
    for place in range(count):
        box = Bounds(0, 0, 24, 16) if place == 0 else Bounds(2 * place, place, 12, 10)
        size = (box.height, box.width)
        lead, nature = rng.random((*size, 4)).astype(np.float32), rng.random((*size, 2)).astype(np.float32)
        spread = np.zeros((2, -(-box.height // 4), -(-box.width // 4), 3), np.float32)
        spread[0, ..., 0] = spread[1, ..., 0] = spread[1, ..., 2] = 0.003 * rng.random(spread.shape[1:3]) + 1e-4
        spread[0, ..., 1] = spread[0, ..., 0] * 0.3
        fill = np.zeros((3, *size), np.float32)
        made.append(LayerModel(source, box, lead[..., 3].copy(), lead, nature, (spread[0], spread[1]), fill))
    return made


def test_torch_and_numpy_agree():
    pytest.importorskip("torch", reason="the GPU path needs PyTorch, which is not installed here")
    rng = np.random.default_rng(4)
    stack, count = models(5, rng), 4000
    points = Points(
        rng.random((3, count)).astype(np.float32),
        (rng.random(count) * 23).astype(np.float32),
        (rng.random(count) * 15).astype(np.float32),
        (rng.random(count) < 0.2).astype(np.uint8),
        (rng.integers(0, 8, count) << 2).astype(np.uint64),
    )
    ours, theirs = unmix(points, stack), torch_unmix("cpu")(points, stack)
    assert [share.layer for share in ours] == [share.layer for share in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert (one.at == other.at).all()
        difference = np.abs(one.alpha - other.alpha)
        assert difference.mean() < TYPICAL
        assert difference.max() < WORST
        assert np.allclose(one.spread, other.spread, rtol=1e-3)


def test_the_whole_refinement_on_torch_is_exact_and_the_same_but_for_rounding():
    pytest.importorskip("torch", reason="the GPU path needs PyTorch, which is not installed here")
    layers = scene()
    document = flattened(layers)
    numpy, torch = refine(document, rough(layers)), refine(document, rough(layers), device="cpu")
    assert (composite(torch, "krita") == document.pixels).all()
    for one, other in zip(numpy.layers, torch.layers, strict=True):
        a, b = (layer.on(document.extent)[..., 3].astype(np.int32) for layer in (one, other))
        assert np.abs(a - b).mean() < 255 * TYPICAL


def test_a_missing_torch_is_said_in_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(RequestError, match="needs PyTorch"):
        torch_unmix("cuda")
