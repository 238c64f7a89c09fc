"""A server's life in a process of its own, for tests that end it with SIGKILL: `python mortal.py FOLDER`.

It finishes one job, begins another, lets a third wait, half receives an upload, says so, and waits for its end.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from layerlift.wire.messages import Done, Progress
from layerlift.wire.values import DocumentInfo
from layerlift_server.jobs.port import LOCAL
from server.jobs.desks import new_id, opened, picture, send, submit


async def live(folder: Path) -> None:
    async with opened(folder) as desk:
        upload = send(desk, picture())
        done, ear = submit(desk, upload, layers=3)
        await ear.until(Done)
        running, ear = submit(desk, upload, what=f"wait {folder / 'gate'}", detached=True)
        await ear.until(Progress, lambda said: said.stage.startswith("Drill"))
        waiting, _ = submit(desk, upload, layers=2, detached=True)
        half, data = new_id(), picture(seed=2).tobytes()
        desk.upload(half, len(data), DocumentInfo("Half", width=48, height=40, depth=8), LOCAL).write(
            0, memoryview(data)[:1000]
        )
        worker = desk._dispatch.slots[0].pid
        told = {"done": done, "running": running, "waiting": waiting, "half": half, "worker": worker}
        print(json.dumps(told), flush=True)
        await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1])))
