"""Getting in, staying in, and others: locked pages, lost servers, pairing and revoking, jobs of other programs."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from layerlift.wire.messages import Done, Submit
from layerlift.wire.values import DocumentInfo
from server.talk import Talker
from server.web.acts import choose_engine, lift, view
from server.web.browser import Visitor
from server.web.served import Served


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Visitor]:
    """A visitor whose complaints are looked at by the test."""
    found = Visitor(browser)
    yield found
    found.close()


def test_without_a_cookie_there_is_only_the_way_in(stranger: Visitor, served: Served) -> None:
    page = stranger.page()
    answer = page.goto(served.address)
    assert answer
    assert answer.status == 401
    expect(page.locator("h1")).to_have_text("This page is locked")
    expect(page.locator("code")).to_have_text("layerlift open")
    assert page.locator("script").count() == 0
    assert all("401" in complaint for complaint in stranger.complaints)
    page.goto(served.link())
    expect(page.locator("h1")).to_have_text("Drop a picture. Lift out its layers.")


def test_a_link_works_once(browser: Browser, served: Served) -> None:
    link, titles = served.link(), []
    for _ in range(2):
        visitor = Visitor(browser)
        page = visitor.page()
        page.goto(link)
        titles.append(page.locator("h1").inner_text())
        visitor.close()
    assert titles == ["Drop a picture. Lift out its layers.", "This page is locked"]


def test_the_policy_lets_no_stranger_in(page: Page, served: Served) -> None:
    """Strict where it matters, and the page lives with it: the complaints of every test here would name a breach."""
    headers = page.request.get(served.address).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"


def test_a_device_is_paired_and_revoked(page: Page, served: Served) -> None:
    page.get_by_role("button", name="Pair a device").click()
    said = page.locator(".code").inner_text()
    code = re.sub(r"\D", "", said)
    assert len(code) == 6

    async def pair(talker: Talker, token: str) -> str | None:
        return (await talker.greet(code=code, device="Studio tablet")).token

    assert served.talk(pair)
    row = page.locator(".device", has_text="Studio tablet")
    expect(row).to_be_visible()
    expect(page.locator(".pairing")).to_be_hidden()
    revoke = row.get_by_role("button")
    revoke.click()
    expect(row).to_have_count(1)
    expect(revoke).to_have_text("Really revoke?")
    page.keyboard.press("Tab")  # walking away is a no
    expect(revoke).to_have_text("Revoke")
    revoke.click()
    revoke.click()
    expect(row).to_have_count(0)


def test_another_programs_job_shows_up_and_can_be_looked_at(page: Page, served: Served) -> None:
    async def work(talker: Talker, token: str) -> None:
        await talker.greet(token=token)
        upload, picture = str(uuid.uuid4()), BytesIO()
        Image.new("RGBA", (50, 40), (200, 30, 90, 255)).save(picture, "PNG")
        await talker.put(upload, picture.getvalue(), DocumentInfo("from elsewhere", "file"))
        await talker.say(Submit(str(uuid.uuid4()), engine="fake", upload=upload))
        await talker.hear(Done)

    served.talk(work)
    row = page.locator(".job", has_text="from elsewhere")
    expect(row).to_contain_text("from tester")
    row.get_by_role("link").click()
    page.wait_for_selector(".viewer[data-ready]")
    view(page, "difference")
    expect(page.locator(".asking")).to_contain_text("needs the original")


def test_a_server_that_dies_is_awaited_and_its_results_are_there_again(
    stranger: Visitor, served: Served, picture: Path
) -> None:
    """Killed without a word and started again at the same port, it knows no browser any more: the page says how to get
    in, and goes on by itself when another tab of the same browser was let in."""
    page = stranger.page()
    page.goto(served.link())
    page.wait_for_selector("[data-connection=open] .home")
    lift(page, picture)
    served.stop(kill=True)
    expect(page.locator("#status")).to_contain_text("Connection lost")
    served.start()
    expect(page.locator("h1")).to_have_text("The server was started again", timeout=20_000)
    expect(page.locator(".notice")).to_contain_text("layerlift open")
    stranger.page().goto(served.link())
    page.bring_to_front()
    page.evaluate("dispatchEvent(new Event('focus'))")
    page.wait_for_selector(".viewer[data-ready]")
    expect(page.locator("#status")).to_have_text("Connected")
    assert [complaint for complaint in stranger.complaints if complaint.startswith("uncaught")] == []


def test_a_cut_connection_resumes_the_upload_where_it_was(page: Page, picture: Path, tmp_path: Path) -> None:
    """The socket is closed under the page in the middle of an upload: the next one goes on, the job is done once."""
    big = tmp_path / "small picture, big file.png"
    big.write_bytes(picture.read_bytes() + bytes(10 << 20))  # more than a window; what follows a PNG's end is ignored
    page.evaluate(
        """() => {
            const Socket = WebSocket;
            window.offsets = [];
            window.sockets = 1;
            window.WebSocket = class extends Socket {
                constructor(address) {
                    super(address);
                    window.sockets += 1;
                }
            };
            const send = Socket.prototype.send;
            Socket.prototype.send = function (bytes) {
                const chunk = bytes[0] === 0x94;
                if (chunk) window.offsets.push(Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(8)));
                send.call(this, bytes);
                if (chunk && window.offsets.length === 20) this.close(4000);
            };
        }"""
    )
    choose_engine(page)
    page.set_input_files(".choose input", big)
    page.wait_for_selector(".viewer[data-ready]")
    offsets = page.evaluate("window.offsets")
    assert offsets[20] > 0, "the upload began again instead of going on"
    assert offsets == sorted(offsets)
    assert offsets[-1] + 256 * 1024 >= big.stat().st_size
    assert page.evaluate("window.sockets") == 2


def test_a_cut_connection_resumes_a_layer_where_it_was(page: Page, tmp_path: Path) -> None:
    """The socket is closed under the page in the middle of a layer: the next one begins behind what is there."""
    big = tmp_path / "wide.png"
    Image.linear_gradient("L").resize((900, 700)).convert("RGB").save(big)  # 2.5 MB a layer: ten chunks
    page.add_init_script(
        """const Socket = WebSocket;
        window.offsets = [];
        window.WebSocket = class extends Socket {
            constructor(address) {
                super(address);
                this.addEventListener("message", ({ data }) => {
                    if (new Uint8Array(data, 0, 1)[0] !== 0x94) return;
                    window.offsets.push(Number(new DataView(data).getBigUint64(8)));
                    if (window.offsets.length === 4) this.close(4000);
                });
            }
        };"""
    )
    page.reload()
    page.wait_for_selector("[data-connection=open] .home")
    lift(page, big)
    offsets = page.evaluate("window.offsets")
    chunk = 256 * 1024
    assert offsets[:4] == [0, chunk, 2 * chunk, 3 * chunk]
    again = next(index for index in range(4, len(offsets)) if offsets[index] != index * chunk)
    assert all(offset == index * chunk for index, offset in enumerate(offsets[:again])), "a chunk came twice"
    assert again == 10
    view(page, "difference")
    page.wait_for_selector("#max-difference[data-max='0'], #max-difference[data-max='1']")


def test_leaving_while_layers_come_down_leaves_nothing_behind(page: Page, picture: Path) -> None:
    lift(page, picture)
    for _ in range(3):
        page.get_by_role("link", name="All pictures").click()
        page.get_by_role("link", name=f"Look at the layers of {picture.name}").first.click()
    page.wait_for_selector(".viewer[data-ready]")
    assert len(page.workers) == 1
