from __future__ import annotations

import os
import stat
import sys

import pytest

from layerlift.client.address import Address, find, is_loopback, normal, parse
from layerlift.client.errors import NoServer
from layerlift.client.known_servers import Known, KnownServers, folder
from layerlift.errors import OutputError, RequestError
from layerlift.wire.runtime import ServerFile

TOKEN = "k" * 43


@pytest.mark.parametrize(
    ("typed", "host", "port", "tls"),
    [
        ("127.0.0.1:80", "127.0.0.1", 80, False),
        ("localhost:7860", "localhost", 7860, False),
        ("[::1]:9", "::1", 9, False),
        ("https://127.0.0.1:80/", "127.0.0.1", 80, True),
        ("studio.local:7860", "studio.local", 7860, True),
        ("wss://10.0.0.2:443", "10.0.0.2", 443, True),
        ("[fe80::1]:443", "fe80::1", 443, True),
        (" http://localhost:5 ", "localhost", 5, False),
    ],
)
def test_addresses_as_people_type_them(typed, host, port, tls):
    assert parse(typed) == Address(host, port, tls=tls)


@pytest.mark.parametrize("typed", ["", "studio", "studio:", ":80", "a:0", "a:65536", "a b:80", "ftp://a:80", "::1:80"])
def test_what_is_no_address(typed):
    with pytest.raises(RequestError, match="is not a server's address"):
        parse(typed)


def test_never_unencrypted_over_the_network():
    with pytest.raises(RequestError, match="unencrypted"):
        parse("http://10.0.0.2:80")


def test_addresses_print_as_they_are_typed():
    assert str(Address("::1", 9)) == "[::1]:9"
    assert str(Address("a.b", 80)) == "a.b:80"


def test_loopback():
    assert [is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost")] == [True] * 4
    assert [is_loopback(host) for host in ("10.0.0.1", "localhost.evil.org", "0.0.0.0", "::")] == [False] * 4


def test_fingerprints_as_people_type_them():
    digits = "0123456789abcdef" * 4
    colons = ":".join(digits[i : i + 2] for i in range(0, 64, 2)).upper()
    assert normal(digits) == normal(colons) == normal(f"SHA256:{digits}") == normal(f" sha-256 {digits}") == digits
    for wrong in ("", "ab", digits[1:], digits + "0", "g" * 64):
        with pytest.raises(RequestError, match="fingerprint"):
            normal(wrong)


def write_runtime(places, port, tls=None):
    (places / "run").mkdir(mode=0o700, exist_ok=True)
    file = ServerFile(port, os.getpid(), "r" * 43, 1, "0", tls)
    (places / "run" / file.name).write_text(file.text)


def test_this_machine_s_own_server(places):
    with pytest.raises(NoServer, match="No Layerlift server runs"):
        find()
    write_runtime(places, 4711)
    assert find() == Address("127.0.0.1", 4711, "r" * 43)
    assert find("localhost:4711") == Address("localhost", 4711, "r" * 43)
    with pytest.raises(NoServer, match="of yours listens at"):
        find(
            "127.0.0.1:4712",
        )
    write_runtime(places, 4711, "ab" * 32)
    assert find() == Address("127.0.0.1", 4711, "r" * 43, True, "ab" * 32)


def test_what_was_paired_before(places):
    assert find("studio:7860") == Address("studio", 7860, None, True)
    KnownServers().remember("studio:7860", Known(TOKEN, "ab" * 32))
    assert find("studio:7860") == Address("studio", 7860, TOKEN, True, "ab" * 32)
    assert find("studio:7860", "other", "cd" * 32) == Address("studio", 7860, "other", True, "cd" * 32)
    KnownServers().remember("127.0.0.1:9", Known(TOKEN, None, tls=False))
    assert find("127.0.0.1:9") == Address("127.0.0.1", 9, TOKEN)


def test_known_servers_are_kept_and_forgotten(places):
    known = KnownServers()
    assert known.get("a:1") is None
    known.remember("a:1", Known("x", "f"))
    known.remember("b:1", Known("y", None, tls=False))
    assert (known.get("a:1"), known.get("b:1")) == (Known("x", "f"), Known("y", None, False))
    known.forget("a:1")
    assert known.get("a:1") is None
    assert known.get("b:1") == Known("y", None, False)
    assert [path.name for path in (places / "data").iterdir()] == ["servers.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_only_the_user_can_read_tokens(places):
    KnownServers().remember("a:1", Known("x"))
    assert stat.S_IMODE((places / "data" / "servers.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((places / "data").stat().st_mode) == 0o700


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a:1": 3}', '{"a:1": {"token": 3}}', "\udcff"])
def test_a_damaged_file_is_as_good_as_none(places, text):
    (places / "data").mkdir()
    (places / "data" / "servers.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert KnownServers().get("a:1") is None
    KnownServers().remember("a:1", Known("x"))
    assert KnownServers().get("a:1") == Known("x")


def test_a_folder_that_cannot_be_written(places):
    (places / "data").write_text("a file in its place")
    with pytest.raises(OutputError, match="cannot be written"):
        KnownServers().remember("a:1", Known("x"))


@pytest.mark.parametrize(
    ("platform", "environment", "ending"),
    [
        ("win32", {"LOCALAPPDATA": "L"}, "L/layerlift"),
        ("darwin", {}, "Library/Application Support/layerlift"),
        ("linux", {"XDG_DATA_HOME": "X"}, "X/layerlift"),
        ("linux", {}, ".local/share/layerlift"),
    ],
)
def test_where_things_are_kept(monkeypatch, platform, environment, ending):
    for name in ("LAYERLIFT_DATA_DIR", "LOCALAPPDATA", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert folder().as_posix().endswith(ending)
