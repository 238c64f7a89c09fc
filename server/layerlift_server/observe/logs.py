"""What the server writes down: one event a line, for a person or as JSON.

Law: knows the names of fields that are secret and that bytes are pixels; both are never written. Anything from outside
is one line of plain text.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from dataclasses import fields, is_dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Literal

from layerlift.wire.messages import Message
from layerlift_server.security.names import plain

SECRET = frozenset({"token", "code", "key", "cookie", "authorization", "digest"})
_LONGEST, _KEPT_BYTES, _KEPT_FILES = 300, 1_000_000, 3
_ROOT = "layerlift_server"
_OTHERS = ("aiohttp", "asyncio")


class Log:
    """Events with fields: `log.say("job submitted", job=…)`."""

    def __init__(self, name: str = _ROOT) -> None:
        self._logger = logging.getLogger(name)

    def say(self, event: str, **known: Any) -> None:
        """Something that an owner may want to know."""
        self._logger.info(event, extra={"known": known})

    def warn(self, event: str, **known: Any) -> None:
        """Something that should not happen."""
        self._logger.warning(event, extra={"known": known})

    def detail(self, event: str, **known: Any) -> None:
        """Something for whoever looks for a fault."""
        if self._logger.isEnabledFor(logging.DEBUG):
            self._logger.debug(event, extra={"known": known})

    def broke(self, event: str, **known: Any) -> None:
        """A bug, with its traceback."""
        self._logger.exception(event, extra={"known": known})


def safe(value: object) -> Any:
    """`value` as JSON can say it: bytes as their number, words on one line and not too long."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, Message):
        return described(value)
    if isinstance(value, list | tuple):
        return [safe(item) for item in value[:10]] + (["…"] if len(value) > 10 else [])
    if isinstance(value, dict):
        return {plain(str(key), 40): "…" if key in SECRET else safe(item) for key, item in list(value.items())[:20]}
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: "…" if one.name in SECRET else safe(getattr(value, one.name)) for one in fields(value)}
    return plain(str(value), _LONGEST)


def described(message: Message) -> str:
    """A message for logs: its kind and its fields, secrets and pixels left out."""
    said = " ".join(
        f"{one.name}={'…' if one.name in SECRET else safe(getattr(message, one.name))}"
        for one in fields(message)
        if getattr(message, one.name) is not None
    )
    return f"{message.kind} {said}".strip()


def worth_writing(record: logging.LogRecord) -> bool:
    """Whether a record of the HTTP library is: a peer's malformed request (an exception with a 4xx code) is not, or
    anybody could fill the log with tracebacks."""
    failure = record.exc_info[1] if record.exc_info else None
    code = getattr(failure, "code", None)
    return not (isinstance(code, int) and 400 <= code < 500)


class Lines(logging.Formatter):
    """One event as one line."""

    def __init__(self, form: Literal["human", "json"]) -> None:
        super().__init__()
        self._json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        known = {name: "…" if name in SECRET else safe(value) for name, value in getattr(record, "known", {}).items()}
        trace = self.formatException(record.exc_info) if record.exc_info else None
        event = plain(record.getMessage(), _LONGEST)
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        if self._json:
            line = {"time": moment, "level": record.levelname.lower(), "event": event, **known}
            return json.dumps(line | ({"trace": trace} if trace else {}), ensure_ascii=False)
        words = " ".join(f"{name}={value}" for name, value in known.items() if value is not None)
        return f"{moment} {record.levelname.lower():7} {event} {words}".rstrip() + (f"\n{trace}" if trace else "")


def begin(form: Literal["human", "json"], *, verbose: bool, folder: Path | None) -> list[logging.Handler]:
    """Write our events, and aiohttp's and asyncio's warnings, to standard error (where there is one: a windowless
    Python has none) and to `folder`/server.log, always as JSON, three files of 1 MB. Gives the handlers for `end`."""
    handlers: list[logging.Handler] = []
    if sys.stderr is not None:
        handlers.append(logging.StreamHandler(sys.stderr))
        handlers[0].setFormatter(Lines(form))
    if folder is not None:
        file = RotatingFileHandler(
            folder / "server.log", maxBytes=_KEPT_BYTES, backupCount=_KEPT_FILES, encoding="utf-8", errors="replace"
        )
        file.setFormatter(Lines("json"))
        handlers.append(file)
    for handler in handlers:
        handler.addFilter(worth_writing)
    for name in (_ROOT, *_OTHERS):
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING if name in _OTHERS else logging.DEBUG if verbose else logging.INFO)
        logger.propagate = False
        for handler in handlers:
            logger.addHandler(handler)
    return handlers


def end(handlers: list[logging.Handler]) -> None:
    """Take the handlers away again."""
    for handler in handlers:
        for name in (_ROOT, *_OTHERS):
            logging.getLogger(name).removeHandler(handler)
            logging.getLogger(name).propagate = True
        handler.close()
