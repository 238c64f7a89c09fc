"""Questions to the encoder: answered, remembered, stopped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layerlift.engines.qwen import asking, counting
from layerlift.engines.qwen.asking import PICTURE, Memory, Question
from layerlift.engines.qwen.words import Reader
from layerlift.errors import Cancelled
from layerlift.progress import Progress

from .conftest import LIST, Listener, picture

SHOWN = picture()[..., :3].copy()
LONG = Question(f"{PICTURE}\nWhat is it?", limit=40)


def test_the_encoder_is_heard_to_its_end(talking: Any) -> None:
    with talking.encoder(Progress()) as pipeline:
        assert asking.ask(pipeline, LONG, [SHOWN], Progress()) == LIST
        assert asking.ask(pipeline, counting.LAYERS, [SHOWN], Progress()) == LIST
        several = Question(f"1: {PICTURE} 2: {PICTURE}", limit=10)
        assert asking.ask(pipeline, several, [SHOWN, SHOWN[:40]], Progress()) == LIST


def test_an_answer_has_at_most_as_many_words_as_it_may(running: Any) -> None:
    listener = Listener()
    with running.encoder(Progress()) as pipeline:
        said = asking.ask(pipeline, LONG, [SHOWN], listener.progress)
        again = asking.ask(pipeline, LONG, [SHOWN], Progress())
    assert said == again  # greedy
    assert len(listener.reports) == LONG.limit
    assert listener.reports[-1].fraction == 1.0


def test_cancelling_is_heard_within_a_word(running: Any) -> None:
    listener = Listener(lambda report: len(listener.reports) == 5)
    with pytest.raises(Cancelled), running.encoder(Progress()) as pipeline:
        asking.ask(pipeline, LONG, [SHOWN], listener.progress)
    assert len(listener.reports) == 5
    with running.encoder(Progress()) as pipeline:
        assert asking.ask(pipeline, Question(LONG.text, 3), [SHOWN], Progress()) is not None


def test_what_was_answered_is_not_asked_again(talking: Any) -> None:
    memory = Memory()
    first, second = Listener(), Listener()
    assert not Reader(talking, memory, "a").knows(LONG, [SHOWN])
    assert Reader(talking, memory, "a").answer(LONG, [SHOWN], "Asking", first.progress) == LIST
    assert Reader(None, memory, "a").answer(LONG, [SHOWN], "Asking", second.progress) == LIST
    assert "Asking" in first.stages
    assert "Asking" not in second.stages


def test_memory_tells_questions_pictures_and_encoders_apart() -> None:
    other = SHOWN.copy()
    other[0, 0, 0] ^= 1
    keys = {
        asking.digest(LONG, [SHOWN], "a"),
        asking.digest(LONG, [SHOWN], "b"),
        asking.digest(LONG, [other], "a"),
        asking.digest(LONG, [SHOWN, SHOWN], "a"),
        asking.digest(LONG, [SHOWN.reshape(-1, 1, 3)], "a"),
        asking.digest(Question(LONG.text, 9), [SHOWN], "a"),
        asking.digest(Question("?", LONG.limit), [SHOWN], "a"),
    }
    assert len(keys) == 7
    assert asking.digest(LONG, [np.asfortranarray(SHOWN)], "a") in keys


def test_memory_forgets_what_was_used_least_lately() -> None:
    memory = Memory(most=2)
    memory.keep("a", "1")
    memory.keep("b", "2")
    assert memory.recall("a") == "1"
    memory.keep("c", "3")
    assert (memory.recall("a"), memory.recall("b"), memory.recall("c")) == ("1", None, "3")
