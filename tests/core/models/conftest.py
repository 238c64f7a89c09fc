from __future__ import annotations

from pathlib import Path

import pytest

from layerlift.models.places import Places


@pytest.fixture
def where(tmp_path: Path) -> Places:
    return Places((tmp_path / "models",), tmp_path / "hub", (tmp_path / "comfy",))
