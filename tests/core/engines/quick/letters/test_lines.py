from __future__ import annotations

from layerlift.engines.quick.letters.lines import area, common, reading_order, without_doubles
from layerlift.imaging.layer import TextLine


def line(content: str, x: float, y: float, width: float, height: float, confidence: float = 0.9) -> TextLine:
    return TextLine(content, ((x, y), (x + width, y), (x + width, y + height), (x, y + height)), confidence)


def test_area_and_common_area() -> None:
    assert area(line("a", 0, 0, 10, 4)) == 40
    assert common(line("a", 0, 0, 10, 4), line("b", 5, 2, 10, 4)) == 10
    assert common(line("a", 0, 0, 10, 4), line("b", 10, 0, 10, 4)) == 0


def test_of_two_readings_the_surer_and_fuller_is_kept() -> None:
    whole, piece = line("SALE", 0, 0, 100, 40, 0.97), line("SA", 2, 2, 46, 36, 0.9)
    beside = line("now", 110, 0, 50, 40)
    assert without_doubles([piece, whole, beside]) == [whole, beside]


def test_lines_without_area_are_dropped() -> None:
    assert without_doubles([line("x", 3, 3, 0, 0)]) == []


def test_reading_order_is_rows_then_left_to_right() -> None:
    lines = [line("d", 0, 60, 40, 20), line("b", 200, 3, 40, 20), line("a", 0, 0, 40, 20), line("c", 0, 30, 40, 20)]
    assert [each.content for each in reading_order(lines)] == ["a", "b", "c", "d"]
