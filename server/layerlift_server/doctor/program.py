"""Whether Python and what the server is built on are as they should be. Law: see the package."""

from __future__ import annotations

import importlib.util
import platform
import socket
import struct
import sys
from collections.abc import Iterator

from layerlift_server.doctor.finding import Finding
from layerlift_server.limits import CONNECTIONS, OPEN_FILES
from layerlift_server.settings import Settings

OLDEST = (3, 10)


def python(_settings: Settings) -> Iterator[Finding]:
    """Version and word size."""
    words = f"Python {platform.python_version()} ({struct.calcsize('P') * 8} bit) on {platform.system()}"
    if sys.version_info < OLDEST:
        yield Finding("python", False, f"{words} is too old.", "Install Python 3.10 or newer.")
    elif struct.calcsize("P") < 8:
        yield Finding("python", False, f"{words} cannot hold large pictures.", "Install a 64-bit Python.")
    else:
        yield Finding("python", True, f"{words}.")


def http_server(_settings: Settings) -> Iterator[Finding]:
    """aiohttp and its compiled parts."""
    if importlib.util.find_spec("aiohttp") is None:
        yield Finding("aiohttp", False, "aiohttp is missing.", 'Install it: pip install "layerlift[server]"')
        return
    import aiohttp

    from layerlift_server.sockets.transport import OLDEST_AIOHTTP, fast_reader, new_enough

    if not new_enough():
        oldest = ".".join(map(str, OLDEST_AIOHTTP))
        words = f"aiohttp {aiohttp.__version__} is too old: it buffers whatever a client declares."
        yield Finding("aiohttp", False, words, f'Upgrade it: pip install --upgrade "aiohttp>={oldest}"')
    elif fast_reader():
        yield Finding("aiohttp", True, f"aiohttp {aiohttp.__version__} with its compiled reader.")
    else:
        words = f"aiohttp {aiohttp.__version__} runs without its compiled reader: uploads are up to 100 times slower."
        remedy = "Reinstall it from a wheel (pip install --force-reinstall aiohttp), without AIOHTTP_NO_EXTENSIONS."
        yield Finding("aiohttp", False, words, remedy)


def open_files(_settings: Settings) -> Iterator[Finding]:
    """How many files and sockets one process may have open."""
    try:
        import resource
    except ImportError:  # Windows counts handles and allows millions
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < CONNECTIONS * 2:
        words = f"This system allows {hard} open files; the server takes {CONNECTIONS} connections."
        yield Finding("open files", False, words, f"Raise the limit: ulimit -n {OPEN_FILES}")
    else:
        yield Finding("open files", True, "Enough files can be open at once.")


def loopback(_settings: Settings) -> Iterator[Finding]:
    """Whether a connection from this machine to itself works."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as door:
            door.settimeout(5)
            with socket.create_connection(door.getsockname(), timeout=5) as client, door.accept()[0] as arrived:
                client.sendall(b"?")
                good = arrived.recv(1) == b"?"
    except OSError as error:
        remedy = "Let your firewall or security program allow local connections (127.0.0.1) of Python."
        yield Finding("loopback", False, f"This machine cannot reach itself at 127.0.0.1 ({error}).", remedy)
        return
    yield Finding("loopback", good, "This machine reaches itself at 127.0.0.1.", "" if good else "Check the firewall.")
