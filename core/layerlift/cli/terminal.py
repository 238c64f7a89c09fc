"""What the user sees while work goes on: bars with stage and ETA on a terminal, plain lines elsewhere, or nothing.

Law: the only file that knows rich; prints to standard error only, so that standard output stays the result's.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from layerlift.progress import Report

if TYPE_CHECKING:
    from rich.console import RenderableType

Listen = Callable[[Report], None]


class Display(Protocol):
    """How work is shown."""

    def begin(self, label: str, number: int, total: int) -> Listen:
        """A new picture; what comes back takes its reports."""
        ...

    def say(self, line: str) -> None:
        """One finished thing."""
        ...


class Quiet:
    """Shows nothing."""

    def begin(self, label: str, number: int, total: int) -> Listen:
        """Nothing to show."""
        return lambda report: None

    def say(self, line: str) -> None:
        """Nothing to say."""


class Plain:
    """Lines for logs and pipes: a picture's first stage, then where it stands every `interval` seconds."""

    def __init__(self, stream: TextIO, interval: float = 2.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._interval, self._clock = stream, interval, clock

    def begin(self, label: str, number: int, total: int) -> Listen:
        """Lines that begin with the picture's name."""
        count = f" ({number} of {total})" if total > 1 else ""
        due = -math.inf

        def listen(report: Report) -> None:
            nonlocal due
            if self._clock() >= due:
                due = self._clock() + self._interval
                self.say(f"{label}{count}: {report.stage}, {report.fraction:.0%}{eta(report)}")

        return listen

    def say(self, line: str) -> None:
        """The line."""
        print(line, file=self._stream, flush=True)


@contextmanager
def display(quiet: bool) -> Iterator[Display]:
    """What fits where standard error goes; cleared when the block ends."""
    if quiet:
        yield Quiet()
    elif sys.stderr.isatty():
        with _bars() as bars:
            yield bars
    else:
        yield Plain(sys.stderr)


def eta(report: Report) -> str:
    """ ", about 12 s left", or nothing while unknown."""
    if report.eta is None:
        return ""
    seconds = max(1, round(report.eta))
    return f", about {seconds} s left" if seconds < 100 else f", about {round(seconds / 60)} min left"


@contextmanager
def _bars() -> Iterator[Display]:
    from rich import progress as rich_progress
    from rich.console import Console

    columns = (
        rich_progress.TextColumn("{task.fields[label]}", markup=False),
        rich_progress.BarColumn(),
        rich_progress.TaskProgressColumn(),
        rich_progress.TextColumn("{task.description}", markup=False),
    )
    with rich_progress.Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bars:
        yield Bars(bars)


class Bars:
    """A bar for the picture at hand and, for many, one for all of them."""

    def __init__(self, bars: object) -> None:
        from rich.progress import Progress

        assert isinstance(bars, Progress)
        self._bars = bars
        self._picture = bars.add_task("", total=1.0, label="")
        self._whole = bars.add_task("", total=1.0, label="", visible=False)

    def begin(self, label: str, number: int, total: int) -> Listen:
        """The picture's bar starts again; the whole one counts."""
        short = label if len(label) <= 40 else f"…{label[-39:]}"
        self._bars.reset(self._picture, description="", label=short)
        done = f"{number - 1} of {total} done"
        self._bars.update(self._whole, total=float(total), label="all", description=done, visible=total > 1)

        def listen(report: Report) -> None:
            self._bars.update(self._picture, completed=report.fraction, description=f"{report.stage}{eta(report)}")
            self._bars.update(self._whole, completed=number - 1 + report.fraction)

        return listen

    def say(self, line: str) -> None:
        """The line above the bars."""
        self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_table(title: str, columns: list[tuple[str, bool]], rows: list[list[str]]) -> None:
    """A table on standard output; `columns` are (heading, whether its numbers go right). Wide scripts stay aligned."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", box=None, pad_edge=False, header_style="bold")
    for heading, right in columns:
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for row in rows:
        cells: list[RenderableType] = [Text(cell) for cell in row]
        table.add_row(*cells)
    console = Console() if sys.stdout.isatty() else Console(width=160)
    console.print(table)
