"""A spawned worker runs its parent's main script again (`multiprocessing` does that): not pytest's, please."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(autouse=True)
def no_main_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
