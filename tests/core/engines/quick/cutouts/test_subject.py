"""Subjects on designs with known truth: cut-outs are found and soft, cards and backgrounds are left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from layerlift.engines.quick.cutouts import subject
from layerlift.engines.quick.element import Element
from layerlift.errors import Cancelled
from layerlift.imaging.layer import Plane, Role
from layerlift.progress import Progress

SIZE = (420, 560)


def blank(colour: tuple[float, float, float] = (0.85, 0.9, 0.8), size: tuple[int, int] = SIZE) -> Plane:
    return np.broadcast_to(np.array(colour, np.float32), (*size, 3)).copy()


def texture(seed: int, size: tuple[int, int] = SIZE, scale: float = 3) -> Plane:
    rough = np.random.default_rng(seed).random((*size, 3), np.float32)
    smooth = cv2.GaussianBlur(rough, (0, 0), scale)
    low, high = smooth.min(), smooth.max()
    return ((smooth - low) / (high - low)).astype(np.float32)


def blob(x: float, y: float, radius: float, size: tuple[int, int] = SIZE) -> Plane:
    v, u = np.mgrid[: size[0], : size[1]].astype(np.float32)
    angle = np.arctan2(v - y, u - x)
    edge = radius * (1 + 0.15 * np.cos(3 * angle))
    return np.clip(edge - np.hypot(v - y, u - x) + 0.5, 0, 1).astype(np.float32)


def put(image: Plane, alpha: Plane, colour: Plane) -> Plane:
    return (image * (1 - alpha[..., None]) + colour * alpha[..., None]).astype(np.float32)


def spread(element: Element, size: tuple[int, int] = SIZE) -> Plane:
    plane = np.zeros(size, np.float32)
    plane[element.bounds.slices] = element.alpha
    return plane


def overlap(a: Plane, b: Plane) -> float:
    return float(np.minimum(a, b).sum() / np.maximum(a, b).sum())


def find(image: Plane) -> list[Element]:
    return subject.find(image, Progress())


def test_one_cut_out_on_a_flat_ground() -> None:
    alpha = blob(300, 210, 90)
    colour = texture(1) * np.array((0.9, 0.5, 0.2), np.float32)
    (element,) = find(put(blank(), alpha, colour))
    assert element.role is Role.SUBJECT
    assert element.name == "Subject"
    assert overlap(spread(element), alpha) > 0.95
    assert 0 < element.confidence <= 1


def test_the_colours_are_the_things_own() -> None:
    alpha = cv2.GaussianBlur(blob(300, 210, 90), (0, 0), 3)
    colour = texture(1) * np.array((0.9, 0.2, 0.1), np.float32)
    image = put(blank((0.1, 0.9, 0.2)), alpha, colour)
    (element,) = find(image)
    edge = (element.alpha > 0.2) & (element.alpha < 0.9)
    own, seen = colour[element.bounds.slices], image[element.bounds.slices]
    assert edge.sum() > 100
    assert np.abs(element.colour - own)[edge].mean() < 0.6 * np.abs(seen - own)[edge].mean()


def test_things_apart_are_elements_apart() -> None:
    image = blank()
    truths = [blob(110, 120, 60), blob(420, 110, 70), blob(270, 320, 65)]
    for seed, alpha in enumerate(truths):
        image = put(image, alpha, texture(seed, scale=2.5))
    found = find(image)
    assert [element.name for element in found] == ["Subject", "Subject 2", "Subject 3"]
    for truth in truths:
        assert max(overlap(spread(element), truth) for element in found) > 0.9


def test_the_thing_on_a_card_is_found_and_the_card_is_not() -> None:
    card = np.zeros(SIZE, np.float32)
    card[60:360, 90:470] = 1
    alpha = blob(280, 210, 80)
    image = put(put(blank(), card, blank((0.2, 0.3, 0.7))), alpha, texture(5))
    (element,) = find(image)
    assert overlap(spread(element), alpha) > 0.9


def test_flat_shapes_are_left_to_the_graphics() -> None:
    image = blank()
    for x, colour in ((70, (0.8, 0.1, 0.1)), (240, (0.1, 0.2, 0.8)), (410, (0.1, 0.1, 0.1))):
        shape = np.zeros(SIZE, np.float32)
        shape[150:270, x : x + 90] = 1
        image = put(image, shape, blank(colour))
    assert find(image) == []


def test_a_texture_over_everything_is_a_background() -> None:
    for element in find(texture(9, scale=1.5)):
        assert element.bounds.extent.area < 0.8 * SIZE[0] * SIZE[1]


def test_a_hole_shows_the_ground() -> None:
    ring = np.clip(blob(280, 210, 110) - blob(280, 210, 45), 0, 1)
    (element,) = find(put(blank(), ring, texture(2, scale=2)))
    assert overlap(spread(element), ring) > 0.9
    assert spread(element)[210, 280] < 0.05


@pytest.mark.parametrize("shape", [(1, 16), (16, 1), (16, 16), (20, 400), (300, 17)])
def test_odd_pictures_never_raise(shape: tuple[int, int]) -> None:
    for image in (
        np.zeros((*shape, 3), np.float32),
        np.ones((*shape, 3), np.float32),
        np.random.default_rng(0).random((*shape, 3), np.float32),
    ):
        for element in find(image):
            assert element.bounds.right <= shape[1]
            assert element.bounds.bottom <= shape[0]


def test_the_same_picture_gives_the_same_subjects() -> None:
    image = put(blank(), blob(300, 210, 90), texture(1))
    one, other = find(image), find(image)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.alpha, b.alpha)
        np.testing.assert_array_equal(a.colour, b.colour)


def test_cancelling_is_heard() -> None:
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        subject.find(blank(), progress)


def test_on_a_photograph_saliency_alone_finds_the_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The outline comes from matting; a second look that means something else is not followed."""
    alpha = blob(300, 210, 90)
    image = put(texture(3, scale=1.2) * np.float32(0.3), alpha, 0.6 + 0.4 * texture(4, scale=1.2))
    looks = iter([cv2.GaussianBlur(alpha, (0, 0), 3), np.zeros(1, np.float32)])

    def look(picture: Plane) -> Plane:
        plane = next(looks)
        return plane if plane.ndim == 2 else np.zeros(picture.shape[:2], np.float32)

    monkeypatch.setattr(subject, "saliency", look)
    (element,) = find(image)
    assert overlap(spread(element), alpha) > 0.9
    assert next(looks, None) is None


