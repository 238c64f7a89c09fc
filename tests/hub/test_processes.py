"""`layerlift models` as a process: killed, interrupted, asked, mirrored. The hub is on loopback, the rest is real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub", reason="comes with layerlift[gpu]")

from hub.fake import FakeHub
from hub.weights import gguf
from layerlift.models import catalogue

DEADLINE = 60
Q4 = catalogue.variant(catalogue.LAYERED, "gguf-q4").parts[-1]
FILE = Q4.files[0]
ASKED = ("layered", "--variant", "gguf-q4")
SIZE = 9_000_000
"""A megabyte is written at a time: a killed download must have got some of them."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    given = {
        "LAYERLIFT_MODELS": str(tmp_path / "models"),
        "HF_HOME": str(tmp_path / "hf"),
        "LAYERLIFT_COMFYUI": str(tmp_path / "comfy"),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    return {**os.environ, **given}


@pytest.fixture
def weights(hub: FakeHub) -> bytes:
    data = gguf(SIZE)
    hub.add(Q4.repo, {FILE: data, "README.md": b"x"})
    return data


def start(environment: dict[str, str], *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "layerlift", "models", *words]
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def run(environment: dict[str, str], *words: str) -> tuple[int, str, str]:
    process = start(environment, *words)
    out, err = process.communicate(timeout=DEADLINE)
    return process.returncode, out.decode(), err.decode()


def arrived(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*/.partial/*.part"))


def wait_for_bytes(folder: Path, enough: int) -> None:
    deadline = time.monotonic() + DEADLINE
    while arrived(folder) < enough:
        assert time.monotonic() < deadline, "nothing arrived"
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["killed", "interrupted"])
def test_a_download_survives_its_process(
    hub: FakeHub, weights: bytes, environment: dict[str, str], tmp_path: Path, how: str
) -> None:
    if how == "interrupted" and sys.platform == "win32":
        pytest.skip("no Ctrl-C for a single process there")
    models = tmp_path / "models"
    hub.fault(FILE, "stall", after=6_000_000)
    process = start(environment, "download", *ASKED, "--yes", "--endpoint", hub.address)
    assert hub.stalled.wait(DEADLINE)
    wait_for_bytes(models, 4_000_000)
    if how == "killed":
        process.kill()
    else:
        process.send_signal(signal.SIGINT)
    hub.go_on.set()
    _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == (130 if how == "interrupted" else process.returncode)
    assert how == "killed" or b"goes on from there" in err
    kept = arrived(models)
    assert 4_000_000 <= kept < SIZE
    hub.seen.clear()
    code, out, err_text = run(environment, "download", *ASKED, "--yes", "--json", "--endpoint", hub.address)
    assert (code, err_text.count("Traceback")) == (0, 0), err_text
    (request,) = hub.gets(FILE)
    assert request.range == f"bytes={kept}-"
    answer = json.loads(out)
    assert answer["bytes_fetched"] == SIZE - kept
    assert Path(answer["files"]["transformer"]).read_bytes() == weights


def test_the_licence_is_shown_and_nobody_is_taken_by_surprise(
    hub: FakeHub, weights: bytes, environment: dict[str, str]
) -> None:
    code, _, err = run(environment, "download", *ASKED, "--endpoint", hub.address)
    assert code == 2
    assert "licence: Apache-2.0" in err
    assert "https://github.com/QwenLM/Qwen-Image-Layered/blob/main/LICENSE" in err
    assert "Nobody can be asked here. Add --yes." in err
    assert not hub.gets("/cdn/")
    assert not hub.gets("resolve")


def test_a_mirror_by_environment(hub: FakeHub, weights: bytes, environment: dict[str, str]) -> None:
    code, _, err = run({**environment, "HF_ENDPOINT": hub.address}, "download", *ASKED, "--yes")
    assert code == 0, err
    assert hub.gets("/cdn/")
    assert "MB" in err or "GB" in err


def test_offline_in_one_sentence(environment: dict[str, str]) -> None:
    code, _, err = run(environment, "download", *ASKED, "--yes", "--endpoint", "http://127.0.0.1:9")
    assert code == 1
    (line,) = [line for line in err.splitlines() if line.startswith("layerlift:")]
    assert "The connection to 127.0.0.1:9 failed" in line
    assert "Traceback" not in err


def test_verify_repair_and_remove(hub: FakeHub, weights: bytes, environment: dict[str, str], tmp_path: Path) -> None:
    mirror = {**environment, "HF_ENDPOINT": hub.address}
    assert run(mirror, "download", *ASKED, "--yes")[0] == 0
    file = tmp_path / "models" / "qwen-image-layered" / Q4.into / FILE
    with file.open("r+b") as damaged:
        damaged.seek(123)
        damaged.write(b"\0\0\0\0")
    code, out, err = run(mirror, "verify", "layered", "--json")
    assert code == 1
    assert json.loads(out)[0]["damaged"] == [str(file)]
    assert "--repair" in err
    assert run(mirror, "verify", "--repair")[0] == 0
    assert file.read_bytes() == weights
    code, out, _ = run(mirror, "verify", "--json")
    (answer,) = json.loads(out)
    assert (code, str(file) in answer["good"], answer["damaged"]) == (0, True, [])
    code, out, _ = run(mirror, "remove", "layered", "--yes", "--json")
    assert code == 0
    assert json.loads(out)["bytes_freed"] > SIZE
    assert not (tmp_path / "models" / "qwen-image-layered").exists()
    code, _, err = run(mirror, "remove", "layered", "--yes")
    assert (code, "is not here" in err) == (2, True)
