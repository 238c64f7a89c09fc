"""What messages speak of: documents, layers, jobs, engines, problems.

Law: frozen values, no behaviour; annotations state what each field may hold. On the wire each is a msgpack map of its
fields in this order; a receiver ignores fields that it doesn't know, and a field with a default may be missing. Pixels
are straight RGBA, row-major, uint8 or little-endian uint16, in the document's own colour profile. Stacks run bottom →
top.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from layerlift.wire import limits
from layerlift.wire.fields import (
    Between,
    Coordinate,
    Count,
    Digest,
    Fraction,
    FullSide,
    Id,
    Layers,
    Name,
    Place,
    Position,
    Profile,
    Remedy,
    Seconds,
    Sentence,
    Side,
    Size,
    Whole,
    Word,
)

Operation = Literal["decompose", "edit", "generate", "inpaint", "extend", "harmonise"]
JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
Param = bool | int | float | str | None


@dataclass(frozen=True)
class Problem:
    """Why something could not be done: a stable `code`, one sentence, one remedy (may be empty), and whether trying
    the same again can help."""

    code: Word
    sentence: Sentence
    remedy: Remedy = ""
    retryable: bool = False


@dataclass(frozen=True)
class Bounds:
    """A rectangle in whole pixels, y downwards, in the document's own coordinates."""

    x: Coordinate
    y: Coordinate
    width: FullSide
    height: FullSide


@dataclass(frozen=True)
class Native:
    """Numbers of a colour space that is not RGB: so many colour channels (4: CMYK, 3: Lab, 1: gray), of `depth` bit. A
    pixel is these and then alpha, in the host's own order and encoding; a host that composites does so in them."""

    channels: Annotated[int, Between(1, 4)]
    depth: Literal[8, 16]


@dataclass(frozen=True)
class NativePixels:
    """A layer's pixels once more, in its document's own numbers. `size` is the number of bytes (bounds' area ×
    (`channels` + 1) × `depth` / 8), `digest` the lower-case hexadecimal SHA-256 of them."""

    channels: Annotated[int, Between(1, 4)]
    depth: Literal[8, 16]
    size: Size
    digest: Digest


@dataclass(frozen=True)
class DocumentInfo:
    """A document on its way up.

    `kind` "pixels": the payload is the pixels (`width` × `height` × 4 × `depth` / 8 bytes), then, if `mask`, a
    selection (`width` × `height` bytes, 255 is selected), then `icc` bytes of ICC profile (0: sRGB).
    `kind` "file": the payload is an encoded picture (PNG, JPEG, TIFF, …); the numbers are 0 and `mask` is false.
    `x`, `y`: where its top left corner lies on the host's canvas; layers come back relative to this corner.
    `native`, for pixels that the host converted to RGB: the payload goes on with the same pixels in the host's own
    numbers, then a table: what `limits.LATTICE`³ colours of the sent RGB are in those numbers, red changing fastest,
    opaque. Alpha of these is not looked at. Layers then come in both.
    """

    name: Name
    kind: Literal["pixels", "file"] = "pixels"
    width: Side = 0
    height: Side = 0
    depth: Literal[0, 8, 16] = 0
    x: Coordinate = 0
    y: Coordinate = 0
    mask: bool = False
    icc: Profile = 0
    native: Native | None = None


@dataclass(frozen=True)
class TextLine:
    """One recognised line: `quad` is x, y of four corners (8 numbers, clockwise from the top left along the reading
    direction, in the document's pixels), `confidence` 0–1."""

    content: Sentence
    quad: Annotated[tuple[Place, ...], Count(limits.CORNERS, limits.CORNERS)]
    confidence: Fraction = 1.0


@dataclass(frozen=True)
class Text:
    """What a text layer says, top → bottom, and its main `colour` (sRGB, 0–255)."""

    lines: Annotated[tuple[TextLine, ...], Count(0, limits.LINES)]
    colour: Annotated[tuple[Annotated[int, Between(0, 255)], ...], Count(3, 3)] = (0, 0, 0)


@dataclass(frozen=True)
class LayerInfo:
    """One finished layer. `size` is the number of bytes of its pixels (bounds' area × 4 × `depth` / 8), `digest` the
    lower-case hexadecimal SHA-256 of them. `group` is the path of group names, outermost first."""

    index: Layers
    name: Name
    role: Word
    bounds: Bounds
    depth: Literal[8, 16]
    size: Size
    digest: Digest
    opacity: Fraction = 1.0
    blend_mode: Word = "normal"
    group: Annotated[tuple[Name, ...], Count(0, limits.GROUPS)] = ()
    confidence: Fraction = 1.0
    text: Text | None = None
    native: NativePixels | None = None


@dataclass(frozen=True)
class EngineOffer:
    """An engine of this server: what it can do, the most layers it can be asked for, and, when it cannot run here, why
    and what would help (`missing`)."""

    name: Word
    title: Name
    operations: Annotated[tuple[Word, ...], Count(0, limits.OPERATIONS)]
    max_layers: Layers
    default: bool = False
    missing: Sentence | None = None


@dataclass(frozen=True)
class Limits:
    """What the server takes: sides and area of a document in pixels, bytes of one upload, layers of one job, unfinished
    jobs of one client."""

    side: Side
    pixels: Whole
    upload: Size
    layers: Layers
    jobs: Whole


@dataclass(frozen=True)
class ClientInfo:
    """Who is speaking: the plugin or program and its version, and the host it sits in."""

    name: Name
    version: Word
    host: Name = ""
    host_version: Word = ""


@dataclass(frozen=True)
class JobInfo:
    """One job as a list shows it. Times are seconds since 1970 (UTC); `position` counts from 1 while queued; `mine`
    says whether the asking client may cancel, drop and pull it."""

    job: Id
    name: Name
    client: Name
    operation: Word
    engine: Word
    state: JobState
    created: Seconds
    mine: bool = True
    position: Position | None = None
    stage: Word = ""
    fraction: Fraction = 0.0
    eta: Seconds | None = None
    finished: Seconds | None = None
    layers: Layers = 0
    width: Side = 0
    height: Side = 0
    depth: Literal[0, 8, 16] = 0
    kept: bool = False
    problem: Problem | None = None


@dataclass(frozen=True)
class Device:
    """A paired device. `last_seen` in seconds since 1970."""

    device: Id
    name: Name
    paired: Seconds
    last_seen: Seconds
