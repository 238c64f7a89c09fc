from __future__ import annotations

import pytest

from layerlift.errors import Cancelled
from layerlift.progress import Progress, Report


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_reports_stage_fraction_and_eta_once_they_are_known() -> None:
    heard: list[Report] = []
    clock = Clock()
    progress = Progress(heard.append, clock=clock)
    progress.stage("Reading", 0.0)
    clock.now = 2.0
    progress.advance(0.25)
    assert heard[0] == Report("Reading", 0.0, None)
    assert heard[1] == Report("Reading", 0.25, 6.0)


def test_never_goes_back_and_never_beyond_one() -> None:
    heard: list[Report] = []
    progress = Progress(heard.append)
    for fraction in (0.5, 0.2, 7.0):
        progress.advance(fraction)
    assert [report.fraction for report in heard] == [0.5, 0.5, 1.0]


def test_a_part_speaks_for_its_share_of_the_whole() -> None:
    heard: list[Report] = []
    part = Progress(heard.append).part(0.2, 0.6).part(0.5, 1.0)
    part.stage("Matting", 0.5)
    assert heard[-1].stage == "Matting"
    assert heard[-1].fraction == pytest.approx(0.5)


@pytest.mark.parametrize("which", ["whole", "part"])
def test_cancelling_either_stops_both(which: str) -> None:
    whole = Progress()
    part = whole.part(0, 0.5)
    (whole if which == "whole" else part).cancel()
    assert whole.cancelled
    assert part.cancelled
    for progress in (whole, part):
        with pytest.raises(Cancelled):
            progress.advance(0.1)
        with pytest.raises(Cancelled):
            progress.check()


def test_a_preview_is_made_only_where_somebody_looks() -> None:
    made: list[str] = []
    seen: list[str] = []

    def make() -> str:
        made.append("made")
        return "rough"

    Progress().part(0, 0.5).preview(make)
    assert made == []
    Progress(look=seen.append).part(0, 0.5).part(0.2, 0.4).preview(make)
    assert seen == ["rough"]
    assert made == ["made"]


def test_a_preview_hears_that_it_should_stop() -> None:
    progress = Progress(look=lambda _: pytest.fail("nobody wants to see it any more"))
    progress.cancel()
    with pytest.raises(Cancelled):
        progress.preview(lambda: "rough")
