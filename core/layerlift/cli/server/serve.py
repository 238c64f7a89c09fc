"""`layerlift serve`: run the server here, or end the one that runs. Law: arguments → settings, nothing more."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from layerlift.cli.main import DONE
from layerlift.cli.server.installed import server_package
from layerlift.client.errors import NoServer, ServerError, no_server
from layerlift.errors import RequestError
from layerlift.wire import runtime

STOPPING = 60.0
"""Seconds that a server may take to end: it lets the running job finish first, for half as long."""


def run(arguments: argparse.Namespace) -> int:
    """Serve until asked to stop. Raises RequestError, NoServer."""
    if arguments.stop:
        return _stop()
    if bool(arguments.tls_cert) != bool(arguments.tls_key):
        raise RequestError("--tls-cert and --tls-key belong together.", "Give both, or neither.")
    lifecycle, settings = server_package("lifecycle"), server_package("settings")
    given: dict[str, Any] = {"host": arguments.host, "names": tuple(arguments.name), "verbose": arguments.verbose}
    for name in ("port", "log", "workers", "cluster"):
        value = getattr(arguments, name)
        if value is not None:
            given[name] = value
    for name, path in (("certificate", arguments.tls_cert), ("key", arguments.tls_key), ("data", arguments.data)):
        if path is not None:
            given[name] = Path(path).expanduser().absolute()
    try:
        chosen = settings.Settings.from_environment(**given)
    except ValueError:
        raise RequestError(
            "LAYERLIFT_PORT is not a port.", "Set it to a number from 0 to 65535, or not at all."
        ) from None
    options = {} if arguments.idle is None else {"jobs": _desk(60.0 * arguments.idle)}
    code: int = lifecycle.serve(chosen, **options)
    return code


def _desk(exit_after: float) -> Any:
    """Jobs whose worker leaves after so many idle seconds, and rests at a third of that."""

    def desk(settings: Any) -> Any:
        return server_package("lifecycle").desk(settings, exit_after=exit_after, rest_after=exit_after / 3)

    return desk


def _stop() -> int:
    """Ask the server that runs here to end, and wait until it has."""
    servers = runtime.find()
    if not servers:
        raise no_server()
    server = servers[0]
    try:
        os.kill(server.pid, signal.SIGTERM)  # on Windows this ends it at once; jobs are marked at its next start
    except ProcessLookupError:
        raise NoServer("The server has just ended by itself.") from None
    until = time.monotonic() + STOPPING
    while server.pid in {each.pid for each in runtime.find()}:
        if time.monotonic() > until:
            raise ServerError("The server still finishes a job.", "Wait, or end it once more: layerlift serve --stop")
        time.sleep(0.05)
    print("The server has ended.", file=sys.stderr)  # noqa: T201
    return DONE
