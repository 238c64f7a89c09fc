"""What the network alone costs: the same bytes over a bare TCP socket, stdlib only, server in a process of its own.

up: 8 bytes of length, then so many bytes into one buffer, one byte back.   down: a length is asked for, and sent.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import socket
import struct
from collections.abc import Iterator
from multiprocessing.connection import Connection

PIECE = 256 * 1024
_HEAD = struct.Struct(">cQ")


def _serve(pipe: Connection) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        pipe.send(listening.getsockname()[1])
        line, _ = listening.accept()
        with line:
            held = bytearray(1)
            while head := line.recv(_HEAD.size, socket.MSG_WAITALL):
                what, size = _HEAD.unpack(head)
                if what == b"u":
                    held = bytearray(size)
                    _fill(line, memoryview(held))
                    line.sendall(b"!")
                else:
                    _pour(line, memoryview(held)[:size])


@contextlib.contextmanager
def raw_tcp() -> Iterator[tuple[socket.socket, int]]:
    """A connected socket to such a server, and the server's process id."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    with socket.create_connection(("127.0.0.1", ours.recv())) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        assert process.pid is not None
        yield line, process.pid
    process.join(10)


def up(line: socket.socket, data: memoryview) -> None:
    line.sendall(_HEAD.pack(b"u", len(data)))
    _pour(line, data)
    assert line.recv(1) == b"!"


def down(line: socket.socket, into: memoryview) -> None:
    line.sendall(_HEAD.pack(b"d", len(into)))
    _fill(line, into)


def _pour(line: socket.socket, data: memoryview) -> None:
    for begin in range(0, len(data), PIECE):
        line.sendall(data[begin : begin + PIECE])


def _fill(line: socket.socket, into: memoryview) -> None:
    while len(into):
        into = into[line.recv_into(into) :]
