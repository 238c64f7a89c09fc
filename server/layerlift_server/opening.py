"""Asking the running server for a way in: a one-time link to its page, or a pairing code.

Law: stdlib and the runtime file; for the command line, in another process than the server.
"""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

from layerlift.errors import LayerliftError
from layerlift.wire import runtime
from layerlift.wire.runtime import ServerFile
from layerlift_server.runtime_file import present

_SECONDS, _LONGEST = 5.0, 4096


class NotRunning(LayerliftError):
    """No server of this user answers."""

    code = "not-running"
    retryable = True


def link(folder: Path | None = None) -> str:
    """The address, good once and for a minute, that opens the server's page in a browser. Raises NotRunning."""
    return str(_ask("/link", folder)["url"])


def pairing(folder: Path | None = None) -> tuple[str, float]:
    """A pairing code to type into a new device, and for how many seconds it is good. Raises NotRunning."""
    answer = _ask("/pairing", folder)
    return str(answer["code"]), float(answer["seconds"])


def health(server: ServerFile) -> dict[str, Any]:
    """What a server says of itself. Raises NotRunning."""
    return _request(server, "GET", "/health")


def _ask(path: str, folder: Path | None) -> dict[str, Any]:
    server = present(folder) if folder is not None else next(iter(runtime.find()), None)
    if server is None:
        raise NotRunning("No Layerlift server runs here.", "Start one with `layerlift serve`.")
    return _request(server, "POST", path)


def _request(server: ServerFile, method: str, path: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_SECONDS)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {server.token}"})
        answer = connection.getresponse()
        found = json.loads(answer.read(_LONGEST)) if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotRunning(f"The server on port {server.port} does not answer ({error}).", _REMEDY) from None
    finally:
        connection.close()
    if not isinstance(found, dict):
        raise NotRunning(f"The server on port {server.port} answered {answer.status}.", _REMEDY)
    return found


_REMEDY = "Start it again: quit the running one, then `layerlift serve`."
