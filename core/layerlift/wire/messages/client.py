"""What a client says. Law: the vocabulary only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from layerlift.wire import limits
from layerlift.wire.fields import Count, Id, Layers, Name, PairingCode, Seconds, Size, Token, Transfer, Version, Word
from layerlift.wire.messages.base import OLDEST, PROTOCOL, Message
from layerlift.wire.values import ClientInfo, DocumentInfo, Operation, Param


@dataclass(frozen=True)
class Hello(Message):
    """The first message, within 5 s: versions spoken (`oldest`–`protocol`), who speaks, and exactly one proof: `token`
    (from the runtime file or from pairing), `code` (6 digits, to pair as `device`), or neither on the page's own
    socket, which its cookie proves."""

    kind: ClassVar[str] = "hello"
    client: ClientInfo
    token: Token | None = field(default=None, repr=False)
    code: PairingCode | None = field(default=None, repr=False)
    device: Name | None = None
    protocol: Version = PROTOCOL
    oldest: Version = OLDEST


@dataclass(frozen=True)
class Put(Message):
    """Announce an upload: `transfer` is a number free on this connection, `upload` a UUID that survives it, `size` the
    payload's bytes. Answered by Ready with the offset to go on from; complete when Ack says `size`."""

    kind: ClassVar[str] = "put"
    transfer: Transfer
    upload: Id
    size: Size
    document: DocumentInfo


@dataclass(frozen=True)
class Submit(Message):
    """Ask for work on an upload. `job` is the client's UUID: said twice it is the same job. `engine` None: the
    server chooses. `params` by operation, as `wire.params` has them; `upload` None where a finished job (`source`) or
    words alone are worked on. A `detached` job goes on when its client is gone. Answered by Queued, Started or its
    end."""

    kind: ClassVar[str] = "submit"
    job: Id
    operation: Operation = "decompose"
    engine: Word | None = None
    upload: Id | None = None
    params: Annotated[dict[str, Param], Count(0, limits.PARAMS)] = field(default_factory=dict)
    detached: bool = False


@dataclass(frozen=True)
class Watch(Message):
    """Tell me about this job (again): answered by its whole state so far, then by what comes. Submit implies it."""

    kind: ClassVar[str] = "watch"
    job: Id


@dataclass(frozen=True)
class Get(Message):
    """Pull a finished layer's pixels (`layer` None: the stack's ICC profile) from `offset` on; `native`: those in its
    document's own numbers. Answered by Ready, then Chunks under credit."""

    kind: ClassVar[str] = "get"
    transfer: Transfer
    job: Id
    layer: Layers | None = None
    offset: Size = 0
    native: bool = False


@dataclass(frozen=True)
class Stop(Message):
    """Give up a transfer in either direction. What an upload has brought so far stays for a while."""

    kind: ClassVar[str] = "stop"
    transfer: Transfer


@dataclass(frozen=True)
class Cancel(Message):
    """Stop a job. Answered by Failed with state "cancelled", or by its end if that came first."""

    kind: ClassVar[str] = "cancel"
    job: Id


@dataclass(frozen=True)
class Jobs(Message):
    """List the jobs touched at or after `since` (seconds since 1970), newest first."""

    kind: ClassVar[str] = "jobs"
    since: Seconds = 0.0


@dataclass(frozen=True)
class Drop(Message):
    """Forget a job and delete its result; a running one is cancelled first. Answered by Dropped."""

    kind: ClassVar[str] = "drop"
    job: Id


@dataclass(frozen=True)
class Keep(Message):
    """Exempt a result from expiry, or take that back. Answered by JobList with this one job."""

    kind: ClassVar[str] = "keep"
    job: Id
    keep: bool = True


@dataclass(frozen=True)
class Pair(Message):
    """Show a pairing code. Only for the owner (runtime-file token or page). Answered by Pairing."""

    kind: ClassVar[str] = "pair"


@dataclass(frozen=True)
class Devices(Message):
    """List the paired devices. Owner only. Answered by DeviceList."""

    kind: ClassVar[str] = "devices"


@dataclass(frozen=True)
class Revoke(Message):
    """Revoke a device's token and close its connections. Owner only. Answered by DeviceList."""

    kind: ClassVar[str] = "revoke"
    device: Id
