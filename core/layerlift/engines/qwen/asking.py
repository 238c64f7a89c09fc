"""Questions to the model's own encoder (Qwen2.5-VL) about pictures: asked once, remembered, stopped on request.

Law: knows the encoder and its processor; not what is asked or why. Greedy, so the same picture gets the same answer.
diffusers' own captioning cannot be cancelled (`get_image_caption` has no hook); this can, after every word.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerlift.engines.qwen.family import canvas
from layerlift.progress import Progress

PICTURE = "<|vision_start|><|image_pad|><|vision_end|>"
"""Where a picture stands in a question, in the encoder's own words."""
_TURN = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
)
REMEMBERED = 64
"""Answers kept (a few hundred bytes each): the pictures of one sitting."""


@dataclass(frozen=True)
class Question:
    """`text` with PICTURE where each picture stands; `limit`: most tokens of the answer; `whole`: `text` is a complete
    conversation already, not just what the user says."""

    text: str
    limit: int
    whole: bool = False


class Memory:
    """Answers by question and pictures. Safe from any thread."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most, self._lock = most, Lock()
        self._answers: OrderedDict[str, str] = OrderedDict()

    def recall(self, key: str) -> str | None:
        """The answer under `key`, if it is remembered."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def keep(self, key: str, answer: str) -> str:
        """Remember and return `answer`."""
        with self._lock:
            self._answers[key] = answer
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
        return answer


def digest(question: Question, pictures: Sequence[NDArray[np.uint8]], of: str = "") -> str:
    """What an answer is remembered under: the question, the pictures' very pixels, and whom one asks (`of`)."""
    mark = hashlib.sha256(f"{of}\0{question.limit}\0{question.text}".encode())
    for picture in pictures:
        mark.update(str(picture.shape).encode())
        mark.update(np.ascontiguousarray(picture).tobytes())
    return mark.hexdigest()


def ask(pipeline: Any, question: Question, pictures: Sequence[NDArray[np.uint8]], progress: Progress) -> str:
    """The answer to `question` about `pictures`, (h, w, 3) uint8 each. `pipeline` has its real encoder.

    `progress` runs from 0 to 1 with the words (`limit` of them would be 1). Raises Cancelled within one word.
    """
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    class Listening(StoppingCriteria):  # type: ignore[misc]
        """Hears after every word whether to stop; never ends an answer by itself."""

        words = 0

        def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
            self.words += 1
            progress.advance(self.words / question.limit)
            return torch.zeros(input_ids.shape[0], dtype=torch.bool, device=input_ids.device)

    progress.check()
    encoder, processor = pipeline.text_encoder, pipeline.processor
    text = question.text if question.whole else _TURN.format(question.text)
    inputs = processor(
        text=[text], images=[canvas.picture(picture) for picture in pictures], padding=True, return_tensors="pt"
    ).to(encoder.device)
    with torch.inference_mode():
        said = encoder.generate(
            **inputs,
            max_new_tokens=question.limit,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            stopping_criteria=StoppingCriteriaList([Listening()]),
        )
    answer = processor.batch_decode(said[:, inputs.input_ids.shape[1] :], skip_special_tokens=True)[0]
    return str(answer).strip()
