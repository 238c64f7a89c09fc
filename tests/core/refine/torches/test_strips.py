"""The whole way through a device: exact in NumPy's arithmetic, and NumPy's but for rounding. The device is the
processor; who has a card names it in LAYERLIFT_TEST_DEVICE ("cuda")."""

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="the GPU path needs PyTorch, which is not installed here")

from torch.utils._python_dispatch import TorchDispatchMode

from core.refine.test_chroma import through_jpeg
from core.refine.test_quality import flattened, rough, scene
from core.refine.test_refine import HOSTS, check_is_the_document, error, random_document, random_rough
from core.refine.torches.test_unmix import TYPICAL
from layerlift.errors import Cancelled
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Document
from layerlift.imaging.resample import reduce
from layerlift.progress import Progress
from layerlift.refine import refine
from layerlift.refine.chroma import restored
from layerlift.refine.rough import grid_for, read
from layerlift.refine.torches import strips
from layerlift.refine.torches.device import Device
from layerlift.refine.torches.picture import Picture
from layerlift.refine.understand import understand

DEVICE = os.environ.get("LAYERLIFT_TEST_DEVICE", "cpu")


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    ratio=st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.7, 8.0]),
    count=st.integers(1, 10),
    dtype=st.sampled_from([np.uint8, np.uint16]),
    translucent=st.booleans(),
    uncertainty=st.sampled_from([0.5, 1.0]),
)
def test_the_composite_is_the_document(seed, size, ratio, count, dtype, translucent, uncertainty):
    rng = np.random.default_rng(seed)
    document = random_document(rng, Extent(*size), dtype, translucent)
    small = Extent(max(1, round(size[0] / ratio)), max(1, round(size[1] / ratio)))
    stack = refine(document, random_rough(rng, small, count), edge_uncertainty=uncertainty, device=DEVICE)
    check_is_the_document(document, stack)


@pytest.mark.parametrize("arithmetic", HOSTS)
def test_every_arithmetic_can_be_aimed_at(arithmetic):
    rng = np.random.default_rng(3)
    document = random_document(rng, Extent(61, 47), np.uint8, False)
    stack = refine(document, random_rough(rng, Extent(20, 15), 6), arithmetic=arithmetic, device=DEVICE)
    assert (composite(stack, arithmetic) == document.pixels).all()
    assert max(error(document, stack, host) for host in HOSTS) <= 1.001


def as_document(kind):
    document = flattened(scene())
    pixels = document.pixels.copy()
    if kind == "translucent":
        pixels[100:140, :, 3] = np.linspace(0, 255, pixels.shape[1]).astype(np.uint8)
    if kind == "jpeg":
        pixels[..., :3] = through_jpeg(pixels[..., :3])
    return Document(pixels if kind != "deep" else pixels.astype(np.uint16) * 257)


def test_the_layers_are_those_of_numpy_but_for_rounding():
    for kind in ("plain", "translucent", "deep", "jpeg"):
        document, stack = as_document(kind), rough(scene(), shift=1)
        ours, theirs = refine(document, stack), refine(document, stack, device=DEVICE)
        scale = 255 if document.depth == 8 else 65535
        assert theirs.drift.mean == pytest.approx(ours.drift.mean, abs=1e-4)
        for one, other in zip(ours.layers, theirs.layers, strict=True):
            assert (one.name, one.role, one.opacity, one.blend_mode) == (other.name, other.role, 1.0, "normal")
            a, b = (layer.on(document.extent).astype(np.float64) / scale for layer in (one, other))
            assert np.abs(a - b)[..., 3].mean() < TYPICAL
            assert (np.abs(a - b).max(-1) > 1.01 / 255).mean() < 1e-4  # colours too: one pixel in ten thousand


def understood(document):
    stack = rough(scene(), shift=1)
    grid = grid_for(document, stack)
    asked = restored(document, reduce(document.pixels, grid.cells))
    found = understand(asked or document, grid, read(stack, grid, None)[0], False, "krita", Progress())
    return replace(found, document=document, asked=asked)


def painted(document, known, room=1 << 28, rows=None, progress=None):
    return strips.paint(Picture(Device("cpu", room), document), known, progress or Progress(), rows=rows)


@pytest.mark.parametrize("kind", ["plain", "translucent", "deep", "jpeg"])
@pytest.mark.parametrize(("room", "rows"), [(1 << 28, 37), (1 << 28, 1000), (1 << 19, None)])
def test_neither_strips_nor_room_show(kind, room, rows):
    document = as_document(kind)
    known = understood(document)
    assert (known.asked is not None) == (kind == "jpeg")
    level = 1 if document.depth == 8 else 257
    for one, other in zip(painted(document, known), painted(document, known, room, rows), strict=True):
        assert one.bounds == other.bounds
        difference = np.abs(one.pixels.astype(np.int64) - other.pixels.astype(np.int64)).max(-1)
        # A processor computes exponentials in lanes, and otherwise at the end of a list; a card should not (unseen).
        assert (difference > 0).mean() < 1e-3
        assert (difference > level).mean() < 1e-4


def test_the_same_again_is_the_same_to_the_last_bit():
    document, stack = as_document("translucent"), rough(scene(), shift=1)
    once, again = (refine(document, stack, device=DEVICE) for _ in range(2))
    for one, other in zip(once.layers, again.layers, strict=True):
        assert one.bounds == other.bounds
        assert (one.pixels == other.pixels).all()


def test_layers_are_cut_to_their_alpha_and_empty_ones_are_one_pixel():
    document = as_document("plain")
    known = understood(document)
    known.models[1].lead[..., 3] = 0
    known.cells.mixed[:] = 0
    known.cells.base[:] = 0
    for rows in (None, 50):
        ground, nothing = painted(document, known, rows=rows)
        assert (ground.pixels == document.pixels).all()
        assert nothing.pixels.shape == (1, 1, 4)
        assert not nothing.pixels.any()


def test_a_cancel_is_heard_after_a_strip():
    """The fourth report is followed by no other strip."""
    document = as_document("plain")
    known, heard = understood(document), []

    def listen(report):
        heard.append(report.fraction)
        if len(heard) == 4:
            progress.cancel()

    progress = Progress(listen)
    with pytest.raises(Cancelled):
        painted(document, known, rows=16, progress=progress)
    assert heard == pytest.approx([0.95 * 16 * k / document.extent.height for k in (1, 2, 3, 4)])


class Counting(TorchDispatchMode):
    """Counts operations, and calls `then` after so many."""

    def __init__(self, after=0, then=None):
        super().__init__()
        self.count, self.after, self.then = 0, after, then

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += 1
        if self.count == self.after:
            self.then()
        return func(*args, **(kwargs or {}))


def test_a_cancel_is_heard_within_a_strip():
    document = as_document("plain")
    known, progress = understood(document), Progress()
    with Counting() as whole:
        painted(document, known)
    with Counting(whole.count // 10, progress.cancel) as part, pytest.raises(Cancelled):
        painted(document, known, progress=progress)
    assert part.count < whole.count / 2
