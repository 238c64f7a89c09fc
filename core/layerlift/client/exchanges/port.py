"""What an exchange is, and what it may ask of the conversation. Law: types and bookkeeping; knows no message."""

from __future__ import annotations

from typing import ClassVar, Protocol

from layerlift.errors import LayerliftError
from layerlift.wire.messages import Message


class Talk(Protocol):
    """One connection, as exchanges see it."""

    def say(self, message: Message) -> None:
        """Queue a message."""
        ...

    def number(self) -> int:
        """A transfer number that is free on this connection."""
        ...

    def credit(self, transfer: int) -> int:
        """How many bytes of an upload may go out now."""
        ...

    def send(self, transfer: int, data: memoryview) -> None:
        """Queue the next bytes of an upload: at most one chunk, at most `credit`."""
        ...

    def stored(self, transfer: int, offset: int) -> None:
        """The first `offset` bytes of a download are safe: acknowledge them when that is due."""
        ...


class Exchange:
    """One question and all that comes back. `begin` may be called again on a new connection and then goes on."""

    moves: ClassVar[bool] = False
    """Whether it is a transfer, of which a connection holds only so many at once."""

    def __init__(self) -> None:
        self.opened = self.begun = self.finished = False
        self.failure: LayerliftError | None = None

    @property
    def ready(self) -> bool:
        """Whether there is something for whoever waits."""
        return self.finished

    def begin(self, talk: Talk) -> None:
        """Say what opens it, or what resumes it."""
        raise NotImplementedError

    def take(self, message: Message, talk: Talk) -> bool:
        """Look at what the server says; True: it was meant for nobody else."""
        raise NotImplementedError

    def more(self, talk: Talk) -> bool:
        """Say the next piece of a long speech, if there is one and it may be said now."""
        return False

    def abandon(self, talk: Talk) -> None:
        """Nobody waits for it any more: tell the server what that spares it."""

    def finish(self) -> None:
        """Nothing more will come."""
        self.finished = True

    def fail(self, failure: LayerliftError) -> None:
        """End with an error, which `check` raises."""
        self.failure = failure
        self.finish()

    def check(self) -> None:
        """Raise the failure, if there is one."""
        if self.failure is not None:
            raise self.failure
