"""The size at which the edit pipelines take pictures in: asked for, not 1024² whatever one asks.

Law: knows which constants of diffusers decide that (0.42.1), and puts them back. QwenImageEditPlusPipeline takes its
pictures in at VAE_IMAGE_SIZE whatever `width` and `height` say: a reference four times as dear as a 640² job needs, and
laid out unlike the picture. QwenImageEditInpaintPipeline has the number in its code, for the picture itself. Nothing
but these names says otherwise, so one drawing at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from layerlift.imaging.geometry import Extent

_one = threading.Lock()


@contextmanager
def working_at(size: Extent) -> Iterator[None]:
    """Let pictures of `size` (sides multiples of 32) be taken in as they are, and references at the same area."""
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_inpaint as inpaint
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as plus

    with _one:
        usual, rule = plus.VAE_IMAGE_SIZE, inpaint.calculate_dimensions
        plus.VAE_IMAGE_SIZE = size.area
        inpaint.calculate_dimensions = lambda _area, _ratio: (size.width, size.height, None)
        try:
            yield
        finally:
            plus.VAE_IMAGE_SIZE, inpaint.calculate_dimensions = usual, rule
