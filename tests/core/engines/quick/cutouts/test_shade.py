"""Shade: soft shadows count as the ground they fall on; things do not, and holes show the ground again."""

from __future__ import annotations

import cv2
import numpy as np

from core.engines.quick.cutouts.test_terrain import CALM, SIZE, busy, disc, ground, laid, overlap
from layerlift.engines.quick.cutouts.islands import islands
from layerlift.engines.quick.cutouts.shade import continued, shaded
from layerlift.engines.quick.cutouts.terrain import survey
from layerlift.engines.quick.raster import bounds_of, placed
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Mask, Plane


def shadowed(image: Plane, caster: Mask, blur: float, strength: float) -> Plane:
    shade = cv2.GaussianBlur(caster.astype(np.float32), (0, 0), blur)
    return (image * (1 - strength * np.roll(shade, (8, 6), (0, 1))[..., None])).astype(np.float32)


def completed(image: Plane) -> Mask:
    seen = survey(image, CALM).surfaces[0]
    mask, window = shaded(image, seen, bounds_of(seen.mask), 0.0)
    return placed(mask, window, SIZE)


def test_a_soft_shadow_is_ground() -> None:
    thing = disc(150, 200, 50)
    image = laid(shadowed(ground(0.7, 0.9), thing, 12, 0.4), thing, busy(0))
    mask = completed(image)
    dark = disc(158, 206, 62) & ~disc(150, 200, 55)
    assert mask[dark].mean() > 0.95
    assert mask[disc(150, 200, 46)].mean() < 0.02


def test_a_thing_on_its_shadow_is_cut_without_it() -> None:
    thing = disc(150, 200, 50)
    image = laid(shadowed(ground(0.7, 0.9), thing, 12, 0.4), thing, busy(0))
    (found,) = islands(survey(image, CALM))
    assert overlap(found, thing) > 0.93


def test_a_darker_drawing_of_the_grounds_hue_is_no_shade() -> None:
    drawn = disc(150, 200, 50)
    image = ground(0.8, 0.8)
    mask = completed(laid(image, drawn, image * np.float32(0.6)))
    assert not mask[disc(150, 200, 46)].any()


def test_ground_is_seen_again_through_a_hole_and_not_in_a_soft_spot() -> None:
    ring = disc(150, 120, 50) & ~disc(150, 120, 9)
    image = laid(ground(0.8, 0.8), ring, busy(1) * np.float32(0.5))
    spot = cv2.GaussianBlur(disc(150, 280, 12).astype(np.float32), (0, 0), 6)[..., None]
    thing = disc(150, 280, 50)
    image = laid(image, thing, (image * spot + busy(2) * np.float32(0.5) * (1 - spot)).astype(np.float32))
    mask = completed(image)
    assert mask[disc(150, 120, 6)].mean() > 0.9
    assert not mask[disc(150, 280, 20)].any()


def test_colours_worked_out_coarsely_are_the_same() -> None:
    surface = survey(ground(), CALM).surfaces[0]
    window = Bounds(37, 21, 203, 101)
    y, x = np.mgrid[window.y : window.bottom, window.x : window.right]
    exact = surface.colours(y.ravel(), x.ravel()).reshape(*y.shape, 3)
    np.testing.assert_allclose(continued(surface, window), exact, atol=2 / 255)
