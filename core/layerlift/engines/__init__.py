"""Who proposes layers: the Engine port and everything behind it. Floor: knows imaging; no server, no file format."""

from __future__ import annotations

from importlib import import_module

from layerlift.engines.port import Engine, EngineInfo
from layerlift.errors import RequestError

_ENGINES = {
    "quick": ("layerlift.engines.quick.engine", "QuickEngine"),
    "fake": ("layerlift.engines.fake", "FakeEngine"),
}
DEFAULT = "quick"


def names() -> tuple[str, ...]:
    """Every engine's name, the default first."""
    return tuple(_ENGINES)


def get(name: str) -> Engine:
    """The engine called `name`. Raises RequestError for a name that nobody has."""
    if name not in _ENGINES:
        raise RequestError(f"There is no engine called “{name}”.", f"Known engines: {', '.join(_ENGINES)}.")
    module, attribute = _ENGINES[name]
    engine: Engine = getattr(import_module(module), attribute)()
    return engine


def available() -> list[EngineInfo]:
    """What every engine is and can do here; those that cannot run say why in `missing`."""
    return [get(name).info for name in _ENGINES]
