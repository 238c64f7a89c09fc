"""Pieces, depth order, films, horizons, groups and trust on little designs."""

from __future__ import annotations

import numpy as np
import pytest

from core.engines.quick.shapes import drawn
from layerlift.engines.quick.shapes.depth import Shape, arrange, ordered
from layerlift.engines.quick.shapes.groups import group
from layerlift.engines.quick.shapes.regions import GROUND, filled, split
from layerlift.engines.quick.shapes.surface import segment
from layerlift.engines.quick.shapes.translucent import films, horizons
from layerlift.engines.quick.shapes.trust import confidence, photographic, raggedness, trusted

SIZE = (240, 320)
PAPER = (250, 246, 238)
NONE = np.zeros(SIZE, bool)


def shapes_of(picture: drawn.F32) -> list[Shape]:
    return arrange(split(segment(picture), NONE), NONE)


def cover(shape: Shape) -> drawn.F32:
    out = np.zeros(SIZE, np.float32)
    ys, xs = np.nonzero(shape.whole)
    ys, xs = ys + shape.window.y, xs + shape.window.x
    inside = (ys >= 0) & (xs >= 0) & (ys < SIZE[0]) & (xs < SIZE[1])
    out[ys[inside], xs[inside]] = 1
    return out


def test_the_ground_is_what_the_rest_lies_on_even_seen_through_a_ring() -> None:
    outer, inner = drawn.disc(SIZE, 160, 120, 80), drawn.disc(SIZE, 160, 120, 55)
    picture = drawn.over(drawn.flat(SIZE, PAPER), np.clip(outer - inner, 0, 1), (40, 60, 150))
    pieces = split(segment(picture), NONE)
    assert len(pieces.all) == 1
    assert pieces.map[120, 160] == pieces.map[0, 0] == GROUND
    ring = arrange(pieces, NONE)[0]
    assert drawn.agreement(cover(ring), np.clip(outer - inner, 0, 1)) > 0.96


def test_a_ring_on_a_panel_shows_the_panel() -> None:
    panel = drawn.rect(SIZE, 30, 20, 260, 200)
    ring = np.clip(drawn.disc(SIZE, 160, 120, 70) - drawn.disc(SIZE, 160, 120, 50), 0, 1)
    picture = drawn.over(drawn.over(drawn.flat(SIZE, PAPER), panel, (30, 90, 110)), ring, (250, 200, 60))
    found = ordered(shapes_of(picture))
    assert len(found) == 2
    assert drawn.agreement(cover(found[0]), panel) > 0.98
    assert drawn.agreement(cover(found[1]), ring) > 0.95
    assert found[1].hosts == frozenset(found[0].numbers)


def test_a_photograph_has_no_ground_and_is_not_trusted() -> None:
    surfaces = segment(drawn.photograph(SIZE))
    pieces = split(surfaces, NONE)
    assert photographic(pieces, surfaces)
    assert trusted(arrange(pieces, NONE), pieces, surfaces) == []


def test_drawn_outlines_are_smooth_and_torn_ones_ragged() -> None:
    torn = np.random.default_rng(3).random((240, 320)).astype(np.float32)
    torn = (drawn.disc(SIZE, 160, 120, 60) > 0.5) & (torn > 0.3)
    assert raggedness(drawn.disc(SIZE, 160, 120, 60) > 0.5) < 0.1
    assert raggedness(filled(torn)) > 0.3


def test_confidence_grows_with_the_outline_and_its_border() -> None:
    shape = shapes_of(drawn.over(drawn.flat(SIZE, PAPER), drawn.disc(SIZE, 160, 120, 60), (200, 30, 30)))[0]
    assert shape.kind == "ellipse"
    sure = confidence(shape)
    shape.kind = "seen"
    assert 0 < confidence(shape) < sure <= 1


def test_what_is_hidden_lies_below_what_hides_it() -> None:
    triangle = drawn.polygon(SIZE, [(60, 40), (220, 60), (100, 200)])
    box = drawn.rect(SIZE, 130, 30, 140, 70)
    picture = drawn.over(drawn.over(drawn.flat(SIZE, PAPER), triangle, (40, 140, 60)), box, (160, 40, 120))
    below, above = ordered(shapes_of(picture))
    assert above.kind == "rectangle"
    assert above.numbers[0] in below.below
    assert drawn.agreement(cover(below), triangle) > 0.96


def test_circles_of_depth_do_not_hang() -> None:
    first, second = shapes_of(
        drawn.over(
            drawn.over(drawn.flat(SIZE, PAPER), drawn.disc(SIZE, 90, 120, 50), (200, 30, 30)),
            drawn.disc(SIZE, 230, 120, 40),
            (30, 30, 200),
        )
    )
    first.below, second.below = set(second.numbers), set(first.numbers)
    assert {id(s) for s in ordered([first, second])} == {id(first), id(second)}


@pytest.mark.parametrize("share", [0.4, 0.7])
def test_an_overlap_that_a_film_explains_is_dissolved(share: float) -> None:
    picture = drawn.over(drawn.flat(SIZE, PAPER), drawn.disc(SIZE, 120, 120, 60), (30, 60, 200))
    picture = drawn.over(picture, drawn.rect(SIZE, 140, 80, 120, 90) * np.float32(share), (230, 40, 40))
    pieces = split(segment(picture), NONE)
    left = films(arrange(pieces, NONE), pieces.ground)
    assert len(left) == 2
    film = next(s for s in left if s.kind == "rectangle")
    assert film.opacity == pytest.approx(share, abs=0.04)
    assert ordered(left)[1] is film


