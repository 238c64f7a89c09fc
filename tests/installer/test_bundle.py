"""The plug-in as its host takes it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from layerlift_installer import bundle

PACKAGE = "layerlift_krita"
QT_AND_KRITA = {"PyQt5", "PyQt6", "krita", "pykrita"}


@pytest.fixture(scope="module")
def made() -> bundle.Bundle:
    return bundle.krita()


def test_it_needs_nothing_but_qt_and_the_standard_library(made: bundle.Bundle) -> None:
    for name, data in made.files.items():
        if name.endswith(".py"):
            for node in ast.walk(ast.parse(data)):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                for top in {module.split(".")[0] for module in names}:
                    assert top in sys.stdlib_module_names | QT_AND_KRITA | {PACKAGE}, f"{name} imports {top}"


def test_only_the_host_room_knows_krita_and_only_one_door_leads_to_qt(made: bundle.Bundle) -> None:
    for name, data in made.files.items():
        text = data.decode("utf-8")
        if name.endswith(".py") and not name.startswith(f"{PACKAGE}/host/"):
            allowed = name == f"{PACKAGE}/__init__.py"  # asks whether it is inside Krita at all
            assert allowed or not re.search(r"^\s*(import|from) krita\b", text, re.MULTILINE), name
        if name.endswith(".py") and name != f"{PACKAGE}/qt.py":
            assert "PyQt" not in "".join(line for line in text.splitlines() if "import " in line), name
        if name.startswith((f"{PACKAGE}/action/", f"{PACKAGE}/wire/")):
            assert "layerlift_krita.qt" not in text, name


def test_files_are_short_and_open_with_their_law(made: bundle.Bundle) -> None:
    for name, data in made.files.items():
        if name.endswith(".py"):
            assert ast.get_docstring(ast.parse(data)), name
            assert len(data.splitlines()) <= 300, name


def test_the_wire_works_where_it_was_put(made: bundle.Bundle, tmp_path: Path) -> None:
    for name, data in made.files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    code = (
        "import sys; import layerlift_krita.action.action, layerlift_krita.wire.websocket;"
        "assert not any(m == 'layerlift' or m.startswith('layerlift.') for m in sys.modules), sys.modules;"
        "from layerlift_krita.wire.connection import Connection;"
        "from layerlift_krita.wire.messages import Hello; from layerlift_krita.wire.values import ClientInfo;"
        "c, s = Connection('client'), Connection('server');"
        "print(s.decode(c.encode(Hello(ClientInfo('n', '1'), token='t' * 43))).client.name)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.stdout.strip(), done.stderr) == ("n", "")


def test_the_zip_is_what_kritas_importer_looks_for(made: bundle.Bundle, tmp_path: Path) -> None:
    with zipfile.ZipFile(made.write_zip(tmp_path / "a.zip")) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
    assert f"{PACKAGE}/" in names  # an entry of its own: the importer finds the package by it
    assert f"{PACKAGE}/__init__.py" in names
    assert [name for name in names if name.endswith(".desktop")] == [f"{PACKAGE}.desktop"]
    assert [name for name in names if name.endswith(".action")] == [f"actions/{PACKAGE}.action"]
    assert not [name for name in names if "__pycache__" in name]


def test_the_same_sources_give_the_same_bytes(made: bundle.Bundle, tmp_path: Path) -> None:
    one, two = made.write_zip(tmp_path / "1.zip"), bundle.krita().write_zip(tmp_path / "2.zip")
    assert one.read_bytes() == two.read_bytes()
