"""Every failure Layerlift can explain, as one tree.

Law: stdlib only; knows nothing of pixels, engines or the command line. Whoever raises one of these owes the user
one sentence that says what happened and one that says what to do about it.

    LayerliftError
    ├── InputError         the picture given to us cannot be read or is outside a named limit (the user's side)
    ├── OutputError        the result cannot be written where it was asked for (the user's side)
    ├── RequestError       an option is out of range or contradicts another (the user's side)
    ├── EngineError        an engine broke or gave back something unusable (our side)
    │   └── EngineUnavailable   the engine exists but something that it needs is missing here
    └── Cancelled          the user asked to stop; nothing was written
"""

from __future__ import annotations


class LayerliftError(Exception):
    """A failure with a stable `code`, a `sentence` for the user, a `remedy`, and whether trying again can help."""

    code = "error"
    retryable = False

    def __init__(self, sentence: str, remedy: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.sentence} {self.remedy}".strip()


class InputError(LayerliftError):
    """The picture cannot be read, or is outside a named limit."""

    code = "input"


class OutputError(LayerliftError):
    """The result cannot be written where it was asked for."""

    code = "output"
    retryable = True


class RequestError(LayerliftError):
    """An option is out of range or contradicts another."""

    code = "request"


class EngineError(LayerliftError):
    """An engine broke or gave back something unusable."""

    code = "engine"
    retryable = True


class EngineUnavailable(EngineError):
    """The engine exists, but something that it needs is missing on this machine."""

    code = "engine-unavailable"
    retryable = False


class Cancelled(LayerliftError):
    """The user asked to stop. Nothing was written."""

    code = "cancelled"
    retryable = True

    def __init__(self) -> None:
        super().__init__("Cancelled.", "Nothing was written.")
