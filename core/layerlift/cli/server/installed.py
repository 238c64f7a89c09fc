"""The server's package, which needs aiohttp, or one sentence that says how to get it. Law: imports on demand."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from layerlift.errors import RequestError


def server_package(module: str) -> ModuleType:
    """`layerlift_server.MODULE`. Raises RequestError when the server's requirements are not installed."""
    try:
        return import_module(f"layerlift_server.{module}")
    except ModuleNotFoundError as missing:
        if missing.name in (None, "aiohttp", "cryptography") or str(missing.name).startswith("layerlift_server"):
            raise RequestError(
                f"The server needs {missing.name or 'a package'}, which is not installed.",
                "Install it with: pip install 'layerlift[server]'"
                if missing.name != "cryptography"
                else "Install it with: pip install 'layerlift[remote]'",
            ) from missing
        raise
