"""A real headless Chromium that keeps a record of whatever it complains about."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 30_000
"""Milliseconds before something that never happens fails its test."""
expect.set_options(timeout=PATIENCE)


def executable() -> str:
    """The browser's program; skips where there is none, fails where hosts are required."""
    found = os.environ.get("LAYERLIFT_CHROMIUM") or next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        reason = "Chromium is not here (tests/hosts/install.sh chromium installs it)"
        if os.environ.get("LAYERLIFT_REQUIRE_HOSTS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser, closed in the end."""
    program = executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])  # root has no sandbox
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """One person's browser profile: pages opened here share cookies, and everything they complain of is remembered.

    `complaints`: console errors and warnings, uncaught errors, and every request to another origin.
    """

    def __init__(self, browser: Browser, **settings: Any) -> None:
        self.context: BrowserContext = browser.new_context(
            viewport={"width": 1280, "height": 860}, accept_downloads=True, **settings
        )
        self.context.set_default_timeout(PATIENCE)
        self.complaints: list[str] = []

    def page(self) -> Page:
        """A new page."""
        page = self.context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("request", lambda request: self._asked(request.url))
        return page

    def close(self) -> None:
        """Close all its pages."""
        self.context.close()

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, address: str) -> None:
        if not address.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "blob:http://127.0.0.1:", "data:")):
            self.complaints.append(f"asked elsewhere: {address}")
