from __future__ import annotations

import pytest

from layerlift import engines
from layerlift.errors import RequestError


def test_every_engine_says_what_it_is() -> None:
    infos = engines.available()
    assert [info.name for info in infos] == list(engines.names())
    assert infos[0].name == engines.DEFAULT == "quick"
    for info in infos:
        assert info.title
        assert "decompose" in info.operations or info.missing
        assert info.working_pixels > 0


def test_an_unknown_engine_is_named_with_the_known_ones() -> None:
    with pytest.raises(RequestError, match=r"“turbo”.*quick, .*fake"):
        engines.get("turbo")
