from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console
from rich.progress import Progress as RichProgress

from layerlift.cli import terminal
from layerlift.progress import Report


class Clock:
    """Time that goes by when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.2, ", about 1 s left"), (42.4, ", about 42 s left"), (200, ", about 3 min left")],
)
def test_eta_in_words(seconds, words):
    assert terminal.eta(Report("x", 0.5, seconds)) == words


def test_plain_lines_come_now_and_then():
    out, clock = io.StringIO(), Clock()
    plain = terminal.Plain(out, 2.0, clock)
    listen = plain.begin("cat.png", 2, 5)
    for time, stage, fraction in [(0, "Reading", 0), (1, "Looking", 0.2), (2, "Looking", 0.3), (3, "Writing", 0.9)]:
        clock.now = time
        listen(Report(stage, fraction, None))
    plain.say("done")
    assert out.getvalue().splitlines() == ["cat.png (2 of 5): Reading, 0%", "cat.png (2 of 5): Looking, 30%", "done"]


def test_a_single_picture_is_not_counted():
    out = io.StringIO()
    terminal.Plain(out).begin("cat.png", 1, 1)(Report("Reading", 0.0, None))
    assert out.getvalue() == "cat.png: Reading, 0%\n"


def test_what_fits_where_it_goes(capsys):
    with terminal.display(quiet=True) as shown:
        shown.begin("a", 1, 1)(Report("x", 0.1, None))
        shown.say("nothing")
    with terminal.display(quiet=False) as shown:
        shown.say("plain")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "plain\n")


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_bars_on_a_terminal(monkeypatch, capsys):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with terminal.display(quiet=False) as shown:
        assert isinstance(shown, terminal.Bars)
        shown.begin("a" * 50 + ".png", 1, 2)(Report("Looking [closely]", 0.25, 12.0))
        shown._bars.refresh()
        shown.say("one [of] two → done")
        shown.begin("b.png", 2, 2)(Report("Writing", 0.5, None))
        shown._bars.refresh()
        print("result")
    seen = screen.getvalue()
    assert "…" + "a" * 35 + ".png" in seen
    assert "Looking [closely], about 12 s left" in seen
    assert "one [of] two → done" in seen
    assert "1 of 2 done" in seen
    assert capsys.readouterr().out == "result\n"  # the bars leave standard output alone


def test_the_bar_of_all_counts_pictures_and_their_parts():
    with RichProgress(console=Console(file=io.StringIO()), auto_refresh=False) as rich:
        bars = terminal.Bars(rich)
        bars.begin("a", 3, 4)(Report("x", 0.5, None))
        picture, whole = rich.tasks
        assert (picture.completed, whole.completed, whole.total, whole.visible) == (0.5, 2.5, 4.0, True)
        bars.begin("b", 1, 1)
        assert (picture.completed, whole.visible) == (0, False)


def test_tables_keep_brackets_and_align_wide_letters(capsys):
    terminal.print_table("[title]", [("name", False), ("n", True)], [["狐狸 [x]", "1"], ["fox", "22"]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].rstrip() == "[title]"
    assert lines[2].rstrip() == "狐狸 [x]   1"
    assert lines[3].rstrip() == "fox       22"
