"""A server's life as one program: begin, be found, quit cleanly.

Law: locks, signals, the runtime file and words for the terminal; what a server is made of is `app`'s. Never imports
what computes (numpy, OpenCV, Pillow, torch): that is the worker's, and it keeps the start under a second.
"""

from __future__ import annotations

import asyncio
import math
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from layerlift.errors import LayerliftError
from layerlift_server.app import Server
from layerlift_server.jobs.port import Jobs
from layerlift_server.limits import GRACE_SECONDS, OPEN_FILES
from layerlift_server.observe import logs
from layerlift_server.runtime_file import LOCK, Lock, RuntimeFile, present
from layerlift_server.security import private_files
from layerlift_server.security.certificate import spelled
from layerlift_server.settings import Settings
from layerlift_server.signals import StopSignals
from layerlift_server.sockets.transport import fast_reader, new_enough

DONE, FAILED, ALREADY_RUNNING = 0, 1, 3
"""Exit codes: quit as asked; could not start; another server of this user runs (its address is printed)."""

_OTHER_SECONDS = GRACE_SECONDS + 10.0
"""For a server that is just starting to write its runtime file, or for one that quits to be gone."""


class TooOld(LayerliftError):
    """A library that the server stands on lacks what keeps it safe."""

    code = "too-old"


class InUse(LayerliftError):
    """Another server, with a runtime folder of its own, uses the same data folder."""

    code = "in-use"
    retryable = True


def desk(settings: Settings, **changes: Any) -> Jobs:
    """The jobs of a server with these settings; `changes` are `JobSettings`'. Raises NoCluster."""
    from layerlift_server.jobs.desk import Desk
    from layerlift_server.jobs.settings import JobSettings

    given = {"give_up_after": settings.patience * 60 or math.inf, "devices": devices(settings), **changes}
    return Desk(settings.data, JobSettings(**given))


def devices(settings: Settings) -> tuple[str, ...]:
    """What each worker works on: this machine, or a computer each of the cluster. Raises NoCluster."""
    if settings.cluster is None:
        return ("auto",) * (settings.workers or 1)
    from layerlift_server.cluster import places

    return places.devices(settings.cluster, settings.workers)


def say(line: str) -> None:
    """A line for whoever started the server (a windowless Python has no place for it)."""
    if sys.stderr is not None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201 (the program's own words)


def serve(settings: Settings, *, jobs: Callable[[Settings], Jobs] = desk, tell: Callable[[str], None] = say) -> int:
    """Run a server until it is asked to quit. Returns an exit code (`DONE`, `FAILED`, `ALREADY_RUNNING`)."""
    try:
        with ExitStack() as leaving:
            return _serve(settings, jobs, tell, leaving)
    except LayerliftError as error:
        tell(f"layerlift: {error}")
    except OSError as error:
        tell(f"layerlift: {_explained(error, settings)}")
    return FAILED


def _serve(
    settings: Settings, jobs: Callable[[Settings], Jobs], tell: Callable[[str], None], leaving: ExitStack
) -> int:
    leaving.callback(os.umask, os.umask(0o077))  # whatever this process and its workers write is this user's alone
    private_files.folder(settings.data)
    presence = RuntimeFile(settings.runtime)
    if not _alone(presence, tell):
        return ALREADY_RUNNING
    leaving.callback(presence.lock.release)
    store = Lock(settings.data / LOCK)
    if not store.take():
        raise InUse(f"Another server uses {settings.data}.", "Quit it, or name another folder for this one.")
    leaving.callback(store.release)
    if not new_enough():
        raise TooOld("aiohttp is too old for this server.", "Upgrade it: `layerlift doctor` says how.")
    _raise_open_files()
    leaving.callback(logs.end, logs.begin(settings.log, verbose=settings.verbose, folder=settings.data))
    asyncio.run(_live(settings, jobs(settings), presence, tell))
    return DONE


async def _live(settings: Settings, jobs: Jobs, presence: RuntimeFile, tell: Callable[[str], None]) -> None:
    server = Server(settings, jobs)
    log = server.context.log
    with StopSignals() as stopping:
        try:
            await server.start()
            presence.announce(server.card())
            _introduce(server, tell)
            log.say("listening", port=server.port, remote=server.remote_port)
            await stopping.asked.wait()
            tell("Quitting; press again to stop at once.")
        finally:
            presence.withdraw()
            await _leave(server, stopping)
            log.say("quit")


async def _leave(server: Server, stopping: StopSignals) -> None:
    leaving, now = asyncio.create_task(server.stop()), asyncio.create_task(stopping.now.wait())
    await asyncio.wait({leaving, now}, return_when=asyncio.FIRST_COMPLETED)
    now.cancel()
    if not leaving.done():
        leaving.cancel()
        await asyncio.wait({leaving})
        await server.abandon()
    else:
        leaving.result()


def _introduce(server: Server, tell: Callable[[str], None]) -> None:
    tell(f"Layerlift serves at http://127.0.0.1:{server.port}/ - `layerlift open` opens the page.")
    if server.certificate is not None:
        host = f"[{server.settings.host}]" if ":" in server.settings.host else server.settings.host
        tell(f"Paired devices reach it at wss://{host}:{server.remote_port}/ws")
        tell(f"Certificate (SHA-256): {spelled(server.certificate.fingerprint)}")
    if not fast_reader():
        tell("aiohttp's compiled parser is missing: uploads will be slow. Reinstall aiohttp from a wheel.")
    if server.context.devices.damaged is not None:
        tell(f"The list of paired devices was damaged and is now {server.context.devices.damaged.name}; pair again.")


def _raise_open_files() -> None:
    """Let this process open more files than shells allow by default, as far as the system lets it."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _alone(presence: RuntimeFile, tell: Callable[[str], None]) -> bool:
    """Whether this is the user's only server, which holds the lock from here on. Waits for one that is quitting."""
    deadline, said = time.monotonic() + _OTHER_SECONDS, False
    while not presence.lock.take():
        first = present(presence.folder)
        if first is not None:
            where = f"at http://127.0.0.1:{first.port}/ (process {first.pid})"
            tell(f"Layerlift serves already {where}. `layerlift open` opens its page.")
            return False
        if time.monotonic() > deadline:
            tell("Layerlift serves already, but cannot be reached. `layerlift doctor` says what to do.")
            return False
        if not said and time.monotonic() > deadline - _OTHER_SECONDS + 1:
            tell("Another server of yours is starting or quitting; waiting for it.")
            said = True
        time.sleep(0.05)
    return True


def _explained(error: OSError, settings: Settings) -> str:
    if isinstance(error, PermissionError) or error.filename:
        place = Path(str(error.filename or settings.data))
        return f"{place} cannot be used: {error.strerror}. Check its rights, or name another folder."
    address = f"{settings.host if settings.remote else '127.0.0.1'}:{settings.port}"
    return f"{address} cannot be listened on: {error.strerror}. Choose another port, or 0 for a free one."
