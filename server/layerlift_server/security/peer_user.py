"""Which user's process is at the other end of a loopback connection, where the system tells.

Law: reads the kernel's table (Linux: /proc/net/tcp and tcp6, proc_pid_net(5)); knows no socket. Needed because a cookie
is sent to every port of 127.0.0.1, also to one where another user of this machine listens and keeps it.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LOCAL, _REMOTE, _USER = 1, 2, 7
_ROOT = 0

Address = tuple[str, int]


def foreign(peer: Address, ours: Address) -> bool:
    """Whether the connection from `peer` to `ours` is known to be another user's. False where it cannot be known
    (macOS, Windows, a peer in another network namespace) and for root, who reads everything anyway (WSL's relay is
    root's)."""
    user = user_of(peer, ours)
    return user not in (None, _ROOT) and user != os.geteuid()


def user_of(peer: Address, ours: Address, tables: tuple[Path, ...] = _TABLES) -> int | None:
    """The user id of the socket whose own address is `peer` and whose other end is `ours`; None when unknown."""
    wanted = (_spelled(peer), _spelled(ours))
    for table in tables:
        try:
            lines = table.read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if len(fields) > _USER and (fields[_LOCAL][-13:], fields[_REMOTE][-13:]) == wanted:
                return int(fields[_USER])
    return None


def _spelled(address: Address) -> str:
    """As the table has it: the IPv4 address as a host-order word (at the end of a mapped IPv6 one), colon, port."""
    [word] = struct.unpack("=I", socket.inet_aton(address[0]))
    return f"{word:08X}:{address[1]:04X}"
