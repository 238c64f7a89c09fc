"""What is asked for over HTTP, answered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from layerlift_server.app import Server
from layerlift_server.http.static_files import TYPES, Page
from layerlift_server.observe.prometheus import exposition
from server.talk import Talker, http


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    web = tmp_path / "web"
    (web / "static" / "deep").mkdir(parents=True)
    (web / "index.html").write_text("the page")
    (web / "locked.html").write_text("locked")
    (web / "static" / "a.js").write_text("1")
    (web / "static" / "deep" / "b.css").write_text("2")
    (web / "static" / "secret.py").write_text("3")
    (web / "outside.js").write_text("4")
    (web / "static" / "link.js").symlink_to(web / "outside.js")
    return web


def test_the_page_is_a_list_of_files_and_nothing_else(folder: Path) -> None:
    page = Page(folder)
    found = page.index()
    assert found is not None
    assert (found.content, found.type) == (b"the page", "text/html")
    assert page.locked().content == b"locked"
    assert page.static("a.js").type == "text/javascript"  # type: ignore[union-attr]
    assert page.static("deep/b.css").content == b"2"  # type: ignore[union-attr]
    for name in ("secret.py", "link.js", "../outside.js", "", "deep", "a.js/"):
        assert page.static(name) is None
    (folder / "static" / "a.js").unlink()
    assert page.static("a.js") is None


def test_without_a_page_there_is_still_a_sentence(tmp_path: Path) -> None:
    assert Page(tmp_path).index() is None
    assert b"layerlift open" in Page(tmp_path).locked().content


def test_every_type_that_scripts_and_styles_need_is_known() -> None:
    assert {".html", ".css", ".js", ".svg", ".png"} <= set(TYPES)


async def test_static_files_are_asked_for_again_only_when_they_changed(server: Server, folder: Path) -> None:
    server._page._static = Page(folder)._static
    first = await http(server.port, "/static/a.js")
    assert (first.status, first.body, first.headers["cache-control"]) == (200, b"1", "no-cache")
    assert first.headers["content-type"].startswith("text/javascript")
    again = await http(server.port, "/static/a.js", {"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    (folder / "static" / "a.js").write_text("changed")
    assert (await http(server.port, "/static/a.js", {"If-None-Match": first.headers["etag"]})).body == b"changed"
    assert (await http(server.port, "/static/none.js")).status == 404


async def test_health_and_metrics(server: Server) -> None:
    bearer = {"Authorization": f"Bearer {server.token}"}
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        assert (await http(server.port, "/health", {"Host": "x"})).status == 421
        found = json.loads((await http(server.port, "/health", bearer)).body)
        assert found["status"] == "ok"
        assert found["sessions"] == 1
        assert found["jobs"] == {"queued": 0.0}
        answer = await http(server.port, "/metrics", bearer)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.body.decode().splitlines()
    assert "layerlift_open_sessions 1" in lines
    assert "layerlift_jobs_queued 0" in lines
    assert 'layerlift_requests_refused_total{why="host"} 1' in lines
    assert any(line.startswith("layerlift_connections_total ") for line in lines)
    assert any(line.startswith("layerlift_loop_lag_p99_seconds ") for line in lines)


def test_the_exposition_is_what_prometheus_reads() -> None:
    text = exposition({"a b": 1.5, "done_total": 2}, {("refused", 'x"\n\\'): 1, ("refused", ""): 3})
    assert text == (
        "# TYPE layerlift_a_b gauge\nlayerlift_a_b 1.5\n"
        "# TYPE layerlift_done_total counter\nlayerlift_done_total 2\n"
        "# TYPE layerlift_refused_total counter\nlayerlift_refused_total 3\n"
        'layerlift_refused_total{why="x\\"\\n\\\\"} 1\n'
    )
