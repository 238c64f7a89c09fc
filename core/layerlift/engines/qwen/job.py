"""One decomposition, settled before anything is drawn: what is shown, how large, how many layers, by which words.

Law: decides and asks; draws nothing. Settings that nobody chose are the model card's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.port import DecomposeRequest
from layerlift.engines.qwen import context, counting, words
from layerlift.engines.qwen.counting import Count
from layerlift.engines.qwen.words import Habits, Reader
from layerlift.errors import InputError, RequestError
from layerlift.imaging.geometry import Extent
from layerlift.progress import Progress

STEPS, GUIDANCE, NEGATIVE = 50, 4.0, " "
"""The model card's settings, as are `cfg_normalize` and 640 below."""
RESOLUTION = 640
"""The model card recommends it for this checkpoint."""
RESOLUTIONS = (640, 1024)
"""Those that the pipeline takes."""
MOST = 10
"""Layers: as many as the model's own demo offers."""
SLIMMEST = 100
"""Longest side over shortest. The encoder refuses 200 and more; long before that there is nothing to see at 640."""


@dataclass(frozen=True, eq=False)
class View:
    """What the model is shown of a picture: `shown` (h, w, 3) at the model's own size."""

    laid: context.Laid
    shown: NDArray[np.uint8]

    @property
    def extent(self) -> Extent:
        """The model's size."""
        return Extent(self.shown.shape[1], self.shown.shape[0])


@dataclass(frozen=True, eq=False)
class Job:
    """One request, with everything settled: what is shown, how many layers, by which words, in how many steps."""

    request: DecomposeRequest
    view: View
    count: Count
    prompt: str
    steps: int

    @property
    def guidance(self) -> float:
        """True CFG scale; 1 where guidance would change nothing (equal prompts give equal predictions)."""
        asked = self.request.sampling.guidance
        return 1.0 if self.prompt == self.negative else GUIDANCE if asked is None else asked

    @property
    def negative(self) -> str:
        """The negative prompt."""
        return self.request.sampling.negative or NEGATIVE

    @property
    def resolution(self) -> int:
        """640 or 1024: what the model calls the size it works at."""
        return self.request.sampling.resolution or RESOLUTION


def _checked(image: NDArray[np.uint8]) -> None:
    height, width = image.shape[:2]
    if max(height, width) > SLIMMEST * min(height, width):
        raise InputError(
            f"The picture is {max(height, width) // min(height, width)} times as long as it is wide.",
            f"This engine takes apart what is at most {SLIMMEST} times as long as wide: cut it into pieces.",
        )


def working_extent(shown: NDArray[np.uint8], resolution: int) -> Extent:
    """The size at which the pipeline will work on `shown`: its own rule, asked for before."""
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_layered as module

    width, height = module.calculate_dimensions(resolution * resolution, shown.shape[1] / shown.shape[0])
    return Extent(int(width), int(height))


def resized(pixels: NDArray[np.uint8], extent: Extent) -> NDArray[np.uint8]:
    """(h, w, 3) at `extent`: small pictures are enlarged, because the model knows no others."""
    if (pixels.shape[1], pixels.shape[0]) == extent:
        return pixels
    smaller = extent.area <= pixels.shape[0] * pixels.shape[1]
    out = cv2.resize(pixels, tuple(extent), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return out.astype(np.uint8, copy=False)


def see(request: DecomposeRequest) -> View:
    """What the model will be shown. Raises InputError, RequestError."""
    _checked(request.image)
    resolution = request.sampling.resolution or RESOLUTION
    if resolution not in RESOLUTIONS:
        raise RequestError(f"A resolution of {resolution} was asked for.", "This model works at 640 or 1024.")
    laid = context.laid(request.image)
    return View(laid, resized(laid.shown, working_extent(laid.shown, resolution)))


def settle(
    running: Any, request: DecomposeRequest, view: View, reader: Reader, habits: Habits, progress: Progress
) -> Job:
    """The request, settled, after asking what must be asked. Raises Cancelled."""
    caption = None
    if habits.captions:
        question = words.caption_question(running.pipeline, request.what)
        caption = reader.answer(question, [view.shown], "Looking at the picture", progress.part(0.0, 0.7))
    count = _count(running, request, view, reader, habits, progress.part(0.7, 1.0))
    sampling = request.sampling
    steps = sampling.steps or (running.steps(STEPS) if sampling.fast else STEPS)
    return Job(request, view, count, words.prompt(caption, request.what), steps)


def _count(
    running: Any, request: DecomposeRequest, view: View, reader: Reader, habits: Habits, progress: Progress
) -> Count:
    """How many layers to draw. The ground under a translucent picture is one that nobody asked for, but drawn it is."""
    ground = not view.laid.whole
    if request.layers is not None:
        return Count(min(MOST, request.layers + ground))
    count = words.count(reader, view.shown, request.what, min(counting.MOST, running.plan.layers), habits, progress)
    return count if count.names else replace(count, layers=min(MOST, count.layers + ground))
