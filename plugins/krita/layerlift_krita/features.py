"""What else than decomposing an engine may be able to do, in the user's words.

Law: a table, standard library only: it is read when Krita starts. An operation is offered as soon as an engine of the
server lists it (capabilities in `welcome`), and asks for a prompt. Its result comes back as layers like any other: one
group, one undo step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layerlift.wire.values import EngineOffer


@dataclass(frozen=True)
class Feature:
    """One entry in the menus: the wire's `operation`, what it looks at, its words, and whether it may do without a
    prompt (`empty` says what that means)."""

    name: str
    operation: str
    scope: str
    title: str
    question: str
    empty: bool = False


FEATURES = (
    Feature("edit", "edit", "layer", "Edit Layer with a Prompt…", "What should change?"),
    Feature("fill", "inpaint", "selection", "Fill Selection…", "What should be there?"),
    Feature("remove", "inpaint", "selection", "Remove or Replace Selection…", "What instead? Empty: remove it", True),
    Feature("generate", "generate", "image", "Generate Layer…", "What should be on it?"),
)
"""In the order of the menus. “Split further” needs no entry: it is decomposing a layer again."""


def offered(engines: Iterable[EngineOffer]) -> list[Feature]:
    """The features that an engine here and now can do."""
    able = {operation for engine in engines if not engine.missing for operation in engine.operations}
    return [feature for feature in FEATURES if feature.operation in able]


ON_OFFERS: list[Callable[[set[str]], None]] = []
"""Whoever wants to hear which features (by name) can be asked for now."""
