"""Finding Krita, putting the plug-in in, taking it out, and what is left as it was."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from layerlift_installer import bundle, cli, hosts
from layerlift_installer.errors import InstallError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "LAYERLIFT_DATA_DIR", "APPDATA", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LAYERLIFT_DATA_DIR", str(tmp_path / "things"))
    return tmp_path


@pytest.fixture
def krita(home: Path) -> hosts.Krita:
    return hosts.kritas()[0]


def test_install_list_remove(home: Path, krita: hosts.Krita, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("install", "krita") == 0
    assert krita.version() == "0.1.0"
    assert (krita.resources / "pykrita" / "layerlift_krita.desktop").is_file()
    assert (krita.resources / "actions" / "layerlift_krita.action").is_file()
    assert "enable_layerlift_krita=true" in krita.settings.read_text()
    launch = json.loads((home / "things" / "launch.json").read_text())
    assert launch["command"][0] == sys.executable
    assert launch["command"][-1] == "serve"
    assert run("list") == 0
    assert "0.1.0" in capsys.readouterr().out
    assert run("remove", "krita") == 0
    assert krita.version() is None
    assert not list(krita.resources.rglob("layerlift*"))
    assert "layerlift" not in krita.settings.read_text()
    assert run("remove", "krita") == 0
    assert "in no Krita" in capsys.readouterr().out


def run(*words: str) -> int:
    import argparse

    parser = argparse.ArgumentParser()
    cli.configure(parser)
    return cli.run(parser.parse_args(words))


def test_installing_again_replaces_what_was_there(krita: hosts.Krita) -> None:
    made = bundle.krita()
    hosts.install(krita, made)
    stray = krita.package / "old_room.py"
    stray.write_text("")
    hosts.install(krita, made)
    assert not stray.exists()
    assert krita.settings.read_text().count("enable_layerlift_krita") == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[python]\nenable_x=true\n"),
        ("[General]\na=1\n", "[General]\na=1\n\n[python]\nenable_x=true\n"),
        ("[python]\nenable_y=true\n[z]\n", "[python]\nenable_x=true\nenable_y=true\n[z]\n"),
        ("[python]", "[python]\nenable_x=true\n"),
        ("[python]\nenable_x=false\n", "[python]\nenable_x=true\n"),
        ("[python][inner]\nk=1\n", "[python][inner]\nk=1\n\n[python]\nenable_x=true\n"),
    ],
)
def test_switching_on_touches_one_line(tmp_path: Path, before: str, after: str) -> None:
    rc = tmp_path / "kritarc"
    rc.write_text(before)
    hosts.switch(rc, "x", on=True)
    assert rc.read_text() == after
    hosts.switch(rc, "x", on=False)
    assert "enable_x" not in rc.read_text()


def test_every_installed_krita_gets_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flatpak = home / ".var" / "app" / "org.kde.krita" / "data" / "krita"
    flatpak.mkdir(parents=True)
    assert run("install", "krita") == 0
    out = capsys.readouterr().out
    assert "Flatpak" in out
    assert "(installed)" not in out  # that one was never started here
    assert (flatpak / "pykrita" / "layerlift_krita" / "__init__.py").is_file()


def test_places_by_platform(tmp_path: Path) -> None:
    windows = {"APPDATA": str(tmp_path / "Roaming"), "LOCALAPPDATA": str(tmp_path / "Local"), "HOME": str(tmp_path)}
    store = tmp_path / "Local" / "Packages" / "49800Krita_abc"
    store.mkdir(parents=True)
    usual, packaged = hosts.kritas(windows, "win32")
    assert usual == hosts.Krita("installed", tmp_path / "Roaming" / "krita", tmp_path / "Local" / "kritarc")
    assert packaged.resources == store / "LocalCache" / "Roaming" / "krita"
    (mac,) = hosts.kritas({"HOME": str(tmp_path)}, "darwin")
    assert mac.settings == tmp_path / "Library" / "Preferences" / "kritarc"


def test_what_cannot_be_written_is_one_sentence(krita: hosts.Krita, capsys: pytest.CaptureFixture[str]) -> None:
    krita.resources.parent.mkdir(parents=True)
    krita.resources.write_text("a file where a folder belongs")
    with pytest.raises(InstallError, match="cannot be written"):
        hosts.install(krita, bundle.krita())
    krita.settings.parent.mkdir(parents=True, exist_ok=True)
    krita.settings.write_text("")
    assert run("install", "krita") == 1
    assert capsys.readouterr().err.startswith("layerlift: ")
