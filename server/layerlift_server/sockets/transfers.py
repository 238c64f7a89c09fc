"""The uploads and downloads of one connection: bytes between the wire and the jobs.

Law: follows the Connection's credit and offsets, which it never second-guesses; knows no socket. A transfer that is
refused or lost ends alone, the conversation goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from layerlift.wire.connection import Connection
from layerlift.wire.limits import CHUNK
from layerlift.wire.messages import Chunk, Get, Message, Put, Ready, Refused
from layerlift.wire.problems import problem
from layerlift.wire.values import Problem
from layerlift_server import problems
from layerlift_server.jobs.port import Download, Owner, Refusal, Upload
from layerlift_server.sockets.outbox import Outbox

if TYPE_CHECKING:
    from layerlift_server.sockets.context import Context

Say = Callable[[Message], None]


@dataclass(frozen=True)
class _Up:
    upload: Upload
    key: tuple[Owner, str]


@dataclass(frozen=True)
class _Down:
    download: Download
    job: str


class Transfers:
    """Of one connection. `say` queues a message for its client."""

    def __init__(self, context: Context, connection: Connection, outbox: Outbox, say: Say) -> None:
        self._context, self._connection, self._outbox, self._say = context, connection, outbox, say
        self._up: dict[int, _Up] = {}
        self._down: dict[int, _Down] = {}

    def put(self, message: Put, owner: Owner) -> None:
        """Begin or resume an upload. Another connection that still holds it loses it. Raises Refusal."""
        key = owner, message.upload
        if key in self._context.uploading:
            self._context.uploading[key].lose(key)
        upload = self._context.jobs.upload(message.upload, message.size, message.document, owner)
        self._say(Ready(message.transfer, upload.have, upload.size))
        if self._connection.active(message.transfer):
            self._up[message.transfer] = _Up(upload, key)
            self._context.uploading[key] = self
        else:
            upload.close()

    def chunk(self, message: Chunk) -> None:
        """Store what came; acknowledge it when that is due. Chunks of transfers that ended are let go."""
        up = self._up.get(message.transfer)
        if up is None:
            return
        data = memoryview(message.data)
        try:
            up.upload.write(message.offset, data)
        except Refusal as no:
            self._refuse(message.transfer, "chunk", no.problem)
            return
        self._context.counters.add("bytes received", data.nbytes)
        ack = self._connection.stored(message.transfer, up.upload.have)
        if ack is not None:
            self._outbox.put(ack)
        if not self._connection.active(message.transfer):
            self.stop(message.transfer)

    def get(self, message: Get, owner: Owner) -> None:
        """Begin a download. Raises Refusal."""
        download = self._context.jobs.download(message.job, owner, message.layer, message.native)
        if message.offset > download.size:
            download.close()
            raise Refusal(problems.BEYOND)
        self._say(Ready(message.transfer, message.offset, download.size))
        if self._connection.active(message.transfer):
            self._down[message.transfer] = _Down(download, message.job)
            self._outbox.load(message.transfer, partial(self._next, message.transfer))
        else:
            download.close()

    def stop(self, transfer: int) -> None:
        """End a transfer, complete or not."""
        up, down = self._up.pop(transfer, None), self._down.pop(transfer, None)
        if up is not None:
            if self._context.uploading.get(up.key) is self:
                del self._context.uploading[up.key]
            up.upload.close()
        if down is not None:
            self._outbox.unload(transfer)
            down.download.close()

    def lose(self, key: tuple[Owner, str]) -> None:
        """An upload goes on over another connection."""
        for transfer in [transfer for transfer, up in self._up.items() if up.key == key]:
            self._refuse(transfer, "put", problems.MOVED)

    def forget(self, job: str) -> None:
        """A job was dropped: its downloads end."""
        for transfer in [transfer for transfer, down in self._down.items() if down.job == job]:
            self._refuse(transfer, "get", problem("unknown-job", "This job was dropped.", ""))

    def close(self) -> None:
        """The connection is gone."""
        for transfer in [*self._up, *self._down]:
            self.stop(transfer)

    def _refuse(self, transfer: int, about: str, why: Problem) -> None:
        self.stop(transfer)
        if self._connection.active(transfer):
            self._say(Refused(about, why, transfer=transfer))

    def _next(self, transfer: int) -> bytes | None:
        credit = self._connection.credit(transfer)
        if not credit:
            return None
        offset, download = self._connection.position(transfer), self._down[transfer].download
        try:
            data = download.read(offset, min(credit, CHUNK))
        except Refusal as no:
            self._refuse(transfer, "get", no.problem)
            return None
        payload = b"".join(self._connection.chunk(transfer, data))
        self._context.counters.add("bytes sent", data.nbytes)
        if offset + data.nbytes == download.size:
            del data
            self.stop(transfer)
        return payload
