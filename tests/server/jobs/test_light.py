"""The serving process stays light: no engine, no numpy, no picture library is ever loaded into it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_SCRIPT = """
import asyncio, sys, tempfile
from pathlib import Path
from layerlift_server.jobs.desk import Desk
from layerlift_server.jobs.settings import JobSettings

async def main():
    desk = Desk(Path(tempfile.mkdtemp()) / "data", JobSettings())
    await desk.start()
    before = [offer.name for offer in desk.offers()]
    while not desk._told:
        await asyncio.sleep(0.01)
    print(before, [offer.name for offer in desk.offers()])
    await desk.stop(grace=0)

if __name__ == "__main__":
    asyncio.run(main())
    print(sorted({"numpy", "cv2", "PIL", "onnxruntime", "torch", "layerlift.engines"} & set(sys.modules)))
"""


def test_the_engines_are_offered_without_being_imported(tmp_path: Path) -> None:
    script = tmp_path / "serve.py"
    script.write_text(_SCRIPT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    offered, loaded = run.stdout.splitlines()
    assert loaded == "[]"
    assert offered.startswith("['quick'] ['quick', ")
