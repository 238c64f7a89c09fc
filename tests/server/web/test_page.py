"""The way of a picture through the page: dropped, taken apart, looked through, played with, compared, downloaded."""

from __future__ import annotations

import base64
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from core.imaging.profiles import wide_rgb
from layerlift import formats
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.colour import to_srgb8
from server.web.acts import bring, choose_engine, job_of, lift, orders, seen, still, view

POSTER = Path(__file__).parents[3] / "docs" / "pictures" / "poster.png"


def names(page: Page) -> list[str]:
    return page.locator(".layer-name").all_inner_texts()


def test_from_the_drop_to_the_downloads(page: Page, picture: Path, tmp_path: Path) -> None:
    lift(page, picture)
    expect(page.locator("h1")).to_have_text(picture.name)
    expect(page).to_have_title(f"{picture.name} – Layerlift")
    assert names(page) == ["Band 3", "Band 2", "Band 1", "Background"]
    view(page, "difference")
    page.wait_for_selector("#max-difference")
    assert int(page.locator("#max-difference").get_attribute("data-max") or "999") <= 1
    original = np.asarray(Image.open(picture).convert("RGBA")).astype(int)
    for form in ("psd", "ora", "zip"):
        stack = formats.read(download(page, form, tmp_path))
        assert [layer.name for layer in stack.layers] == names(page)[::-1]
        assert np.abs(composite(stack).astype(int) - original).max() <= 1
    with zipfile.ZipFile(download(page, "pptx", tmp_path)) as deck:
        assert len([name for name in deck.namelist() if name.startswith("ppt/media/")]) == 4


def download(page: Page, form: str, folder: Path) -> Path:
    with page.expect_download() as coming:
        page.click(f"a.download[href$='.{form}']")
    assert coming.value.suggested_filename == f"grainy sunset.{form}"
    path = folder / f"got.{form}"
    coming.value.save_as(path)
    return path


def test_each_layer_can_be_hidden_and_shown_alone(page: Page, picture: Path) -> None:
    lift(page, picture)
    view(page, "flat")
    whole = seen(page)
    eye = page.get_by_role("button", name="Band 2 is visible")
    eye.click()
    expect(eye).to_have_attribute("aria-pressed", "false")
    assert seen(page) != whole
    page.get_by_role("button", name="Show all").click()
    expect(eye).to_have_attribute("aria-pressed", "true")
    assert seen(page) == whole
    page.get_by_role("button", name="Background, background").click()
    page.get_by_role("button", name="Show only this").click()
    assert page.locator(".eye[aria-pressed=true]").count() == 1


def test_what_is_tried_out_changes_one_layer_and_can_be_undone(page: Page, picture: Path) -> None:
    lift(page, picture)
    view(page, "flat")
    page.get_by_role("button", name="Band 1, graphic").click()
    whole = seen(page)
    page.locator("#try-colour").fill("#00ff88")
    recoloured = seen(page)
    assert recoloured != whole
    expect(page.locator(".proof")).to_have_text("“Band 1” is changed. The 3 other layers are untouched.")
    page.locator("#try-dx").fill("40")
    assert seen(page) not in {whole, recoloured}
    page.get_by_role("button", name="Undo all changes").click()
    assert seen(page) == whole
    expect(page.locator("#try-dx")).to_have_value("0")


def test_a_layer_is_dragged_with_the_pointer(page: Page, picture: Path) -> None:
    lift(page, picture)
    view(page, "flat")
    page.get_by_role("button", name="Band 2, subject").click()
    still(page)
    box = page.locator(".stage").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 10, steps=4)
    page.mouse.up()
    moved = [int(page.locator(name).input_value()) for name in ("#try-dx", "#try-dy")]
    assert moved[0] > moved[1] > 0
    page.mouse.click(x - 200, y)  # a click on another layer chooses that one
    assert page.locator(".pick[aria-pressed=true] .layer-name").inner_text() == "Band 1"


def test_the_exploded_view_turns_under_pointer_sliders_and_keys(page: Page, picture: Path) -> None:
    lift(page, picture)
    expect(page.locator("input[value=exploded]")).to_be_checked()
    pictures = [seen(page)]
    box = page.locator(".stage").bounding_box()
    assert box
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 420, box["y"] + 230, steps=3)
    page.mouse.up()
    pictures.append(seen(page))
    page.locator("#spread").fill("0.4")
    pictures.append(seen(page))
    page.locator(".stage").focus()
    page.keyboard.press("ArrowLeft")
    pictures.append(seen(page))
    page.keyboard.press("ArrowUp")
    pictures.append(seen(page))
    assert len(set(pictures)) == len(pictures)
    page.keyboard.press("0")
    page.mouse.move(0, 0)
    assert seen(page) == pictures[0]


