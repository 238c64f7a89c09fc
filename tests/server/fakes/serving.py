"""A whole serving process over jobs that do nothing: `python serving.py FOLDER [PORT [HOST]]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from layerlift_server.lifecycle import serve
from layerlift_server.settings import Settings
from server.fakes.jobs import FakeJobs

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    host = sys.argv[3] if len(sys.argv) > 3 else "127.0.0.1"
    settings = Settings(host=host, port=port, data=folder / "data", runtime=folder / "run", grace=5.0)
    code = serve(settings, jobs=lambda _: FakeJobs(folder))
    heavy = sorted({"numpy", "cv2", "PIL", "torch", "onnxruntime", "rapidocr"} & set(sys.modules))
    print(json.dumps({"code": code, "heavy": heavy}), flush=True)
    sys.exit(code)
