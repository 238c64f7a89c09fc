from __future__ import annotations

import numpy as np
import pytest

from layerlift.engines.fake import FakeEngine
from layerlift.engines.port import DecomposeRequest
from layerlift.errors import Cancelled
from layerlift.imaging.layer import Role
from layerlift.progress import Progress

IMAGE = np.random.default_rng(1).integers(0, 256, (40, 60, 4), np.uint8)


@pytest.mark.parametrize("count", [None, 1, 2, 7])
def test_makes_as_many_layers_as_asked_bottom_first(count: int | None) -> None:
    stack = FakeEngine().decompose(DecomposeRequest(IMAGE, layers=count), Progress())
    assert len(stack.layers) == (count or 4)
    assert stack.layers[0].role is Role.BACKGROUND
    assert (stack.layers[0].pixels[..., 3] == 255).all()
    assert stack.extent == (60, 40)


def test_is_deterministic() -> None:
    first, second = (FakeEngine().decompose(DecomposeRequest(IMAGE), Progress()) for _ in range(2))
    for a, b in zip(first.layers, second.layers, strict=True):
        assert (a.pixels == b.pixels).all()


def test_can_be_cancelled_between_layers() -> None:
    progress = Progress(lambda report: progress.cancel() if report.fraction > 0.3 else None)
    with pytest.raises(Cancelled):
        FakeEngine().decompose(DecomposeRequest(IMAGE), progress)
