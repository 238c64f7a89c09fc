"""How a browser comes in: a one-time key in a link, exchanged for a cookie.

Law: memory only, so that a restart voids them all; knows no HTTP. Keys and cookies are kept as digests.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from layerlift_server.limits import COOKIE_SECONDS, COOKIES, KEY_SECONDS, KEYS
from layerlift_server.security import tokens


class Cookies:
    """Keys that wait to be used and cookies that last. `clock` counts seconds and never goes back."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._keys: dict[str, float] = {}
        self._cookies: dict[str, float] = {}

    def issue(self) -> str:
        """A new key; the oldest is void when too many wait."""
        key = tokens.fresh()
        _add(self._keys, tokens.digest(key), self._clock() + KEY_SECONDS, KEYS)
        return key

    def exchange(self, key: str) -> str | None:
        """A cookie for a key that was never used and is not too old; None otherwise. Either way the key is void."""
        until = self._keys.pop(tokens.digest(key), None)
        if until is None or self._clock() >= until:
            return None
        cookie = tokens.fresh()
        _add(self._cookies, tokens.digest(cookie), self._clock() + COOKIE_SECONDS, COOKIES)
        return cookie

    def known(self, cookie: str | None) -> bool:
        """Whether `cookie` is good. The look-up is by digest: its time tells nothing about
        the cookie."""
        return cookie is not None and self._clock() < self._cookies.get(tokens.digest(cookie), 0.0)


def _add(kept: dict[str, float], digest: str, until: float, most: int) -> None:
    while len(kept) >= most:
        del kept[next(iter(kept))]
    kept[digest] = until
