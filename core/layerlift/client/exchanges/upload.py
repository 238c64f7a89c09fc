"""Bytes going up: announced, sent under credit, done when the last one is acknowledged.

Law: never holds more than a chunk; resumes where the server says that it stands.
"""

from __future__ import annotations

from layerlift.client.errors import raised
from layerlift.client.exchanges.port import Exchange, Talk
from layerlift.client.payload import Payload
from layerlift.errors import InputError
from layerlift.wire import messages as m
from layerlift.wire.limits import CHUNK


class Upload(Exchange):
    """Sends `payload` as `upload` (a UUID, which makes it resumable). `have`: bytes that are safe on the server."""

    moves = True

    def __init__(self, upload: str, payload: Payload) -> None:
        super().__init__()
        self.upload, self.size, self.have = upload, payload.size, 0
        self._payload = payload
        self._transfer: int | None = None
        self._sent: int | None = None

    def begin(self, talk: Talk) -> None:
        """Announce it, for the first time or again."""
        self._transfer, self._sent = talk.number(), None
        talk.say(m.Put(self._transfer, self.upload, self.size, self._payload.info))

    def take(self, message: m.Message, talk: Talk) -> bool:
        """Where the server stands."""
        if getattr(message, "transfer", None) != self._transfer:
            return False
        if isinstance(message, m.Ready):
            self._sent = message.offset
            self._reached(message.offset)
        elif isinstance(message, m.Ack):
            self._reached(message.offset)
        elif isinstance(message, m.Refused):
            self.fail(raised(message.problem))
        return True

    def more(self, talk: Talk) -> bool:
        """The next chunk, if there is credit for it."""
        if self.finished or self._sent is None or self._transfer is None or self._sent >= self.size:
            return False
        room = min(talk.credit(self._transfer), CHUNK)
        if room <= 0:
            return False
        try:
            piece = self._payload.read(self._sent, room)
        except InputError as wrong:
            talk.say(m.Stop(self._transfer))
            self.fail(wrong)
            return True
        talk.send(self._transfer, piece)
        self._sent += piece.nbytes
        return True

    def abandon(self, talk: Talk) -> None:
        """Send no more; the server keeps what it has for a while."""
        if self._transfer is not None:
            talk.say(m.Stop(self._transfer))

    def finish(self) -> None:
        """Let go of the file too."""
        super().finish()
        self._payload.close()

    def _reached(self, offset: int) -> None:
        self.have = offset
        if offset >= self.size:
            self.finish()
