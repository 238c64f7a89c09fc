"""The plug-in's windows and sockets on both Qt bindings, outside Krita, against the real server.

PyQt5 is what the real Krita has in tests/hosts/krita; PyQt6, which Krita 6 will have, is taken where it is installed
(`pip install PyQt6`).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("major", [5, 6])
def test_everything_shows_and_a_job_runs(tmp_path: Path, major: int) -> None:
    if find_spec(f"PyQt{major}") is None:
        pytest.skip(f"PyQt{major} is not here")
    (tmp_path / "launch.json").write_text(json.dumps({"command": [sys.executable, "-m", "layerlift", "serve"]}))
    environment = {
        **os.environ,
        "LAYERLIFT_DATA_DIR": str(tmp_path),
        "LAYERLIFT_RUNTIME_DIR": str(tmp_path / "run"),
        "LANGUAGE": "en",
        "OMP_NUM_THREADS": "1",
    }
    paths = [str(ROOT / "plugins" / "krita"), str(ROOT / "core"), str(ROOT / "tests")]
    try:
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("qt_scene.py")), str(major), *paths],
            env=environment, capture_output=True, text=True, timeout=150, check=False,
        )  # fmt: skip
    finally:
        for file in (tmp_path / "run").glob("server-*.json"):
            with suppress(ProcessLookupError):
                os.kill(int(file.stem.removeprefix("server-")), signal.SIGKILL)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert (seen["major"], seen["binding"]) == (major, f"PyQt{major}")
    assert seen["rows"] == 11
    assert seen["buttons"] == ["again", "cancel", "forget", "fresh", "hide", "insert"]
    assert (seen["choice"], seen["ran"], seen["asked"]) == (4, [4], 2)
    hint = "Hair, and things that look like their ground; edges take about twice as long"
    assert seen["edges"] == [False, "careful", "Careful edges", hint, "careful", False]
    assert seen["more before"]
    assert seen["more"] == [False, "edit", "fill", "remove", "generate", "extend", "harmonise"]
    said = {"prompt": "a red ball", "seed": 7}
    assert seen["wishes"] == {
        "edit": [False, "edit", "image", "artist 2", {**said, "fast": True}],
        "fill": [False, "inpaint", "image", None, said],
        "remove": [True, "inpaint", "layer", None, said],
        "generate": [False, "generate", "layer", None, {**said, "width": 400, "height": 300, "layers": 0}],
        "extend": [True, "extend", "image", None, {**said, "left": 0, "top": 30, "right": 0, "bottom": 0}],
        "harmonise": [True, "harmonise", "image", None, said],
    }
    assert seen["by aspect"] == [100, 0, 100, 0]
    assert seen["by nothing"] == [False, 0]
    assert seen["size"] == "400 × 330 px"
    assert seen["over"] == ["image", 0.6, False]
    assert seen["from the panel"] == ["edit"]
    assert seen["menu"] == ["layer_properties", "Mine", "duplicatelayer", "merge_layer", "isolate_active_layer"]
    # 40 × 30 pixels are too few to be taken apart: the server gives one layer
    assert (seen["state"], seen["trouble"], seen["pieces"]) == ("inserted", "None", 1)
    assert seen["watchers"] == 0  # a window that is closed is told nothing any more
    assert (seen["calls"], seen["hellos"]) == (3, 2)  # to be hung up on once, or to be late, is no reason to give up
    words = "This plug-in is too old for the Layerlift server."
    assert seen["version"] == [words, "Run the Layerlift installer again to update the plug-in.", [words]]
    assert seen["engines"]
