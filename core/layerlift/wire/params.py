"""What each operation may be told: its params as a table, what it works on, and how a wrong one is explained.

Law: stdlib and the wire's own values; knows no engine (what one engine cannot do, its server says). A table is a frozen
dataclass whose fields are the params; `check` holds what was given against it and fills in what was not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, Literal, get_args

from layerlift.wire import limits
from layerlift.wire.fields import Between, Bytes, Fraction, FullSide, Id, Layers, Like, Side
from layerlift.wire.schema import record
from layerlift.wire.shapes import Choice, Flag, Maybe, Mismatch, Real, Shape, Text, Whole
from layerlift.wire.values import Operation, Param

OPERATIONS: tuple[Operation, ...] = get_args(Operation)
POLYGON = Like("corners as x,y x,y x,y", r"\d{1,7},\d{1,7}( \d{1,7},\d{1,7}){2,}")

Words = Annotated[str, Bytes(limits.PARAM)]
Corners = Annotated[str, Bytes(limits.PARAM), POLYGON]


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """How a model draws, for every operation; an engine that does not draw ignores all of it. nil: its own choice.

    `guidance` is the true CFG scale (1 turns it off), `negative` what not to draw, `fast` trades exactness for time,
    `resolution` is the side of the square whose area it works at; same `seed`, same machine, same result."""

    steps: Annotated[int, Between(1, 200)] | None = None
    guidance: Annotated[float, Between(0, 20)] | None = None
    negative: Words | None = None
    fast: bool = False
    resolution: Literal[640, 1024] | None = None
    seed: Annotated[int, Between(0, 2**32 - 1)] = 0


@dataclass(frozen=True, kw_only=True)
class Decompose(Drawing):
    """Take a picture apart: `layers` in all (nil: as many as there are things), `what` alone to take out, `text` as one
    layer per block or line, `edges` with more or less care. With `source` and `layer`: that layer of a finished job is
    taken apart further."""

    layers: Annotated[int, Between(1, limits.LAYERS)] | None = None
    what: Words | None = None
    text: Literal["block", "line"] = "block"
    edges: Literal["fast", "careful"] = "fast"
    source: Id | None = None
    layer: Layers | None = None


@dataclass(frozen=True, kw_only=True)
class Edit(Drawing):
    """Change a picture as `prompt` says, or one layer of `source` (`layer`, or the one that the prompt speaks of).
    `alpha`: the layer's outline is kept, or found anew."""

    prompt: Words
    alpha: Literal["keep", "matte"] = "keep"
    source: Id | None = None
    layer: Layers | None = None


@dataclass(frozen=True, kw_only=True)
class Generate(Drawing):
    """A new picture of `width` × `height` from words, or over an uploaded one (0 `strength` leaves it, 1 forgets it).
    `layers` nil: one layer; else it is also taken apart (0: into as many layers as there are things)."""

    prompt: Words
    width: FullSide | None = None
    height: FullSide | None = None
    strength: Fraction | None = None
    layers: Layers | None = None


@dataclass(frozen=True, kw_only=True)
class Inpaint(Drawing):
    """Fill the selection with what `prompt` says (nil: with what is around it). `selection`: a polygon in the picture's
    pixels, in place of an uploaded mask; `feather`: pixels over which the seam is blended (0: as it needs)."""

    prompt: Words | None = None
    feather: Annotated[int, Between(0, 4096)] = 0
    selection: Corners | None = None
    source: Id | None = None


@dataclass(frozen=True, kw_only=True)
class Extend(Drawing):
    """Continue the picture beyond its edges, by so many pixels each."""

    left: Side = 0
    top: Side = 0
    right: Side = 0
    bottom: Side = 0
    prompt: Words | None = None
    source: Id | None = None


@dataclass(frozen=True, kw_only=True)
class Harmonise(Drawing):
    """Make one picture of parts: light, shadow, edges. The selection, if any, says what was put in."""

    prompt: Words | None = None
    selection: Corners | None = None
    source: Id | None = None


@dataclass(frozen=True)
class Need:
    """What an operation works on. `document`: whether an upload (or a `source`) must come; `selection`: whether one
    must come, may come, or is only the picture's outline (multiplied into its alpha)."""

    params: type[Drawing]
    document: Literal["needed", "optional"]
    selection: Literal["needed", "optional", "outline"]

    @property
    def source(self) -> bool:
        """Whether a finished job's result can stand in for an upload."""
        return "source" in own(self.params)


NEEDS: dict[Operation, Need] = {
    "decompose": Need(Decompose, "needed", "outline"),
    "edit": Need(Edit, "needed", "outline"),
    "generate": Need(Generate, "optional", "outline"),
    "inpaint": Need(Inpaint, "needed", "needed"),
    "extend": Need(Extend, "needed", "outline"),
    "harmonise": Need(Harmonise, "needed", "optional"),
}
"""Every operation."""


