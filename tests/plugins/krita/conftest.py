"""The plug-in's rooms without Krita: its package on the path, a host and a link that live in memory."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "plugins" / "krita"))
