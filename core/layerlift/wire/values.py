"""What messages speak of: documents, layers, jobs, engines, problems.

Law: frozen values, no behaviour. On the wire each is a msgpack map of its fields in this order; a receiver ignores
fields that it doesn't know, and a field with a default may be missing. Pixels are straight RGBA, row-major, uint8 or
little-endian uint16, in the document's own colour profile. Stacks run bottom → top.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Operation = Literal["decompose", "edit", "generate", "inpaint"]
JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
Param = bool | int | float | str | None


@dataclass(frozen=True)
class Problem:
    """Why something could not be done: a stable `code`, one sentence, one remedy (may be empty), and whether trying
    the same again can help."""

    code: str
    sentence: str
    remedy: str = ""
    retryable: bool = False


@dataclass(frozen=True)
class Bounds:
    """A rectangle in whole pixels, y downwards, in the document's own coordinates."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class DocumentInfo:
    """A document on its way up.

    `kind` "pixels": the payload is the pixels (`width` × `height` × 4 × `depth` / 8 bytes), then, if `mask`, a
    selection (`width` × `height` bytes, 255 is selected), then `icc` bytes of ICC profile (0: sRGB).
    `kind` "file": the payload is an encoded picture (PNG, JPEG, TIFF, …); the numbers are 0 and `mask` is false.
    `x`, `y`: where its top left corner lies on the host's canvas; layers come back relative to this corner.
    """

    name: str
    kind: Literal["pixels", "file"] = "pixels"
    width: int = 0
    height: int = 0
    depth: Literal[0, 8, 16] = 0
    x: int = 0
    y: int = 0
    mask: bool = False
    icc: int = 0


@dataclass(frozen=True)
class TextLine:
    """One recognised line: `quad` is x, y of four corners (8 numbers, clockwise from the top left along the reading
    direction, in the document's pixels), `confidence` 0–1."""

    content: str
    quad: tuple[float, ...]
    confidence: float = 1.0


@dataclass(frozen=True)
class Text:
    """What a text layer says, top → bottom, and its main `colour` (sRGB, 0–255)."""

    lines: tuple[TextLine, ...]
    colour: tuple[int, ...] = (0, 0, 0)


@dataclass(frozen=True)
class LayerInfo:
    """One finished layer. `size` is the number of bytes of its pixels (bounds' area × 4 × `depth` / 8), `digest` the
    lower-case hexadecimal SHA-256 of them. `group` is the path of group names, outermost first."""

    index: int
    name: str
    role: str
    bounds: Bounds
    depth: Literal[8, 16]
    size: int
    digest: str
    opacity: float = 1.0
    blend_mode: str = "normal"
    group: tuple[str, ...] = ()
    confidence: float = 1.0
    text: Text | None = None


@dataclass(frozen=True)
class EngineOffer:
    """An engine of this server: what it can do, the most layers it can be asked for, and, when it cannot run here, why
    and what would help (`missing`)."""

    name: str
    title: str
    operations: tuple[str, ...]
    max_layers: int
    default: bool = False
    missing: str | None = None


@dataclass(frozen=True)
class Limits:
    """What the server takes: sides and area of a document in pixels, bytes of one upload, layers of one job, unfinished
    jobs of one client."""

    side: int
    pixels: int
    upload: int
    layers: int
    jobs: int


@dataclass(frozen=True)
class ClientInfo:
    """Who is speaking: the plugin or program and its version, and the host it sits in."""

    name: str
    version: str
    host: str = ""
    host_version: str = ""


@dataclass(frozen=True)
class JobInfo:
    """One job as a list shows it. Times are seconds since 1970 (UTC); `position` counts from 1 while queued; `mine`
    says whether the asking client may cancel, drop and pull it."""

    job: str
    name: str
    client: str
    operation: str
    engine: str
    state: JobState
    created: float
    mine: bool = True
    position: int | None = None
    stage: str = ""
    fraction: float = 0.0
    eta: float | None = None
    finished: float | None = None
    layers: int = 0
    width: int = 0
    height: int = 0
    depth: int = 0
    kept: bool = False
    problem: Problem | None = None


@dataclass(frozen=True)
class Device:
    """A paired device. `last_seen` in seconds since 1970."""

    device: str
    name: str
    paired: float
    last_seen: float
