"""For everybody: names, contrast, keyboard, little movement, narrow windows; in light and in dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from server.web.acts import bring, choose_engine, lift, seen, view
from server.web.browser import Visitor
from server.web.served import Served

AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8").partition("*/")[2].strip().removesuffix(";")
NARROW, WIDE = {"width": 340, "height": 720}, {"width": 1280, "height": 860}


def everywhere(page: Page) -> dict[str, list[str]]:
    """What is wrong, in light and dark, wide and narrow."""
    wrong = {}
    for scheme in ("light", "dark"):
        for size in (NARROW, WIDE):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(size)
            if found := page.evaluate(AUDIT):
                wrong[f"{scheme} {size['width']}"] = found
    return wrong


def test_the_first_page_is_for_everybody(page: Page, tmp_path: Path) -> None:
    page.get_by_role("button", name="Pair a device").click()
    choose_engine(page)
    bad = tmp_path / "no picture.png"
    bad.write_bytes(b"nothing to see" * 9)
    bring(page, bad)
    page.get_by_role("alert").wait_for()
    assert everywhere(page) == {}
    page.get_by_role("link", name="All pictures").click()
    page.get_by_role("alert").first.wait_for()
    assert everywhere(page) == {}


def test_looking_through_layers_is_for_everybody(page: Page, picture: Path) -> None:
    lift(page, picture)
    page.get_by_role("button", name="Band 3, text").click()
    page.locator("#try-dx").fill("3")
    wrong = {}
    for name in ("exploded", "flat", "compare", "difference"):
        view(page, name)
        wrong |= {f"{name}, {where}": found for where, found in everywhere(page).items()}
    assert wrong == {}


def test_the_locked_page_is_for_everybody(browser: Browser, served: Served) -> None:
    visitor = Visitor(browser)
    page = visitor.page()
    page.goto(served.address)
    wrong = everywhere(page)
    visitor.close()
    assert wrong == {}


def test_the_audit_finds_what_is_wrong(page: Page) -> None:
    """An audit that cannot fail would be none."""
    page.evaluate(
        """() => {
            const bad = document.createElement("button");
            const title = Object.assign(document.createElement("h1"), { textContent: "x" });
            document.querySelector("main").append(bad, title);
            document.querySelector(".lede").style.color = "#bbb";
        }"""
    )
    found = " ".join(page.evaluate(AUDIT))
    for complaint in ("no name: button", "not one h1", "contrast", "smaller than 24 pixels"):
        assert complaint in found


def test_everything_works_from_the_keyboard(page: Page, picture: Path) -> None:
    """No pointer: choose a file, turn the view, hide a layer, choose another, move it, go back."""
    # Chromium learns on another channel than keys come by that choosers are ours: told here, it knows when Enter comes
    page.on("filechooser", lambda _: None)
    press = page.keyboard.press
    press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    press("Enter")
    walk_to(page, page.get_by_role("button", name="Choose a picture"))
    with page.expect_file_chooser() as chooser:
        press("Enter")
    choose_engine(page)
    chooser.value.set_files(picture)
    page.wait_for_selector(".viewer[data-ready]")
    walk_to(page, page.locator("input[value=exploded]"))
    press("ArrowLeft")
    expect(page.locator("input[value=flat]")).to_be_checked()
    eye = page.get_by_role("button", name="Band 3 is visible")
    walk_to(page, eye)
    press("Space")
    expect(eye).to_have_attribute("aria-pressed", "false")
    press("ArrowDown")
    expect(page.get_by_role("button", name="Band 2 is visible")).to_be_focused()
    press("Tab")
    press("Enter")
    expect(page.get_by_role("button", name="Band 2, subject")).to_have_attribute("aria-pressed", "true")
    page.locator(".stage").focus()
    before = seen(page)
    press("ArrowRight")
    press("Shift+ArrowDown")
    assert seen(page) != before
    expect(page.locator("#try-dx")).to_have_value("1")
    expect(page.locator("#try-dy")).to_have_value("10")


def walk_to(page: Page, target: object) -> None:
    """Press Tab until `target` has the focus; every stop on the way shows that it has it."""
    for _ in range(40):
        page.keyboard.press("Tab")
        style = "(e) => [getComputedStyle(e).outlineStyle, getComputedStyle(e.nextElementSibling ?? e).outlineStyle]"
        assert "solid" in page.locator(":focus").evaluate(style), page.locator(":focus").evaluate("(e) => e.outerHTML")
        if target.evaluate("(element) => element === document.activeElement"):  # type: ignore[attr-defined]
            return
    pytest.fail(f"{target} cannot be reached with Tab")


def test_who_wants_no_movement_gets_none(browser: Browser, served: Served, picture: Path) -> None:
    visitor = Visitor(browser, reduced_motion="reduce")
    page = visitor.page()
    page.goto(served.link())
    page.wait_for_selector("[data-connection=open] .home")
    page.evaluate(
        """() => {
            window.moving = [];
            const look = () => {
                window.moving.push(...document.getAnimations().filter(({ playState }) => playState === "running"));
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    lift(page, picture)
    first = page.locator(".stage").evaluate("(canvas) => canvas.toDataURL()")
    assert seen(page) == first
    assert page.evaluate("window.moving.length") == 0
    visitor.close()
    assert visitor.complaints == []


def test_news_is_told_to_those_who_do_not_see_it(page: Page, picture: Path) -> None:
    lift(page, picture)
    expect(page.locator("#news")).to_have_text(f"{picture.name} is done: 4 layers.")
    page.get_by_role("button", name="Band 3, text").click()
    label = page.locator(".stage").get_attribute("aria-label")
    assert label
    assert label.startswith("The layers, floating above each other: grainy sunset.png")
