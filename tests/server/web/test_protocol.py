"""The page's half of the protocol: the same tables, the same bytes as the Python half, in Chromium and in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from server.web.tables import tables, written

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
STATIC = ROOT / "server" / "layerlift_server" / "web" / "static"
PROTOCOL = STATIC / "protocol"
VECTORS = ROOT / "tests" / "vectors"


def vectors() -> dict[str, Any]:
    names = {"values": "msgpack", "said": "messages", "refused": "refused"}
    return {key: json.loads((VECTORS / f"{name}.json").read_text())["vectors"] for key, name in names.items()}


def test_the_tables_are_the_dataclasses() -> None:
    assert written() == tables(), "run python tests/server/web/tables.py"


def test_the_golden_vectors_hold_in_chromium(workshop: Page) -> None:
    script = (HERE / "vectors.js").read_text(encoding="utf-8").replace("export function", "function")
    wrong = workshop.evaluate(
        f"""async (vectors) => {{ {script}
            const codec = await import("/static/protocol/codec.js");
            const messages = await import("/static/protocol/messages.js");
            return check({{ codec, messages }}, vectors); }}""",
        vectors(),
    )
    assert wrong == []


def test_the_golden_vectors_hold_in_node_without_what_plugins_lack(tmp_path: Path) -> None:
    """UXP has neither TextEncoder nor TextDecoder nor a document: the codec must live without them."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not here; Chromium has read the same vectors")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for file in (*PROTOCOL.glob("*.js"), HERE / "vectors.js"):
        shutil.copy(file, tmp_path)
    (tmp_path / "all.json").write_text(json.dumps(vectors()))
    (tmp_path / "run.js").write_text(
        """
        for (const name of ["TextEncoder", "TextDecoder", "Worker"]) delete globalThis[name];
        const { readFileSync } = await import("node:fs");
        const { check } = await import("./vectors.js");
        const codec = await import("./codec.js");
        const messages = await import("./messages.js");
        await import("./connection.js");
        console.log(JSON.stringify(check({ codec, messages }, JSON.parse(readFileSync("all.json", "utf8")))));
        """
    )
    done = subprocess.run([node, "run.js"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_the_protocol_needs_nothing_of_a_browser() -> None:
    """The same files will be part of a Photoshop plug-in: no document, no window, no import from the page's rooms."""
    for path in PROTOCOL.glob("*.js"):
        code = path.read_text(encoding="utf-8")
        for word in ("document.", "window.", "navigator.", "localStorage", "TextEncoder(", "TextDecoder(", '"../'):
            assert word not in code, f"{path.name}: {word}"
