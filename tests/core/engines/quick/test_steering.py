from __future__ import annotations

import pytest

from layerlift.engines.quick.steering import EVERYTHING, understand
from layerlift.imaging.layer import Role


@pytest.mark.parametrize("what", [None, "", "  "])
def test_nothing_said_means_everything(what: str | None) -> None:
    assert understand(what, ["Sale"]) == (EVERYTHING, ())
    assert all(EVERYTHING.wants(role) for role in (Role.TEXT, Role.SUBJECT, Role.GRAPHIC))


@pytest.mark.parametrize(
    ("what", "roles"),
    [
        ("the text", {Role.TEXT}),
        ("Person and logo", {Role.SUBJECT, Role.GRAPHIC}),
        ("文字", {Role.TEXT}),
    ],
)
def test_kinds_of_things(what: str, roles: set[Role]) -> None:
    steering, notes = understand(what, [])
    assert steering.roles == roles
    assert notes == ()


def test_words_in_the_picture_pick_text_layers() -> None:
    steering, notes = understand("Sale", ["Summer SALE", "Buy now"])
    assert steering.roles == {Role.TEXT}
    assert steering.matches("Summer SALE")
    assert not steering.matches("Buy now")
    assert notes == ()


def test_what_it_cannot_do_is_said() -> None:
    steering, notes = understand("purple elephant", ["Sale"])
    assert steering == EVERYTHING
    assert "purple elephant" in notes[0]
