"""What is asked for, put into the wire's words. Law: pure; both clients say the same."""

from __future__ import annotations

import platform
import uuid
from importlib.metadata import PackageNotFoundError, version
from typing import Literal, TypeAlias

from layerlift.wire.messages import Submit
from layerlift.wire.values import ClientInfo, Operation, Param

TextGrouping: TypeAlias = Literal["block", "line"]


def decompose(
    engine: str | None, layers: int | None, what: str | None, text_grouping: TextGrouping, seed: int
) -> Submit:
    """Take a picture apart; the upload's id is filled in once it is there."""
    params: dict[str, Param] = {"text": text_grouping, "seed": seed}
    if layers is not None:
        params["layers"] = layers
    if what is not None:
        params["what"] = what
    return order(None, "decompose", engine, params, None, False)


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
