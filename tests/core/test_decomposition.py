from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import layerlift
from core.imaging.profiles import wide_rgb
from core.stacks import flat
from layerlift import operations
from layerlift.decomposition import as_document, decompose
from layerlift.engines.fake import FakeEngine
from layerlift.engines.port import DecomposeRequest, EngineInfo
from layerlift.errors import Cancelled, EngineError, EngineUnavailable, InputError, RequestError
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.colour import srgb_to_profile8
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document, Layer, LayerStack, Role
from layerlift.progress import Progress, Report

RNG = np.random.default_rng(3)


def photo(width: int = 90, height: int = 64, dtype: type = np.uint8) -> np.ndarray:
    """A picture with large and small structures, opaque."""
    small = RNG.integers(0, 256, (height // 8 + 1, width // 8 + 1, 4), np.uint8)
    pixels = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)).astype(dtype)
    if dtype == np.uint16:
        pixels = pixels * 257 + RNG.integers(0, 100, pixels.shape, np.uint16)
    pixels[..., 3] = np.iinfo(dtype).max
    return pixels


class Scripted:
    """An engine that answers with what the test says."""

    def __init__(self, answer: LayerStack | None = None, **changes: object):
        self.info: EngineInfo = replace(FakeEngine.info, name="scripted", **changes)
        self.answer = answer
        self.asked: list[DecomposeRequest] = []

    def decompose(self, request: DecomposeRequest, progress: Progress) -> LayerStack:
        self.asked.append(request)
        return self.answer if self.answer is not None else FakeEngine().decompose(request, progress)


