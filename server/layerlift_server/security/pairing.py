"""The six-digit code by which a device that cannot read the runtime file comes in.

Law: one code at a time, good for two minutes and five guesses, used once. Knows no connection and no device.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from layerlift_server.limits import PAIRING_SECONDS, PAIRING_TRIES
from layerlift_server.security import tokens


class PairingCode:
    """The code that is shown, if any. `clock` counts seconds and never goes back."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._code: str | None = None
        self._until = 0.0
        self._tries = 0

    def show(self) -> tuple[str, float]:
        """A code and for how many seconds it is good: the standing one while it has half its time left and nobody has
        guessed wrongly, else a new one (the old one is void)."""
        left = self._until - self._clock()
        if self._code is None or self._tries < PAIRING_TRIES or left < PAIRING_SECONDS / 2:
            self._code = f"{secrets.randbelow(1_000_000):06d}"
            self._tries, left = PAIRING_TRIES, PAIRING_SECONDS
            self._until = self._clock() + left
        return self._code, left

    def redeem(self, code: str) -> bool:
        """Whether `code` is the one that is shown; it is used up by that, and void after the fifth wrong guess."""
        if self._code is None or self._clock() >= self._until:
            self._code = None
            return False
        self._tries -= 1
        right = tokens.same(code, self._code)
        if right or self._tries <= 0:
            self._code = None
        return right
