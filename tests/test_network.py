"""The guard in conftest.py guards."""

from __future__ import annotations

import socket

import pytest


def test_looking_up_or_reaching_another_machine_fails_at_once() -> None:
    with pytest.raises(RuntimeError, match="looked up"):
        socket.getaddrinfo("example.org", 80)
    with socket.socket() as door, pytest.raises(RuntimeError, match="reached for the network"):
        door.connect(("192.0.2.1", 80))


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