class Unfit(Mismatch):
    """An order that cannot be followed: one sentence for the user, and one that helps."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(remedy)
        self.sentence = sentence
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.sentence} {self.remedy}"


def own(table: type[Drawing]) -> tuple[str, ...]:
    """The names of an operation's params that are not about drawing."""
    drawing = {field.name for field in fields(Drawing)}
    return tuple(field.name for field in fields(table) if field.name not in drawing)


def check(
    operation: str, params: Mapping[str, Param], *, upload: bool | None = None, mask: bool | None = None
) -> dict[str, Param]:
    """The params of `operation`, complete and in range; an empty text is none. `upload`, `mask`: whether a document
    and a selection come with it (None: not known here, and not asked for). Raises Unfit."""
    if operation not in NEEDS:
        raise Unfit(f"There is no operation “{operation[:20]}”.", f"There are {', '.join(OPERATIONS)}.")
    need = NEEDS[operation]
    shape = record(need.params)
    for name in params:
        if name not in shape.parts:
            raise Unfit(f"“{name[:40]}” is no parameter of {operation}.", "Leave it out.")
    given = {name: value for name, value in params.items() if not _blank(name, value)}
    for name in sorted(shape.needed - set(given)):
        raise Unfit(f"“{name}” is missing: {operation} needs it.", "Say what you want in a few words.")
    for name, value in given.items():
        _fit(name, shape.parts[name], value)
    checked: dict[str, Param] = asdict(shape.read(given))
    _agree(operation, need, checked)
    _come(operation, need, checked, upload, mask)
    return checked


def corners(selection: str) -> tuple[tuple[int, int], ...]:
    """A `selection`'s polygon: (x, y) of each corner, in the picture's pixels."""
    return tuple((int(x), int(y)) for x, y in (corner.split(",") for corner in selection.split(" ")))


def _blank(name: str, value: Param) -> bool:
    """Whether it says nothing. A single space is a negative prompt that model cards ask for."""
    return isinstance(value, str) and not (value if name == "negative" else value.strip())


def _fit(name: str, shape: Shape, value: Any) -> None:
    try:
        shape.read(value)
    except Mismatch as mismatch:
        raise Unfit(f"“{name}” cannot be {_short(value)}.", _asked(shape)) from mismatch


def _asked(shape: Shape) -> str:
    """What to give, for people."""
    if isinstance(shape, Maybe):
        return _asked(shape.inner)
    if isinstance(shape, Whole):
        return f"Give a whole number from {shape.low} to {shape.high}."
    if isinstance(shape, Real):
        return f"Give a number from {shape.low} to {shape.high}."
    if isinstance(shape, Flag):
        return "Say true or false."
    if isinstance(shape, Choice):
        return f"Say {' or '.join(f'“{value}”' for value in shape.values.values())}."
    if isinstance(shape, Text) and shape.pattern is None:
        return f"Say it in at most {shape.most} bytes."
    return f"Give {shape.words.removeprefix('str, ')}."


def _agree(operation: str, need: Need, params: dict[str, Param]) -> None:
    """What must hold between params."""
    if params.get("layer") is not None and params["source"] is None:
        raise Unfit("A layer was named without the job whose it is.", "Name the finished job as “source”.")
    if operation == "extend" and not any(params[side] for side in ("left", "top", "right", "bottom")):
        raise Unfit("The picture is to be extended by nothing.", "Give at least one of left, top, right, bottom.")
    if operation == "generate" and (params["width"] is None) != (params["height"] is None):
        raise Unfit("A picture has a width and a height.", "Give both, or a picture whose size it takes.")


def _come(operation: str, need: Need, params: dict[str, Param], upload: bool | None, mask: bool | None) -> None:
    """What must come with the params."""
    source = params.get("source") is not None
    if source and upload:
        raise Unfit("Both a document and a finished job were named.", "Name one of the two.")
    if upload is False and not source and need.document == "needed":
        raise Unfit(f"There is nothing to {operation}.", "Send a document and name it.")
    if operation == "generate" and upload is not None:
        _size(params, upload)
    if mask is not None and need.selection == "needed" and not mask and params["selection"] is None:
        raise Unfit("Nothing is selected.", "Select what shall be filled.")


def _size(params: dict[str, Param], upload: bool) -> None:
    if upload and params["width"] is not None:
        raise Unfit("The document has a size of its own.", "Leave out width and height.")
    if not upload and params["width"] is None:
        raise Unfit("The size of the new picture is missing.", "Give its width and height.")
    if not upload and params["strength"] is not None:
        raise Unfit("“strength” says how far to leave a picture, and none was sent.", "Leave it out.")


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:39]}…"
