"""Whether an engine can do what was asked, said before any work.

Law: asks infos only; starts nothing. Raises EngineUnavailable or RequestError, whose remedy names the engines that can.
"""

from __future__ import annotations

from layerlift import engines
from layerlift.engines.port import Engine, EngineInfo, Operation
from layerlift.errors import EngineUnavailable, RequestError

FAKE = "fake"
"""Never chosen by itself, never recommended."""
_MODELS = "“layerlift models” says which models this machine can run and how to get them."
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


def others(operation: Operation, besides: str = "") -> str:
    """A remedy: which engines here can do it, or could if they had what they miss."""
    able = [info for info in engines.available() if operation in info.operations and info.name not in (besides, FAKE)]
    ready = [f"“{info.name}”" for info in able if not info.missing]
    if ready:
        return f"Choose the engine {' or '.join(ready)}."
    return " ".join([_MODELS, *(f"Or the engine “{info.name}”: {info.missing}" for info in able)])


def pick(operation: Operation, *, draws: bool) -> str:
    """The name of an engine for `operation`. `draws`: one that follows words is wanted, which the default one cannot;
    it is still the one to explain so where no other is ready. Raises RequestError where nobody can."""
    able = [info for info in engines.available() if operation in info.operations and info.name != FAKE]
    ready = [info.name for info in able if not info.missing and (not draws or _follows_words(info))]
    if ready:
        return ready[0]
    if engines.DEFAULT in (info.name for info in able):
        return engines.DEFAULT
    raise RequestError(f"No engine here can {_WORDS[operation]}.", others(operation))


def _follows_words(info: EngineInfo) -> bool:
    """Engines that only continue what is around a hole neither edit nor generate."""
    return info.name != engines.DEFAULT and bool({"edit", "generate"} & set(info.operations))
