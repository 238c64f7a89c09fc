"""Whether what a model gave back can be used: broken numbers, nothing at all, the same thing twice.

Law: measures and explains; changes nothing. Arrays of numpy, but for the latents.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from layerlift.errors import EngineError

_REMEDY = (
    "Check the weights with `layerlift models verify`, or use another form of them (`layerlift models plan`): float16 "
    "cannot hold what this model computes, and damaged files look the same."
)
FLAT = 1.5
"""A picture whose levels (0–255) stray from their mean by less than this, on average and in every channel, is blank."""


def finite_latents(latents: Any, step: int, total: int) -> None:
    """Raise EngineError if a torch tensor holds NaN or infinity after `step` of `total`."""
    if not bool(latents.isfinite().all()):
        raise EngineError(f"The model's numbers broke down at step {step} of {total}.", _REMEDY)


def finite(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The very array. Raises EngineError if it holds NaN or infinity."""
    if not np.isfinite(values).all():
        raise EngineError("The model painted pixels that are no numbers.", _REMEDY)
    return values


def drawn(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The very picture (h, w, 3|4). Raises EngineError if all of it is one colour (black, mostly: NaN made visible)."""
    colours = pixels[..., :3].reshape(-1, 3).astype(np.float32)
    if float(np.abs(colours - colours.mean(0)).mean(0).max()) < FLAT:
        raise EngineError("The model painted a blank picture.", "Try another seed or other words. " + _REMEDY)
    return pixels
