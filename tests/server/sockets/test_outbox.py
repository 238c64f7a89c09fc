"""What is sent first, what is overtaken, and when it is too much."""

from __future__ import annotations

import asyncio

import pytest

from layerlift_server.sockets.outbox import Outbox, Overfull


async def drained(outbox: Outbox) -> list[bytes]:
    outbox.end()
    found = []
    while (payload := await outbox.take()) is not None:
        found.append(payload)
    return found


async def test_news_keep_their_order() -> None:
    outbox = Outbox()
    for payload in (b"1", b"2", b"3"):
        outbox.put(payload)
    assert outbox.waiting == 3
    assert await drained(outbox) == [b"1", b"2", b"3"]
    assert outbox.waiting == 0


async def test_newer_progress_takes_the_place_of_older() -> None:
    outbox = Outbox()
    outbox.put(b"p1", instead=("progress", "a"))
    outbox.put(b"x")
    outbox.put(b"p2", instead=("progress", "a"))
    outbox.put(b"q1", instead=("progress", "b"))
    assert await outbox.take() == b"p2"
    outbox.put(b"p3", instead=("progress", "a"))
    assert await drained(outbox) == [b"x", b"q1", b"p3"]


async def test_what_is_settled_is_not_overtaken() -> None:
    """Progress of a second attempt does not slip in before the news that the first has failed."""
    outbox = Outbox()
    outbox.put(b"first attempt", instead="a")
    outbox.settle("a")
    outbox.put(b"failed")
    outbox.put(b"second attempt", instead="a")
    assert await drained(outbox) == [b"first attempt", b"failed", b"second attempt"]


async def test_downloads_take_turns_and_news_go_first() -> None:
    outbox = Outbox()
    left = {1: [b"a1", b"a2", b"a3"], 2: [b"b1", b"b2"]}

    def chunks(transfer: int) -> bytes | None:
        payload = left[transfer].pop(0)
        if not left[transfer]:
            outbox.unload(transfer)
        return payload

    outbox.load(1, lambda: chunks(1))
    outbox.load(2, lambda: chunks(2))
    found = [await outbox.take(), await outbox.take()]
    outbox.put(b"news")
    found += [await outbox.take() for _ in range(4)]
    assert found == [b"a1", b"b1", b"news", b"a2", b"b2", b"a3"]


async def test_a_download_without_credit_waits_until_it_has_some() -> None:
    outbox, credit = Outbox(), [None, None, b"chunk"]
    outbox.load(1, lambda: credit.pop(0))
    taking = asyncio.create_task(outbox.take())
    for _ in range(3):
        await asyncio.sleep(0)
    assert not taking.done()
    outbox.wake()
    for _ in range(3):
        await asyncio.sleep(0)
    assert not taking.done()
    outbox.wake()
    assert await taking == b"chunk"


async def test_too_much_news_are_refused() -> None:
    outbox = Outbox(most=100)
    outbox.put(bytes(90))
    with pytest.raises(Overfull):
        outbox.put(bytes(11))


async def test_the_end_waits_for_nobody() -> None:
    outbox = Outbox()
    outbox.load(1, lambda: None)
    taking = asyncio.create_task(outbox.take())
    await asyncio.sleep(0)
    outbox.put(b"last words")
    outbox.end()
    assert await taking == b"last words"
    assert await outbox.take() is None
