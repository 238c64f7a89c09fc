"""The folder lives inside plug-ins: copied, renamed, in a bare Python without anything installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import layerlift.wire

HEAVY = ("asyncio", "ssl", "http", "email", "logging", "multiprocessing", "unittest", "numpy")
SPEAK = """
import sys
from my_plugin.wire.connection import Connection
from my_plugin.wire.messages import Hello
from my_plugin.wire.values import ClientInfo
from my_plugin.wire.websocket import WebSocket
from my_plugin.wire import runtime
sent = WebSocket("127.0.0.1", 1).request()
said = Connection("server").decode(Connection("client").encode(Hello(ClientInfo("x", "1"))))
assert type(said).__module__ == "my_plugin.wire.messages.client"
assert runtime.folders()
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


def test_a_renamed_copy_speaks_without_anything_installed(tmp_path: Path) -> None:
    source = Path(layerlift.wire.__file__).parent
    copy = tmp_path / "my_plugin" / "wire"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy.parent / "__init__.py").write_text("")
    for path in copy.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("layerlift.wire", "my_plugin.wire"), encoding="utf-8")
    bare = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}){SPEAK}"]
    done = subprocess.run(bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "layerlift" not in loaded
    assert not loaded & set(HEAVY), "an import inside a host must stay cheap"
