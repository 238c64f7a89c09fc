"""How jobs, times and findings are put into words: pure functions, no server."""

from __future__ import annotations

import json
import time

import pytest

from layerlift.cli.server import ask, doctor, installed, jobs
from layerlift.errors import RequestError
from layerlift.wire.values import Device, JobInfo, Problem


def job(**changes):
    known = {
        "job": "3f1e4a52-x",
        "name": "a",
        "client": "c",
        "operation": "decompose",
        "engine": "quick",
        "created": 0.0,
    }
    return JobInfo(**{**known, "state": "done", **changes})


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (job(state="queued", position=1), "next"),
        (job(state="queued", position=3), "waits (2 before)"),
        (job(state="running", fraction=0.25, stage="Reading"), "25% Reading"),
        (job(state="running", fraction=0.5, stage="Reading", eta=12.0), "50% Reading, about 12 s left"),
        (job(), "done"),
        (job(kept=True), "done, kept"),
        (job(state="failed", problem=Problem("engine", "It broke.")), "failed: It broke."),
        (job(state="interrupted", problem=Problem("interrupted", "It stopped.")), "interrupted: It stopped."),
        (job(state="cancelled", problem=Problem("cancelled", "Cancelled.")), "cancelled"),
    ],
)
def test_states(info, words):
    assert jobs._state(info) == words


def test_no_jobs(capsys):
    assert jobs._list([], as_json=False) == 0
    assert capsys.readouterr().err.startswith("No jobs: nothing was asked")
    assert jobs._list([], as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "just now"), (200, "3 min ago"), (7300, "2 h ago"), (200_000, "2 d ago"), (-9, "just now")],
)
def test_how_long_ago(seconds, words):
    assert ask.ago(time.time() - seconds) == words


def test_what_was_meant():
    one, two = Device("aa11", "Laptop", 0, 0), Device("aa22", "Tablet", 0, 0)
    assert ask.meant("AA2", [one, two], "device", "layerlift devices") is two
    assert ask.meant("Laptop", [one, two], "device", "layerlift devices") is one
    with pytest.raises(RequestError, match="could be 2 devices"):
        ask.meant("aa", [one, two], "device", "layerlift devices")
    with pytest.raises(RequestError, match="There is no device “Phone”"):
        ask.meant("Phone", [one, two], "device", "layerlift devices")


def test_a_package_that_is_not_installed(monkeypatch):
    def missing(name):
        def load(module):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        return load

    for name, extra in (("aiohttp", "server"), ("cryptography", "remote"), ("layerlift_server", "server")):
        monkeypatch.setattr(installed, "import_module", missing(name))
        with pytest.raises(RequestError) as caught:
            installed.server_package("lifecycle")
        assert (name in caught.value.sentence, f"layerlift[{extra}]" in caught.value.remedy) == (True, True)
    (finding,) = doctor._server()
    assert (finding.ok, finding.name) == (None, "server")
    monkeypatch.setattr(installed, "import_module", missing("something_else"))
    with pytest.raises(ModuleNotFoundError):
        installed.server_package("lifecycle")


def test_what_the_doctor_finds_wrong_is_an_exit_code(monkeypatch, layerlift):
    wrong = doctor.Finding("disk", False, "It is full.", "Make room.")
    monkeypatch.setattr(doctor, "_findings", lambda: [wrong, doctor.Finding("x", None, "unknown", "Look.")])
    code, out, _ = layerlift("doctor")
    assert code == 1
    assert "WRONG" in out
    assert "Make room." in out
    assert "1 of 2 things need attention." in out
    assert layerlift("doctor", "--json")[0] == 1
    monkeypatch.setattr(doctor, "_LIBRARIES", ("no-such-library",))
    assert doctor._libraries()[0].ok is None
