"""What server and worker say to each other over their pipe, and how it is spelled.

Law: stdlib and the wire's values. No pickle (a decoder that was taken over must not reach the server through it):
each message is one line of JSON, then the bytes of a preview if it carries one. Pixels never pass here: orders name
files. `run` names one attempt at one job; whatever comes from another run is stale and ignored.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar

from layerlift.wire.values import DocumentInfo, EngineOffer, LayerInfo, Param, Problem
from layerlift_server.worker import records

LONGEST = 4 << 20
"""Most bytes of one message: a layer with a page of text is 100 KiB, a preview 160 KiB."""


class Garbled(Exception):
    """The other side said something that nobody says: it is broken."""


@dataclass(frozen=True)
class Said:
    """Anything that is said over the pipe."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True)
class Decompose(Said):
    """Take the document in the file `upload` apart and put the layers into `folder` (made by the worker)."""

    kind: ClassVar[str] = "decompose"
    run: str
    upload: str
    folder: str
    document: DocumentInfo
    engine: str
    params: dict[str, Param]


@dataclass(frozen=True)
class Export(Said):
    """Write the result in `folder` as the file `target` in `format`."""

    kind: ClassVar[str] = "export"
    run: str
    folder: str
    target: str
    format: str


@dataclass(frozen=True)
class Cancel(Said):
    """Stop this run at the next step."""

    kind: ClassVar[str] = "cancel"
    run: str


@dataclass(frozen=True)
class Rest(Said):
    """Nothing will come for a while: engines let go of what is dear (a GPU's memory)."""

    kind: ClassVar[str] = "rest"


@dataclass(frozen=True)
class Quit(Said):
    """Go, at once."""

    kind: ClassVar[str] = "quit"


@dataclass(frozen=True)
class Hello(Said):
    """The worker is there; these are its engines."""

    kind: ClassVar[str] = "hello"
    offers: tuple[EngineOffer, ...]


@dataclass(frozen=True)
class Progress(Said):
    """Where the run is."""

    kind: ClassVar[str] = "progress"
    run: str
    stage: str
    fraction: float
    eta: float | None = None


@dataclass(frozen=True)
class Preview(Said):
    """A small PNG of the rough layers."""

    kind: ClassVar[str] = "preview"
    run: str
    width: int
    height: int
    png: bytes = b""


@dataclass(frozen=True)
class Layer(Said):
    """This layer's file is whole."""

    kind: ClassVar[str] = "layer"
    run: str
    layer: LayerInfo


@dataclass(frozen=True)
class Done(Said):
    """The run is over and everything lies in its place."""

    kind: ClassVar[str] = "done"
    run: str


@dataclass(frozen=True)
class Failed(Said):
    """The run is over and there is nothing. `trace` is for the log."""

    kind: ClassVar[str] = "failed"
    run: str
    problem: Problem
    trace: str = ""


Order = Decompose | Export | Cancel | Rest | Quit
Event = Hello | Progress | Preview | Layer | Done | Failed

_KINDS: dict[str, type[Said]] = {
    said.kind: said for said in (Decompose, Export, Cancel, Rest, Quit, Hello, Progress, Preview, Layer, Done, Failed)
}


def encode(said: Order | Event) -> bytes:
    """As bytes: a line of JSON, then the preview's bytes if there are any."""
    tail = b""
    if isinstance(said, Preview):
        tail, said = said.png, replace(said, png=b"")
    body = asdict(said)
    body.pop("png", None)
    return json.dumps({"kind": said.kind, **body}).encode() + b"\n" + tail


def decode(data: bytes) -> Said:
    """Back again. Raises Garbled."""
    line, _, tail = data.partition(b"\n")
    try:
        body = json.loads(line)
        said = _KINDS[body.pop("kind")]
        if said is Preview:
            body["png"] = tail
        names = {field.name for field in fields(said)}
        return said(**{name: _value(name, found) for name, found in body.items() if name in names})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Garbled(f"not a message: {line[:80]!r}") from error


def _value(name: str, found: Any) -> Any:
    """The fields that are more than JSON knows."""
    if name == "document":
        return DocumentInfo(**found)
    if name == "layer":
        return records.layer(found)
    if name == "problem":
        return Problem(**found)
    if name == "offers":
        return records.offers(found)
    return found
