"""Which timesteps pictures of other shapes will ask for.

Law: knows how the family's pipelines shift their schedules by the number of tokens; reads and changes no schedule that
is in use. All shapes of one working size have nearly as many tokens; rounded to bf16, all their schedules together
have only two to four times the timesteps of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

NEAR = 0.06
"""Sides are rounded to 32 pixels, so that areas differ by a few percent from each other (up to 5 : 1)."""
GRAIN = 4
"""Tokens are 16 × 16 pixels, sides multiples of 32."""


def alike(scheduler: Any, tokens: int) -> Iterator[Any]:
    """The timesteps (0–1000) of schedules as long as the scheduler's present one, for pictures of nearly `tokens`
    tokens: what pipeline_qwenimage_layered (linear shift) and its sisters (exponential) compute, diffusers 0.42."""
    steps = len(scheduler.timesteps)
    twin = type(scheduler).from_config(scheduler.config)
    linear = scheduler.config.time_shift_type == "linear"
    sigmas = np.linspace(1.0, 0, steps + 1)[:-1] if linear else np.linspace(1.0, 1 / steps, steps)
    first, last = (GRAIN * round(tokens * part / GRAIN) for part in (1 - NEAR, 1 + NEAR))
    for count in range(max(GRAIN, first), last + 1, GRAIN):
        twin.set_timesteps(sigmas=sigmas, mu=_linear(count) if linear else _exponential(count, scheduler.config))
        yield from twin.timesteps


def _linear(tokens: int) -> float:
    return float((tokens / 256) ** 0.5)


def _exponential(tokens: int, config: Any) -> float:
    slope = (config.max_shift - config.base_shift) / (config.max_image_seq_len - config.base_image_seq_len)
    return float(config.base_shift + slope * (tokens - config.base_image_seq_len))
