from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading

import pytest

import layerlift as library
from layerlift.cli import main as door
from layerlift.cli.arguments import build_parser
from layerlift.errors import Cancelled, InputError, RequestError

COMMANDS = (
    *("decompose", "inspect", "preview", "engines"),
    *("serve", "open", "jobs", "pair", "devices", "doctor", "plugins"),
)


def test_version(layerlift):
    assert layerlift("--version") == (0, f"layerlift {library.__version__}\n", "")


@pytest.mark.parametrize("command", [(), *((command,) for command in COMMANDS)])
def test_help_teaches_with_examples_and_exit_codes(layerlift, command):
    code, out, err = layerlift(*command, "--help")
    assert (code, err) == (0, "")
    assert "examples:\n  layerlift " in out
    for number in ("0", "1", "2", "130"):
        assert f"\n  {number} " in out[out.index("exit codes:") :]


def test_every_example_in_the_help_can_be_typed():
    """Each `layerlift …` line of every help parses (what the shell would do is left out)."""
    import shlex

    from layerlift.cli import arguments, arguments_server
    from layerlift_installer import cli as installer

    texts = [
        text
        for module in (arguments, arguments_server)
        for text in vars(module).values()
        if isinstance(text, str) and text.startswith("examples:")
    ]
    texts.append(installer.EXAMPLES)
    assert len(texts) == 1 + len(COMMANDS)
    seen = 0
    for text in texts:
        for line in text.splitlines():
            before, found, rest = line.partition("layerlift ")
            if not found or not (before.strip() == "" or before.rstrip().endswith("|")):
                continue
            words = shlex.split(rest.split("  ")[0].split(" |")[0].split(" >")[0])
            build_parser().parse_args(words)
            seen += 1
    assert seen >= 40


HEAVY = "{'numpy', 'cv2', 'rich', 'PIL', 'onnxruntime', 'layerlift.decomposition'}"


@pytest.mark.parametrize("arguments", [["--help"], ["decompose", "--help"], ["jobs", "--help"], ["serve", "--stop"]])
def test_what_should_be_quick_imports_nothing_heavy(arguments, work):
    """That is what makes help, and the serving process, start fast on any machine."""
    code = (
        f"import sys; from layerlift.cli.main import main; main({arguments});"
        f"print(sorted({HEAVY} & set(sys.modules)), file=sys.stderr)"
    )
    environment = {**os.environ, "LAYERLIFT_RUNTIME_DIR": str(work / "run")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("dance",),
        ("decompose",),
        ("decompose", "a.png", "--layers", "0"),
        ("decompose", "a.png", "--layers", "many"),
        ("decompose", "a.png", "--max-size", "-3"),
        ("decompose", "a.png", "--format", "gif"),
        ("preview", "a.psd"),
    ],
)
def test_wrong_usage_is_two(layerlift, arguments):
    code, out, err = layerlift(*arguments)
    assert (code, out) == (2, "")
    assert "usage: layerlift" in err


def test_layers_auto_is_nothing_asked():
    assert build_parser().parse_args(["decompose", "a", "--layers", "auto"]).layers is None
    assert build_parser().parse_args(["decompose", "a", "--layers", "7"]).layers == 7


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        (InputError("It is empty.", "Fill it."), 1, "layerlift: It is empty. Fill it.\n"),
        (RequestError("No.", "Yes."), 2, "layerlift: No. Yes.\n"),
        (Cancelled(), 130, "layerlift: Cancelled. Nothing was written.\n"),
        (MemoryError(), 1, "layerlift: The memory was not enough. Close other programs, or reduce"),
        (OSError(28, "No space left on device"), 1, "layerlift: Standard output cannot be read or written: No space"),
        (
            ValueError("two\nlines"),
            1,
            "layerlift: Something unexpected happened (ValueError: two lines). Please report",
        ),
        (KeyError(), 1, "layerlift: Something unexpected happened (KeyError: no further words)."),
    ],
)
def test_every_failure_is_a_sentence_and_a_remedy(capsys, monkeypatch, failure, code, words):
    monkeypatch.delenv("LAYERLIFT_DEBUG", raising=False)
    assert door.complain(failure) == code
    err = capsys.readouterr().err
    assert err.startswith(words)
    assert err.count("\n") == 1


def test_tracebacks_only_for_who_asks(layerlift, work, monkeypatch):
    assert "Traceback" not in layerlift("inspect", "gone.psd")[2]
    monkeypatch.setenv("LAYERLIFT_DEBUG", "1")
    err = layerlift("inspect", "gone.psd")[2]
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("layerlift: gone.psd cannot be read")


def run_module(*arguments: str, stdout: object = subprocess.PIPE, **options: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "layerlift", *arguments], stdout=stdout, stderr=subprocess.PIPE, check=False, **options
    )


def test_as_a_module(work):
    done = run_module("engines")
    assert done.returncode == 0
    assert b"quick (default)" in done.stdout


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
@pytest.mark.parametrize("arguments", [("engines",), ("engines", "--json")])
def test_a_full_disk_behind_standard_output(work, arguments):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = run_module(*arguments, stdout=full)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "layerlift: Standard output cannot be read or written: No space left on device. "
        "Check the disk, the folder and its rights."
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break differently there")
def test_a_reader_who_leaves_is_no_failure_worth_words(work):
    reader, writer = os.pipe()
    os.close(reader)
    done = run_module("engines", "--json", stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


class Broken(io.StringIO):
    """Standard output on which writing fails."""

    def __init__(self, failure: BaseException):
        super().__init__()
        self.failure = failure

    def write(self, text: str) -> int:
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        (BrokenPipeError(), 1, ""),
        (OSError(28, "No space left on device"), 1, "layerlift: Standard output cannot be read or written: No space"),
        (KeyboardInterrupt(), 130, "layerlift: Cancelled. Nothing was written."),
    ],
)
def test_the_border_in_this_process(layerlift, monkeypatch, failure, code, words):
    monkeypatch.delenv("LAYERLIFT_DEBUG", raising=False)
    monkeypatch.setattr(sys, "stdout", Broken(failure))
    found, _, err = layerlift("engines", "--json")
    assert found == code
    assert err.startswith(words)
    assert bool(err) == bool(words)


def test_old_code_pages_do_not_stop_anything(picture):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = run_module("decompose", str(picture("größe.png")), "-o", "猫.psd", "--engine", "fake", env=environment)
    assert done.returncode == 0, done.stderr
    assert b"gr??e.png ? ?.psd: 4 layers in" in done.stderr
    done = run_module("inspect", "猫.psd", "--json", env=environment)
    assert json.loads(done.stdout)["file"] == "猫.psd"


def test_in_another_thread_signals_are_left_alone(layerlift, picture):
    """An embedding program calls `main` from a worker."""
    photo, codes = picture(), []
    before = signal.getsignal(signal.SIGINT)
    worker = threading.Thread(
        target=lambda: codes.append(door.main(["decompose", str(photo), "-q", "--engine", "fake"]))
    )
    worker.start()
    worker.join(60)
    assert codes == [0]
    assert signal.getsignal(signal.SIGINT) == before


def test_plugins_are_the_installer_s(layerlift, work, monkeypatch):
    from layerlift_installer import hosts

    monkeypatch.setattr(hosts, "kritas", list)
    assert layerlift("plugins", "list") == (0, "", "")
    assert "usage: layerlift plugins" in layerlift("plugins")[2]
