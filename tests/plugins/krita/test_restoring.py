"""Where a layer is seen alone, and its colours put back: against numpy, a pixel at a time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from layerlift_krita.host import restoring
from layerlift_krita.host.restoring import Sheet, looked, restored

WIDTH, HEIGHT = 9, 7


@st.composite
def stacks(draw: st.DrawFn) -> list[Sheet]:
    depth = draw(st.sampled_from([8, 16]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sheets = []
    for _ in range(draw(st.integers(1, 4))):
        left, top = draw(st.integers(0, WIDTH - 1)), draw(st.integers(0, HEIGHT - 1))
        width, height = draw(st.integers(1, WIDTH - left)), draw(st.integers(1, HEIGHT - top))
        full = 2**depth - 1
        pixels = rng.integers(0, full + 1, (height, width, 4))
        # 256 in 16 bit: nothing in the lower byte; 255: nothing in the upper
        pixels[..., 3] = rng.choice([0, full, full, 1, 255, 256 % (full + 1), full - 1], (height, width))
        kind = np.uint8 if depth == 8 else np.uint16
        sheet = Sheet((left, top, width, height), bytearray(pixels.astype(kind).tobytes()), depth, draw(st.booleans()))
        sheets.append(sheet)
    return sheets


@given(stacks())
def test_a_pixel_is_the_sources_own_where_one_layer_alone_makes_it(sheets: list[Sheet]) -> None:
    for _ in looked(sheets, WIDTH, HEIGHT):
        pass
    full = 2 ** sheets[0].depth - 1
    alphas = np.zeros((len(sheets), HEIGHT, WIDTH), int)
    for number, sheet in enumerate(sheets):
        left, top, width, height = sheet.box
        kind = np.uint8 if sheet.depth == 8 else np.uint16
        alphas[number, top : top + height, left : left + width] = np.frombuffer(sheet.pixels, kind).reshape(
            height, width, 4
        )[..., 3]
    for number, sheet in enumerate(sheets):
        left, top, width, height = sheet.box
        above = (alphas[number + 1 :] > 0).any(axis=0)
        others = above | (alphas[:number] > 0).any(axis=0)
        mine = alphas[number]
        wanted = ((mine == full) & ~above) | ((mine > 0) & ~others)
        wanted = wanted[top : top + height, left : left + width] if sheet.plain else np.zeros((height, width), bool)
        found = np.frombuffer(sheet.own, np.uint8).reshape(height, width)
        assert (found == wanted * 255).all()


@given(st.integers(1, 50), st.integers(2, 5), st.sampled_from([1, 2, 4]), st.integers(0, 2**32))
def test_colours_are_put_back_and_alpha_is_not(count: int, channels: int, size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    converted, source = (rng.integers(0, 256, (count, channels, size), np.uint8) for _ in range(2))
    own = rng.choice([0, 255], count).astype(np.uint8)
    found = restored(converted.tobytes(), source.tobytes(), own.tobytes(), channels, size)
    wanted = converted.copy()
    wanted[own == 255, :-1] = source[own == 255, :-1]
    assert found == wanted.tobytes()


def test_it_is_looked_at_in_steps(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(restoring, "STEP", 20)
    sheets = [Sheet((0, 0, 10, 8), bytearray(10 * 8 * 4), 8)]
    assert sum(1 for _ in looked(sheets, 10, 8)) == 2 * 4
