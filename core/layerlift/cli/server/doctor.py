"""`layerlift doctor`: what works here, what doesn't, and what to do about it. Law: looks and prints only."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from layerlift import __version__
from layerlift.cli.main import DONE, FAILED
from layerlift.cli.server.installed import server_package
from layerlift.cli.terminal import print_table
from layerlift.errors import RequestError

_LIBRARIES = ("numpy", "pillow", "opencv-python-headless", "onnxruntime", "rapidocr", "python-pptx", "rich")


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is well (None: not needed, or cannot be told), and what to do when not."""

    name: str
    ok: bool | None
    sentence: str
    remedy: str = ""


def run(arguments: argparse.Namespace) -> int:
    """Print everything that was found. FAILED if something is wrong."""
    findings = _findings()
    wrong = [finding for finding in findings if finding.ok is False]
    if arguments.json:
        print(json.dumps([{**vars(finding)} for finding in findings]))  # noqa: T201
        return FAILED if wrong else DONE
    rows = [
        [_SIGNS[each.ok], each.name, each.sentence, each.remedy if each.ok is not True else ""] for each in findings
    ]
    columns = [("", False), ("what", False), ("found", False), ("what to do", False)]
    print_table(f"Layerlift {__version__} on {sys.platform}", columns, rows)
    print(f"{len(wrong)} of {len(findings)} things need attention." if wrong else "All is well.")  # noqa: T201
    return FAILED if wrong else DONE


def _findings() -> list[Finding]:
    """Ours, and what the server's doctor knows better or besides."""
    theirs = _server()
    known = {finding.name.lower() for finding in theirs}
    ours = [_python(), *_libraries(), *_engines()]
    return [*(finding for finding in ours if finding.name.lower() not in known), *theirs]


_SIGNS = {True: "ok", False: "WRONG", None: "-"}


def _python() -> Finding:
    here = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    good = sys.version_info >= (3, 10)
    return Finding("Python", good, f"{here} ({sys.executable})", "Install Python 3.10 or newer.")


def _libraries() -> list[Finding]:
    found = []
    for name in _LIBRARIES:
        try:
            found.append(Finding(name, True, version(name)))
        except PackageNotFoundError:
            found.append(
                Finding(name, None, "no record of its installation", f"If something fails: pip install {name}")
            )
    return found


def _engines() -> list[Finding]:
    """Engines that cannot run are no fault as long as one can."""
    from layerlift.engines import available

    infos = available()
    able = any(info.missing is None for info in infos)
    return [
        Finding(f"engine {info.name}", None if info.missing and able else not info.missing, info.missing or "ready")
        for info in infos
    ]


def _server() -> list[Finding]:
    try:
        doctor = server_package("doctor")
    except RequestError as missing:
        return [Finding("server", None, missing.sentence, missing.remedy)]
    return [Finding(each.name, each.ok, each.sentence, each.remedy) for each in doctor.examine()]