def test_an_overlap_of_any_other_colour_stays() -> None:
    picture = drawn.over(drawn.flat(SIZE, PAPER), drawn.disc(SIZE, 120, 120, 60), (30, 60, 200))
    picture = drawn.over(picture, drawn.disc(SIZE, 190, 120, 60), (230, 40, 40))
    lens = np.minimum(drawn.disc(SIZE, 120, 120, 60), drawn.disc(SIZE, 190, 120, 60))
    pieces = split(segment(drawn.over(picture, lens, (20, 200, 40))), NONE)
    left = films(arrange(pieces, NONE), pieces.ground)
    assert all(shape.opacity == 1 for shape in left)
    assert max(drawn.agreement(cover(shape), lens) for shape in left) > 0.95


def test_wavy_bands_go_on_behind_the_nearer_one() -> None:
    xs = np.linspace(-5, 325, 100)
    hills = [
        drawn.polygon(SIZE, [*((x, y + 12 * np.sin(x / f)) for x in xs), (325, 245), (-5, 245)])
        for y, f in ((110, 30), (170, 22))
    ]
    picture = drawn.over(drawn.over(drawn.flat(SIZE, (190, 220, 250)), hills[0], (80, 140, 90)), hills[1], (30, 80, 50))
    found = shapes_of(picture)
    horizons(found, SIZE[1])
    far, near = ordered(found)
    assert drawn.agreement(cover(far), hills[0]) > 0.98
    assert drawn.agreement(cover(near), hills[1]) > 0.98


def test_straight_bands_are_left_alone() -> None:
    picture = drawn.over(drawn.flat(SIZE, (190, 220, 250)), drawn.rect(SIZE, -5, 120, 330, 60), (80, 140, 90))
    found = shapes_of(drawn.over(picture, drawn.rect(SIZE, -5, 180, 330, 70), (30, 80, 50)))
    areas = [s.area for s in found]
    horizons(found, SIZE[1])
    assert [s.area for s in found] == areas


def grouped(picture: drawn.F32) -> list[list[Shape]]:
    return group(ordered(shapes_of(picture)), SIZE[0] * SIZE[1])


def test_a_line_around_a_shape_belongs_to_it() -> None:
    picture = drawn.over(drawn.flat(SIZE, PAPER), drawn.rect(SIZE, 60, 50, 200, 140), (20, 20, 20))
    assert [len(g) for g in grouped(drawn.over(picture, drawn.rect(SIZE, 65, 55, 190, 130), (250, 120, 90)))] == [2]


def test_a_panel_and_what_lies_on_it_stay_two() -> None:
    picture = drawn.over(drawn.flat(SIZE, PAPER), drawn.rect(SIZE, 60, 50, 200, 140), (20, 60, 90))
    assert [len(g) for g in grouped(drawn.over(picture, drawn.rect(SIZE, 80, 70, 90, 60), (250, 120, 90)))] == [1, 1]


def test_the_parts_of_a_glyph_a_row_and_a_chart_are_one_each() -> None:
    glyph = drawn.flat(SIZE, PAPER)
    for i in range(3):
        glyph = drawn.over(glyph, drawn.rect(SIZE, 150, 110 + 7 * i, 25, 5), (20, 20, 60))
    row = drawn.flat(SIZE, PAPER)
    for i in range(4):
        row = drawn.over(row, drawn.disc(SIZE, 100 + 18 * i, 120, 6), (200, 30, 30))
    chart = drawn.flat(SIZE, PAPER)
    for i, height in enumerate((60, 100, 40, 80)):
        chart = drawn.over(chart, drawn.rect(SIZE, 60 + 40 * i, 200 - height, 26, height), (30, 110, 140))
    assert [len(g) for g in grouped(glyph)] == [3]
    assert [len(g) for g in grouped(row)] == [4]
    assert [len(g) for g in grouped(chart)] == [4]


def test_neighbours_of_other_colours_stay_apart_and_specks_vanish() -> None:
    picture = drawn.over(drawn.flat(SIZE, PAPER), drawn.rect(SIZE, 60, 60, 80, 60), (200, 30, 30))
    picture = drawn.over(picture, drawn.rect(SIZE, 150, 60, 80, 60), (30, 30, 200))
    assert len(grouped(drawn.over(picture, drawn.rect(SIZE, 20, 200, 6, 6), (0, 0, 0)))) == 2


def test_a_speck_on_a_shape_joins_it() -> None:
    picture = drawn.over(drawn.flat(SIZE, PAPER), drawn.rect(SIZE, 60, 60, 80, 60), (200, 30, 30))
    assert [len(g) for g in grouped(drawn.over(picture, drawn.rect(SIZE, 90, 80, 6, 6), (250, 250, 250)))] == [2]


def test_rays_of_one_colour_are_one_pattern() -> None:
    picture = drawn.flat(SIZE, PAPER)
    for turn in np.arange(0, 2 * np.pi, np.pi / 4):
        edge = [(160 + 100 * np.cos(turn + d), 120 + 100 * np.sin(turn + d)) for d in (0, 0.35)]
        inner = [(160 + 25 * np.cos(turn + d), 120 + 25 * np.sin(turn + d)) for d in (0.35, 0)]
        picture = drawn.over(picture, drawn.polygon(SIZE, [*edge, *inner]), (250, 180, 40))
    assert len(grouped(picture)) == 1
