"""One real server for all, one browser per test module, a fresh visitor per test; complaints are failures.

Not one browser for all: while Playwright lives, its event loop runs in this thread, and asyncio tests of other folders
could not run theirs.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from layerlift.wire.messages import Done, Submit
from layerlift.wire.values import DocumentInfo
from server.talk import Talker
from server.web.browser import Visitor, chromium, executable
from server.web.served import Served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    executable()  # where there is no browser, no server needs to start
    server = Served(tmp_path_factory.mktemp("server")).start()
    server.talk(first_job)
    yield server
    server.stop()


async def first_job(talker: Talker, token: str) -> None:
    """A server that is new knows all its engines once its first job has run."""
    await talker.greet(token=token)
    upload, picture = str(uuid.uuid4()), BytesIO()
    Image.new("RGB", (64, 48), "teal").save(picture, "PNG")
    await talker.put(upload, picture.getvalue(), DocumentInfo("warm-up.png", "file"))
    await talker.say(Submit(str(uuid.uuid4()), engine="fake", upload=upload))
    await talker.hear(Done)


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
