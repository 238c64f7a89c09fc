"""Attacks of web pages: rebinding, foreign origins, framing, cookies. Every request is raw bytes on a real socket."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from layerlift.wire.messages import Hello
from layerlift_server.app import Server
from layerlift_server.security import peer_user
from server.talk import ME, Talker, Turned, ask, http

ROUTES = ("/", "/static/page.js", "/open?key=x", "/ws", "/health", "/metrics", "/export/a.psd", "/nothing")
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


async def cookie_of(server: Server) -> str:
    answer = await http(server.port, f"/open?key={server.cookies.issue()}")
    return answer.headers["set-cookie"].split(";")[0]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "host",
    """evil.example evil.example:80 127.0.0.1.evil.example localhost.evil.example 0.0.0.0 127.0.0.1@evil [::1].evil
    127.0.0.2 2130706433 127.0.0.1:0 127.0.0.1:99999 127.0.0.1:x [::ffff:127.0.0.1] [::1 ::1 [] :1 localhost. 127.1
    127.0.0.1:1:1 [127.0.0.1] http://127.0.0.1""".split(),
)
async def test_a_rebound_host_is_misdirected(server: Server, path: str, host: str) -> None:
    raw = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    answer = await ask(server.port, raw.encode())
    assert answer.split()[1] in (b"421", b"400")  # 400: aiohttp's parser would not have it either


async def test_a_request_without_host_is_misdirected(server: Server) -> None:
    assert (await ask(server.port, b"GET / HTTP/1.0\r\n\r\n")).split()[1] == b"421"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST", "127.0.0.1:1234", "localhost:1"])
async def test_our_own_names_are_answered_through_any_port(server: Server, host: str) -> None:
    """A tunnel changes the port; the name of this machine for itself cannot be rebound."""
    assert (await http(server.port, "/health", {"Host": host})).status == 200


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "chrome-extension://abc", ""])
async def test_a_foreign_origin_is_forbidden(server: Server, path: str, origin: str) -> None:
    raw = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nOrigin: {origin}\r\nConnection: close\r\n\r\n"
    assert (await ask(server.port, raw.encode())).split()[1] == b"403"


async def test_a_foreign_page_cannot_open_the_websocket(server: Server) -> None:
    for origin in (
        "https://evil.example",
        "null",
        f"https://127.0.0.1:{server.port}",
        f"http://localhost:{server.port}",
    ):
        with pytest.raises(Turned) as turned:
            async with Talker(server.port, headers={"Origin": origin}):
                pass
        assert turned.value.status == 403


async def test_a_panel_that_says_file_needs_a_token_like_any_program(server: Server) -> None:
    """Photoshop's panels say this origin; so does a local HTML file, which must get nowhere with it."""
    async with Talker(server.port, headers={"Origin": "file://"}) as panel:
        assert (await panel.greet(token=server.token)).owner
    cookie = await cookie_of(server)
    async with Talker(server.port, headers={"Origin": "file://", "Cookie": cookie}) as local_file:
        await local_file.say(Hello(ME))
        assert (await local_file.gone()).code == 4401
    assert (await http(server.port, "/health", {"Origin": "file://"})).status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
@pytest.mark.parametrize("path", ROUTES)
async def test_a_request_that_another_site_caused_is_forbidden(server: Server, path: str, site: str) -> None:
    assert (await http(server.port, path, {"Sec-Fetch-Site": site})).status == 403


@pytest.mark.parametrize("referrer", ["https://evil.example/", "http://127.0.0.1:1/", "about:blank", "http://[", "x"])
async def test_a_foreign_referrer_is_forbidden(server: Server, referrer: str) -> None:
    assert (await http(server.port, "/health", {"Referer": referrer})).status == 403
    own = f"http://127.0.0.1:{server.port}/"
    assert (await http(server.port, "/health", {"Referer": own})).status == 200


@pytest.mark.parametrize("path", ROUTES)
async def test_every_answer_carries_the_strict_headers_and_no_cors(server: Server, path: str) -> None:
    answer = await http(server.port, path, {"Origin": f"http://127.0.0.1:{server.port}"})
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert f"ws://127.0.0.1:{server.port}" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["server"] == "layerlift", "the versions below are nobody's business"
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_a_preflight_is_answered_without_permission(server: Server) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = await http(server.port, "/link", asked, method="OPTIONS")
    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_a_host_header_cannot_write_the_policy(server: Server) -> None:
    answer = await http(server.port, "/health", {"Host": "evil; script-src *"})
    assert answer.status in (400, 421)
    assert "evil" not in answer.headers.get("content-security-policy", "")


async def test_the_cookie_is_for_this_page_alone(server: Server) -> None:
    answer = await http(server.port, f"/open?key={server.cookies.issue()}")
    assert (answer.status, answer.headers["location"]) == (303, "/")
    parts = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= parts
    assert not [part for part in parts if part.startswith("domain")]
    assert answer.headers["set-cookie"].startswith(f"layerlift-{server.port}=")


