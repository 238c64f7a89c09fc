"""Candidates: how saliency and islands are reconciled, with saliency given by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.engines.quick.cutouts.test_terrain import SIZE, busy, disc, ground, laid, overlap
from layerlift.engines.quick.cutouts.candidates import propose
from layerlift.engines.quick.cutouts.islands import islands
from layerlift.engines.quick.cutouts.terrain import survey
from layerlift.imaging.layer import Mask, Plane


def salient(mask: Mask, level: float = 0.95) -> np.ndarray:
    return (mask * np.float32(level)).astype(np.float32)


def test_an_island_refines_what_saliency_saw_roughly() -> None:
    thing = disc(150, 200, 60)
    image = laid(ground(), thing, busy(0))
    plane = salient(disc(154, 204, 62))
    (found,) = propose(plane, survey(image, plane))
    assert found.exact
    assert overlap(found.mask, thing) > 0.95


def test_on_a_photograph_saliency_is_the_only_witness() -> None:
    plane = salient(disc(150, 200, 60))
    (found,) = propose(plane, survey(busy(1), plane))
    assert not found.exact
    assert 0.9 < found.sure <= 1


def test_a_guess_is_no_candidate() -> None:
    plane = salient(disc(150, 200, 60), 0.6)
    assert propose(plane, survey(busy(1), plane)) == []


def test_what_fills_the_picture_is_its_background() -> None:
    plane = np.ones(SIZE, np.float32)
    assert propose(plane, survey(busy(1), plane)) == []


def test_a_photo_band_above_a_flat_footer_is_a_background() -> None:
    band = np.zeros(SIZE, bool)
    band[:220] = True
    image = laid(ground(), band, busy(6))
    plane = np.zeros(SIZE, np.float32)
    assert propose(plane, survey(image, plane)) == []


def test_the_salient_panel_goes_and_the_thing_on_it_stays() -> None:
    panel, thing = disc(150, 200, 110), disc(150, 200, 60)
    image = laid(laid(busy(2), panel, (0.2, 0.3, 0.8)), thing, busy(3))
    plane = salient(panel)
    (found,) = propose(plane, survey(image, plane))
    assert overlap(found.mask, thing) > 0.85


def test_a_salient_drawing_is_left_to_the_graphics() -> None:
    image = laid(ground(), disc(150, 200, 60), (0.9, 0.1, 0.1))
    plane = salient(disc(150, 200, 60))
    assert propose(plane, survey(image, plane)) == []


def test_an_upright_photograph_on_a_page_is_framed() -> None:
    tile = np.zeros(SIZE, bool)
    tile[80:220, 100:300] = True
    image = laid(ground(), tile, busy(7))
    plane = np.zeros(SIZE, np.float32)
    (found,) = propose(plane, survey(image, plane))
    assert found.framed


def test_saliency_wins_over_an_island_that_drags_drawings_along() -> None:
    thing = disc(150, 200, 50)
    image = laid(ground(), thing, busy(0))
    for step in range(0, 60, 10):  # a fan of flat wedges too small to be surfaces
        image[150 : 150 + 9, 250 + step : 250 + step + 9] = (0.9, 0.1 + step / 100, 0.1)
    plane = salient(thing)
    (found,) = propose(plane, survey(image, plane))
    assert overlap(found.mask, thing) > 0.9


def test_eyes_belong_to_their_face() -> None:
    face, eye = disc(150, 200, 90), disc(130, 180, 16)
    image = laid(laid(laid(ground(), face, busy(8)), disc(130, 180, 24), (0.5, 0.5, 0.5)), eye, busy(9))
    plane = salient(face)
    assert len(propose(plane, survey(image, plane))) == 1


def test_a_photograph_above_a_panel_is_no_subject() -> None:
    """It runs off the picture and ends at one straight line, though saliency fades before the right edge."""
    image = busy(10)
    image[210:] = image[210:] * 0.3 + 0.6
    upper = np.zeros(SIZE, bool)
    upper[:210, :330] = True
    plane = salient(upper)
    assert propose(plane, survey(image, plane)) == []


def test_a_thing_behind_a_panel_is_one() -> None:
    thing = disc(150, 200, 90)
    thing[210:] = False
    plane = salient(thing)
    (found,) = propose(plane, survey(busy(11), plane))
    assert overlap(found.mask, thing) > 0.95


def test_things_that_touch_know_of_each_other() -> None:
    left, right = disc(150, 130, 60), disc(150, 245, 60)
    image = laid(ground(), left, busy(13) * np.float32((1, 0.2, 0.1)))
    image = laid(image, right, busy(14) * np.float32((0.1, 0.2, 1)))
    plane = np.zeros(SIZE, np.float32)
    one, two = propose(plane, survey(image, plane))
    assert one.others is not None
    assert two.others is not None
    assert overlap(one.others, two.mask) > 0.95
    assert not (one.others & one.mask).any()
    (alone,) = propose(plane, survey(laid(ground(), left, busy(13)), plane))
    assert alone.others is None


@pytest.mark.parametrize("rise", [-60, 40, 90])
def test_a_part_of_a_photograph_that_ends_at_a_slanting_panel_is_no_subject(rise: int) -> None:
    """Half of the photograph is salient, down to the panel's edge, which runs across at an angle."""
    height, width = SIZE
    rows = height * 0.55 + rise * (np.arange(width) / width - 0.5)
    panel = np.arange(height)[:, None] > rows
    image = laid(busy(5), panel, (0.2, 0.3, 0.8))
    part = ~panel & (np.arange(height)[:, None] > rows - 110)
    assert propose(salient(part), survey(image, salient(part))) == []
    thing = disc(80, 200, 60) & ~panel
    (found,) = propose(salient(thing), survey(image, salient(thing)))
    assert overlap(found.mask, thing) > 0.85


