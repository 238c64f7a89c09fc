"""The real programs: found, started in throw-away homes, asked what they show.

`tests/hosts/install.sh` installs them. A missing one skips its tests with the reason, or fails them where the
environment variable LAYERLIFT_REQUIRE_HOSTS is 1 (our own checks set it: a skipped proof is no proof).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
GIMP_ROOT = Path(
    os.environ.get("LAYERLIFT_GIMP_ROOT")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "layerlift-hosts" / "gimp"
)
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
"""What hosts search: with a virtual environment in front, an embedded Python would take it for its own home."""
PATIENCE = 240
"""Seconds before a program that hangs is killed; a first start takes up to 30 on a busy machine."""

Ask = Callable[..., Path]


def missing(what: str) -> None:
    """Skip, or fail where hosts are required."""
    reason = f"{what} is not here (tests/hosts/install.sh installs it)"
    if os.environ.get("LAYERLIFT_REQUIRE_HOSTS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def run(command: list[str], environment: dict[str, str]) -> None:
    """Run to the end, in an environment of its own; what it said is shown when it fails."""
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    said = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{said[-4000:]}"


@pytest.fixture(scope="session")
def krita(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """`krita(script, *arguments)`: run tests/hosts/SCRIPT's `__main__(arguments)` inside a real, windowless Krita."""
    if shutil.which("kritarunner") is None:
        missing("Krita")
    home = tmp_path_factory.mktemp("krita")
    environment = {
        "PATH": SYSTEM_PATH,
        "HOME": str(home),
        "PYTHONPATH": str(HERE),
        "LC_ALL": "C.UTF-8",
        "QT_QPA_PLATFORM": "offscreen",
        "LIBGL_ALWAYS_SOFTWARE": "1",
    }
    for name in ("CONFIG_HOME", "DATA_HOME", "CACHE_HOME", "RUNTIME_DIR"):
        (home / name).mkdir(mode=0o700)
        environment[f"XDG_{name}"] = str(home / name)

    def ask(script: str, *arguments: object) -> Path:
        run(["kritarunner", "-s", script, "-f", "__main__", *map(str, arguments)], environment)
        return home

    return ask


@pytest.fixture(scope="session")
def gimp() -> Iterator[Ask]:
    """`gimp(script, *files)`: copy the files into the GIMP root's job folder and run tests/hosts/SCRIPT there.

    Gives the job folder, where the script left its results; it is removed in the end.
    """
    if sys.platform != "linux" or not (GIMP_ROOT / "usr" / "bin" / "gimp-console").exists():
        missing("GIMP 3")
    if os.geteuid() != 0:
        missing("the right to chroot into the GIMP root")
    (GIMP_ROOT / "job").mkdir(exist_ok=True)
    job = Path(tempfile.mkdtemp(dir=GIMP_ROOT / "job"))
    inside = Path("/") / job.relative_to(GIMP_ROOT)

    def ask(script: str, *files: Path) -> Path:
        for file in (HERE / script, *files):
            shutil.copy(file, job)
        (job / "profile").mkdir(exist_ok=True)
        for path in (job, *job.rglob("*")):
            os.chown(path, 1000, 1000)
        clean = [
            "env",
            "-i",
            f"HOME={inside}",
            "PATH=/usr/bin:/bin",
            "LANG=C.UTF-8",
            f"GIMP3_DIRECTORY={inside}/profile",
        ]
        batch = f'import os; os.chdir("{inside}"); exec(open("{script}").read())'
        console = ["gimp-console", "-i", "--quit", "--batch-interpreter", "python-fu-eval", "-b", batch]
        run(["chroot", "--userspec=1000:1000", str(GIMP_ROOT), *clean, *console], {"PATH": SYSTEM_PATH})
        return job

    yield ask
    shutil.rmtree(job)


@pytest.fixture(scope="session")
def impress(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """`impress(pptx)`: LibreOffice's picture of the first slide, as a PNG 960 pixels wide."""
    for program in ("soffice", "pdftoppm"):
        if shutil.which(program) is None:
            missing("LibreOffice with poppler")
    home = tmp_path_factory.mktemp("impress")
    environment = {"PATH": SYSTEM_PATH, "HOME": str(home), "LC_ALL": "C.UTF-8"}

    def ask(deck: Path) -> Path:
        profile = f"-env:UserInstallation=file://{home}/profile"
        run(["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(home), str(deck)], environment)
        page = home / deck.stem
        drawn = ["pdftoppm", "-png", "-singlefile", "-scale-to-x", "960", "-scale-to-y", "-1"]
        run([*drawn, f"{page}.pdf", str(page)], environment)
        return page.with_suffix(".png")

    return ask
