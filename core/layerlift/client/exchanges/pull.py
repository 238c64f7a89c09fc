"""Bytes coming down: a layer's pixels into memory that is there already, or the stack's profile.

Law: copies each chunk once, hashes it on the way when asked to, resumes at what it has. A digest that doesn't fit is
pulled once more before it is an error.
"""

from __future__ import annotations

import hashlib

from layerlift.client.errors import ServerError, raised
from layerlift.client.exchanges.port import Exchange, Talk
from layerlift.wire import messages as m


class Pull(Exchange):
    """Fills `memory` (flat, writable bytes) with layer `layer` of `job`; None is the profile. With `digest` (SHA-256 in
    hexadecimal) the bytes are checked against it."""

    moves = True

    def __init__(self, job: str, layer: int | None, memory: memoryview, digest: str | None = None) -> None:
        super().__init__()
        self._job, self._layer = job, layer
        self._memory, self.size, self.have = memory, memory.nbytes, 0
        self._digest, self._tries = digest, 2
        self._hash = hashlib.sha256()
        self._transfer: int | None = None

    def begin(self, talk: Talk) -> None:
        """Ask for what is missing."""
        self._transfer = talk.number()
        talk.say(m.Get(self._transfer, self._job, self._layer, self.have))

    def take(self, message: m.Message, talk: Talk) -> bool:
        """The bytes, and what is said about them."""
        if getattr(message, "transfer", None) != self._transfer:
            return False
        if isinstance(message, m.Chunk):
            self._keep(message, talk)
        elif isinstance(message, m.Refused):
            self.fail(raised(message.problem))
        elif isinstance(message, m.Ready) and message.size != self.size:
            talk.say(m.Stop(message.transfer))
            self.fail(_odd(f"{message.size} bytes where {self.size} were announced"))
        return True

    def abandon(self, talk: Talk) -> None:
        """Want no more of it."""
        if self._transfer is not None:
            talk.say(m.Stop(self._transfer))

    def _keep(self, chunk: m.Chunk, talk: Talk) -> None:
        end = chunk.offset + len(chunk.data)
        self._memory[chunk.offset : end] = chunk.data
        if self._digest is not None:
            self._hash.update(chunk.data)
        self.have = end
        talk.stored(chunk.transfer, end)
        if end == self.size:
            self._complete(talk)

    def _complete(self, talk: Talk) -> None:
        if self._digest is None or self._hash.hexdigest() == self._digest:
            self.finish()
            return
        self._tries -= 1
        if self._tries == 0:
            self.fail(_odd("pixels that don't match their digest, twice"))
            return
        self.have, self._hash = 0, hashlib.sha256()
        self.begin(talk)


def _odd(what: str) -> ServerError:
    return ServerError(
        f"The server sent {what}.", "Run the job again; if it stays so, check its disk.", code="damaged", retryable=True
    )