def test_an_upright_photograph_is_a_graphic_and_numbered_apart() -> None:
    image = blank()
    for number, x in enumerate((40, 310)):
        tile = np.zeros(SIZE, np.float32)
        tile[100:320, x : x + 200] = 1
        image = put(image, tile, texture(20 + number, scale=1.5))
    assert sorted((str(e.role), e.name) for e in find(image)) == [("graphic", "Photo"), ("graphic", "Photo 2")]


def test_things_that_touch_are_cut_apart() -> None:
    left, right = blob(190, 210, 80), blob(340, 210, 80)
    image = put(blank(), left, texture(30) * np.array((1, 0.3, 0.2), np.float32))
    image = put(image, right, texture(31) * np.array((0.2, 0.4, 1), np.float32))
    found = [spread(element) for element in find(image)]
    assert len(found) == 2
    for truth in (left * (1 - right), right):
        assert max(overlap(truth, alpha) for alpha in found) > 0.9


def test_a_thing_is_cut_without_its_soft_shadow() -> None:
    alpha = blob(280, 200, 80)
    shade = cv2.GaussianBlur(np.roll(alpha, (12, 6), (0, 1)), (0, 0), 10)[..., None]
    image = put((blank() * (1 - np.float32(0.4) * shade)).astype(np.float32), alpha, texture(32))
    (element,) = find(image)
    assert overlap(spread(element), alpha) > 0.95
