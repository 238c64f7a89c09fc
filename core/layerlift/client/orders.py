"""What is asked for, put into the wire's words. Law: pure; both clients say the same."""

from __future__ import annotations

import platform
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Literal, TypeAlias

from layerlift.errors import RequestError
from layerlift.wire.messages import Submit
from layerlift.wire.params import Drawing, Unfit, check
from layerlift.wire.values import ClientInfo, Operation, Param

TextGrouping: TypeAlias = Literal["block", "line"]
Edges: TypeAlias = Literal["fast", "careful"]


def work(
    operation: Operation, engine: str | None, params: Mapping[str, Param], drawing: Drawing | None, picture: bool
) -> Submit:
    """An operation on a `picture` that will be sent (its upload's id is filled in once it is there), on a finished job,
    or on words alone. What was not said is left out. Raises RequestError for what no server would follow."""
    said: dict[str, Param] = {name: value for name, value in params.items() if value is not None}
    if drawing is not None:
        said |= {name: value for name, value in asdict(drawing).items() if value != getattr(Drawing, name)}
    try:
        check(operation, said, upload=picture)
    except Unfit as unfit:
        raise RequestError(unfit.sentence, unfit.remedy) from unfit
    return order(None, operation, engine, said, None, False)


def order(
    upload: str | None,
    operation: Operation,
    engine: str | None,
    params: dict[str, Param] | None,
    job: str | None,
    detached: bool,
) -> Submit:
    """Any work."""
    return Submit(job or str(uuid.uuid4()), operation, engine, upload, dict(params or {}), detached)


def library() -> ClientInfo:
    """Who speaks, when the caller doesn't say: this library."""
    try:
        own = version("layerlift")
    except PackageNotFoundError:  # a frozen program without its metadata
        own = "unknown"
    return ClientInfo("layerlift", own, "Python", platform.python_version())
