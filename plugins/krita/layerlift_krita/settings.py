"""What the user chose last, and what must survive Krita's restart.

Law: values and their spelling; where they are kept is given (Krita's own settings, through the host).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, get_args

from layerlift.wire.values import Param
from layerlift_krita.action.ports import Scope, Wish

Reader = Callable[[str, str], str]
Writer = Callable[[str, str], None]
MOST_LAYERS = 10
"""Highest number in the panel: more layers than that nobody finds their way in; "Auto" may still give more."""


@dataclass(frozen=True)
class Choice:
    """The options of the panel. `layers` 0: as many as there are things; `engine` "": the server's default."""

    scope: Scope = "layer"
    engine: str = ""
    layers: int = 0
    what: str = ""
    text: str = "block"
    edges: str = "fast"

    def wish(self, scope: Scope | None = None) -> Wish:
        """What these options ask for."""
        params: dict[str, Param] = {"text": "line" if self.text == "line" else "block"}
        if self.layers:
            params["layers"] = self.layers
        if self.what.strip():
            params["what"] = self.what.strip()
        if self.edges == "careful":  # servers from before this refuse the word, so the default is not said
            params["edges"] = "careful"
        return Wish("decompose", scope or self.scope, self.engine or None, params)


class Settings:
    """Read and written through two functions of names and texts."""

    def __init__(self, read: Reader, write: Writer) -> None:
        self._read, self._write = read, write

    @property
    def choice(self) -> Choice:
        """The options chosen last; what makes no sense any more is the default."""
        found = self._json("choice", {})
        if not isinstance(found, dict):
            return Choice()
        known = {f.name: found[f.name] for f in fields(Choice) if type(found.get(f.name)) is type(f.default)}
        choice = replace(Choice(), **known)
        if choice.scope not in get_args(Scope) or choice.text not in ("block", "line"):
            return Choice()
        if choice.edges not in ("fast", "careful"):
            return Choice()
        return replace(choice, layers=min(max(choice.layers, 0), MOST_LAYERS))

    @choice.setter
    def choice(self, choice: Choice) -> None:
        self._write("choice", json.dumps(asdict(choice)))

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """The tasks of earlier sessions whose results may be on the server."""
        found = self._json("tasks", [])
        return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []

    @tasks.setter
    def tasks(self, tasks: list[dict[str, Any]]) -> None:
        self._write("tasks", json.dumps(tasks))

    def _json(self, name: str, default: Any) -> Any:
        try:
            return json.loads(self._read(name, "") or "null") or default
        except ValueError:
            return default
