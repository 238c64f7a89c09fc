"""Where the programs keep their plug-ins on this machine, and putting ours there and away again.

Law: files of this user's alone; starts nothing. Krita can be installed in several ways at once (package, Flatpak, Snap,
Windows Store): each that has a folder here gets the plug-in.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from layerlift.client.known_servers import folder
from layerlift.client.launch import command
from layerlift_installer.bundle import Bundle
from layerlift_installer.errors import InstallError

LAUNCH = "launch.json"
_SECTION = re.compile(r"^\[python\][ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Krita:
    """One installation of Krita: its resource folder and its settings file. `kind` is for people."""

    kind: str
    resources: Path
    settings: Path

    @property
    def here(self) -> bool:
        """Whether this Krita was ever started (or at least set up) by this user."""
        return self.resources.is_dir() or self.settings.is_file()

    @property
    def package(self) -> Path:
        """Where our package lies."""
        return self.resources / "pykrita" / "layerlift_krita"

    def version(self) -> str | None:
        """The version of our plug-in that is installed; None: not installed."""
        try:
            text = (self.package / "__init__.py").read_text("utf-8")
        except OSError:
            return None
        found = re.search(r'^VERSION = "([^"]+)"', text, re.MULTILINE)
        return found[1] if found else "?"


def kritas(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> list[Krita]:
    """Every place where a Krita of this user may keep its things, the usual one first."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    if platform == "win32":
        roaming = Path(environ.get("APPDATA") or home / "AppData" / "Roaming")
        local = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
        found = [Krita("installed", roaming / "krita", local / "kritarc")]
        for store in sorted((local / "Packages").glob("*Krita_*")):
            cache = store / "LocalCache"
            found.append(Krita("Windows Store", cache / "Roaming" / "krita", cache / "Local" / "kritarc"))
        return found
    if platform == "darwin":
        library = home / "Library"
        return [Krita("installed", library / "Application Support" / "krita", library / "Preferences" / "kritarc")]
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    flatpak = home / ".var" / "app" / "org.kde.krita"
    snap = home / "snap" / "krita" / "current"
    return [
        Krita("installed", data / "krita", config / "kritarc"),
        Krita("Flatpak", flatpak / "data" / "krita", flatpak / "config" / "kritarc"),
        Krita("Snap", snap / ".local" / "share" / "krita", snap / ".config" / "kritarc"),
    ]


def install(krita: Krita, bundle: Bundle) -> None:
    """Put the plug-in in, replacing an older one, and switch it on. Raises InstallError."""
    try:
        part = krita.resources / "pykrita" / ".layerlift_krita.part"
        shutil.rmtree(part, ignore_errors=True)
        for name, data in bundle.files.items():
            if name.startswith(f"{bundle.name}/"):
                _write(part / name.partition("/")[2], data)
        shutil.rmtree(krita.package, ignore_errors=True)
        part.replace(krita.package)
        for name, data in bundle.files.items():
            if name.startswith("actions/"):
                _write(krita.resources / name, data)
            elif name.endswith(".desktop"):
                _write(krita.resources / "pykrita" / name, data)
        switch(krita.settings, bundle.name, on=True)
    except OSError as error:
        raise _unwritable(krita, error) from error


def remove(krita: Krita) -> bool:
    """Take the plug-in out. Returns whether there was one. Raises InstallError."""
    if krita.version() is None:
        return False
    try:
        shutil.rmtree(krita.package)
        for left in ("pykrita/layerlift_krita.desktop", "actions/layerlift_krita.action"):
            (krita.resources / left).unlink(missing_ok=True)
        switch(krita.settings, "layerlift_krita", on=False)
    except OSError as error:
        raise _unwritable(krita, error) from error
    return True


def switch(settings: Path, plugin: str, *, on: bool) -> None:
    """Enable or disable a Python plug-in in a kritarc, leaving every other line as it is."""
    text = settings.read_text("utf-8") if settings.is_file() else ""
    text = re.sub(rf"^enable_{plugin}=.*\r?\n?", "", text, flags=re.MULTILINE)
    if on:
        line = f"enable_{plugin}=true\n"
        section = _SECTION.search(text)
        if section is None:
            text = f"{text.rstrip()}\n\n[python]\n{line}".lstrip()
        else:
            end = text.find("\n", section.start())
            text = f"{text}\n{line}" if end < 0 else f"{text[: end + 1]}{line}{text[end + 1 :]}"
    _write(settings, text.encode("utf-8"))


def record_launch(words: list[str] | None = None) -> Path:
    """Write down how the server is started, for plug-ins whose own Python is not ours. Raises InstallError."""
    path = folder() / LAUNCH
    try:
        _write(path, json.dumps({"command": words or command()}, indent=1).encode("utf-8"))
    except OSError as error:
        raise InstallError(f"{path} cannot be written: {error.strerror}.", "Check the disk and its rights.") from error
    return path


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    part.replace(path)


def _unwritable(krita: Krita, error: OSError) -> InstallError:
    place = error.filename or krita.resources
    return InstallError(f"{place} cannot be written: {error.strerror}.", "Close Krita and check the folder's rights.")
