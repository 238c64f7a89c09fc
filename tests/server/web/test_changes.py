"""More of a finished job: split, edited, filled, extended, harmonised; and new pictures from words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from layerlift import formats
from layerlift.imaging.arithmetic import composite
from server.web.acts import another_viewer, ask, fetch, job_of, lift, open_form, orders, pick, still, view
from server.web.test_access import everywhere, walk_to

SPLIT, EDIT, FILL = "Split further", "Edit with words …", "Remove or fill a part …"
EXTEND, HARMONISE = "Extend the canvas …", "Harmonise …"
BANDS = ["Band 3", "Band 2", "Band 1", "Background"]


def names(page: Page) -> list[str]:
    return page.locator(".layer-name").all_inner_texts()


def where(page: Page, name: str) -> str:
    """Size and place of a layer, as the panel says."""
    return page.locator(".pick", has=page.get_by_text(name, exact=True)).get_attribute("title") or ""


def drag(page: Page, *path: tuple[float, float]) -> None:
    """The pointer goes along `path`, in parts of the picture's width and height."""
    still(page)
    box = page.locator(".stage").bounding_box()
    assert box
    scale = min((box["width"] - 56) / 140, (box["height"] - 56) / 90)  # the stage's margin, the picture's size
    left, top = box["x"] + (box["width"] - 140 * scale) / 2, box["y"] + (box["height"] - 90 * scale) / 2
    places = [(left + x * 140 * scale, top + y * 90 * scale) for x, y in path]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def test_a_layer_is_split_further_and_its_parts_take_its_place(page: Page, picture: Path) -> None:
    lift(page, picture)
    first = job_of(page)
    open_form(page, SPLIT, "split")
    expect(page.locator("#split-form [role=status]")).to_have_text("Choose a layer first.")
    page.get_by_role("button", name="Do it").click()  # nothing is asked
    assert job_of(page) == first
    pick(page, "Band 2")
    expect(page.locator("#split-form [role=status]")).to_contain_text("“Band 2” is taken apart")
    page.select_option("#split-layers", "3")
    ask(page)
    assert job_of(page) != first
    assert page.locator(".layers .group").all_inner_texts() == ["Band 2"]
    assert len(names(page)) > len(BANDS)
    assert names(page)[0] == "Band 3"
    assert names(page)[-2:] == BANDS[-2:]
    view(page, "difference")
    page.wait_for_selector("#max-difference")
    assert int(page.locator("#max-difference").get_attribute("data-max") or "999") <= 1
    with another_viewer(page):
        page.go_back()
    assert names(page) == BANDS, "the first one is as it was"


def test_a_split_can_be_careful_at_edges(page: Page, picture: Path) -> None:
    lift(page, picture)
    said = orders(page)
    page.wait_for_selector(".viewer[data-ready]")
    whole = job_of(page)
    pick(page, "Band 2")
    open_form(page, SPLIT, "split")
    page.locator("#split-form").get_by_role("checkbox", name="Careful edges").check()
    ask(page)
    assert [(order.operation, order.params) for order in said] == [
        ("decompose", {"layer": 2, "source": whole, "edges": "careful"})
    ]
    assert page.locator(".layers .group").all_inner_texts() == ["Band 2"]


def test_words_that_are_a_command_move_exactly_one_layer(page: Page, picture: Path) -> None:
    lift(page, picture)
    pick(page, "Band 1")
    before = where(page, "Band 1")
    size, _, at = before.partition(" at ")
    open_form(page, EDIT, "edit", engine="quick")
    expect(page.locator("#edit-form [role=status]")).to_have_text("This is about “Band 1”.")
    page.locator("#edit-prompt").fill("move it 20 px right")
    ask(page)
    x, y = at.split(", ")
    assert names(page) == BANDS
    assert where(page, "Band 1") == f"{size} at {int(x) + 20}, {y}"
    expect(page.locator(".job-title p")).to_contain_text("Done · Edit")
    page.get_by_role("link", name="All pictures").click()
    expect(page.locator(".job").first).to_contain_text("Done · Edit · 4 layers")


def test_what_is_drawn_changes_one_layer_and_nothing_else(page: Page, picture: Path, tmp_path: Path) -> None:
    lift(page, picture)
    before = formats.read(fetch(page, "ora", tmp_path))
    pick(page, "Band 2")
    open_form(page, EDIT, "edit")
    page.locator("#edit-prompt").fill("make it look like dusk")
    ask(page)
    after = formats.read(fetch(page, "ora", tmp_path))
    for index, (one, other) in enumerate(zip(before.layers, after.layers, strict=True)):
        assert np.array_equal(one.pixels, other.pixels) == (index != 2)


