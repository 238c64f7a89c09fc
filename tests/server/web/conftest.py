"""One browser and one real server per test module, a fresh visitor per test; complaints are failures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from server.web.browser import Visitor, chromium
from server.web.served import Served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """After the browser: where there is none, no server needs to start."""
    server = Served(tmp_path_factory.mktemp("server")).start()
    yield server
    server.stop()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    found = Visitor(browser)
    yield found
    found.close()
    assert found.complaints == []


@pytest.fixture
def page(visitor: Visitor, served: Served) -> Page:
    """The page, opened with a fresh link."""
    page = visitor.page()
    page.goto(served.link())
    page.wait_for_selector("[data-connection=open] .home")
    return page


@pytest.fixture(scope="module")
def workshop(browser: Browser, served: Served) -> Iterator[Page]:
    """One page for tests that only borrow its modules."""
    visitor = Visitor(browser)
    page = visitor.page()
    page.goto(served.link())
    yield page
    visitor.close()
    assert visitor.complaints == []


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small opaque PNG with gradients and grain: every pixel differs from its neighbours."""
    y, x = np.indices((90, 140))
    grain = np.random.default_rng(4).integers(0, 40, (90, 140, 3))
    pixels = np.stack([x, y * 2, 140 - x], axis=-1) + grain
    path = tmp_path_factory.mktemp("pictures") / "grainy sunset.png"
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return path
