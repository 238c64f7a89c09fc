"""How the family's encoder gets to see pictures: its processor, loaded without torchvision.

Law: knows transformers; loads no weights. transformers 5 gives Qwen2-VL's processor a video part whose class needs
torchvision, which pictures never use; the registries' torchvision for a CPU breaks the torch for a CPU. So the picture
part is the one that works with Pillow, and there is no video part.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def processor(folder: Path) -> Any:
    """The processor of a model in diffusers layout at `folder`: a Qwen2VLProcessor for text and pictures.

    Give it to `from_pretrained(folder, processor=…)`. Raises OSError when its files are missing.
    """
    from transformers import Qwen2Tokenizer, Qwen2VLImageProcessorPil

    eye = Qwen2VLImageProcessorPil.from_pretrained(folder / "processor", local_files_only=True)
    words = Qwen2Tokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    return processor_of(eye, words)


def processor_of(eye: Any, words: Any) -> Any:
    """The processor that joins an image processor and a tokenizer."""
    from transformers import Qwen2VLProcessor

    class PictureProcessor(Qwen2VLProcessor):  # type: ignore[misc]
        """Qwen2-VL's processor without its video part."""

        @classmethod
        def get_attributes(cls) -> list[str]:
            """Its parts, as ProcessorMixin wants them named."""
            return ["image_processor", "tokenizer"]

    return PictureProcessor(image_processor=eye, tokenizer=words)
