"""What `what` means to the quick engine: which kinds of things to take out, or which words.

Law: pure; no pixels. The engine has no language model, and says so instead of guessing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from layerlift.imaging.layer import Role

_WORDS: dict[Role, frozenset[str]] = {
    Role.TEXT: frozenset("text texts title titles caption captions headline words letters lettering 文字 标题".split()),
    Role.SUBJECT: frozenset(
        "subject subjects person people man woman child face animal dog cat product object foreground 主体 人物".split()
    ),
    Role.GRAPHIC: frozenset(
        "graphic graphics shape shapes icon icons logo logos panel panels button buttons badge line lines 图形".split()
    ),
}
_IGNORED = frozenset("the a an and or all only with of every each".split())


@dataclass(frozen=True)
class Steering:
    """Kinds of things wanted (`roles`) and words that a text layer must contain (`words`, empty: any)."""

    roles: frozenset[Role]
    words: frozenset[str] = frozenset()

    def wants(self, role: Role) -> bool:
        """Whether things of this role are to be taken out."""
        return role in self.roles

    def matches(self, content: str) -> bool:
        """Whether a text layer that says `content` is meant."""
        return not self.words or any(word in content.casefold() for word in self.words)


EVERYTHING = Steering(frozenset(_WORDS))


def understand(what: str | None, recognised: Iterable[str]) -> tuple[Steering, tuple[str, ...]]:
    """The steering that `what` asks for and notes for the user, given the text `recognised` in the picture."""
    if not what or not what.strip():
        return EVERYTHING, ()
    asked = [word for word in re.findall(r"\w+", what.casefold()) if word not in _IGNORED]
    roles = {role for role, words in _WORDS.items() if words & set(asked)}
    known = frozenset().union(*_WORDS.values())
    seen = " ".join(recognised).casefold()
    quoted = frozenset(word for word in asked if word not in known and word in seen)
    if quoted:
        return Steering(frozenset(roles | {Role.TEXT}), quoted), ()
    if roles:
        return Steering(frozenset(roles)), ()
    note = (
        f"The quick engine cannot look for “{what.strip()}”: it knows text, subjects, graphics and "
        "words in the picture. Everything was taken out."
    )
    return EVERYTHING, (note,)
