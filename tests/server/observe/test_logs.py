"""One event, one line; no secret, no pixel, nothing that another made up."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import pytest

from layerlift.wire.messages import Chunk, Hello, Submit
from layerlift.wire.values import ClientInfo
from layerlift_server.observe import logs
from layerlift_server.observe.logs import Lines, Log, described, safe


def record(event: str, exception: BaseException | None = None, **known: object) -> logging.LogRecord:
    about = (type(exception), exception, None) if exception else None
    made = logging.LogRecord("layerlift_server", logging.INFO, "", 0, event, None, about)
    made.known = known
    return made


def test_lines_for_machines_and_for_people() -> None:
    made = record("job", job="a", layers=3, token="secret", left=None)
    line = json.loads(Lines("json").format(made))
    assert (line["event"], line["job"], line["layers"], line["token"], line["level"]) == ("job", "a", 3, "…", "info")
    assert line["time"].endswith("Z")
    human = Lines("human").format(made)
    assert human.endswith("info    job job=a layers=3 token=…")


def test_nobody_can_forge_a_line() -> None:
    name = 'x\n2026-01-01T00:00:00Z info owner came\r\u202e{"event":'
    for form in ("json", "human"):
        assert len(Lines(form).format(record("client came", client=name)).splitlines()) == 1  # type: ignore[arg-type]


def test_pixels_and_secrets_are_left_out_wherever_they_are() -> None:
    assert safe(b"pixels") == "<6 bytes>"
    assert safe(memoryview(bytes(9))) == "<9 bytes>"
    assert safe({"token": "secret", "n": [bytes(3)] * 12}) == {"token": "…", "n": ["<3 bytes>"] * 10 + ["…"]}
    assert len(safe("long" * 1000)) <= 300
    hello = described(Hello(ClientInfo("krita", "5"), token="secret", device=None))
    assert "secret" not in hello
    assert "krita" in hello
    assert "<4 bytes>" in described(Chunk(1, 0, b"rgba"))
    assert described(Submit("job", params={"what": "cat", "key": "secret"})).count("secret") == 0


def test_a_malformed_request_leaves_no_traceback_and_a_bug_does() -> None:
    malformed = ValueError("bad")
    malformed.code = 400  # type: ignore[attr-defined]
    assert not logs.worth_writing(record("Error handling request", malformed))
    assert logs.worth_writing(record("Error handling request", ValueError("a bug")))
    assert logs.worth_writing(record("plain"))
    assert "ValueError: a bug" in json.loads(Lines("json").format(record("x", ValueError("a bug"))))["trace"]
    assert "ValueError: a bug" in Lines("human").format(record("x", ValueError("a bug")))


def test_a_log_file_is_kept_and_handlers_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    handlers = logs.begin("human", verbose=True, folder=tmp_path)
    Log().say("started", port=1)
    Log().detail("detail")
    Log().warn("warned")
    try:
        raise ZeroDivisionError("a bug")
    except ZeroDivisionError:
        Log().broke("broke")
    logging.getLogger("aiohttp.server").info("chatter")
    logs.end(handlers)
    Log().warn("after the end")
    lines = [json.loads(line) for line in (tmp_path / "server.log").read_text("utf-8").splitlines()]
    assert [line["event"] for line in lines] == ["started", "detail", "warned", "broke"]
    assert "ZeroDivisionError" in lines[-1]["trace"]
    assert "started port=1" in capsys.readouterr().err


def test_a_windowless_python_has_no_standard_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    handlers = logs.begin("json", verbose=False, folder=tmp_path)
    Log().say("started")
    Log().detail("detail")
    logs.end(handlers)
    assert len((tmp_path / "server.log").read_text().splitlines()) == 1
