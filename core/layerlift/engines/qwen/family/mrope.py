"""Where the words of a picture stand: give Qwen2.5-VL the positions that the edit pipelines forget to pass on.

Law: knows the encoder's call, nothing else of a pipeline. From transformers 5 on the encoder lays the tokens of a
picture out in a plane (multimodal rotary positions: P. Wang et al., "Qwen2-VL", arXiv 2409.12191, §2.1) only when it is
told which tokens are pictures, by `mm_token_type_ids`. diffusers' QwenImageEdit* pipelines (0.42.1) drop what their
processor says of that, and the encoder then silently counts the picture's tokens like words in a line: other
embeddings, other pictures (huggingface/diffusers#14194). Here a hook on the encoder puts it back. It does nothing where
the argument is present (once diffusers passes it on), where there is no picture, or where the encoder knows no such
argument (transformers 4 finds the pictures by itself).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ARGUMENT = "mm_token_type_ids"
_IMAGE, _VIDEO = 1, 2
"""What transformers calls the kinds of tokens; 0 is text (`get_rope_index` of Qwen2.5-VL)."""


@contextmanager
def seen_in_place(encoder: Any) -> Iterator[None]:
    """As long as this lasts, `encoder` (a Qwen2_5_VLForConditionalGeneration, also quantised or offloaded) is told
    where the pictures are among its words."""
    if not _listens(encoder):
        yield
        return
    # The module's own hook runs before accelerate's, which replace `forward`: offloaded encoders are served as well.
    handle = encoder.register_forward_pre_hook(_fill_in, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def _listens(encoder: Any) -> bool:
    """Whether it is a module whose forward has the argument. Asked of the class: offload hooks hide the instance's."""
    return (
        hasattr(encoder, "register_forward_pre_hook")
        and ARGUMENT in inspect.signature(type(encoder).forward).parameters
    )


def _fill_in(
    encoder: Any, arguments: tuple[Any, ...], named: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    words = named.get("input_ids", arguments[0] if arguments else None)
    pictures = named.get("image_grid_thw") is not None or named.get("video_grid_thw") is not None
    if words is None or not pictures or named.get(ARGUMENT) is not None:
        return None
    kinds = (words == encoder.config.image_token_id).int() * _IMAGE
    kinds += (words == encoder.config.video_token_id).int() * _VIDEO
    return arguments, {**named, ARGUMENT: kinds}
