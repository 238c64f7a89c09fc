"""A desk with a real Krita on it: a virtual screen, a throw-away home, and an ear inside (probe/).

`do` runs a piece of code in Krita's own thread and gives back what it left in `room["answer"]`; `wait` asks until that
is true. Mouse and keys are xdotool's: what a test clicks a person could have clicked.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PATIENCE = float(os.environ.get("LAYERLIFT_PATIENCE", "180"))
"""Seconds until something that should happen is taken for never happening: a first start takes 30 on a busy machine."""
SCREEN = (1600, 1000)
ROOT = os.environ.get("LAYERLIFT_KRITA_ROOT")
"""A root folder with another Krita in it (other_versions.sh); a path means the same file inside and outside."""

KRITARC = """[General]
HideSplashScreen=true
FetchNews=false
CheckUpdates=false

[python]
"""


_CHATTER = ("krita.lib", "QObject::startTimer", "WARNING: the destination object", "Warning: QQml", "qrc:", "file:///")


class Desk:
    """One virtual screen and one home; Krita can be started and ended on it more than once."""

    def __init__(self, home: Path, *, language: str = "C.UTF-8", extra: dict[str, str] | None = None) -> None:
        self.home = home
        self.said = home / "krita.log"
        self.environment = {"PATH": SYSTEM_PATH, "HOME": str(home), "LC_ALL": language, "LIBGL_ALWAYS_SOFTWARE": "1"}
        self.environment |= {"QT_ACCESSIBILITY": "0", "NO_AT_BRIDGE": "1", **(extra or {})}
        for name, place in (("CONFIG_HOME", ".config"), ("DATA_HOME", ".local/share"), ("CACHE_HOME", ".cache")):
            self.environment[f"XDG_{name}"] = str(home / place)
            (home / place).mkdir(parents=True, exist_ok=True)
        (home / "run").mkdir(mode=0o700, exist_ok=True)
        self.environment["XDG_RUNTIME_DIR"] = str(home / "run")
        self.port = home / "run" / "probe.port"
        self.environment["LAYERLIFT_PROBE"] = str(self.port)
        self.screen, number = _screen(home)
        self.environment["DISPLAY"] = f":{number}"
        self.krita: subprocess.Popen[bytes] | None = None
        self.ear: socket.socket | None = None
        self.server: subprocess.Popen[bytes] | None = None

    @property
    def pykrita(self) -> Path:
        """Where Krita looks for plugins."""
        return self.home / ".local" / "share" / "krita"

    def install_probe(self) -> None:
        """The ear, beside what is installed already."""
        shutil.copytree(HERE / "probe", self.pykrita / "pykrita", dirs_exist_ok=True)
        self.enable("layerlift_probe")

    def enable(self, *plugins: str) -> None:
        """Switch plugins on in kritarc, as the plugin manager would."""
        rc = self.home / ".config" / "kritarc"
        text = rc.read_text("utf-8") if rc.exists() else KRITARC
        if "[python]" not in text:
            text = KRITARC + text
        for plugin in plugins:
            if f"enable_{plugin}=true" not in text:
                text = text.replace("[python]\n", f"[python]\nenable_{plugin}=true\n")
        rc.write_text(text, "utf-8")

    def disable(self, plugin: str) -> None:
        """Switch a plugin off."""
        rc = self.home / ".config" / "kritarc"
        rc.write_text(rc.read_text("utf-8").replace(f"enable_{plugin}=true\n", ""), "utf-8")

    def canvas(self, renderer: str) -> None:
        """How Krita paints its canvas from the next start on: "auto" (OpenGL) or "none" (by itself)."""
        text = f"[General]\nOpenGLRenderer={renderer}\ncanvasState=TRY_OPENGL\n"
        (self.home / ".config" / "kritadisplayrc").write_text(text, "utf-8")

    def start(self, *files: Path | str) -> None:
        """Start Krita and wait until it listens and has a window."""
        self.port.unlink(missing_ok=True)
        with self.said.open("ab") as log:
            self.krita = subprocess.Popen(
                [*(["chroot", ROOT] if ROOT else []), "krita", "--nosplash", *map(str, files)],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.home,
            )
        self.until(self.port.exists, "Krita to listen")
        self.ear = socket.create_connection(("127.0.0.1", int(self.port.read_text())), timeout=PATIENCE)
        self.wait("answer = krita.activeWindow() is not None")

    def do(self, code: str, **values: Any) -> Any:
        """Run `code` inside Krita with `values` in reach; what it assigns to `answer` comes back."""
        assert self.ear is not None
        code = code.strip()
        if "answer" not in code:
            code += "\nanswer = None"
        code += "\nroom['answer'] = answer"
        self.ear.sendall(json.dumps({"code": code, "values": values}).encode() + b"\n")
        line = b""
        while not line.endswith(b"\n"):
            piece = self.ear.recv(1 << 20)
            if not piece:
                raise AssertionError(f"Krita ended while it was asked:\n{self.log()}")
            line += piece
        reply = json.loads(line)
        if "error" in reply:
            raise AssertionError(f"inside Krita:\n{reply['error']}")
        return reply["answer"]

    def wait(self, code: str, seconds: float = PATIENCE, **values: Any) -> Any:
        """Ask until the answer is true; give it back."""
        box: list[Any] = [None]

        def asked() -> bool:
            box[0] = self.do(code, **values)
            return bool(box[0])

        self.until(asked, code, seconds)
        return box[0]

    def type(self, *command: object) -> None:
        """xdotool: `type("mousemove", 10, 20, "click", 3)`."""
        subprocess.run(["xdotool", *map(str, command)], env=self.environment, check=True, timeout=PATIENCE)

    def focus(self) -> None:
        """Give Krita's window the keyboard: nothing manages windows here."""
        self.type("windowfocus", "--sync", self.do("answer = int(krita.activeWindow().qwindow().winId())"))

    def shot(self, path: Path) -> None:
        """What the screen shows, as a PNG."""
        self.do(
            """
            from PyQt5.QtWidgets import QApplication
            QApplication.primaryScreen().grabWindow(0).save(path)
            """.replace("\n            ", "\n"),
            path=str(path),
        )

    def log(self) -> str:
        """The end of what Krita said, without what it always says."""
        lines = self.said.read_text("utf-8", "replace").splitlines() if self.said.exists() else []
        return "\n".join([line for line in lines if not line.startswith(_CHATTER)][-60:])

    def quit(self, seconds: float = PATIENCE) -> int:
        """Quit as a person would, without saving; gives Krita's exit code."""
        assert self.krita is not None
        self.do(
            """
from PyQt5.QtCore import QTimer
for document in krita.documents():
    document.setModified(False)
room["quitting"] = QTimer()
room["quitting"].setSingleShot(True)
room["quitting"].timeout.connect(krita.action("file_quit").trigger)
room["quitting"].start(0)
"""
        )
        assert self.ear is not None
        self.ear.close()
        self.ear = None
        code = self.krita.wait(seconds)
        self.krita = None
        return code

    def kill(self) -> None:
        """End Krita the hard way."""
        if self.ear is not None:
            self.ear.close()
            self.ear = None
        if self.krita is not None:
            self.krita.kill()
            self.krita.wait(30)
            self.krita = None

    def close(self) -> None:
        """Everything off the desk."""
        self.kill()
        self.screen.terminate()
        self.screen.wait(30)

    def until(self, true: Any, what: str, seconds: float = PATIENCE) -> None:
        """Ask until it is true; fail when Krita ends before, or never makes it true."""
        end = time.monotonic() + seconds
        while not true():
            if self.krita is not None and self.krita.poll() is not None:
                raise AssertionError(f"Krita ended with {self.krita.returncode} before {what}:\n{self.log()}")
            assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}\n{self.log()}"
            time.sleep(0.05)  # between two questions, not instead of one


def _screen(home: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A virtual screen of our own. Its number is drawn: with -displayfd alone Xvfb takes no lock, and another one that
    ends at that moment takes our socket away with its own."""
    for _ in range(10):
        number = random.SystemRandom().randrange(100, 30_000)
        screen = _xvfb(home, number)
        if screen is not None:
            return screen, number
    raise AssertionError(f"no virtual screen:\n{(home / 'xvfb.log').read_text()}")


def _xvfb(home: Path, number: int) -> subprocess.Popen[bytes] | None:
    """Xvfb on that display, once it is ready; None when it did not come up (the number is taken)."""
    reading, writing = os.pipe()
    width, height = SCREEN
    size = f"{width}x{height}x24"
    command = ["Xvfb", f":{number}", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"]
    # Krita tries OpenGL on a first connection, then lets go of it: without this the screen would begin anew when its
    # only client leaves, and might turn the next connection away.
    command.append("-noreset")
    with (home / "xvfb.log").open("ab") as log:
        screen = subprocess.Popen(command, pass_fds=(writing,), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    os.close(writing)
    with os.fdopen(reading) as said:
        ready = said.readline().strip() == str(number)
    if not ready:
        screen.kill()
        screen.wait(30)
        return None
    return screen