def test_a_refused_wish_says_why_and_can_be_asked_again(page: Page, picture: Path) -> None:
    lift(page, picture)
    open_form(page, EDIT, "edit")
    page.locator("#edit-prompt").fill("dusk")  # of which layer?
    page.get_by_role("button", name="Do it").click()
    trouble = page.get_by_role("alert")
    expect(trouble).to_contain_text("not clear")
    assert trouble.locator("p").inner_text()
    page.get_by_role("link", name="Back to the picture").click()
    page.wait_for_selector(".viewer[data-ready]")
    assert names(page) == BANDS


@pytest.mark.parametrize("way", ["rectangle", "lasso", "numbers", "layer"])
def test_a_part_is_filled_and_nothing_outside_it(page: Page, picture: Path, tmp_path: Path, way: str) -> None:
    lift(page, picture)
    pick(page, "Band 2")
    open_form(page, FILL, "inpaint")
    expect(page.locator("input[value=flat]")).to_be_checked()
    expect(page.locator("#inpaint-form [role=status]")).to_contain_text("Draw on the picture")
    page.get_by_role("button", name="Do it").click()
    expect(page.locator("#inpaint-form [role=status]")).to_have_text("Nothing is selected yet.")
    if way == "rectangle":
        drag(page, (0.25, 0.25), (0.75, 0.75))
    elif way == "lasso":
        page.select_option("#inpaint-way", "lasso")
        drag(page, (0.5, 0.25), (0.75, 0.5), (0.5, 0.75), (0.25, 0.5))
    elif way == "numbers":
        for key, value in {"x": 35, "y": 22, "width": 70, "height": 46}.items():
            page.locator(f"#inpaint-{key}").fill(str(value))
    else:
        page.get_by_role("button", name="Around the layer").click()
    expect(page.locator("#inpaint-form [role=status]")).to_contain_text("Selected:")
    box = [int(page.locator(f"#inpaint-{key}").input_value()) for key in ("x", "y", "width", "height")]
    if way != "layer":
        assert np.abs(np.array(box) - (35, 22, 70, 46)).max() <= 3
    page.locator("#inpaint-prompt").fill("a hat")
    ask(page)
    assert names(page) == ["Fill: a hat", *BANDS]
    stack = formats.read(fetch(page, "ora", tmp_path))
    fill = stack.layers[-1]
    x, y, width, height = box
    assert x <= fill.bounds.x < fill.bounds.right <= x + width
    assert y <= fill.bounds.y < fill.bounds.bottom <= y + height
    share = (fill.pixels[..., 3] > 0).sum() / (width * height)
    assert 0.4 < share < 0.65 if way == "lasso" else share > 0.9
    original = np.asarray(Image.open(picture).convert("RGBA")).astype(int)
    outside = np.ones(original.shape[:2], bool)
    outside[y : y + height, x : x + width] = False
    assert np.abs(composite(stack).astype(int) - original)[outside].max() <= 1


def test_the_canvas_is_extended_around_what_is_there(page: Page, picture: Path, tmp_path: Path) -> None:
    lift(page, picture)
    before = where(page, "Background")
    open_form(page, EXTEND, "extend")
    page.get_by_role("button", name="Do it").click()
    expect(page.locator("#extend-form [role=status]")).to_contain_text("at one side at least")
    page.locator("#extend-left").fill("30")
    page.locator("#extend-bottom").fill("20")
    ask(page)
    expect(page.locator(".job-title p")).to_contain_text("Extension · 170 × 110")
    assert names(page)[1:] == BANDS
    assert where(page, "Background") == before.replace("at 0, 0", "at 30, 0")
    stack = formats.read(fetch(page, "psd", tmp_path))
    original = np.asarray(Image.open(picture).convert("RGBA")).astype(int)
    assert np.abs(composite(stack)[:90, 30:].astype(int) - original).max() <= 1
    assert (composite(stack)[..., 3] == 255).all()


