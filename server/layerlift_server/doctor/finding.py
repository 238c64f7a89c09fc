"""One thing that the doctor looked at. Law: a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`ok` None: nothing is wrong, but it is worth knowing. `remedy` is never empty where `ok` is False."""

    name: str
    ok: bool | None
    sentence: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.ok is False and not self.remedy:
            raise ValueError(f"{self.name}: something is wrong and nothing is said about what to do")
