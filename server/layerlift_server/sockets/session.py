"""One conversation: what a client says and how it is answered.

Law: knows the wire and the jobs' port; no socket, no HTTP. `receive` returns at once, whatever was asked: work happens
elsewhere and comes back as events. Nothing that a client says ends the conversation unless the protocol is broken; a
request that is not followed is answered by Refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from layerlift.wire import errors
from layerlift.wire.connection import Connection
from layerlift.wire.errors import LocalProtocolError, RemoteProtocolError
from layerlift.wire.limits import CHUNK, WINDOW
from layerlift.wire.messages import Chunk, Done, Failed, Hello, Message, Preview, Progress, Refused, Welcome
from layerlift.wire.problems import problem
from layerlift.wire.values import Problem
from layerlift.wire.versions import agreed
from layerlift_server import problems
from layerlift_server.jobs.port import LOCAL, Refusal
from layerlift_server.limits import WATCHED
from layerlift_server.security.authentication import Identity, Peer
from layerlift_server.sockets import handlers
from layerlift_server.sockets.outbox import Outbox, Overfull
from layerlift_server.sockets.transfers import Transfers

if TYPE_CHECKING:
    from layerlift_server.sockets.context import Context


class _Watch:
    """One job that the client is told about."""

    def __init__(self, job: str) -> None:
        self.job = job
        self.stop: Callable[[], None] = lambda: None


class Session:
    """One client. `proved` is called once it has shown who it is, `cut` when its socket must go at once because nobody
    reads it. `ending`: with which code and words the socket is to be closed once the outbox is empty."""

    def __init__(self, context: Context, peer: Peer, *, proved: Callable[[], None], cut: Callable[[], None]) -> None:
        self.context, self.peer = context, peer
        self.identity: Identity | None = None
        self.ending: tuple[int, str] | None = None
        self.outbox = Outbox()
        self._connection = Connection("server")
        self.transfers = Transfers(context, self._connection, self.outbox, self.say)
        self._proved, self._cut = proved, cut
        self._watched: dict[str, _Watch] = {}

    def receive(self, payload: bytes) -> None:
        """The client has said something."""
        if self.ending is not None:
            return
        try:
            message = self._connection.decode(payload)
        except RemoteProtocolError as error:
            self.expel(error.close_code, error.problem, about="message")
            return
        if isinstance(message, Chunk):
            self._guarded(message, lambda: self.transfers.chunk(message))
            return
        self.context.log.detail("heard", client=self._who, message=message)
        if isinstance(message, Hello):
            self._guarded(message, lambda: self._greet(message))
        else:
            self._guarded(message, lambda: handlers.HANDLERS[type(message)](self, message))

    def say(self, message: Message) -> None:
        """Queue `message` for the client. One that is no longer fitting (it left) is let go."""
        if self.ending is not None:
            return
        job = getattr(message, "job", None)
        key = (message.kind, job) if isinstance(message, Progress | Preview) else None
        if job is not None and key is None:
            self.outbox.settle((Progress.kind, job))
            self.outbox.settle((Preview.kind, job))
        try:
            self.outbox.put(self._connection.encode(message), instead=key)
        except LocalProtocolError:
            self.context.log.broke("unspeakable", client=self._who, kind=message.kind)
            if isinstance(message, Done):  # or the client would wait for ever
                self.say(Failed(message.job, "failed", problems.BROKEN))
        except Overfull:
            self.context.log.warn("client does not read", client=self._who)
            self.ending = errors.TOO_SLOW, problems.TOO_SLOW.sentence
            self._cut()

    def expel(self, code: int, why: Problem, *, about: str) -> None:
        """Say why, then close the socket with `code`."""
        if self.ending is not None:
            return
        self.context.counters.add("sessions expelled", why=why.code)
        self.context.log.warn("closed", client=self._who, code=code, why=why.sentence)
        self.say(Refused(about, why))
        self.ending = code, why.sentence
        self.outbox.end()

    def disconnected(self) -> None:
        """The socket is gone."""
        self.ending = self.ending or (errors.NORMAL, "")
        for watch in list(self._watched.values()):
            self._unwatch(watch)
        self.transfers.close()
        self.outbox.end()
        self.context.sessions.discard(self)

    def watch(self, job: str) -> None:
        """Tell the client this job's state and what comes. Raises Refusal."""
        assert self.identity is not None
        if job in self._watched:
            self._unwatch(self._watched[job])
        if len(self._watched) >= WATCHED:
            raise Refusal(problems.TOO_MANY_WATCHED)
        watch = _Watch(job)
        watch.stop = self.context.jobs.watch(job, self.identity.owner, lambda message: self._tell(watch, message))
        self._watched[job] = watch

    def watches(self, job: str) -> bool:
        """Whether the client is told about this job."""
        return job in self._watched

    def _tell(self, watch: _Watch, message: Message) -> None:
        self.say(message)
        if isinstance(message, Done | Failed):
            # not now: the jobs are telling their listeners, and a job's end may be told before `watch` returns
            asyncio.get_running_loop().call_soon(self._unwatch, watch)

    def _unwatch(self, watch: _Watch) -> None:
        if self._watched.get(watch.job) is watch:
            del self._watched[watch.job]
            watch.stop()

    def _greet(self, hello: Hello) -> None:
        version = agreed(hello)
        if isinstance(version, Problem):
            return self.expel(errors.MALFORMED, version, about=hello.kind)
        if self.context.closing:
            return self.expel(errors.UNAVAILABLE, problems.SHUTTING_DOWN, about=hello.kind)
        try:
            identity = self.context.authenticator.admit(hello, self.peer)
        except Refusal as no:
            code = errors.TOO_MANY if no.problem.code == "too-many" else errors.UNAUTHENTICATED
            return self.expel(code, no.problem, about=hello.kind)
        self.identity = identity
        self.context.sessions.add(self)
        self._proved()
        self.context.log.say("client came", client=identity.label, version=hello.client.version, owner=identity.owner)
        jobs = self.context.jobs
        self.say(
            Welcome(
                version,
                self.context.version,
                CHUNK,
                WINDOW,
                tuple(jobs.offers()),
                jobs.limits(),
                identity.owner == LOCAL,
                identity.token,
                native=True,
            )
        )
        return None

    def _guarded(self, message: Message, follow: Callable[[], None]) -> None:
        """The session's border: whatever goes wrong with one request is answered, and the next one is heard."""
        try:
            follow()
        except Refusal as no:
            self._refuse(message, no.problem)
        except Overfull:
            self.ending = errors.TOO_SLOW, problems.TOO_SLOW.sentence
            self._cut()
        except OSError as error:
            self.context.log.broke("disk", client=self._who, about=message.kind)
            self._refuse(message, problem("disk-full", f"The server's disk failed: {error.strerror or error}."))
        except Exception:  # noqa: BLE001 (one client's request must not end another's conversation)
            self.context.log.broke("stumbled", client=self._who, about=message.kind)
            self._refuse(message, problems.BROKEN)

    def _refuse(self, message: Message, why: Problem) -> None:
        self.context.counters.add("requests not followed", why=why.code)
        job, transfer = getattr(message, "job", None), getattr(message, "transfer", None)
        if self.identity is None:
            self.expel(errors.UNAUTHENTICATED, why, about=message.kind)
        else:
            self.say(Refused(message.kind, why, job, transfer))

    @property
    def _who(self) -> str:
        return self.identity.label if self.identity is not None else "?"