@pytest.mark.parametrize("arithmetic", ["float", "krita", "gimp", "photoshop"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_composite_is_the_picture_in_every_host(arithmetic: str, dtype: type) -> None:
    pixels = photo(dtype=dtype)
    stack = decompose(pixels, engine="fake", layers=5)
    assert stack.depth == pixels.dtype.itemsize * 8
    assert len(stack.layers) == 5
    difference = np.abs(composite(stack, arithmetic).astype(int) - pixels)
    assert difference.max() <= (1 if dtype == np.uint8 else 257)


def test_a_large_document_is_seen_small_and_answered_large() -> None:
    engine = Scripted(working_pixels=60 * 45)
    pixels = photo(320, 240)
    stack = decompose(pixels, engine=engine)
    assert engine.asked[0].image.shape == (45, 60, 4)
    assert stack.extent == (320, 240)
    assert np.abs(composite(stack).astype(int) - pixels).max() <= 1


@pytest.mark.parametrize("run", [decompose, lambda pixels, **how: perform_decompose(pixels, how)])
def test_careful_edges_are_other_edges_and_as_exact(run) -> None:
    pixels = photo(320, 240)
    fast, usual, careful = (run(pixels, engine="fake", **how) for how in ({"edges": "fast"}, {}, {"edges": "careful"}))
    alphas = [[layer.on(stack.extent)[..., 3] for layer in stack.layers] for stack in (fast, usual, careful)]
    np.testing.assert_array_equal(alphas[0], alphas[1])
    assert not np.array_equal(alphas[0], alphas[2])
    assert np.abs(composite(careful).astype(int) - pixels).max() <= 1


def perform_decompose(pixels: np.ndarray, how: dict[str, Any]) -> LayerStack:
    """The same as an operation with its params."""
    engine = how.pop("engine")
    return operations.run("decompose", engine, document=Document(pixels), params=how)


def test_progress_runs_from_zero_to_one_with_stages() -> None:
    heard: list[Report] = []
    decompose(photo(), engine="fake", progress=Progress(heard.append))
    fractions = [report.fraction for report in heard]
    assert fractions == sorted(fractions)
    assert heard[-1].stage == "Done"
    assert heard[-1].fraction == 1.0
    assert len({report.stage for report in heard}) >= 4


@pytest.mark.parametrize("when", [0.0, 0.3, 0.8])
def test_cancel_at_any_time_raises(when: float) -> None:
    progress = Progress(lambda report: progress.cancel() if report.fraction >= when else None)
    with pytest.raises(Cancelled):
        decompose(photo(), engine="fake", progress=progress)


def test_the_rough_stack_can_be_seen_before_it_is_refined() -> None:
    seen: list[tuple[LayerStack, str]] = []
    stages: list[str] = []
    progress = Progress(
        lambda report: stages.append(report.stage), look=lambda rough: seen.append((rough, " ".join(stages)))
    )
    stack = decompose(photo(), engine="fake", layers=4, progress=progress)
    [(rough, before)] = seen
    assert [layer.name for layer in rough.layers] == [layer.name for layer in stack.layers]
    assert "Refining" not in before
    assert any("Refining" in stage for stage in stages)


def test_same_picture_same_layers() -> None:
    pixels = photo()
    first, second = (decompose(pixels, engine="fake") for _ in range(2))
    for a, b in zip(first.layers, second.layers, strict=True):
        assert a.name == b.name
        np.testing.assert_array_equal(a.pixels, b.pixels)


def test_sources_of_every_kind_mean_the_same_document(tmp_path: Path) -> None:
    pixels = photo()
    picture = Image.fromarray(pixels)
    path = tmp_path / "Poster.png"
    picture.save(path)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    for source in (Document(pixels), path, str(path), buffer.getvalue(), picture, pixels):
        np.testing.assert_array_equal(as_document(source).pixels, pixels)
    assert as_document(path).name == "Poster"


def test_a_thin_picture_is_one_layer_and_says_so() -> None:
    stack = decompose(photo(200, 6), engine="fake")
    assert [layer.role for layer in stack.layers] == [Role.BACKGROUND]
    assert "too thin" in stack.notes[-1]


@pytest.mark.parametrize("count", [0, -1, 17])
def test_layer_counts_outside_the_engine_are_refused(count: int) -> None:
    with pytest.raises(RequestError, match="makes 1 to 16"):
        decompose(photo(), engine="fake", layers=count)


def test_an_engine_that_cannot_run_says_why() -> None:
    with pytest.raises(EngineUnavailable, match="no weights here"):
        decompose(photo(), engine=Scripted(missing="There are no weights here."))


def test_too_many_pixels_are_refused_with_the_limit() -> None:
    row = np.zeros((1, 1, 4), np.uint8)
    huge = Document(np.broadcast_to(row, (20_000, 20_000, 4)))
    with pytest.raises(InputError, match=r"400 million pixels; the limit is 150"):
        as_document(huge)


def test_hidden_colours_are_brought_into_the_document_s_own_profile() -> None:
    icc = wide_rgb()
    pixels = flat(60, 40, (90, 160, 70, 255))
    extent = Extent(60, 40)
    below = Layer("Background", Role.BACKGROUND, Bounds.of(extent), flat(60, 40, (200, 60, 30, 255)))
    above = Layer("Panel", Role.GRAPHIC, Bounds(0, 0, 40, 40), flat(40, 40, (0, 160, 60, 255)))
    pixels[:, 40:] = srgb_to_profile8(below.pixels[:, 40:], icc)
    stack = decompose(Document(pixels, icc=icc), engine=Scripted(LayerStack(extent, (below, above))))
    assert stack.icc == icc
    np.testing.assert_array_equal(composite(stack), pixels)
    hidden = next(layer for layer in stack.layers if layer.role is Role.BACKGROUND).pixels[20, 15, :3]
    expected = srgb_to_profile8(flat(1, 1, (200, 60, 30, 255)), icc)[0, 0, :3]
    assert np.abs(hidden.astype(int) - expected).max() <= 2
    assert np.abs(expected.astype(int) - (200, 60, 30)).max() > 8, "the profile must make a difference"


def test_engines_that_answer_nonsense_are_refused() -> None:
    with pytest.raises(EngineError, match="no layers"):
        decompose(photo(), engine=Scripted(LayerStack(Extent(90, 64), ())))
    small = Layer("x", Role.BACKGROUND, Bounds(0, 0, 3, 3), flat(3, 3, (1, 2, 3, 255)))
    with pytest.raises(EngineError, match="instead of 90×64"):
        decompose(photo(), engine=Scripted(LayerStack(Extent(3, 3), (small,))))


def test_the_public_names_are_exact() -> None:
    for name in layerlift.__all__:
        assert getattr(layerlift, name) is not None
    assert callable(layerlift.decompose)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = layerlift.nothing