def split(seed: int, horizon: int, edge: int) -> tuple[Plane, Mask]:
    """A photograph of a calm sky over something busy beside a plain panel; and where the busy part is."""
    image = ground()
    image[:, :edge] = (0.55, 0.7, 0.9)
    lower = np.zeros(SIZE, bool)
    lower[horizon:, :edge] = True
    return laid(image, lower, busy(seed)), lower


def test_a_thing_half_over_a_photograph_that_runs_off_does_not_take_it_along() -> None:
    image, _ = split(15, 140, 190)
    thing = disc(170, 200, 60)
    image = laid(image, thing, busy(16) * np.float32((1, 0.3, 0.2)))
    (found,) = propose(salient(thing), survey(image, salient(thing)))
    assert overlap(found.mask, thing) > 0.9


def test_a_thing_that_runs_off_the_picture_keeps_what_saliency_sees_faintly() -> None:
    thing = np.zeros(SIZE, bool)
    thing[120:, 150:250] = True
    thing |= disc(120, 200, 60)
    image = laid(ground(), thing, busy(17))
    plane = salient(thing, 0.4)
    plane[:260] = salient(thing)[:260]
    (found,) = propose(plane, survey(image, plane))
    assert overlap(found.mask, thing) > 0.95


def test_what_runs_off_the_picture_and_draws_no_eye_is_no_subject() -> None:
    image, lower = split(18, 190, 140)
    nothing = np.zeros(SIZE, np.float32)
    assert propose(nothing, survey(image, nothing)) == []
    (found,) = propose(salient(lower, 0.4), survey(image, salient(lower, 0.4)))
    assert overlap(found.mask, lower) > 0.95


def test_what_runs_along_the_frame_has_to_be_surer() -> None:
    corner, inner = disc(0, 0, 120), disc(150, 200, 60)
    assert propose(salient(corner, 0.85), survey(busy(19), salient(corner, 0.85))) == []
    assert len(propose(salient(corner, 0.97), survey(busy(19), salient(corner, 0.97)))) == 1
    assert len(propose(salient(inner, 0.85), survey(busy(19), salient(inner, 0.85)))) == 1


def test_what_stands_out_of_a_doubtful_part_is_found_without_it() -> None:
    thing = disc(140, 150, 50)
    plane = np.maximum(salient(disc(0, 0, 130), 0.75), salient(thing, 0.97))
    (found,) = propose(plane, survey(busy(20), plane))
    assert overlap(found.mask, thing) > 0.95


def test_a_calm_part_of_a_photograph_is_no_shore() -> None:
    """What is busy begins without an edge; the same with one is a thing, though nobody looks at either."""
    v, u = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    fading = np.clip(1 - np.hypot(v - 150, u - 200) / 110, 0, 1)[..., None]
    nothing = np.zeros(SIZE, np.float32)
    faint = (ground(0.5, 0.6) + fading**2 * (busy(21) - 0.5)).astype(np.float32)
    terrain = survey(faint, nothing)
    assert islands(terrain)
    assert propose(nothing, terrain) == []
    crisp = laid(ground(0.5, 0.6), disc(150, 200, 70), busy(21))
    assert len(propose(nothing, survey(crisp, nothing))) == 1
