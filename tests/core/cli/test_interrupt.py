"""Ctrl-C, in this process and in another: it stops, it says so, and nothing half done is left."""

from __future__ import annotations

import io
import signal
import sys

import pytest

from core.cli.processes import FAKE, everything, run_process
from layerlift.cli.interrupt import Interrupts
from layerlift.errors import Cancelled
from layerlift.progress import Progress


class Tripwire(io.StringIO):
    """A terminal whose user presses Ctrl-C at the first line that has `word`."""

    def __init__(self, word: str):
        super().__init__()
        self.word, self.pressed = word, False

    def write(self, text: str) -> int:
        if self.word in text and not self.pressed:
            self.pressed = True
            signal.raise_signal(signal.SIGINT)
        return super().write(text)


def test_ctrl_c_stops_and_leaves_nothing(layerlift, picture, work, monkeypatch):
    picture()
    before = signal.getsignal(signal.SIGINT)
    screen = Tripwire("Reading")
    monkeypatch.setattr(sys, "stderr", screen)
    assert layerlift("decompose", "photo.png", "-o", "out/x.psd", *FAKE)[0] == 130
    assert screen.getvalue().splitlines()[-1] == "layerlift: Cancelled. Nothing was written."
    assert everything(work) == ["photo.png"]
    assert signal.getsignal(signal.SIGINT) == before


def test_ctrl_c_among_many_keeps_what_is_done(layerlift, picture, work, monkeypatch):
    for name in ("a.png", "b.png", "c.png"):
        picture(name)
    screen = Tripwire("b.png (2 of 3): Reading")
    monkeypatch.setattr(sys, "stderr", screen)
    assert layerlift("decompose", "a.png", "b.png", "c.png", "-o", "out", *FAKE)[0] == 130
    assert screen.getvalue().splitlines()[-1] == (
        "layerlift: Cancelled. 1 of 3 pictures are done; nothing is half written."
    )
    assert everything(work / "out") == ["a.psd"]


def test_ctrl_c_after_the_last_word_on_a_picture_stops_before_the_next(layerlift, picture, work, monkeypatch):
    for name in ("a.png", "b.png"):
        picture(name)
    monkeypatch.setattr(sys, "stderr", Tripwire("4 layers in"))
    assert layerlift("decompose", "a.png", "b.png", "-o", "out", *FAKE)[0] == 130
    assert everything(work / "out") == ["a.psd"]


def test_the_second_press_stops_at_once():
    progress = Progress()
    with Interrupts() as interrupts:
        interrupts.watch(progress)
        signal.raise_signal(signal.SIGINT)
        assert interrupts.pressed
        assert progress.cancelled
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_work_that_begins_after_the_press_does_not_begin():
    progress = Progress()
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGINT)
        interrupts.watch(progress)
    with pytest.raises(Cancelled):
        progress.check()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process there")
def test_a_real_signal_to_a_real_process(picture, work):
    picture("big.png", 2000, 1500)
    process = run_process("big.png", "-o", "out/big.psd")
    assert process.stderr.readline() == "big.png: Reading, 0%\n"  # it is at work
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "layerlift: Cancelled. Nothing was written."
    assert "Traceback" not in err
    assert everything(work) == ["big.png"]
