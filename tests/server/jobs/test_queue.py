from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from layerlift_server.jobs.queue import FairQueue


def drained(queue: FairQueue) -> list[str]:
    return list(iter(queue.next, None))


def test_lanes_take_turns_and_each_keeps_its_order() -> None:
    queue = FairQueue()
    for job in ("a1", "a2", "a3", "b1", "c1", "b2"):
        queue.put(job, job[0])
    assert list(queue.order()) == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert drained(queue) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_whoever_comes_late_waits_one_round_not_for_all() -> None:
    queue = FairQueue()
    for number in range(50):
        queue.put(f"a{number}", "a")
    assert queue.next() == "a0"
    queue.put("b0", "b")
    assert list(queue.order())[:3] == ["a1", "b0", "a2"]


def test_a_job_that_has_run_already_comes_first() -> None:
    queue = FairQueue()
    queue.put("a1", "a")
    queue.put("b1", "b")
    queue.put("b0", "b", first=True)
    assert drained(queue) == ["b0", "a1", "b1"]


def test_removing() -> None:
    queue = FairQueue()
    queue.put("a1", "a")
    assert "a1" in queue
    assert queue.remove("a1")
    assert not queue.remove("a1")
    assert len(queue) == 0
    assert queue.next() is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.booleans()), max_size=40))
def test_the_order_that_is_told_is_the_order_in_which_they_are_taken(steps: list[tuple[str, int, bool]]) -> None:
    queue = FairQueue()
    inside: set[str] = set()
    for lane, number, leave in steps:
        job = f"{lane}{number}"
        if job in inside and leave:
            assert queue.remove(job)
            inside.remove(job)
        elif job in inside:
            taken = queue.next()
            assert taken is not None
            inside.remove(taken)
        else:
            queue.put(job, lane, first=leave)
            inside.add(job)
    told = list(queue.order())
    assert set(told) == inside
    assert len(queue) == len(told)
    assert drained(queue) == told
