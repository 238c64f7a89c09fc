"""What else than decomposing an engine may be able to do, in the user's words.

Law: a table, standard library only: it is read when Krita starts. An operation is offered as soon as an engine of the
server lists it (capabilities in `welcome`), and asks for what it needs. Its result comes back as a layer, or as a group
of them: one undo step (extending the canvas: two).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from layerlift.wire.values import EngineOffer

Menu = Literal["layer", "canvas"]
Asked = Literal["scope", "margins", "start"]


@dataclass(frozen=True)
class Feature:
    """One entry in the menus: the wire's `operation`, what it looks at first, its words, the context `menus` it is in
    and where it is in Krita's menu bar (`bar`), what its dialog asks beside the prompt (`asks`), whether it may do
    without a prompt (`empty`) and whether it needs a selection."""

    name: str
    operation: str
    scope: Literal["layer", "image"]
    title: str
    question: str
    menus: tuple[Menu, ...] = ("layer",)
    bar: str = "layer"
    asks: tuple[Asked, ...] = ()
    empty: bool = False
    selection: bool = False


FEATURES = (
    Feature("edit", "edit", "layer", "Edit Layer with a Prompt…", "What should change?", asks=("scope",)),
    Feature(
        "fill", "inpaint", "image", "Fill Selection…", "What should be there?",
        menus=("canvas",), asks=("scope",), selection=True,
    ),
    Feature(
        "remove", "inpaint", "layer", "Remove or Replace Selection…", "What instead? Empty: remove it",
        menus=("canvas",), asks=("scope",), empty=True, selection=True,
    ),
    Feature("generate", "generate", "layer", "Generate Layer…", "What should be on it?", asks=("start",)),
    Feature(
        "extend", "extend", "image", "Extend Canvas…", "What should be there? Empty: go on as it is",
        bar="image", asks=("margins",), empty=True,
    ),
    Feature(
        "harmonise", "harmonise", "image", "Harmonise Picture…", "How? Empty: one light for everything",
        menus=("layer", "canvas"), bar="image", empty=True,
    ),
)  # fmt: skip
"""In the order of the menus. Splitting a layer further is decomposing it again; `plugin` has an entry for it."""


def feature_of(operation: str) -> Feature | None:
    """The first feature of an operation; None for decomposing."""
    return next((feature for feature in FEATURES if feature.operation == operation), None)


def offered(engines: Iterable[EngineOffer]) -> list[Feature]:
    """The features that an engine here and now can do."""
    able = {operation for engine in engines if not engine.missing for operation in engine.operations}
    return [feature for feature in FEATURES if feature.operation in able]


OFFERED: set[str] = set()
"""The names of the features that can be asked for now: for windows that open later."""
ON_OFFERS: list[Callable[[set[str]], None]] = []
"""Whoever wants to hear which features (by name) can be asked for now."""
