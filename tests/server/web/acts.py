"""What a person does with the page, as a few verbs."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from layerlift.wire import frames
from layerlift.wire.messages import Submit

_DROP = """([files, kind]) => {
    const transfer = new DataTransfer();
    for (const [name, type, text] of files) {
        const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type }));
    }
    const given = kind === "paste" ? { clipboardData: transfer } : { dataTransfer: transfer };
    const Event = kind === "paste" ? ClipboardEvent : DragEvent;
    for (const name of kind === "paste" ? ["paste"] : ["dragenter", "dragover", "drop"]) {
        document.body.dispatchEvent(new Event(name, { bubbles: true, cancelable: true, ...given }));
    }
}"""


def choose_engine(page: Page, name: str = "fake") -> None:
    """Open the options and take another engine than the usual one."""
    page.locator(".wishes").evaluate("(details) => { details.open = true; }")
    page.select_option("#wish-engine", name)


def orders(page: Page) -> list[Submit]:
    """Everything that the page asks for from now on, as it goes over the wire; the page is opened anew for it."""
    said: list[Submit] = []

    def sent(payload: str | bytes) -> None:
        assert isinstance(payload, bytes)
        message = frames.decode(payload)
        if isinstance(message, Submit):
            said.append(message)

    page.on("websocket", lambda socket: socket.on("framesent", sent))
    page.reload()
    page.wait_for_selector("[data-connection=open]")
    return said


def bring(page: Page, *pictures: Path, kind: str = "drop") -> None:
    """Drop (or paste) pictures onto the page as the browser itself would."""
    files = [[path.name, "image/png", base64.b64encode(path.read_bytes()).decode()] for path in pictures]
    page.evaluate(_DROP, [files, kind])


def lift(page: Page, picture: Path, *, layers: str = "") -> None:
    """Drop a picture and wait until its layers can be looked through."""
    choose_engine(page)
    page.select_option("#wish-layers", layers)
    bring(page, picture)
    page.wait_for_selector(".viewer[data-ready]")


def pick(page: Page, name: str) -> None:
    """Choose the layer of that name, unless it is."""
    row = page.locator(".pick", has=page.get_by_text(name, exact=True))
    if row.get_attribute("aria-pressed") != "true":
        row.click()
    expect(row).to_have_attribute("aria-pressed", "true")


def open_form(page: Page, label: str, kind: str, *, engine: str = "fake") -> None:
    """Open one of the forms beside the layers, and choose who shall do it."""
    page.get_by_role("button", name=label, exact=True).click()
    expect(page.locator(f"#{kind}-form")).to_be_visible()
    if page.locator(f"#{kind}-engine option").count() > 1:
        page.select_option(f"#{kind}-engine", engine)


def ask(page: Page) -> None:
    """Send the form that is open, and wait until the new result can be looked through."""
    with another_viewer(page):
        page.get_by_role("button", name="Do it").click()


@contextmanager
def another_viewer(page: Page) -> Iterator[None]:
    """What is done leads to another result: wait until that can be looked through."""
    page.locator(".viewer").evaluate("(viewer) => { viewer.dataset.old = 'true'; }")
    yield
    page.wait_for_selector(".viewer[data-ready]:not([data-old])")


def fetch(page: Page, form: str, folder: Path) -> Path:
    """Download the result; where it is now."""
    with page.expect_download() as coming:
        page.click(f"a.download[href$='.{form}']")
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path


def view(page: Page, name: str) -> None:
    """Change to the view of this value: flat, exploded, compare, difference."""
    page.locator(f"input[name=view][value={name}]").check(force=True)
    expect(page.locator(".stage")).to_have_attribute("data-view", name)


def still(page: Page) -> None:
    """Wait until the stage has stopped moving: three frames that look the same."""
    page.evaluate(
        """async () => {
            const canvas = document.querySelector(".stage");
            const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
            const small = new OffscreenCanvas(300, 200);
            const context = small.getContext("2d", { willReadFrequently: true });
            for (let same = 0, last = ""; same < 3; ) {
                await frame();
                context.clearRect(0, 0, 300, 200);
                context.drawImage(canvas, 0, 0, 300, 200);
                const now = context.getImageData(0, 0, 300, 200).data.join();
                same = now === last ? same + 1 : 0;
                last = now;
            }
        }"""
    )


def seen(page: Page) -> str:
    """What the stage shows, once it is still."""
    still(page)
    return str(page.locator(".stage").evaluate("(canvas) => canvas.toDataURL()"))


def job_of(page: Page) -> str:
    """The id of the job that is looked at."""
    found = re.search(r"#/job/([0-9a-f-]{36})$", page.url)
    assert found
    return found[1]
