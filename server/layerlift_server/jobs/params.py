"""Which engine does a job, and whether it can do what its params ask.

Law: pure; knows the wire's values and the offers. Raises Refusal. What any engine can be told stands in `wire.params`;
the worker checks again what only it can know.
"""

from __future__ import annotations

from collections.abc import Sequence

from layerlift.wire.messages import Submit
from layerlift.wire.params import OPERATIONS, Unfit
from layerlift.wire.params import check as fit
from layerlift.wire.values import EngineOffer, Limits, Operation, Param
from layerlift_server.jobs import refusals

_PRETEND = frozenset({"fake"})
"""Engines that only pretend (for tests and demos): they do what they are named for, and are never chosen unasked."""
_DRAWS: dict[Operation, Operation] = {"edit": "harmonise", "inpaint": "generate", "extend": "generate"}
"""What else an engine offers that draws from words there: others edit by exact commands alone, or only continue what is
around a hole."""


def choose(order: Submit, offers: Sequence[EngineOffer], certain: bool, limits: Limits) -> EngineOffer:
    """The engine that does it: the one that is named, else the default one if it can, else the first that can; where
    there are words to be drawn, those that draw come first. While it is not `certain` who there is and what they can,
    anything may be asked for (the worker will say). Raises Refusal."""
    if not certain:
        presumed = next((offer for offer in offers if offer.name == order.engine), None)
        if presumed is None and order.engine is not None:
            return EngineOffer(order.engine, order.engine, OPERATIONS, limits.layers)
        return presumed or _default(order, offers, strict=False)
    if order.engine is None:
        return _default(order, offers)
    engine = _named(order.engine, offers)
    if engine.missing is not None:
        raise refusals.engine_missing(engine.name, engine.missing)
    if not can(engine, order.operation):
        raise refusals.unsupported(order.operation, engine.name)
    return engine


def can(engine: EngineOffer, operation: Operation) -> bool:
    """Whether `engine` may be asked for it: edits that are commands ("move the dog 30 px right") need no engine."""
    return operation in engine.operations or operation == "edit"


def check(
    order: Submit, engine: EngineOffer, limits: Limits, *, upload: bool | None = None, mask: bool | None = None
) -> dict[str, Param]:
    """The order's params, complete and in range; `upload` and `mask` as in `wire.params.check`. Raises Refusal."""
    try:
        params = fit(order.operation, order.params, upload=upload, mask=mask)
    except Unfit as unfit:
        raise refusals.bad(unfit.sentence, unfit.remedy) from unfit
    layers, most = params.get("layers"), min(engine.max_layers, limits.layers)
    if isinstance(layers, int) and layers > most:
        raise refusals.bad(f"{layers} layers were asked for.", f"The engine “{engine.name}” makes 1 to {most}.")
    if order.operation == "generate" and params["width"] is not None:
        room(_number(params, "width"), _number(params, "height"), limits)
    return params


def extended(params: dict[str, Param], width: int, height: int) -> tuple[int, int]:
    """The canvas of a picture of that size after it was extended."""
    sides = {side: _number(params, side) for side in ("left", "top", "right", "bottom")}
    return width + sides["left"] + sides["right"], height + sides["top"] + sides["bottom"]


def room(width: int, height: int, limits: Limits) -> None:
    """Whether a picture of that size may come out. Raises Refusal."""
    if max(width, height) > limits.side or width * height > limits.pixels:
        raise refusals.too_large(
            f"The picture would have {width} × {height} pixels; at most {limits.side} a side and "
            f"{limits.pixels / 1e6:g} million in all can be made.",
            "Ask for a smaller one.",
        )


def _default(order: Submit, offers: Sequence[EngineOffer], *, strict: bool = True) -> EngineOffer:
    operation = order.operation
    draws = _DRAWS.get(operation, "") if order.params.get("prompt") else ""

    def rank(offer: EngineOffer) -> tuple[bool, bool]:
        return bool(draws) and draws not in offer.operations, not offer.default

    able = sorted((offer for offer in offers if offer.missing is None and offer.name not in _PRETEND), key=rank)
    if not able:
        raise refusals.no_engine("default", "none")
    for offer in able:
        if operation in offer.operations:
            return offer
    usual = next((offer for offer in able if offer.default), able[0])
    if strict and not can(usual, operation):
        missing = next((offer for offer in offers if offer.missing and operation in offer.operations), None)
        raise refusals.nobody_can(operation, missing)
    return usual


def _named(name: str, offers: Sequence[EngineOffer]) -> EngineOffer:
    for offer in offers:
        if offer.name == name:
            return offer
    raise refusals.no_engine(name[:40], ", ".join(offer.name for offer in offers))


def _number(params: dict[str, Param], name: str) -> int:
    value = params[name]
    assert isinstance(value, int)  # `check` has seen to it
    return value
