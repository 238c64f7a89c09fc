"""What a server is taken for, and when it is left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.engines.remote.fake_server import FakeServer
from layerlift.engines.remote.server import FRESH, LONGEST_PAUSE, PAUSE, Health, Server
from layerlift.engines.remote.settings import Settings
from layerlift.engines.remote.trouble import Kind, Trouble

BROKEN = Trouble(Kind.BROKEN, "500")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def server(address: str, clock: Clock | None = None, **environ: str) -> Server:
    [endpoint] = Settings.from_environment({"LAYERLIFT_REMOTE": address, **environ}).endpoints
    return Server(endpoint, clock=clock or Clock())


@pytest.mark.parametrize(
    ("model", "operations"),
    [
        ("Qwen/Qwen-Image-Layered", {"decompose"}),
        ("/models/qwen_image_layered", {"decompose"}),
        ("Qwen/Qwen-Image-Edit-2511", {"edit"}),
        ("Qwen/Qwen-Image-2512", {"generate"}),
        ("/mnt/weights", {"decompose", "edit", "generate", "inpaint"}),
    ],
)
def test_a_model_s_name_tells_what_it_can_do(model: str, operations: set[str]) -> None:
    assert Health(model).operations == operations


@pytest.mark.parametrize("maker", ["vllm", "sglang"])
def test_a_look_shows_model_and_maker(serve: Callable[..., FakeServer], maker: str) -> None:
    one = server(serve(maker=maker).address)
    assert one.stale
    assert one.can("generate")
    one.look()
    assert one.health == Health("Qwen/Qwen-Image-Layered", maker)
    assert not one.stale
    assert one.can("decompose")
    assert not one.can("generate")
    one._clock.now += FRESH + 1  # type: ignore[attr-defined]
    assert one.stale


def test_filling_holes_must_be_promised() -> None:
    assert not server("http://gpu:1").can("inpaint")
    assert server("inpaint=http://gpu:1").can("inpaint")
    assert not server("inpaint=http://gpu:1").can("edit")


def test_a_server_that_is_not_well_or_wants_a_key_says_so(serve: Callable[..., FakeServer]) -> None:
    fake = serve(key="right")
    with pytest.raises(Trouble) as refused:
        server(fake.address, LAYERLIFT_REMOTE_KEY="wrong").look()
    assert refused.value.kind is Kind.KEY
    server(fake.address, LAYERLIFT_REMOTE_KEY="right").look()
    fake.unwell = True
    with pytest.raises(Trouble, match="not well") as refused:
        server(fake.address, LAYERLIFT_REMOTE_KEY="right").look()
    assert refused.value.kind is Kind.BUSY
    fake.close()
    with pytest.raises(Trouble, match="refused") as refused:
        server(fake.address).look()
    assert refused.value.kind is Kind.UNREACHABLE


def test_two_failures_in_a_row_and_it_is_left_alone_longer_each_time() -> None:
    clock = Clock()
    one = server("http://gpu:1", clock)
    one.failed(BROKEN)
    assert not one.open
    pauses = []
    for _ in range(7):
        one.failed(BROKEN)
        assert one.open
        begun = clock.now
        while one.open:
            clock.now += 1
        pauses.append(clock.now - begun)
        assert one.stale
    assert pauses == [PAUSE, 20, 40, 80, 160, LONGEST_PAUSE, LONGEST_PAUSE]
    one.succeeded(("a",), 1.0)
    one.failed(BROKEN)
    assert not one.open


def test_who_is_busy_or_refuses_is_not_to_blame() -> None:
    one = server("http://gpu:1")
    for kind in (Kind.BUSY, Kind.REFUSED, Kind.KEY):
        for _ in range(5):
            one.failed(Trouble(kind, ""))
    assert not one.open


def test_what_jobs_take_is_learned_by_their_likes() -> None:
    one = server("http://gpu:1")
    assert one.expected(("decompose", 4)) is None
    one.succeeded(("decompose", 4), 40.0)
    one.succeeded(("decompose", 4), 20.0)
    one.succeeded(("decompose", 8), 90.0)
    assert one.expected(("decompose", 4)) == 30.0
    assert one.expected(("decompose", 8)) == 90.0
