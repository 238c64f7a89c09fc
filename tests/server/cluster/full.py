"""Engines of a worker that finds no place until a file makes room: it ends as a bridge to a full cluster does."""

from __future__ import annotations

import os
from pathlib import Path

from layerlift_server.worker import entry
from server.worker.drills import DEFAULT, available, get

__all__ = ["DEFAULT", "available", "get"]

if not Path(os.environ["LAYERLIFT_TEST_ROOM"]).exists():
    os._exit(entry.NO_PLACE)
