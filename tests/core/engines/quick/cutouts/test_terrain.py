"""Terrain and islands: what is clean ground, what stands on it, and what is only a frame, a shadow or a drawing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.cutouts.grain import noise
from layerlift.engines.quick.cutouts.islands import filled, islands, softness
from layerlift.engines.quick.cutouts.terrain import plainness, survey
from layerlift.engines.quick.raster import bounds_of
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Plane

SIZE = (300, 400)
CALM = np.zeros(SIZE, np.float32)


def ground(left: float = 0.4, right: float = 0.9) -> Plane:
    ramp = np.linspace(left, right, SIZE[1], dtype=np.float32)[None, :, None]
    return np.broadcast_to(ramp * np.array((1, 0.9, 0.8), np.float32), (*SIZE, 3)).copy()


def busy(seed: int) -> Plane:
    rough = cv2.GaussianBlur(np.random.default_rng(seed).random((*SIZE, 3), np.float32), (0, 0), 2)
    return ((rough - rough.min()) / np.ptp(rough)).astype(np.float32)


def disc(y: int, x: int, radius: int) -> Mask:
    v, u = np.ogrid[: SIZE[0], : SIZE[1]]
    inside: NDArray[np.bool_] = (v - y) ** 2 + (u - x) ** 2 <= radius**2
    return inside


def laid(image: Plane, where: Mask, colour: Plane | tuple[float, float, float]) -> Plane:
    return np.where(where[..., None], np.asarray(colour, np.float32), image).astype(np.float32)


def overlap(a: Mask, b: Mask) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_a_gradient_is_one_surface_whose_colours_continue() -> None:
    image = laid(ground(), disc(150, 200, 60), busy(0))
    terrain = survey(image, CALM)
    (surface,) = terrain.surfaces
    y, x = np.nonzero(disc(150, 200, 40))
    np.testing.assert_allclose(surface.colours(y, x), ground()[y, x], atol=0.01)
    assert overlap(terrain.clean, ~disc(150, 200, 60)) > 0.97


def test_an_island_is_what_stands_on_the_ground() -> None:
    thing = disc(150, 200, 60)
    (found,) = islands(survey(laid(ground(), thing, busy(0)), CALM))
    assert overlap(found, thing) > 0.95


def test_a_photograph_has_no_islands() -> None:
    assert islands(survey(busy(4), CALM)) == []


def test_a_panel_is_ground_and_its_outline_is_no_island() -> None:
    image = laid(ground(), disc(150, 200, 110), (0.1, 0.2, 0.3))
    image = laid(image, disc(150, 200, 104), (0.8, 0.2, 0.2))
    assert islands(survey(image, CALM)) == []


def test_a_flat_spot_in_a_thing_belongs_to_it_and_a_window_does_not() -> None:
    ring = disc(150, 200, 90) & ~disc(150, 200, 35)
    window = survey(laid(ground(), ring, busy(2)), CALM)
    (found,) = islands(window)
    assert not found[150, 200]
    (found,) = islands(survey(laid(laid(ground(), ring, busy(2)), disc(150, 200, 35), (0.1, 0.1, 0.9)), CALM))
    assert found[150, 200]


def test_specks_are_filled_unseen() -> None:
    mask = disc(150, 200, 60)
    mask[150:153, 200:203] = False
    assert filled(mask, survey(ground(), CALM))[151, 201]


def test_a_soft_shadow_alone_is_no_island() -> None:
    shade = cv2.GaussianBlur(disc(150, 200, 50).astype(np.float32), (0, 0), 12)
    image = ground(0.8, 0.8) * (1 - 0.5 * shade[..., None])
    assert islands(survey(image.astype(np.float32), CALM)) == []


def test_a_shaded_thing_that_leaks_into_its_panel_is_told_apart() -> None:
    panel = disc(150, 200, 120)
    v, u = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    shading = np.clip(1 - 0.9 * (np.hypot(v - 120, u - 200) / 70) ** 1.5, 0, 1)[..., None]
    thing = disc(150, 200, 55)
    colour = np.float32((0.9, 0.7, 0.2)) * (0.4 + 0.6 * shading)
    image = laid(laid(ground(), panel, (0.9, 0.7, 0.2)), thing, colour.astype(np.float32))
    terrain = survey(image, CALM)
    assert terrain.clean[panel & ~disc(150, 200, 60)].mean() > 0.95


def test_small_flat_spots_are_ground_unless_salient() -> None:
    image = laid(busy(3), disc(150, 200, 8), (0.5, 0.5, 0.5))
    assert survey(image, CALM).clean[150, 200]
    assert not survey(image, np.ones(SIZE, np.float32)).clean[150, 200]


def test_drawings_are_plain_and_textures_are_not() -> None:
    where = disc(150, 200, 80)
    drawn = laid(ground(), where, (0.9, 0.1, 0.1))
    drawn = laid(drawn, disc(150, 200, 50), (0.1, 0.1, 0.9))
    bounds = bounds_of(where)
    for image, low, high in ((drawn, 0.9, 1.0), (laid(ground(), where, busy(1)), 0.0, 0.2)):
        assert low <= plainness(where[bounds.slices], bounds, survey(image, CALM)) <= high
    assert plainness(np.ones((2, 2), bool), Bounds(0, 0, 2, 2), survey(drawn, CALM)) == 1
    assert bounds_of(np.zeros((3, 3), bool)).empty


def test_softness_is_the_width_of_the_edge() -> None:
    thing = disc(150, 200, 70)
    hard = laid(ground(), thing, busy(5) * 0.2)
    alpha = cv2.GaussianBlur(thing.astype(np.float32), (0, 0), 4)[..., None]
    soft = (ground() * (1 - alpha) + busy(5) * 0.2 * alpha).astype(np.float32)
    wide = cv2.dilate(thing.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert softness(hard, thing, survey(hard, CALM)) <= 3
    assert softness(soft, wide, survey(soft, CALM)) > 5
    assert softness(busy(5), thing, survey(busy(5), CALM)) == 3


def test_noise_is_measured_beside_texture() -> None:
    sigma = 4 / 255
    grainy = ground() + np.random.default_rng(0).normal(0, sigma, (*SIZE, 3)).astype(np.float32)
    grey = sigma * float(np.linalg.norm((0.299, 0.587, 0.114)))
    assert 0.7 * grey < noise(laid(grainy, disc(150, 200, 60), busy(1))) < 1.5 * grey


def test_a_round_blend_is_one_surface_up_to_its_tip() -> None:
    v, u = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    t = np.hypot(u - 180, v - 140)[..., None] / 300
    image = (np.float32((0.95, 0.9, 0.7)) * (1 - t) + np.float32((0.4, 0.5, 0.6)) * t).astype(np.float32)
    thing = disc(140, 180, 40)
    terrain = survey(laid(np.round(image * 255).astype(np.float32) / 255, thing, busy(0)), CALM)
    assert terrain.clean[~disc(140, 180, 44)].mean() > 0.98
    y, x = np.nonzero(thing)
    assert np.abs(terrain.surfaces[0].colours(y, x) - image[y, x]).max() < 3 / 255


def test_a_grainy_ground_is_clean() -> None:
    rough = np.random.default_rng(1).normal(0, 1, (SIZE[0] // 2, SIZE[1] // 2)).astype(np.float32)
    grain = cv2.resize(rough, (SIZE[1], SIZE[0]), interpolation=cv2.INTER_CUBIC)[..., None] * (4 / 255)
    thing = disc(150, 200, 60)
    image = laid((ground() + grain).astype(np.float32), thing, busy(0))
    terrain = survey(image, CALM)
    assert terrain.soft > 0
    assert terrain.clean[~disc(150, 200, 66)].mean() > 0.97
    (found,) = islands(terrain)
    assert overlap(found, thing) > 0.9


def test_a_softly_shaded_part_of_a_thing_is_no_ground() -> None:
    """A drawn panel of the same size is one; so is the shaded part where nobody would take it for a thing."""
    v, u = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    swell = np.float32(0.6) + np.float32(0.06) * np.sin(u / 14) + np.float32(0.04) * np.cos(v / 11)
    part = disc(150, 200, 40)
    looked_at = disc(150, 200, 60).astype(np.float32)
    shaded_part = laid(busy(6), part, np.dstack([swell, swell * 0.9, swell * 0.8]))
    drawn_part = laid(busy(6), part, (0.6, 0.5, 0.4))
    assert survey(shaded_part, looked_at).clean[part].mean() < 0.2
    assert survey(drawn_part, looked_at).clean[part].mean() > 0.9


def test_a_thin_bridge_belongs_to_the_thing_and_a_drawn_line_does_not() -> None:
    glasses = disc(150, 150, 40) | disc(150, 250, 40)
    glasses[148:151, 180:220] = True
    (found,) = islands(survey(laid(ground(), glasses, busy(2)), CALM))
    assert overlap(found, glasses) > 0.95
    frame = np.zeros(SIZE, bool)
    frame[20:280, 20:380] = True
    frame[22:278, 22:378] = False
    thing = disc(150, 200, 50)
    (found,) = islands(survey(laid(laid(ground(), frame, (0.1, 0.1, 0.1)), thing, busy(2)), CALM))
    assert overlap(found, thing) > 0.95
