"""Grain: how restless a picture is where nothing happens, and the same picture at rest.

Law: pixels in, numbers and pixels out; knows no surfaces.
"""

from __future__ import annotations

import cv2
import numpy as np

from layerlift.imaging.layer import Plane

GRAINY, COARSE = 0.8 / 255, 8 / 255
"""Deviation inside a calm block from which the ground has a grain, and above which it is a picture of something."""
SOFTENING, DEBLOCKING = 2.0, 1.0
"""Width (σ, pixels) over which grain, and what JPEG adds, is averaged out."""
_BLOCK = 16


def calmed(image: Plane, compressed: bool) -> tuple[Plane, int]:
    """`image` (H, W, 3) with the grain of its ground, and what JPEG adds (`compressed`), averaged out; and by how many
    pixels that has widened its edges. The very picture where there is neither."""
    grainy = graininess(image) >= GRAINY
    if not (grainy or compressed):
        return image, 0
    soft = cv2.GaussianBlur(image, (0, 0), SOFTENING if grainy else DEBLOCKING).astype(np.float32, copy=False)
    return soft, round(1.5 * SOFTENING) if grainy else 0


def graininess(image: Plane) -> float:
    """Deviation of a calm block (the lower quartile of all) from its own colour plane; 0 where it is too much to be the
    grain of a ground. Other than `noise` it sees grains of several pixels."""
    height, width = (side // _BLOCK * _BLOCK for side in image.shape[:2])
    if not height or not width:
        return 0.0
    grey = cv2.cvtColor(image[:height, :width], cv2.COLOR_RGB2GRAY)
    blocks = grey.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK).transpose(0, 2, 1, 3)
    blocks = blocks.reshape(-1, _BLOCK * _BLOCK)
    ys, xs = np.mgrid[:_BLOCK, :_BLOCK].astype(np.float32) - (_BLOCK - 1) / 2
    basis = np.linalg.qr(np.stack([np.ones(_BLOCK**2), xs.ravel(), ys.ravel()], axis=1))[0].astype(np.float32)
    rest = blocks - (blocks @ basis) @ basis.T
    typical = float(np.quantile(rest.std(axis=1), 0.25))
    return typical if typical <= COARSE else 0.0


def noise(image: Plane) -> float:
    """Standard deviation of the pixel noise, robustly: half of the picture may be texture and it is still right.

    J. Immerkær, "Fast Noise Variance Estimation", CVIU 64(2), 1996, with a low quantile in place of the mean.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    kernel = np.array(((1, -2, 1), (-2, 4, -2), (1, -2, 1)), np.float32)
    response = np.abs(cv2.filter2D(grey, -1, kernel, borderType=cv2.BORDER_REFLECT_101))
    return float(np.quantile(response, 0.3)) / (0.385 * 6)


def steps(image: Plane) -> Plane:
    """Largest change (over channels) from each pixel to its right and lower neighbour."""
    step = np.zeros(image.shape[:2], np.float32)
    across, down = cv2.absdiff(image[:, 1:], image[:, :-1]), cv2.absdiff(image[1:], image[:-1])
    if across.size:
        step[:, :-1] = np.maximum(np.maximum(across[..., 0], across[..., 1]), across[..., 2])
    if down.size:
        np.maximum(step[:-1], np.maximum(np.maximum(down[..., 0], down[..., 1]), down[..., 2]), out=step[:-1])
    return step
