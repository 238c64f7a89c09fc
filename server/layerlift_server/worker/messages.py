"""The messages between server and worker, and their encoding on the pipe.

Law: stdlib and the wire's values. No pickle (a decoder that was taken over must not reach the server through it):
each message is one line of JSON, then the bytes of a preview if it carries one; both sides hold it to the wire's own
limits (`wire.schema`), so that what a worker says can be said to a client. Pixels never pass here: orders name files.
`run` names one attempt at one job; whatever comes from another run is stale and ignored.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from layerlift.wire.fields import Count, Fraction, Seconds, Word
from layerlift.wire.limits import PARAMS
from layerlift.wire.schema import Record, record
from layerlift.wire.shapes import Mismatch
from layerlift.wire.values import DocumentInfo, EngineOffer, LayerInfo, Operation, Param, Problem

LONGEST = 4 << 20
"""Most bytes of one message: a layer with a page of text is 100 KiB, a preview 160 KiB."""


class Garbled(Exception):
    """The other side said something that nobody says: it is broken."""


@dataclass(frozen=True)
class PipeMessage:
    """Anything that is said over the pipe."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True)
class Operate(PipeMessage):
    """Do `operation` with `engine` and put the layers into `folder` (made by the worker). It works on the file
    `upload`, which is as `document` says, or on the finished result in the folder `source`, or on words alone."""

    kind: ClassVar[str] = "operate"
    run: str
    operation: Operation
    engine: str
    folder: str
    params: Annotated[dict[str, Param], Count(0, PARAMS)]
    upload: str | None = None
    document: DocumentInfo | None = None
    source: str | None = None


@dataclass(frozen=True)
class Export(PipeMessage):
    """Write the result in `folder` as the file `target` in `format`."""

    kind: ClassVar[str] = "export"
    run: str
    folder: str
    target: str
    format: str


@dataclass(frozen=True)
class Cancel(PipeMessage):
    """Stop this run at the next step."""

    kind: ClassVar[str] = "cancel"
    run: str


@dataclass(frozen=True)
class Rest(PipeMessage):
    """Nothing will come for a while: engines let go of what is dear (a GPU's memory)."""

    kind: ClassVar[str] = "rest"


@dataclass(frozen=True)
class Quit(PipeMessage):
    """Go, at once."""

    kind: ClassVar[str] = "quit"


@dataclass(frozen=True)
class Hello(PipeMessage):
    """The worker is there; these are its engines."""

    kind: ClassVar[str] = "hello"
    offers: tuple[EngineOffer, ...]


@dataclass(frozen=True)
class Broken(PipeMessage):
    """The worker cannot even load its engines, and ends. `trace` is for the log."""

    kind: ClassVar[str] = "broken"
    problem: Problem
    trace: str = ""


@dataclass(frozen=True)
class Progress(PipeMessage):
    """Where the run is."""

    kind: ClassVar[str] = "progress"
    run: str
    stage: Word
    fraction: Fraction
    eta: Seconds | None = None


@dataclass(frozen=True)
class Preview(PipeMessage):
    """A small PNG of the rough layers."""

    kind: ClassVar[str] = "preview"
    run: str
    width: int
    height: int
    png: bytes = b""


@dataclass(frozen=True)
class Layer(PipeMessage):
    """This layer's file is whole."""

    kind: ClassVar[str] = "layer"
    run: str
    layer: LayerInfo


@dataclass(frozen=True)
class Done(PipeMessage):
    """The run is over and everything lies in its place."""

    kind: ClassVar[str] = "done"
    run: str


@dataclass(frozen=True)
class Failed(PipeMessage):
    """The run is over and there is nothing. `trace` is for the log."""

    kind: ClassVar[str] = "failed"
    run: str
    problem: Problem
    trace: str = ""


Order = Operate | Export | Cancel | Rest | Quit
Event = Hello | Broken | Progress | Preview | Layer | Done | Failed

_KINDS: dict[str, type[PipeMessage]] = {
    said.kind: said
    for said in (Operate, Export, Cancel, Rest, Quit, Hello, Broken, Progress, Preview, Layer, Done, Failed)
}


def encode(said: Order | Event) -> bytes:
    """As bytes: a line of JSON, then the preview's bytes if there are any. Raises Mismatch when it breaks a limit."""
    shape: Record = record(type(said))
    tail = b""
    if isinstance(said, Preview):
        tail, said = said.png, replace(said, png=b"")
    body = {name: value for name, value in shape.write(said).items() if value != b""}
    return json.dumps({"kind": said.kind, **body}).encode() + b"\n" + tail


def decode(data: bytes) -> PipeMessage:
    """Back again. Raises Garbled."""
    line, _, tail = data.partition(b"\n")
    try:
        body: dict[str, Any] = json.loads(line)
        cls = _KINDS[body.pop("kind")]
        if cls is Preview:
            body["png"] = tail
        said: PipeMessage = record(cls).read(body)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Mismatch) as error:
        raise Garbled(f"not a message ({error}): {line[:80]!r}") from error
    return said
