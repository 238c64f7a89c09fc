"""Starting the server, the way the installer wrote down: never with `sys.executable`, which here is Krita.

Law: files and one process; no Qt. `launch.json` lies among the user's Layerlift things, the same folder that
`layerlift.client.known_servers` names: {"command": [program, argument, …]}.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

FILE, LOG = "launch.json", "server.log"
_HOSTS_OWN = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "PYTHONNOUSERSITE", "QT_PLUGIN_PATH")
"""What an AppImage or a bundle sets for Krita's own Python and libraries, and would break another Python with."""


def folder() -> Path:
    """The user's Layerlift things."""
    if override := os.environ.get("LAYERLIFT_DATA_DIR"):
        return Path(override).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "layerlift"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "layerlift"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "layerlift"


def command() -> list[str] | None:
    """How to start the server; None when nobody wrote it down, or what is written makes no sense."""
    try:
        found = json.loads((folder() / FILE).read_text("utf-8"))["command"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, list) and found and all(isinstance(word, str) for word in found) else None


def start(words: list[str]) -> subprocess.Popen[bytes]:
    """Start it, to outlive Krita. Raises OSError."""
    environment = {name: value for name, value in os.environ.items() if name not in _HOSTS_OWN}
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder() / LOG).open("ab") as log:
        return subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=environment,
            start_new_session=True,
            creationflags=flags,
        )


def last_words(most: int) -> str:
    """The last line that a server left in its log, at most so many characters of it."""
    try:
        lines = (folder() / LOG).read_text("utf-8", "replace")[-4096:].splitlines()
    except OSError:
        return ""
    said = [line.removeprefix("layerlift:").strip() for line in lines if line.strip()]
    return said[-1][:most] if said else ""
