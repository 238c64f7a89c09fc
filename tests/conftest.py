"""For all tests: no network beyond loopback; property tests are not judged by how busy the machine is. They draw other
examples in every run, but the same ones in continuous integration: a run there tells of the change, not of luck.

Only in continuous integration, and only for tests that drive other programs in real time: what fails runs once more (a
browser, a host or a worker process on a busy machine misses a deadline now and then), and pytest's closing line counts
it as "rerun".
Whatever computes is judged by its first run.
"""

from __future__ import annotations

import ipaddress
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

REQUIRED = bool(os.environ.get("LAYERLIFT_REQUIRE_HOSTS"))
"""Whether this is continuous integration."""
settings.register_profile(
    "busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=REQUIRED
)
settings.load_profile("busy machine")


def _loopback_only(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook (PEP 578): connecting or sending anywhere else is a failing test, not a slow one."""
    if event in {"socket.connect", "socket.sendto"} and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise RuntimeError(f"A test reached for the network: {arguments[1]}")
    if event == "socket.getaddrinfo" and arguments[0] not in {None, "", "localhost", "127.0.0.1", "::1", b"localhost"}:
        raise RuntimeError(f"A test looked up a host: {arguments[0]!r}")


class _OneByOne:
    """`sys` for `threading`, which lets one thread at a time install its trace function.

    Before 3.12 CPython raises RuntimeError in the second one while an audit hook (ours, or filelock's) is being asked
    about the first (python/cpython#98257), and coverage traces every thread. With a switch interval of 10 µs, 96 000
    pools of four threads failed 94 and 74 times; so, 48 000 never.
    """

    turn = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)

    def settrace(self, function: Any) -> None:
        with self.turn:
            sys.settrace(function)

    @classmethod
    def watch(cls) -> None:
        """From now on, for all threads to come."""
        hook: Any = threading.gettrace()
        if hook is None or sys.version_info >= (3, 12):
            return

        def patient(*about: Any) -> Any:
            with cls.turn:
                return hook(*about)

        vars(threading)["_sys"] = cls()
        threading.settrace(patient)


def pytest_configure(config: pytest.Config) -> None:
    sys.addaudithook(_loopback_only)


def pytest_sessionstart() -> None:
    _OneByOne.watch()


REAL_TIME = ("hosts", "hub", "server", "core/client")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not REQUIRED:
        return
    folders = [Path(__file__).parent / name for name in REAL_TIME]
    for item in items:
        if any(folder in item.path.parents for folder in folders):
            item.add_marker(pytest.mark.flaky(reruns=1))
