from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.engines.quick.lettered import F32, jpeg, line_around, painted, plain, rough, soft_iou, written
from layerlift.engines.quick.element import Element
from layerlift.engines.quick.holes import hole_of
from layerlift.engines.quick.text import extract
from layerlift.imaging.layer import Role, TextLine


def on(element: Element, shape: tuple[int, ...]) -> F32:
    canvas = np.zeros(shape[:2], np.float32)
    canvas[element.bounds.slices] = element.alpha
    return canvas


def only(image: F32, alpha: F32) -> Element:
    (element,) = extract(image, [line_around(alpha)])
    return element


def sloped(height: int, width: int) -> F32:
    t = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    return np.broadcast_to((1 - t) * [0.9, 0.5, 0.3] + t * [0.5, 0.2, 0.6], (height, width, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("ground", "colour", "size", "least"),
    [
        (plain(120, 460, (1, 1, 1)), (0.1, 0.1, 0.1), 48, 0.98),
        (plain(120, 460, (0.1, 0.12, 0.15)), (0.95, 0.95, 0.95), 48, 0.98),
        (plain(120, 460, (0.8, 0.8, 0.8)), (0.68, 0.68, 0.68), 40, 0.95),
        (plain(60, 260, (1, 1, 1)), (0.2, 0.2, 0.2), 14, 0.93),
        (sloped(120, 460), (1, 1, 1), 48, 0.97),
        (rough(120, 460, 0.4), (1, 1, 1), 48, 0.93),
    ],
    ids=["dark-on-light", "light-on-dark", "low-contrast", "small", "gradient", "texture"],
)
def test_alpha_and_colour_are_the_letters_own(
    ground: F32, colour: tuple[float, float, float], size: int, least: float
) -> None:
    alpha = written("Typography", size, *ground.shape[:2], (20, 20))
    element = only(painted(ground, alpha, colour), alpha)
    assert soft_iou(on(element, ground.shape), alpha) >= least
    solid = element.alpha > 0.9
    assert np.abs(element.colour[solid] - colour).max(axis=-1).mean() < 0.03
    assert element.role is Role.TEXT
    assert element.text is not None
    assert np.abs(np.array(element.text.colour) / 255 - colour).max() < 0.06


def test_jpeg_costs_little() -> None:
    alpha = written("Typography", 40, 120, 460, (20, 20))
    image = jpeg(painted(plain(120, 460, (0.98, 0.85, 0.3)), alpha, (0.15, 0.1, 0.4)))
    assert soft_iou(on(only(image, alpha), image.shape), alpha) > 0.93


def test_rotated_text() -> None:
    alpha = written("Typography", 48, 300, 500, (80, 120))
    matrix = cv2.getRotationMatrix2D((250, 150), 20, 1)
    turned = cv2.warpAffine(alpha, matrix, (500, 300)).astype(np.float32)
    flat = line_around(alpha)
    quad = cv2.transform(np.array(flat.quad, np.float32)[None], matrix)[0]
    line = TextLine("Typography", tuple((float(x), float(y)) for x, y in quad), 0.9)
    (element,) = extract(painted(plain(300, 500, (0.9, 0.9, 0.8)), turned, (0.6, 0, 0.1)), [line])
    assert soft_iou(on(element, turned.shape), turned) > 0.95


def test_strokes_outside_the_quad_are_caught_and_neighbours_are_not() -> None:
    alpha = written("gypsy jig", 48, 160, 420, (40, 40))
    line = line_around(alpha)
    (x0, y0), (x1, _), (_, y1), _ = line.quad
    tight = TextLine("gypsy jig", ((x0 + 8, y0 + 6), (x1 - 8, y0 + 6), (x1 - 8, y1 - 10), (x0 + 8, y1 - 10)), 0.95)
    image = painted(plain(160, 420, (1, 1, 1)), alpha, (0.2, 0.1, 0.5))
    bottom = int(y1) + 6
    cv2.rectangle(image, (int(x0), bottom), (int(x1), bottom + 3), (0.2, 0.1, 0.5), -1)
    cv2.circle(image, (390, 70), 22, (0.9, 0.6, 0.1), -1)
    (element,) = extract(image, [tight])
    assert soft_iou(on(element, image.shape), alpha) > 0.97


def test_label_of_a_small_button_leaves_the_button() -> None:
    label = written("Sign up now", 16, 80, 200, (50, 30))
    image = plain(80, 200, (1, 1, 1))
    rows, columns = np.flatnonzero(label.any(axis=1)), np.flatnonzero(label.any(axis=0))
    corners = (int(columns[0]) - 8, int(rows[0]) - 4), (int(columns[-1]) + 8, int(rows[-1]) + 4)
    cv2.rectangle(image, *corners, (0.15, 0.5, 0.3), -1)
    (element,) = extract(painted(image, label, (1, 1, 1)), [line_around(label, margin=6)])
    assert soft_iou(on(element, image.shape), label) > 0.9


def test_a_shadow_comes_along_softly() -> None:
    alpha = written("Shade", 80, 180, 400, (40, 30), stroke=2)
    shadow = 0.5 * cv2.GaussianBlur(np.roll(alpha, (4, 4), (0, 1)), (0, 0), 3).astype(np.float32)
    image = painted(painted(plain(180, 400, (0.4, 0.7, 0.9)), shadow, (0, 0, 0)), alpha, (0.95, 0.3, 0.2))
    whole = alpha + shadow * (1 - alpha)
    found = on(only(image, alpha), image.shape)
    assert soft_iou(found, whole) > 0.9
    beside = (alpha == 0) & (shadow > 0.2)
    assert np.abs(found - whole)[beside].mean() < 0.08


def test_outlines_belong_to_their_letters() -> None:
    fill = written("Comic", 80, 180, 400, (40, 30))
    outline = written("Comic", 80, 180, 400, (40, 30), stroke=4)
    ground = plain(180, 400, (0.4, 0.7, 0.9))
    image = painted(painted(ground, outline, (0.1, 0.05, 0.3)), fill, (1, 0.9, 0.2))
    element = only(image, outline)
    assert soft_iou(on(element, image.shape), outline) > 0.95
    assert element.colour[element.alpha > 0.9].reshape(-1, 3).std(axis=0).max() > 0.2


def test_two_colours_in_one_line() -> None:
    left, right = written("Red", 60, 140, 420, (20, 20)), written("Blue", 60, 140, 420, (180, 20))
    image = painted(painted(plain(140, 420, (1, 1, 1)), left, (0.9, 0.1, 0.1)), right, (0.1, 0.2, 0.9))
    element = only(image, np.maximum(left, right))
    assert soft_iou(on(element, image.shape), np.maximum(left, right)) > 0.95
    canvas = np.zeros(image.shape, np.float32)
    canvas[element.bounds.slices] = element.colour
    assert np.abs(canvas[left > 0.99] - (0.9, 0.1, 0.1)).mean() < 0.02
    assert np.abs(canvas[right > 0.99] - (0.1, 0.2, 0.9)).mean() < 0.02


@pytest.mark.parametrize("compressed", [False, True], ids=["png", "jpeg"])
def test_the_hole_covers_every_trace(compressed: bool) -> None:
    ground = sloped(140, 460)
    alpha = written("Typography", 48, 140, 460, (20, 20))
    image = painted(ground, alpha, (1, 1, 1))
    image = jpeg(image, 92) if compressed else image
    hole = hole_of(image, [only(image, alpha)])
    assert not (alpha > 0.02)[~hole].any()
    filled = cv2.inpaint(np.rint(image * 255).astype(np.uint8), hole.astype(np.uint8), 3, cv2.INPAINT_TELEA) / 255
    assert np.abs(filled - ground)[hole].mean() < (0.03 if compressed else 0.015)


def two_lines() -> tuple[F32, list[TextLine]]:
    one, two = (
        written("Children under twelve", 24, 160, 400, (20, 20)),
        written("come in for free", 24, 160, 400, (20, 54)),
    )
    image = painted(plain(160, 400, (1, 1, 1)), np.maximum(one, two), (0, 0, 0))
    return image, [line_around(one, "Children under twelve"), line_around(two, "come in for free")]


def test_lines_become_a_block_or_stay_lines() -> None:
    image, lines = two_lines()
    (block,) = extract(image, lines, "block")
    assert block.text is not None
    assert block.text.content == "Children under twelve\ncome in for free"
    assert block.name == "Children under twelve come in…"
    assert [element.name for element in extract(image, lines, "line")] == ["Children under twelve", "come in for free"]


def test_worn_text_in_a_scene_is_less_certain_than_set_text() -> None:
    alpha = written("Typography", 48, 140, 460, (20, 20))
    ground = rough(140, 460, 0.3)
    worn = rough(140, 460, 0.35, seed=2) * 0.5 + 0.55
    set_text, scene_text = (
        only(painted(ground, alpha, (1, 1, 1)), alpha),
        extract(painted(ground, alpha, worn), [line_around(alpha)]),
    )
    assert set_text.confidence > 0.85
    assert all(element.confidence < set_text.confidence - 0.05 for element in scene_text)


def quad(x0: float, y0: float, x1: float, y1: float) -> TextLine:
    return TextLine("x", ((x0, y0), (x1, y0), (x1, y1), (x0, y1)), 0.9)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 2), (40, 200)])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_odd_pictures_yield_nothing_and_raise_nothing(shape: tuple[int, int], value: float) -> None:
    lines = [quad(0, 0, 199, 39), quad(-5, -5, 3, 3), quad(10, 10, 10, 10), quad(500, 500, 600, 520)]
    assert extract(np.full((*shape, 3), value, np.float32), lines) == []


def test_noise_raises_nothing() -> None:
    noise = np.random.default_rng(1).random((60, 200, 3)).astype(np.float32)
    for element in extract(noise, [quad(5, 5, 190, 50), quad(0, 0, 199, 8), quad(3, 3, 8, 58)]):
        assert 0 <= element.confidence <= 1
        assert element.alpha.max() > 0


def test_no_lines_no_elements() -> None:
    assert extract(plain(50, 50, (0, 0, 0)), []) == []
