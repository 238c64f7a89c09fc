"""Message ⇄ the bytes of one websocket binary message.

Law: spelling only; who may say what when is `connection`'s. A message is a msgpack map {"type": kind, field: value, …};
a chunk is the array [1, transfer, offset, data] with every number in its widest form, so that its first 21 bytes have
one shape and the data lies where it came.
"""

from __future__ import annotations

import struct

from layerlift.wire import errors, limits, msgpack, problems
from layerlift.wire.errors import LocalProtocolError, RemoteProtocolError
from layerlift.wire.messages import FROM_CLIENT, FROM_SERVER, Chunk, Message
from layerlift.wire.rules import broken
from layerlift.wire.schema import record
from layerlift.wire.shapes import Mismatch, at

_PREFIX = struct.Struct(">BBBIBQBI")
_ARRAY_OF_4, _ONE, _U32, _U64, _BIN32 = 0x94, 0x01, 0xCE, 0xCF, 0xC6

KINDS: dict[str, type[Message]] = {cls.kind: cls for cls in (*FROM_CLIENT, *FROM_SERVER) if cls is not Chunk}
"""Every message that is a map, by its name on the wire."""


def encode(message: Message) -> bytes:
    """The bytes of `message`. Raises LocalProtocolError when it breaks a limit or a rule."""
    if isinstance(message, Chunk):
        data = memoryview(message.data).cast("B")
        return chunk_prefix(message.transfer, message.offset, len(data)) + data
    if KINDS.get(message.kind) is not type(message):
        raise LocalProtocolError(f"{type(message).__name__} is no message of this protocol.")
    try:
        written = at(message.kind, record(type(message)).write, message)
    except Mismatch as mismatch:
        raise LocalProtocolError(str(mismatch)) from None
    if wrong := broken(message):
        raise LocalProtocolError(wrong)
    # no check of the length: the fields' limits keep every message below its own (a test adds them up)
    return msgpack.pack({"type": message.kind, **written})


def decode(payload: bytes | bytearray | memoryview, *, most: int = limits.MESSAGE) -> Message:
    """The message that `payload` is. A chunk's data is a view into `payload`, not a copy; any other message is at most
    `most` bytes long. Raises RemoteProtocolError (4400 malformed, 4413 too large)."""
    if len(payload) == 0:
        raise malformed("A message is empty.")
    if payload[0] == _ARRAY_OF_4:
        return _chunk(memoryview(payload))
    if len(payload) > most:
        raise too_large(f"A message of {len(payload)} bytes is longer than {most}.")
    try:
        return _message(msgpack.unpack(payload))
    except (msgpack.Malformed, Mismatch) as error:
        raise malformed(str(error)) from None


def chunk_prefix(transfer: int, offset: int, length: int) -> bytes:
    """The 21 bytes before a chunk's `length` bytes of data. Raises LocalProtocolError for numbers beyond the limits."""
    if not (0 <= transfer < 2**32 and 0 <= offset <= limits.UPLOAD and 1 <= length <= limits.CHUNK):
        raise LocalProtocolError(f"A chunk of {length} bytes at {offset} in transfer {transfer} is beyond the limits.")
    return _PREFIX.pack(_ARRAY_OF_4, _ONE, _U32, transfer, _U64, offset, _BIN32, length)


def malformed(sentence: str) -> RemoteProtocolError:
    """What to raise for a message that says something impossible."""
    return RemoteProtocolError(errors.MALFORMED, problems.problem("malformed", sentence))


def too_large(sentence: str) -> RemoteProtocolError:
    """What to raise for a message that is longer than its limit."""
    return RemoteProtocolError(errors.TOO_LARGE, problems.problem("too-large", sentence))


def _message(value: msgpack.Value) -> Message:
    if not isinstance(value, dict):
        raise Mismatch("a map")
    kind = value.get("type")
    cls = KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise msgpack.Malformed("A message's type is none of this protocol's.")
    message: Message = at(cls.kind, record(cls).read, value)
    if wrong := broken(message):
        raise msgpack.Malformed(wrong)
    return message


def _chunk(payload: memoryview) -> Chunk:
    if len(payload) < limits.PREFIX:
        raise malformed("A chunk is shorter than its prefix.")
    array, one, u32, transfer, u64, offset, bin32, length = _PREFIX.unpack_from(payload)
    if (array, one, u32, u64, bin32) != (_ARRAY_OF_4, _ONE, _U32, _U64, _BIN32):
        raise malformed("A chunk does not begin with its prefix.")
    if length > limits.CHUNK:
        raise too_large(f"A chunk of {length} bytes is longer than {limits.CHUNK}.")
    if length == 0 or length != len(payload) - limits.PREFIX:
        raise malformed("A chunk does not hold the bytes that it states.")
    if offset > limits.UPLOAD:
        raise malformed("A chunk's offset is beyond every upload.")
    return Chunk(transfer, offset, payload[limits.PREFIX :])