def test_before_and_after_are_wiped_and_a_wrong_original_is_named(page: Page, picture: Path, tmp_path: Path) -> None:
    lift(page, picture)
    view(page, "compare")
    page.wait_for_selector("#wipe")
    half = seen(page)
    page.locator("#wipe").fill("5")
    assert seen(page) != half
    page.reload()
    page.wait_for_selector(".viewer[data-ready]")
    view(page, "difference")
    other = tmp_path / "other.png"
    Image.new("RGB", (30, 30)).save(other)
    page.set_input_files(".asking input", other)
    expect(page.locator(".asking")).to_contain_text("30 × 30")
    page.set_input_files(".asking input", picture)
    page.wait_for_selector("#max-difference")


def test_a_profiled_picture_is_measured_raw_and_shown_converted(page: Page, tmp_path: Path) -> None:
    colour = (110, 150, 120)
    pixels = np.full((60, 80, 3), colour, np.uint8)
    pixels[::7, ::5] += 9
    path = tmp_path / "wide.png"
    Image.fromarray(pixels).save(path, icc_profile=wide_rgb())
    lift(page, path)
    view(page, "difference")
    page.wait_for_selector("#max-difference")
    assert int(page.locator("#max-difference").get_attribute("data-max") or "999") <= 1
    expected = to_srgb8(np.array([[[*colour, 255]]], np.uint8), wide_rgb())[0, 0, :3].astype(int)
    assert np.abs(expected - colour).max() > 8
    shown = []
    for name in ("flat", "compare"):  # compare: the left half is the browser's own conversion
        view(page, name)
        stage = np.asarray(Image.open(BytesIO(base64.b64decode(seen(page).partition(",")[2]))).convert("RGB"))
        y, x = stage.shape[0] // 2, int(stage.shape[1] * 0.3)
        shown.append(np.median(stage[y : y + 40, x : x + 40].reshape(-1, 3), axis=0))
    assert np.abs(np.array(shown) - expected).max() <= 2


def test_several_pictures_go_one_after_the_other(page: Page, picture: Path, tmp_path: Path) -> None:
    choose_engine(page)
    others = [tmp_path / f"{index}.png" for index in range(3)]
    for other in others:
        other.write_bytes(picture.read_bytes())
    bring(page, *others)
    expect(page.locator("h1")).to_have_text("Drop a picture. Lift out its layers.")
    for other in others:
        row = page.locator(".job", has=page.get_by_role("heading", name=other.name, exact=True))
        expect(row).to_contain_text("Done · 4 layers", timeout=30_000)


def test_a_pasted_picture_is_taken_and_a_word_file_is_not(page: Page, picture: Path, tmp_path: Path) -> None:
    choose_engine(page)
    bring(page, picture, kind="paste")
    page.wait_for_selector(".viewer[data-ready]")
    letter = tmp_path / "letter.docx"
    letter.write_bytes(b"Dear picture, " * 20)
    bring(page, letter)
    trouble = page.get_by_role("alert")
    expect(trouble).to_be_visible()
    assert trouble.locator("strong").inner_text().endswith(".")
    assert trouble.locator("p").inner_text().endswith(".")
    empty = tmp_path / "empty.png"
    empty.write_bytes(b"")
    bring(page, empty)
    expect(page.get_by_role("alert")).to_contain_text("empty.png is empty.")


def test_a_running_job_is_cancelled_and_tried_again(page: Page) -> None:
    bring(page, POSTER)
    page.get_by_role("button", name="Cancel poster.png").click()
    expect(page.locator(".over")).to_contain_text("Cancelled.")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("progress[aria-label='poster.png']")).to_be_visible()
    first = job_of(page)
    page.get_by_role("link", name="All pictures").click()
    row = page.locator(".job", has=page.locator(f"a[href='#/job/{first}']"))
    row.get_by_role("button", name="Cancel poster.png").click()
    expect(page.locator(".light.cancelled")).to_have_count(2)
    page.get_by_role("button", name="Delete poster.png and its layers").first.click()
    expect(page.locator(".light.cancelled")).to_have_count(1)


