"""How the server is started, as the installer wrote it down."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from layerlift.client import known_servers
from layerlift_krita.client import launch


@pytest.fixture(autouse=True)
def things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAYERLIFT_DATA_DIR", str(tmp_path))
    return tmp_path


def test_the_folder_is_the_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    assert launch.folder() == known_servers.folder()
    monkeypatch.delenv("LAYERLIFT_DATA_DIR")
    assert launch.folder() == known_servers.folder()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"command": []}', '{"command": "serve"}', '{"command": [1]}', "null"])
def test_nonsense_is_as_good_as_nothing(things: Path, text: str) -> None:
    (things / "launch.json").write_text(text)
    assert launch.command() is None


def test_it_runs_without_what_belongs_to_krita(things: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/krita/own")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/krita/lib")
    out = things / "out.json"
    code = f"import json, os; json.dump(dict(os.environ), open({str(out)!r}, 'w'))"
    (things / "launch.json").write_text(json.dumps({"command": [sys.executable, "-c", code]}))
    words = launch.command()
    assert words is not None
    process = launch.start(words)
    assert process.wait(60) == 0
    found = json.loads(out.read_text())
    assert "PYTHONPATH" not in found
    assert "LD_LIBRARY_PATH" not in found


def test_last_words_are_the_servers(things: Path) -> None:
    assert launch.last_words(50) == ""
    process = launch.start([sys.executable, "-c", "import sys; sys.stderr.write('layerlift: The disk is full.\\n\\n')"])
    process.wait(60)
    assert launch.last_words(50) == "The disk is full."
    assert launch.last_words(8) == "The disk"