async def test_a_key_opens_once(server: Server) -> None:
    key = server.cookies.issue()
    assert (await http(server.port, f"/open?key={key}")).status == 303
    assert (await http(server.port, f"/open?key={key}")).status == 403
    for wrong in ("", "x", key[:-1], "%00", "a" * 3000):
        assert (await http(server.port, f"/open?key={wrong}")).status == 403


async def test_the_page_needs_its_cookie(server: Server) -> None:
    assert (await http(server.port, "/")).status == 401
    assert (await http(server.port, "/", {"Cookie": f"layerlift-{server.port}=wrong"})).status == 401
    assert (await http(server.port, "/", {"Cookie": await cookie_of(server)})).status in (200, 404)


async def test_the_cookie_opens_the_websocket_from_our_own_origin_only(server: Server) -> None:
    cookie = await cookie_of(server)
    own = f"http://127.0.0.1:{server.port}"
    async with Talker(server.port, headers={"Origin": own, "Cookie": cookie}) as page:
        assert (await page.greet()).owner
    for headers in ({"Cookie": cookie}, {"Origin": own}, {"Origin": own, "Cookie": cookie + "x"}):
        async with Talker(server.port, headers=headers) as thief:
            await thief.say(Hello(ME))
            assert (await thief.gone()).code == 4401
    for headers in (
        {"Origin": "http://127.0.0.1:1", "Cookie": cookie},
        {"Origin": own, "Cookie": cookie, "Sec-Fetch-Site": "same-site"},
    ):
        with pytest.raises(Turned):
            async with Talker(server.port, headers=headers):
                pass


async def test_the_cookie_does_not_work_across_sites(server: Server) -> None:
    cookie = await cookie_of(server)
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
    ):
        assert (await http(server.port, "/export/a.psd", {"Cookie": cookie, **headers})).status == 403


async def test_what_only_the_token_opens(server: Server) -> None:
    bearer = {"Authorization": f"Bearer {server.token}"}
    for method, path in (("GET", "/metrics"), ("POST", "/link"), ("POST", "/pairing")):
        for headers in (
            {},
            {"Authorization": "Bearer x"},
            {"Authorization": server.token},
            {"Cookie": await cookie_of(server)},
        ):
            assert (await http(server.port, path, headers, method=method)).status == 401
        assert (await http(server.port, path, bearer, method=method)).status == 200
    assert (await http(server.port, "/link", bearer)).status == 405, "not by a link or an image"
    assert (await http(server.port, "/health")).body == b'{"status": "ok"}'
    assert b"version" in (await http(server.port, "/health", bearer)).body


async def test_no_token_in_an_address(server: Server) -> None:
    async with Talker(server.port, path=f"/ws?token={server.token}") as client:
        await client.say(Hello(ME))
        assert (await client.gone()).code == 4401
    assert (await http(server.port, f"/metrics?token={server.token}")).status == 401


async def test_the_cookie_counts_from_the_owners_own_processes_only(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user of this machine can be sent the cookie, at a port of theirs. The kernel says whose a socket is."""
    cookie = {"Cookie": await cookie_of(server)}
    assert (await http(server.port, "/", cookie)).status == 200
    monkeypatch.setattr(peer_user.os, "geteuid", lambda: 54_321)
    monkeypatch.setattr(peer_user, "_ROOT", None)  # these tests may run as root, whose sockets are let through
    known = Path("/proc/net/tcp").exists()
    assert (await http(server.port, "/", cookie)).status == (401 if known else 200)
    assert (await http(server.port, f"/export/{'0' * 36}.psd", cookie)).status == (401 if known else 404)


def test_whose_a_connection_is(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door, socket.create_connection(door.getsockname()) as client:
        user = peer_user.user_of(client.getsockname(), door.getsockname())
        assert user == (os.geteuid() if Path("/proc/net/tcp").exists() else None)
        assert not peer_user.foreign(client.getsockname(), door.getsockname())
    table = tmp_path / "tcp6"
    mapped = "0000000000000000FFFF0000"
    table.write_text(
        "  sl  local_address remote_address st tx_queue rx_queue tr tm->when retrnsmt uid\n"
        f"   0: {mapped}0100007F:1F90 {mapped}0100007F:0050 01 00000000:00000000 00:00000000 00000000  1234  0 1\n"
        "   1: damaged\n"
    )
    if sys.byteorder == "little":
        assert peer_user.user_of(("127.0.0.1", 8080), ("127.0.0.1", 80), (table,)) == 1234
    assert peer_user.user_of(("127.0.0.1", 8081), ("127.0.0.1", 80), (tmp_path / "none", table)) is None