def test_the_whole_is_harmonised_by_a_layer_of_its_own(page: Page, picture: Path) -> None:
    lift(page, picture)
    open_form(page, HARMONISE, "harmonise")
    expect(page.locator("#harmonise-only")).to_be_disabled()
    pick(page, "Band 2")
    page.locator("#harmonise-only").check()
    page.locator("#harmonise-prompt").fill("evening light")
    ask(page)
    assert names(page)[1:] == BANDS
    expect(page.locator(".job-title p")).to_contain_text("Harmonising")


def test_a_new_picture_from_words_with_and_without_layers(page: Page) -> None:
    page.get_by_text("New picture from words").click()
    page.locator("#make-prompt").fill("一只纸船")
    page.select_option("#make-size", "own")
    page.locator("#make-width").fill("160")
    page.locator("#make-height").fill("120")
    page.get_by_text("How it is drawn").first.click()
    page.locator("#make-seed").fill("7")
    page.get_by_role("button", name="Draw it").click()
    page.wait_for_selector(".viewer[data-ready]")
    expect(page.locator("h1")).to_have_text("一只纸船")
    expect(page.locator(".job-title p")).to_contain_text("From words · 160 × 120")
    assert len(names(page)) == 1
    page.get_by_role("link", name="All pictures").click()
    page.locator("#make-layers").check()
    page.get_by_role("button", name="Draw it").click()
    page.wait_for_selector(".viewer[data-ready]")
    assert len(names(page)) == 4


def test_what_no_engine_can_do_is_not_offered(page: Page, picture: Path) -> None:
    """But edits in words always are: some are commands."""
    lift(page, picture)
    found = page.evaluate(
        """async () => {
            const { Changes } = await import("/static/page/changes.js");
            const { Making } = await import("/static/page/making.js");
            const { Listeners } = await import("/static/page/listeners.js");
            const desk = Object.assign(new Listeners(), { engines: [], files: new Map() });
            const sheets = Object.assign(new Listeners(), { chosen: null });
            const stage = { canvas: document.createElement("canvas"), touch() {} };
            const viewer = { sheets, extent: { width: 9, height: 9 }, stage };
            const changes = new Changes(desk, { job: "" }, viewer, () => {});
            const making = new Making(desk, () => {});
            const offered = (engines) => {
                desk.engines = engines;
                desk.tell("engines", engines);
                const rows = [...changes.rows.children].filter((row) => !row.hidden);
                return [rows.map((row) => row.firstChild.textContent), !making.element.hidden];
            };
            const engine = (name, operations, missing = null) =>
                ({ name, title: name, operations, missing, default: false });
            return [
                offered([engine("a", ["decompose"]), engine("b", ["inpaint", "generate"], "It needs a GPU.")]),
                offered([engine("a", ["inpaint", "extend"]), engine("b", ["generate", "harmonise"])]),
            ];
        }"""
    )
    assert found == [[[SPLIT, EDIT], False], [[EDIT, FILL, EXTEND, HARMONISE], True]]


def test_a_part_is_removed_with_the_keyboard_alone(page: Page, picture: Path) -> None:
    lift(page, picture)
    press = page.keyboard.press
    toggle = page.get_by_role("button", name=FILL)
    walk_to(page, toggle)
    press("Enter")
    expect(toggle).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#inpaint-way")).to_be_focused()
    for key, value in {"x": "10", "y": "12", "width": "40", "height": "30"}.items():
        walk_to(page, page.locator(f"#inpaint-{key}"))
        page.keyboard.type(value)
    expect(page.locator("#inpaint-form [role=status]")).to_have_text("Selected: 40 × 30 at 10, 12.")
    with another_viewer(page):
        press("Enter")
    assert names(page)[1:] == BANDS


def test_its_forms_are_for_everybody(page: Page, picture: Path) -> None:
    page.get_by_text("New picture from words").click()
    page.select_option("#make-size", "own")
    page.get_by_text("How it is drawn").first.click()
    expect(page.locator(".home")).to_contain_text("this engine only pretends")
    wrong = {f"home, {place}": found for place, found in everywhere(page).items()}
    lift(page, picture)
    for label, kind in (
        (SPLIT, "split"),
        (EDIT, "edit"),
        (FILL, "inpaint"),
        (EXTEND, "extend"),
        (HARMONISE, "harmonise"),
    ):
        open_form(page, label, kind)
        page.locator(f"#{kind}-form .unfold").evaluate("(details) => { details.open = true; }")
        wrong |= {f"{kind}, {place}": found for place, found in everywhere(page).items()}
    assert wrong == {}
