"""One real Krita with the plug-in, installed as a user would install it, for all tests in this folder.

They run one after the other on one worker (`xdist_group`): there is one mouse. A test leaves no document open and no
job running.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hosts.conftest import missing
from hosts.krita.desk import ROOT, SCREEN, Desk

CHECKOUT = Path(__file__).parents[3]


def make_desk(home: Path, **environment: str) -> Desk:
    """A desk on which nothing runs yet, with the plug-in installed by our own installer."""
    for program in ("Xvfb", "xdotool") if ROOT else ("krita", "Xvfb", "xdotool"):
        if shutil.which(program) is None:
            missing(program)
    desk = Desk(home, extra={"OMP_NUM_THREADS": "1", **environment})
    subprocess.run(
        [sys.executable, "-m", "layerlift_installer.cli", "install", "krita"],
        env={**desk.environment, "PYTHONPATH": str(CHECKOUT / "installer")},
        check=True,
        capture_output=True,
        timeout=120,
    )
    desk.install_probe()
    if ROOT:
        _serve(desk)
    return desk


def _serve(desk: Desk) -> None:
    """In a root folder there is no Layerlift that the plug-in could start: it finds one that runs outside."""
    desk.server = subprocess.Popen(
        [sys.executable, "-m", "layerlift", "serve"],
        env=desk.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    desk.until(lambda: any((desk.home / "run" / "layerlift").glob("server-*.json")), "the server")


def stop_servers(desk: Desk) -> None:
    """End the servers that the plug-in started."""
    for file in (desk.home / "run" / "layerlift").glob("server-*.json"):
        with suppress(ProcessLookupError, ValueError):
            os.kill(int(file.stem.removeprefix("server-")), signal.SIGKILL)
    if desk.server is not None:
        desk.server.wait(30)


@pytest.fixture(scope="session")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Krita, running."""
    desk = make_desk(tmp_path_factory.mktemp("desk"))
    try:
        desk.start()
        desk.do("inside.full_screen(width, height)", width=SCREEN[0], height=SCREEN[1])
        desk.do("room['told'] = inside.Told()")
        yield desk
    finally:
        desk.close()
        stop_servers(desk)


@pytest.fixture
def desk(shared_desk: Desk) -> Iterator[Desk]:
    """Krita without documents and with the default options."""
    shared_desk.do("inside.choose(engine='fake', scope='layer', layers=0, what='', text='block', edges='fast')")
    shared_desk.do("room['told'].words.clear()")
    yield shared_desk
    if shared_desk.krita is None:
        return
    shared_desk.do("for task in list(inside.studio().action.tasks): inside.studio().action.forget(task)")
    # Krita's list of layers collects changes for a moment (KisNodeModel::processUpdateQueue), and crashes (5.1.5) when
    # a layer of them has gone with its document meanwhile: let the event loop turn for a while first.
    shared_desk.wait("answer = all(inside.idle(inside.ident(d)) for d in krita.documents())")
    shared_desk.do("stalls.start()")
    shared_desk.wait("answer = stalls.beats > 150")
    shared_desk.do("inside.close_all()")
    shared_desk.wait("answer = not krita.documents()")
