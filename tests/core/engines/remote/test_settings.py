"""Addresses, keys and what must never be."""

from __future__ import annotations

import pytest

from layerlift.engines.remote.settings import Settings, Unusable


def read(servers: str, key: str = "", timeout: str = "") -> Settings:
    return Settings.from_environment(
        {"LAYERLIFT_REMOTE": servers, "LAYERLIFT_REMOTE_KEY": key, "LAYERLIFT_REMOTE_TIMEOUT": timeout}
    )


def test_addresses_are_read_with_what_they_are_for() -> None:
    found = read(" http://gpu1:8000 ,edit+inpaint=https://gpu2.example/v1/, decompose=http://[::1]:9/base,").endpoints
    assert [str(one) for one in found] == ["http://gpu1:8000", "https://gpu2.example:443", "http://[::1]:9/base"]
    assert [one.operations for one in found] == [None, {"edit", "inpaint"}, {"decompose"}]
    assert [one.loopback for one in found] == [False, False, True]
    assert read("http://localhost:1").patience == 1800


def test_keys_go_where_they_belong() -> None:
    servers = "https://a.example,https://b.example:8443,http://127.0.0.1:8000"
    found = read(servers, "common==,b.example:8443=only=b").endpoints
    assert [one.key for one in found] == ["common==", "only=b", "common=="]
    assert "common" not in repr(found)
    assert "common" not in str(found[0])


@pytest.mark.parametrize(
    ("servers", "words"),
    [
        ("", "No server is named"),
        ("gpu:8000", "is no address"),
        ("ftp://gpu", "is no address"),
        ("http://gpu:99999", "no valid port"),
        ("http://gpu/?key=1", "is no address"),
        ("http://me:secret@gpu", "must not contain a password"),
        ("paint=http://gpu", "“paint” is no operation"),
        ("http://gpu,http://gpu:80/v1", "twice"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_remedy(servers: str, words: str) -> None:
    with pytest.raises(Unusable, match=words) as refused:
        read(servers)
    assert "secret" not in str(refused.value)


def test_a_key_is_never_sent_in_the_clear() -> None:
    with pytest.raises(Unusable, match="for everybody to read"):
        read("http://gpu.example:8000", "secret")
    found = read("http://gpu.example:8000,https://b.example", "b.example=secret").endpoints
    assert [one.key for one in found] == [None, "secret"]


@pytest.mark.parametrize(
    ("key", "timeout"), [("a b", ""), ("a\nb", ""), ("ä", ""), ("", "soon"), ("", "0"), ("", "nan")]
)
def test_nonsense_is_refused(key: str, timeout: str) -> None:
    with pytest.raises(Unusable):
        read("https://gpu", key, timeout)
