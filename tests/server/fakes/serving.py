"""A whole serving process: `python serving.py '{"folder": …, "jobs": "fake" | "slow" | "desk", …settings}'`.

Prints, when it ends, its exit code and what it should never have imported.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from layerlift_server.jobs.port import Jobs
from layerlift_server.lifecycle import desk, serve
from layerlift_server.settings import Settings
from server.fakes.jobs import FakeJobs

HEAVY = {"numpy", "cv2", "PIL", "torch", "onnxruntime", "rapidocr", "layerlift.engines", "layerlift.imaging"}


def main(words: dict[str, Any]) -> int:
    folder, kind = Path(words.pop("folder")), words.pop("jobs", "fake")
    words = {"data": folder / "data", "runtime": folder / "run", "grace": 5.0, **words}
    settings = Settings(**words)

    def fake(_settings: Settings) -> Jobs:
        jobs = FakeJobs(folder)
        if kind == "slow":
            jobs.linger.clear()
        return jobs

    code = serve(settings, jobs=desk if kind == "desk" else fake)
    print(json.dumps({"code": code, "heavy": sorted(HEAVY & set(sys.modules))}), flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
