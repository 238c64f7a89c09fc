"""Who proposes layers: the Engine port and everything behind it. Floor: knows imaging; no server, no file format."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from layerlift.engines.port import EngineInfo
from layerlift.errors import RequestError

_ENGINES = {
    "quick": ("layerlift.engines.quick.engine", "QuickEngine"),
    "qwen": ("layerlift.engines.qwen.engine", "QwenEngine"),
    "layerd": ("layerlift.engines.layerd.engine", "LayerdEngine"),
    "remote": ("layerlift.engines.remote.engine", "RemoteEngine"),
    "fake": ("layerlift.engines.fake", "FakeEngine"),
}
DEFAULT = "quick"


def names() -> tuple[str, ...]:
    """Every engine's name, the default first."""
    return tuple(_ENGINES)


def get(name: str) -> Any:
    """The engine called `name`, with the methods of the operations that its `info` names (`port.Decomposer`, …). Raises
    RequestError for a name that nobody has."""
    if name not in _ENGINES:
        raise RequestError(f"There is no engine called “{name}”.", f"Known engines: {', '.join(_ENGINES)}.")
    module, attribute = _ENGINES[name]
    return getattr(import_module(module), attribute)()


def available() -> list[EngineInfo]:
    """What every engine is and can do here; those that cannot run say why in `missing`."""
    return [get(name).info for name in _ENGINES]
