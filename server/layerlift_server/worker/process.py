"""The worker as the server sees it: start it, give it orders, hear it, notice its end.

Law: light (imports no engine and no numpy); knows processes and pipes, no job. One thread per worker listens to both
its pipe and its sentinel, on every platform alike: nothing that a worker does or doesn't can block the event loop.
All callbacks come in the loop's thread.
"""

from __future__ import annotations

import asyncio
import errno
import multiprocessing
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from layerlift_server.worker import entry, messages

_SPAWN = multiprocessing.get_context("spawn")
_REAP = 5.0
"""Seconds that a process may take to end after its pipe ended, before it is killed."""


class Worker:
    """One child process. `on_event` receives its events, `on_end` its exit code once, when it is reaped."""

    def __init__(
        self, plan: entry.Plan, on_event: Callable[[messages.PipeMessage], None], on_end: Callable[[int], None]
    ) -> None:
        self._plan, self._on_event, self._on_end = plan, on_event, on_end
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._pid: int | None = None
        self._over = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return None if self._over.is_set() else self._pid

    async def start(self) -> None:
        """Spawn it; returns when the process exists, long before it has imported anything. Raises OSError."""
        await self._loop.run_in_executor(None, self._spawn)

    def order(self, order: messages.Order) -> bool:
        """Say it. False if the worker is gone (its end will be told)."""
        with self._lock:
            if self._pipe is None:
                return False
            try:
                self._pipe.send_bytes(messages.encode(order))
            except OSError:
                return False
            return True

    def kill(self) -> None:
        """End it now, whatever it is doing (SIGKILL: also when it is stopped or deaf)."""
        with self._lock:
            if self._process is not None and self._pipe is not None:
                self._process.kill()

    async def over(self) -> None:
        """Wait until it is reaped."""
        await self._over.wait()

    def _spawn(self) -> None:
        ends: tuple[Any, Any] = _SPAWN.Pipe(duplex=True)  # Windows' PipeConnection is no Connection, but does the same
        ours, theirs = ends
        process = _SPAWN.Process(
            target=entry.run, args=(theirs, self._plan), name=f"layerlift-worker-{self._plan.device}", daemon=True
        )
        try:
            process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()  # so that the pipe ends with the child, and with us
        with self._lock:
            self._process, self._pipe, self._pid = process, ours, process.pid
        watcher = threading.Thread(target=self._watch, args=(process, ours), name="layerlift-worker", daemon=True)
        try:
            watcher.start()
        except RuntimeError as error:  # "can't start new thread": as if the process could not be made
            process.kill()
            process.join()
            with self._lock:
                self._pipe = self._pid = None
            ours.close()
            raise OSError(errno.EAGAIN, str(error)) from error

    def _watch(self, process: SpawnProcess, pipe: Connection) -> None:
        """Hear events until the process ends, then reap it."""
        while pipe in wait([pipe, process.sentinel]):  # what it said before it ended is heard first
            try:
                event = messages.decode(pipe.recv_bytes(messages.LONGEST))
            except messages.Garbled:
                self.kill()
                break
            except (EOFError, OSError):
                break
            self._post(self._on_event, event)
        code = self._reap(process)
        with self._lock:
            self._pipe = None
            pipe.close()
        process.close()
        self._post(self._finish, code)

    def _reap(self, process: SpawnProcess) -> int:
        process.join(_REAP)
        while (code := process.exitcode) is None:
            process.kill()
            process.join(0.05)
        return code

    def _finish(self, code: int) -> None:
        self._over.set()
        self._on_end(code)

    def _post(self, call: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is interested any more
            self._loop.call_soon_threadsafe(call, *arguments)
