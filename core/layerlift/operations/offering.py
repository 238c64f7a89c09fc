"""Whether an engine can do what was asked, said before any work.

Law: asks infos only; starts nothing. Raises EngineUnavailable or RequestError, whose remedy names the engines that can.
"""

from __future__ import annotations

from layerlift import engines
from layerlift.engines.port import Engine, Operation
from layerlift.errors import EngineUnavailable, RequestError

_WORDS: dict[Operation, str] = {
    "decompose": "take pictures apart",
    "edit": "edit pictures in words",
    "generate": "draw new pictures",
    "inpaint": "fill selections",
    "extend": "extend pictures",
    "harmonise": "harmonise pictures",
}


def require(engine: Engine, operation: Operation) -> None:
    """Raises EngineUnavailable where the engine cannot run here, RequestError where it does something else."""
    info = engine.info
    if info.missing:
        raise EngineUnavailable(f"The engine “{info.name}” cannot run here: {info.missing}")
    if operation not in info.operations:
        raise RequestError(f"The engine “{info.name}” cannot {_WORDS[operation]}.", others(operation, info.name))


def others(operation: Operation, besides: str) -> str:
    """A remedy: which engines here can do it, or could if they had what they miss."""
    able = [info for info in engines.available() if operation in info.operations and info.name not in (besides, "fake")]
    ready = [f"“{info.name}”" for info in able if not info.missing]
    if ready:
        return f"Choose the engine {' or '.join(ready)}."
    if able:
        return f"The engine “{able[0].name}” can, once it has what it needs: {able[0].missing}"
    return "An engine that draws can: “layerlift models” says which models this machine can run."


def pick(operation: Operation, *, draws: bool) -> str:
    """The name of an engine for `operation`: the default one if it can, else the first that can here. `draws`: one is
    needed that follows words. Where none is ready, the one that would explain best what it lacks."""
    infos = [info for info in engines.available() if info.name != "fake" and operation in info.operations]
    if draws:
        infos = [info for info in infos if info.name != engines.DEFAULT] or infos
    ready = [info for info in infos if not info.missing]
    chosen = next(iter([*ready, *infos]), None)
    return engines.DEFAULT if chosen is None else chosen.name
