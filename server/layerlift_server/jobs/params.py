"""What a job may be told, by operation, and which engine does it.

Law: pure; knows the wire's values and the offers. Raises Refusal. The worker checks again what only it can know.
"""

from __future__ import annotations

from collections.abc import Sequence

from layerlift.wire.messages import Submit
from layerlift.wire.values import EngineOffer, Limits, Param
from layerlift_server.jobs import refusals

_WORDS = 1000
"""Most characters of free text: a sentence or two say what to take out."""
_SEEDS = 1 << 32


def choose(order: Submit, offers: Sequence[EngineOffer], certain: bool, limits: Limits) -> EngineOffer:
    """The engine that does it; while it is not `certain` who there is, one that nobody knows yet may be asked for (the
    worker will say). Raises Refusal."""
    if not certain and order.engine is not None and order.engine not in {offer.name for offer in offers}:
        engine = EngineOffer(order.engine, order.engine, ("decompose",), limits.layers)
    else:
        engine = _named(order.engine, offers)
    if engine.missing is not None:
        raise refusals.engine_missing(engine.name, engine.missing)
    if order.operation not in engine.operations:
        raise refusals.unsupported(str(order.operation)[:20], engine.name)
    return engine


def check(order: Submit, engine: EngineOffer, limits: Limits) -> dict[str, Param]:
    """The order's params, complete and in range. Raises Refusal."""
    if order.operation != "decompose":  # what no engine does yet has no params that could be known
        raise refusals.unsupported(order.operation, engine.name)
    given = dict(order.params)
    params: dict[str, Param] = {
        "layers": _layers(given.pop("layers", None), min(engine.max_layers, limits.layers), engine.name),
        "what": _words(given.pop("what", None)),
        "text": _grouping(given.pop("text", "block")),
        "seed": _seed(given.pop("seed", 0)),
    }
    if given:
        raise refusals.bad(f"“{next(iter(given))[:40]}” is no parameter of {order.operation}.", "Leave it out.")
    return params


def _named(name: str | None, offers: Sequence[EngineOffer]) -> EngineOffer:
    if name is None:
        able = [offer for offer in offers if offer.default] or [offer for offer in offers if offer.missing is None]
        if not able:
            raise refusals.no_engine("default", "none")
        return able[0]
    for offer in offers:
        if offer.name == name:
            return offer
    raise refusals.no_engine(name[:40], ", ".join(offer.name for offer in offers))


def _layers(given: Param, most: int, engine: str) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= most:
        raise refusals.bad(f"{_short(given)} layers were asked for.", f"The engine “{engine}” makes 1 to {most}.")
    return given


def _words(given: Param) -> str | None:
    if given is None or given == "":
        return None
    if not isinstance(given, str) or len(given) > _WORDS:
        raise refusals.bad("“what” is no text, or too long a one.", f"Say it in at most {_WORDS} characters.")
    return given


def _grouping(given: Param) -> str:
    if not isinstance(given, str) or given not in ("block", "line"):
        raise refusals.bad(f"Text cannot be grouped by {_short(given)}.", "Say “block” or “line”.")
    return given


def _seed(given: Param) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < _SEEDS:
        raise refusals.bad(f"{_short(given)} is no seed.", f"Give a whole number from 0 to {_SEEDS - 1}.")
    return given


def _short(given: Param) -> str:
    return repr(given)[:40]
