"""What the layered model is told about a picture: a caption of the whole, and what the user wants taken out.

Law: decides what is asked of the encoder and what becomes of the answers; how one asks is `asking`'s. Answers are
remembered, so the same picture is never looked at twice; where nothing needs to be asked the encoder, which may have to
be loaded first, is not touched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerlift.engines.qwen import asking, counting, naming
from layerlift.engines.qwen.asking import Memory, Question
from layerlift.engines.qwen.counting import Count
from layerlift.engines.qwen.naming import Name
from layerlift.progress import Progress

CAPTION = 256
"""Most tokens of a caption. The model is shown 512 tokens of prompt at most, and what the user wants must fit, too."""
LOADING = 0.3
"""Share of an answer's time that goes into bringing the encoder to the device, where it is not there (an estimate)."""
NOTHING = " "
"""The prompt that says nothing. With it as the negative prompt, too, guidance changes nothing and is left out."""
_CHINESE = re.compile("[一-鿿]")
_SENTENCE = re.compile(r"[.!?][\"”’)]*(?=\s|$)|[。！？][”’」）]*")


@dataclass(frozen=True)
class Habits:
    """What may be asked of the encoder: `captions` for the prompt (and the number of layers), `names` of the layers."""

    captions: bool = True
    names: bool = True


@dataclass(frozen=True)
class Reader:
    """Asks a running model's encoder (`running.encoder`), or remembers. `whom`: which encoder answers."""

    running: Any
    memory: Memory
    whom: str

    def knows(self, question: Question, pictures: Sequence[NDArray[np.uint8]]) -> bool:
        """Whether the answer is remembered."""
        return self.memory.recall(asking.digest(question, pictures, self.whom)) is not None

    def answer(self, question: Question, pictures: Sequence[NDArray[np.uint8]], stage: str, progress: Progress) -> str:
        """The encoder's answer. Raises Cancelled."""
        key = asking.digest(question, pictures, self.whom)
        known = self.memory.recall(key)
        if known is None:
            progress.stage(stage, 0.0)
            with self.encoder(progress.part(0.0, LOADING)) as pipeline:
                answer = asking.ask(pipeline, question, pictures, progress.part(LOADING, 1.0))
            known = self.memory.keep(key, answer)
        progress.advance(1.0)
        return known

    def encoder(self, progress: Progress) -> AbstractContextManager[Any]:
        """The pipeline with its encoder at work; entered again inside, it costs nothing."""
        encoder: AbstractContextManager[Any] = self.running.encoder(progress)
        return encoder


def caption_question(pipeline: Any, what: str | None) -> Question:
    """The checkpoint's own way to ask for a caption, in the language of the user's words."""
    chinese = what is not None and _CHINESE.search(what) is not None
    return Question(
        pipeline.image_caption_prompt_cn if chinese else pipeline.image_caption_prompt_en, CAPTION, whole=True
    )


def prompt(caption: str | None, what: str | None) -> str:
    """The prompt: what the user wants first (it must not be cut off), then the caption, cut to whole sentences."""
    parts = []
    if what and _said(what):
        wish = what.strip().rstrip(".。")
        parts.append(f"分开的图层：{wish}。" if _CHINESE.search(wish) else f"The separate layers are: {wish}.")
    if caption:
        parts.append(whole_sentences(caption))
    return " ".join(parts) or NOTHING


def whole_sentences(text: str) -> str:
    """`text` on one line, without a last sentence that was cut off (unless it is the only one)."""
    line = " ".join(text.split())
    ends = [match.end() for match in _SENTENCE.finditer(line)]
    return line[: ends[-1]] if ends else line


def unanswered(
    pipeline: Any, reader: Reader, picture: NDArray[np.uint8], layers: int | None, what: str | None, habits: Habits
) -> tuple[Question, ...]:
    """What will have to be asked about `picture` before it is drawn: nothing that is remembered."""
    if not habits.captions:
        return ()
    questions = [caption_question(pipeline, what), *[counting.LAYERS] * (layers is None and not _said(what))]
    return tuple(question for question in questions if not reader.knows(question, [picture]))


def count(
    reader: Reader, picture: NDArray[np.uint8], what: str | None, most: int, habits: Habits, progress: Progress
) -> Count:
    """Auto (see `counting`): from the user's words if there are any, else from the encoder's list of layers."""
    if what and _said(what):
        return counting.from_wish(what, most)
    if not habits.captions:
        return Count(min(counting.USUAL, most))
    return counting.from_list(reader.answer(counting.LAYERS, [picture], "Counting layers", progress), most)


def _said(what: str | None) -> bool:
    return bool(what and what.strip())


def names(
    reader: Reader,
    layers: Sequence[NDArray[np.uint8]],
    what: str | None,
    habits: Habits,
    ground: bool,
    progress: Progress,
) -> list[Name]:
    """What the layers (bottom → top) are called."""
    if not habits.names or len(layers) < 2:
        return naming.numbered(len(layers), ground=ground)
    wanted = counting.named(what) if what else ()
    question = naming.question(len(layers), wanted)
    said = reader.answer(question, naming.pictures(layers), "Naming layers", progress)
    return naming.said(said, len(layers), ground=ground)
