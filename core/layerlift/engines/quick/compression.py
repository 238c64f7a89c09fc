"""Whether the working picture went through JPEG at its present size, seen from its 8×8 block grid.

Law: a measurement; what follows from it is decided where the measurement is used. A picture that was reduced after
compression shows no grid, and no artefacts worth a wider margin either.
"""

from __future__ import annotations

import numpy as np

from layerlift.imaging.layer import Plane

BLOCK = 8
"""Side of a JPEG block in pixels (ISO/IEC 10918-1, A.3)."""
VISIBLE = 0.03
"""Largest step (0–1) counted: greater ones are the picture's own edges."""
GRID = 1.08
"""Steps across block borders relative to steps inside blocks: 1.00 ± 0.05 without JPEG, above 1.1 at quality 90."""


def compressed(image: Plane) -> bool:
    """Whether `image` (H, W, 3) float32 0–1 shows the JPEG grid."""
    grey = image.mean(axis=2)
    if min(grey.shape) < 4 * BLOCK:
        return False
    return (_grid(grey) + _grid(grey.T)) / 2 > GRID


def _grid(grey: Plane) -> float:
    """Mean small step between columns 8k−1 and 8k, relative to the median over the other seven positions."""
    step = np.abs(np.diff(grey, axis=1))
    small = step < VISIBLE
    means = np.array(
        [step[:, k::BLOCK][small[:, k::BLOCK]].sum() / max(1, small[:, k::BLOCK].sum()) for k in range(BLOCK)]
    )
    inside = float(np.median(means[:-1]))
    return float(means[-1]) / inside if inside > 1e-5 else 1.0
