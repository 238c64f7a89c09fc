"""Every message of protocol 1, one frozen dataclass each; `kind` is its name on the wire.

Law: the vocabulary only; the grammar (who may say what when) is `states`, the spelling is `frames`. One websocket
binary message carries exactly one of these as a msgpack map {"type": kind, field: value, …}, except Chunk, which is
the array [1, transfer, offset, data] with a fixed 21-byte prefix so that both ends read into preallocated buffers.
"""

from __future__ import annotations

from layerlift.wire.messages.base import OLDEST, PROTOCOL, Ack, Chunk, Message
from layerlift.wire.messages.client import (
    Cancel,
    Devices,
    Drop,
    Get,
    Hello,
    Jobs,
    Keep,
    Pair,
    Put,
    Revoke,
    Stop,
    Submit,
    Watch,
)
from layerlift.wire.messages.server import (
    DeviceList,
    Done,
    Dropped,
    Failed,
    JobList,
    LayerReady,
    Pairing,
    Preview,
    Progress,
    Queued,
    Ready,
    Refused,
    Started,
    Welcome,
)

FROM_CLIENT: tuple[type[Message], ...] = (
    Hello,
    Put,
    Submit,
    Watch,
    Get,
    Stop,
    Cancel,
    Jobs,
    Drop,
    Keep,
    Pair,
    Devices,
    Revoke,
    Ack,
    Chunk,
)
FROM_SERVER: tuple[type[Message], ...] = (
    Welcome,
    Ready,
    Queued,
    Started,
    Progress,
    Preview,
    LayerReady,
    Done,
    Failed,
    JobList,
    Dropped,
    Pairing,
    DeviceList,
    Refused,
    Ack,
    Chunk,
)

__all__ = ["FROM_CLIENT", "FROM_SERVER", "OLDEST", "PROTOCOL", "Ack", "Chunk", "Message"]
__all__ += [
    "Cancel",
    "Devices",
    "Drop",
    "Get",
    "Hello",
    "Jobs",
    "Keep",
    "Pair",
    "Put",
    "Revoke",
    "Stop",
    "Submit",
    "Watch",
]
__all__ += [
    "DeviceList",
    "Done",
    "Dropped",
    "Failed",
    "JobList",
    "LayerReady",
    "Pairing",
    "Preview",
    "Progress",
    "Queued",
]
__all__ += ["Ready", "Refused", "Started", "Welcome"]
