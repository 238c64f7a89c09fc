"""Everything that makes a model of the family fit into a machine and run fast there.

Floor: takes a folder of weights and a plan (layerlift.models), gives a pipeline that can be called, and knows nothing
of operations, prompts or pictures. `load` answers a Running, which is kept for job after job.
"""

from __future__ import annotations

from pathlib import Path

from layerlift.engines.qwen.running.running import Running
from layerlift.models.model import Installed
from layerlift.models.plans import Plan
from layerlift.progress import Progress

__all__ = ["Running", "load"]


def load(family: str, where: Path | Installed, plan: Plan, progress: Progress) -> Running:
    """The model of `family` ("layered", "edit", "image") from `where` (a folder in diffusers layout, or Installed) as
    `plan` says. Reports to `progress` and can be cancelled between any two tensors. Raises EngineUnavailable with a
    remedy when something is missing or damaged, EngineError when not even the next lower plan has enough memory."""
    return Running(family, where, plan, progress)
