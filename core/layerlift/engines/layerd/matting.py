"""What stands in front, and how much of each pixel it is: BiRefNet.

Law: pictures in, alpha out; knows the network's signature, not where its file comes from. Any file of that signature
will do: one input (1, 3, S, S) in ImageNet's normalisation, one output (1, 1, S, S), logits or 0–1.
Source: P. Zheng et al., "Bilateral Reference for High-Resolution Dichotomous Image Segmentation", CAAI AIR 2024.
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.engines.layerd.network import Network
from layerlift.imaging.layer import Plane
from layerlift.progress import Progress

SIDE = 1024
"""What BiRefNet was trained at; for files that take any size."""
_MEAN = np.array((0.485, 0.456, 0.406), np.float32)
_STD = np.array((0.229, 0.224, 0.225), np.float32)


def alpha(network: Network, image: Plane, progress: Progress) -> Plane:
    """(h, w) float32 0–1 of `image` (h, w, 3) float32 0–1 sRGB. Raises Cancelled, EngineError."""
    height, width = image.shape[:2]
    side = network.side(SIDE) or SIDE
    small = cv2.resize(image, (side, side), interpolation=_kind(side * side < height * width))
    batch = np.ascontiguousarray(((small - _MEAN) / _STD).transpose(2, 0, 1)[None], np.float32)
    plane: Plane = network(progress, batch).reshape(side, side)
    if plane.min() < 0 or plane.max() > 1:
        plane = np.float32(1) / (np.float32(1) + np.exp(-np.clip(plane, -60, 60)))
    out: Plane = np.clip(cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1)
    return out


def _kind(shrinks: bool) -> int:
    return cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
