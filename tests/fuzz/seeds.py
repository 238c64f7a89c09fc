"""What the fuzzers begin with: the golden vectors, spelled for every target, and the words that open doors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from layerlift.wire import runtime
from layerlift.wire.frames import KINDS
from layerlift.wire.schema import record

VECTORS = Path(__file__).parent.parent / "vectors"


def seeds() -> Iterator[bytes]:
    """Inputs for `targets.any_target`."""
    for path in sorted(VECTORS.glob("*.json")):
        for vector in json.loads(path.read_text(encoding="utf-8"))["vectors"]:
            payload = bytes.fromhex(vector["hex"])
            if len(payload) < 4096:
                yield b"\x80" + payload
                yield b"\x08" + payload
    yield b"\x10" + bytes.fromhex("8203010203 02020102 80020304 8a00 8902aabb 8a00 827e0080") + bytes(128)
    yield b"\x10" + bytes.fromhex("8803e8") + b"bye"
    accepted = b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: PROOF\r\n\r\n"
    yield b"\x1a" + accepted
    yield b"\x1a" + accepted + bytes.fromhex("8203010203 890170 8a0170 880203e8")
    yield b"\x1a" + accepted + bytes.fromhex("8804113062ff 81026869")
    yield b"\x1aHTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    server = runtime.ServerFile(8188, 99, "t" * 43, 1, "0.1.0", "ab" * 32)
    yield b"\x22" + server.text.encode()
    yield b"\x18" + bytes.fromhex("c00109 420109 c30119 440109 c10209 420209 430209 c40209 c50200 460200")


def words() -> list[bytes]:
    """Every name on the wire, as msgpack spells short texts."""
    names = {"type", *KINDS}
    for cls in KINDS.values():
        names.update(record(cls).parts)
    return sorted(bytes([0xA0 | len(name)]) + name.encode() for name in names if len(name) < 32)
