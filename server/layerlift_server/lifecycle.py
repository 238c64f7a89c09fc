"""A server's life as one program: begin, be found, quit cleanly.

Law: locks, signals, the runtime file and words for the terminal; what a server is made of is `app`'s. Never imports
what computes (numpy, OpenCV, Pillow, torch): that is the worker's, and it keeps the start under a second.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from layerlift.errors import LayerliftError
from layerlift_server.app import Server
from layerlift_server.jobs.port import Jobs
from layerlift_server.limits import OPEN_FILES
from layerlift_server.observe import logs
from layerlift_server.runtime_file import RuntimeFile, present
from layerlift_server.security import private_files
from layerlift_server.security.certificate import spelled
from layerlift_server.settings import Settings
from layerlift_server.signals import StopSignals
from layerlift_server.sockets.transport import fast_reader

DONE, FAILED, ALREADY_RUNNING = 0, 1, 3
"""Exit codes: quit as asked; could not start; another server of this user runs (its address is printed)."""

_FIRST_SECONDS = 2.0
"""For a server that has just taken the lock to write its runtime file."""


def desk(settings: Settings) -> Jobs:
    """The jobs of a server with these settings."""
    from layerlift_server.jobs.desk import Desk
    from layerlift_server.jobs.settings import JobSettings

    return Desk(settings.data, JobSettings())


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
    if not presence.lock.take():
        return _greet_first(settings, tell)
    leaving.callback(presence.lock.release)
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


def _greet_first(settings: Settings, tell: Callable[[str], None]) -> int:
    deadline = time.monotonic() + _FIRST_SECONDS
    while (first := present(settings.runtime)) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    where = f"at http://127.0.0.1:{first.port}/ (process {first.pid})" if first is not None else "and is just starting"
    tell(f"Layerlift serves already {where}. `layerlift open` opens its page.")
    return ALREADY_RUNNING


def _explained(error: OSError, settings: Settings) -> str:
    if isinstance(error, PermissionError) or error.filename:
        place = Path(str(error.filename or settings.data))
        return f"{place} cannot be used: {error.strerror}. Check its rights, or name another folder."
    address = f"{settings.host if settings.remote else '127.0.0.1'}:{settings.port}"
    return f"{address} cannot be listened on: {error.strerror}. Choose another port, or 0 for a free one."
