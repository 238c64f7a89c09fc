from __future__ import annotations

import logging
import threading

import numpy as np
import pytest

from core.engines.quick.lettered import F32, painted, plain, written
from layerlift.engines.quick import ocr
from layerlift.imaging.layer import TextLine


def picture() -> F32:
    alpha = np.maximum(
        written("Summer Festival 2026", 48, 300, 700, (40, 40)), written("Doors open at nine", 22, 300, 700, (44, 180))
    )
    return painted(plain(300, 700, (0.95, 0.93, 0.88)), alpha, (0.1, 0.15, 0.4))


def test_reads_lines_in_reading_order_with_quads_around_their_ink() -> None:
    lines = ocr.recognise(picture(), threads=1)
    assert [line.content.replace(" ", "") for line in lines] == ["SummerFestival2026", "Doorsopenatnine"]
    (left, top), _, (right, bottom), _ = lines[0].quad
    assert left < 44
    assert right > 480
    assert top < 55
    assert bottom > 90
    assert all(line.confidence > 0.9 and abs(line.angle) < 3 for line in lines)


def test_reads_text_that_stands_on_its_side_along_its_own_direction() -> None:
    turned = np.ascontiguousarray(np.rot90(picture()))
    contents = {line.content.replace(" ", ""): line for line in ocr.recognise(turned, threads=1)}
    assert contents["SummerFestival2026"].angle == pytest.approx(-90, abs=3)


def test_finds_a_headline_far_higher_than_a_line() -> None:
    alpha = written("SALE", 420, 700, 1200, (60, 60))
    lines = ocr.recognise(painted(plain(700, 1200, (1, 1, 1)), alpha, (0.8, 0.1, 0.1)), threads=1)
    assert [line.content for line in lines] == ["SALE"]


def test_equal_pictures_read_equally_from_any_thread() -> None:
    image = picture()
    results: list[list[TextLine]] = []
    threads = [threading.Thread(target=lambda: results.append(ocr.recognise(image, threads=1))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results[0] == results[1]
    assert results[0]


def test_says_nothing_on_the_console(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        ocr.recognise(plain(64, 64, (0, 0, 0)), threads=1)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (7, 7), (5, 4000), (40, 3000), (64, 64)])
def test_odd_sizes_without_text_are_no_error(shape: tuple[int, int]) -> None:
    assert ocr.recognise(np.zeros((*shape, 3), np.float32), threads=1) == []


@pytest.mark.parametrize(
    ("content", "confidence", "angle", "expected"),
    [
        ("Sale", 0.7, 0, True),
        ("Sale", 0.5, 0, False),
        ("7", 0.9, 0, True),
        ("7", 0.7, 0, False),
        ("7", 0.99, 90, False),
        ("O", 0.9, 0, False),
        ("O", 0.99, 0, True),
        ("◆", 0.99, 0, False),
        ("%", 0.9, 0, True),
        ("…", 0.99, 0, False),
        ("城", 0.9, 0, True),
    ],
)
def test_only_plausible_lines_are_text(content: str, confidence: float, angle: float, expected: bool) -> None:
    turn = np.radians(angle)
    right, down = np.array([np.cos(turn), np.sin(turn)]) * 40, np.array([-np.sin(turn), np.cos(turn)]) * 20
    corners = [np.zeros(2), right, right + down, down]
    quad = tuple((float(x), float(y)) for x, y in corners)
    assert ocr._plausible(TextLine(content, quad, confidence)) is expected


def test_missing_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ocr.missing() is None
    monkeypatch.setitem(ocr.MODELS, "Det", "not-there.onnx")
    sentence = ocr.missing()
    assert sentence is not None
    assert "pip install" in sentence
    ocr._reader.cache_clear()
    with pytest.raises(FileNotFoundError):
        ocr.recognise(picture(), threads=1)
    ocr._reader.cache_clear()


def test_missing_when_the_package_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr.importlib.util, "find_spec", lambda name: None)
    assert ocr.missing() is not None