def test_a_result_is_kept_and_deleted(page: Page, picture: Path) -> None:
    lift(page, picture)
    job = job_of(page)
    page.get_by_role("link", name="All pictures").click()
    row = page.locator(".job", has=page.locator(f"a[href='#/job/{job}']"))
    keep = row.get_by_role("button", name=f"Keep {picture.name}")
    keep.click()
    expect(keep).to_have_attribute("aria-pressed", "true")
    keep.click()
    expect(keep).to_have_attribute("aria-pressed", "false")
    row.get_by_role("button", name=f"Delete {picture.name}").click()
    expect(row).to_have_count(0)


def test_a_link_to_a_job_that_is_gone_says_so(page: Page) -> None:
    page.evaluate("location.hash = '#/job/00000000-0000-4000-8000-000000000000'")
    expect(page.get_by_role("alert")).to_contain_text("This job is not here any more.")


def test_sixteen_bits_are_exact_too(page: Page, tmp_path: Path) -> None:
    """16-bit layers are rounded for display and for the browser's 8-bit original, nowhere else."""
    deep = tmp_path / "deep.png"
    Image.fromarray((np.indices((64, 80)).sum(axis=0) * 400).astype(np.uint16)).save(deep)
    lift(page, deep)
    expect(page.locator(".job-title p")).to_contain_text("16 bit")
    view(page, "difference")
    page.wait_for_selector("#max-difference")
    assert int(page.locator("#max-difference").get_attribute("data-max") or "999") <= 1


def test_an_engine_that_cannot_run_says_why_and_is_not_offered(page: Page) -> None:
    """No engine of this server is missing, so the page's own parts are given one that is."""
    found = page.evaluate(
        """async () => {
            const { Engines } = await import("/static/page/engines.js");
            const { Wishes } = await import("/static/page/wishes.js");
            const { Listeners } = await import("/static/page/listeners.js");
            const offer = (name, missing, usual) =>
                ({ name, title: `Engine ${name}`, operations: ["decompose"], max_layers: 3, default: usual, missing });
            const offers = [offer("a", null, true), offer("b", "It needs a GPU with 16 GB. Use a.", false)];
            const desk = new Listeners();
            const engines = new Engines(desk);
            const wishes = new Wishes();
            desk.tell("engines", offers);
            wishes.offer(offers);
            wishes.layers.value = "3";
            const rows = [...engines.list.children].map((row) => row.textContent);
            return { rows, choices: wishes.engine.textContent, wish: wishes.read() };
        }"""
    )
    assert found["rows"] == ["Engine aDefaultReady", "Engine bNot availableIt needs a GPU with 16 GB. Use a."]
    assert found["choices"] == "Engine a"
    assert found["wish"] == {"engine": None, "params": {"layers": 3}}


def test_careful_edges_are_asked_for_and_the_usual_ones_are_not_spoken_of(page: Page, picture: Path) -> None:
    """Servers from before careful edges refuse words that they do not know."""
    said = orders(page)
    lift(page, picture)
    page.get_by_role("link", name="All pictures").click()
    choose_engine(page)
    careful = page.get_by_role("checkbox", name="Careful edges")
    expect(careful).to_have_accessible_description(
        "Hair, and things that look like their ground; edges take about twice as long"
    )
    careful.check()
    lift(page, picture)
    assert [order.params for order in said] == [{}, {"edges": "careful"}]
    view(page, "difference")
    page.wait_for_selector("#max-difference")
    assert int(page.locator("#max-difference").get_attribute("data-max") or "999") <= 1


def test_a_picture_may_be_dropped_anywhere_and_words_may_not(page: Page, picture: Path) -> None:
    lift(page, picture)
    page.evaluate(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(["x"], "x.png"));
            document.querySelector(".stage").dispatchEvent(
                new DragEvent("dragenter", { bubbles: true, cancelable: true, dataTransfer: transfer }));
        }"""
    )
    expect(page.locator(".let-go")).to_be_visible()
    page.evaluate(
        """() => {
            const transfer = new DataTransfer();
            transfer.setData("text/plain", "a word");
            document.querySelector(".stage").dispatchEvent(
                new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer }));
        }"""
    )
    expect(page.locator(".let-go")).to_be_hidden()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("That was no picture file.")
    alert.get_by_role("button", name="Dismiss").click()
    expect(alert).to_have_count(0)
