"""Draws the pictures of the page in docs/pictures: `python tests/server/web/pictures.py`.

Takes docs/pictures/poster.png through the page with the usual engine. Look at them before committing them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "core"), str(ROOT / "server")]

from server.web.acts import still, view  # noqa: E402 (the path comes first)
from server.web.browser import chromium  # noqa: E402
from server.web.served import Served  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
POSTER = PICTURES / "poster.png"


def first(page: Page) -> None:
    """Nothing has happened yet."""
    page.locator(".job").first.wait_for(state="detached")


def exploded(page: Page) -> None:
    """The layers, floating."""
    view(page, "exploded")


def recoloured(page: Page) -> None:
    """One layer recoloured, the others untouched."""
    view(page, "flat")
    page.get_by_role("button", name="Slow Travel, text").click()
    page.locator("#try-colour").fill("#d81b60")
    page.mouse.move(0, 0)


def wiped(page: Page) -> None:
    """Before and after."""
    view(page, "compare")
    page.wait_for_selector("#wipe")


def difference(page: Page) -> None:
    """The largest difference, measured."""
    view(page, "difference")
    page.wait_for_selector("#max-difference")


def draw(browser: Browser, server: Served, name: str, scheme: str, size: tuple[int, int], *acts: Act) -> None:
    """One picture in a browser of its own."""
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": size[0], "height": size[1]},
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(server.link())
    page.wait_for_selector("[data-connection=open] .home")
    if first not in acts:
        page.set_input_files(".choose input", POSTER)
        page.wait_for_selector(".viewer[data-ready]", timeout=120_000)
    for act in acts:
        act(page)
    if page.locator(".stage").count():
        still(page)
    page.screenshot(path=PICTURES / f"page-{name}.png")
    context.close()


Act = Callable[[Page], None]
DESK = (1320, 900)

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home, chromium() as browser:
        server = Served(Path(home)).start()
        try:
            draw(browser, server, "first", "light", DESK, first)
            draw(browser, server, "exploded-dark", "dark", DESK, exploded)
            draw(browser, server, "exploded-light", "light", DESK, exploded)
            draw(browser, server, "recoloured", "light", DESK, recoloured)
            draw(browser, server, "compare", "dark", DESK, wiped)
            draw(browser, server, "difference", "light", DESK, difference)
            draw(browser, server, "phone", "dark", (390, 844), exploded)
        finally:
            server.stop()
