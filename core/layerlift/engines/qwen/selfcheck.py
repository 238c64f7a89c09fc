"""The model's own account of itself: it redraws the whole picture as a frame of its own, before the layers.

Law: measures; changes nothing. How far that frame is from the picture says whether the model saw it (a damaged or too
coarsely quantised model paints something else); how far the layers' composite is from that frame says whether they
belong together. Both are told to the user, because refinement makes every decomposition exact, wrong ones too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.alpha import over, premultiply, to_float
from layerlift.imaging.layer import Drift

GOOD, BAD = 0.04, 0.12
"""Mean difference (0–1) up to which the frame is the picture (the VAE alone costs 0.01–0.03), and from which it is
another one. Not measured on real weights."""
APART = 0.08
"""Mean difference between frame and composite from which the layers do not add up."""

_AGAIN = "try another seed or another number of layers"


@dataclass(frozen=True)
class SelfCheck:
    """`drift`: the frame against the picture; `apart`: the layers' composite against the frame, mean, 0–1."""

    drift: Drift
    apart: float

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user; the first always, the others where something is wrong."""
        off = f"Self-check: the model's own copy of the picture is off by {self.drift.mean:.1%} on average"
        if self.drift.mean > BAD:
            verdict = f"{off}; it painted something else, so do not trust its layers ({_AGAIN}, or other weights)."
        elif self.drift.mean > GOOD:
            verdict = f"{off}, more than usual."
        else:
            verdict = f"{off}."
        if self.apart > APART:
            return verdict, f"Its layers do not add up to that copy ({self.apart:.0%} apart): {_AGAIN}."
        return (verdict,)


def check(picture: NDArray[np.uint8], frame: NDArray[np.uint8], layers: Sequence[NDArray[np.uint8]]) -> SelfCheck:
    """`picture` (h, w, 3): what the model was shown; `frame` and `layers` (h, w, 4) uint8: what it painted, all of one
    size, bottom → top. A translucent frame is compared as it shows on black, like the layers' composite."""
    shown = to_float(picture)
    copy = premultiply(to_float(frame))[..., :3]
    off = np.abs(copy - shown).mean(-1)
    together = np.zeros((*picture.shape[:2], 4), np.float32)
    for layer in layers:
        together = over(premultiply(to_float(layer)), together)
    apart = float(np.abs(together[..., :3] - copy).mean()) if len(layers) else 0.0
    return SelfCheck(Drift(float(off.mean()), float(np.percentile(off, 99))), apart)
