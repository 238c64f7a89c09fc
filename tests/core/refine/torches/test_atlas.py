import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the GPU path needs PyTorch, which is not installed here")
# ruff: noqa: E402 (what follows loads PyTorch)

from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, Role
from layerlift.imaging.resample import Grid, sample
from layerlift.refine.grain import grain as grain_in_numpy
from layerlift.refine.models import LayerModel
from layerlift.refine.torches.atlas import Atlas, Models
from layerlift.refine.torches.device import Device
from layerlift.refine.torches.grain import grain


def models(rng, boxes):
    source = Layer("x", Role.GRAPHIC, Bounds(0, 0, 1, 1), np.zeros((1, 1, 4), np.uint8))
    made = []
    for box in boxes:
        size, quarter = (box.height, box.width), (-(-box.height // 4), -(-box.width // 4))
        lead, nature = rng.random((*size, 4)).astype(np.float32), rng.random((*size, 2)).astype(np.float32)
        spread = np.zeros((2, *quarter, 3), np.float32)  # positive definite: a diagonal, and less beside it
        for half, channel, share in ((0, 0, 1.0), (1, 0, 1.0), (1, 2, 1.0), (0, 1, 0.3), (0, 2, 0.2), (1, 1, 0.1)):
            spread[half, ..., channel] = share * (0.003 * np.linspace(0, 1, quarter[1]) + 1e-4)
        fill, rough = rng.random((3, *size)).astype(np.float32), rng.random(quarter).astype(np.float32)
        made.append(LayerModel(source, box, lead[..., 3].copy(), lead, nature, (spread[0], spread[1]), fill, rough))
    return made


@pytest.mark.parametrize("document", [Extent(163, 101), Extent(24, 16), Extent(41, 16)])
def test_models_are_read_as_opencv_reads_them(document):
    """What is left is the order of float32 operations."""
    grid, boxes = Grid(document, Extent(24, 16)), [Bounds(0, 0, 24, 16), Bounds(5, 3, 9, 7), Bounds(20, 12, 4, 4)]
    stack = models(np.random.default_rng(1), boxes)
    top = document.height // 3  # a strip that begins inside of the picture
    xs = grid.columns(np.arange(document.width, dtype=np.int32))
    ys = grid.rows(np.arange(top, document.height, dtype=np.int32))
    atlas = Atlas(Models(Device("cpu"), stack), xs, ys)
    for place, (model, box) in enumerate(zip(stack, boxes, strict=True)):
        area = grid.pixels(box)
        row, column = (
            plane.ravel()
            for plane in np.meshgrid(np.arange(max(area.y, top), area.bottom), np.arange(area.x, area.right))
        )
        x, y = xs[column] - box.x, ys[row - top] - box.y
        height, width = model.spread[0].shape[:2]
        u = (x + np.float32(0.5)) * np.float32(width / box.width) - np.float32(0.5)
        v = (y + np.float32(0.5)) * np.float32(height / box.height) - np.float32(0.5)
        at = torch.from_numpy(row - top), torch.from_numpy(column)
        fine, coarse = atlas.read(torch.full((row.size,), place), *at)
        (alpha, edge), rough = atlas.hidden(place, *at)
        for theirs, ours in (
            (fine[:4], sample(model.lead, x, y)),
            (fine[4:], sample(model.nature, x, y)),
            (coarse, np.concatenate([sample(half, u, v) for half in model.spread])),
            (alpha, sample(model.alpha, x, y)),
            (edge, sample(model.nature, x, y)[0]),
            (rough, sample(model.grain, u, v)),
            (atlas.fill(place, *at), np.stack([sample(plane, x, y, cubic=True) for plane in model.fill])),
        ):
            assert np.abs(theirs.numpy() - ours).max() < 2e-6


def test_grain_is_the_same_noise_bit_for_bit():
    rng = np.random.default_rng(0)
    row, column = rng.integers(0, 100_000, 50_000), rng.integers(0, 100_000, 50_000)
    for layer in (0, 1, 63):
        theirs = grain(torch.from_numpy(row), torch.from_numpy(column), layer).numpy()
        assert (theirs == grain_in_numpy(row, column, layer)).all()
