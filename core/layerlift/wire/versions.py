"""Which version of the protocol two sides speak. Law: two ranges in, one number or a problem out."""

from __future__ import annotations

from layerlift.wire.messages import OLDEST, PROTOCOL, Hello
from layerlift.wire.problems import problem
from layerlift.wire.values import Problem


def agreed(hello: Hello, *, newest: int = PROTOCOL, oldest: int = OLDEST) -> int | Problem:
    """The newest version that both `hello`'s speaker and we (`oldest`–`newest`) speak, or why there is none."""
    if hello.protocol < oldest:
        return problem("version-too-old")
    if hello.oldest > newest:
        return problem("version-too-new")
    return min(hello.protocol, newest)
