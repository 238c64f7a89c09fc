"""Between sizes: reducing pictures, and reading a coarse grid of cells at any document pixel.

Law: pure functions on arrays. Pixel centres lie at +0.5: document pixel x of W sees the grid of w cells at
(x + 0.5)·w/W − 0.5, both ways, on both axes. Nothing here depends on how a picture is cut into strips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Pixels, Plane, full_scale

_LANE = 256
"""Points are read in rows of this length, always full ones: vectorised and scalar code never mix, so that a point's
value does not depend on its neighbours in the list."""
_BLOCK = 16384
"""Most such rows at a time: OpenCV counts in 16 bits."""
_STRIP_PIXELS = 1 << 20


def reduce(pixels: Pixels, extent: Extent) -> Pixels:
    """(H, W, 4) straight RGBA averaged over areas to `extent`, same dtype; the very array when nothing is to be done.

    Averages are taken premultiplied, so that the colour of transparent pixels does not bleed.
    """
    height, width = pixels.shape[:2]
    if (width, height) == extent:
        return pixels
    if not translucent(pixels):
        return cast(Pixels, cv2.resize(pixels, tuple(extent), interpolation=cv2.INTER_AREA))
    scale = full_scale(pixels)
    small = cv2.resize(_premultiplied16(pixels), tuple(extent), interpolation=cv2.INTER_AREA).astype(np.float32)
    alpha = small[..., 3:] * np.float32(1 / 65535)
    out = np.zeros_like(small)
    np.divide(small[..., :3], np.maximum(alpha, np.float32(1e-6)), out=out[..., :3])
    out[..., 3] = small[..., 3]
    out[..., :3] *= alpha > 0
    levels = np.clip(np.rint(out * np.float32(scale / 65535)), 0, scale)
    return cast(Pixels, levels.astype(np.uint8 if scale == 255 else np.uint16))


def translucent(pixels: Pixels) -> bool:
    """Whether something shows through any of the (H, W, 4) pixels."""
    scale = full_scale(pixels)
    rows = max(1, _STRIP_PIXELS // pixels.shape[1])
    for y in range(0, pixels.shape[0], rows):
        part = pixels[y : y + rows]
        if part.flags.c_contiguous:  # one integer per pixel, alpha on top: several times as fast
            word, bits = (np.uint32, 24) if scale == 255 else (np.uint64, 48)
            if int(part.view(word).min()) < scale << bits:
                return True
        elif bool((part[..., 3] < scale).any()):
            return True
    return False


def _premultiplied16(pixels: Pixels) -> NDArray[np.uint16]:
    """Premultiplied at 16 bit whatever the depth was, strip by strip."""
    out = np.empty(pixels.shape, np.uint16)
    scale = full_scale(pixels)
    rows = max(1, _STRIP_PIXELS // pixels.shape[1])
    for y in range(0, pixels.shape[0], rows):
        part = pixels[y : y + rows].astype(np.float32) * np.float32(65535 / scale)
        part[..., :3] *= part[..., 3:] * np.float32(1 / 65535)
        out[y : y + rows] = np.rint(part)
    return out


@dataclass(frozen=True)
class Grid:
    """Cells laid over a document: `document` in pixels, `cells` in cells, the same picture."""

    document: Extent
    cells: Extent

    def columns(self, x: NDArray[np.int32]) -> Plane:
        """Where document columns `x` lie among the cells (fractional cell index, not clipped)."""
        return ((x + 0.5) * (self.cells.width / self.document.width) - 0.5).astype(np.float32)

    def rows(self, y: NDArray[np.int32]) -> Plane:
        """Where document rows `y` lie among the cells."""
        return ((y + 0.5) * (self.cells.height / self.document.height) - 0.5).astype(np.float32)

    def pixels(self, box: Bounds) -> Bounds:
        """The document pixels that lie over the cells of `box`."""
        sx, sy = self.document.width / self.cells.width, self.document.height / self.cells.height
        x, y = int(np.floor(box.x * sx)), int(np.floor(box.y * sy))
        right = min(self.document.width, int(np.ceil(box.right * sx)))
        bottom = min(self.document.height, int(np.ceil(box.bottom * sy)))
        return Bounds(x, y, max(0, right - x), max(0, bottom - y))

    @property
    def scale(self) -> float:
        """Document pixels per cell (the larger of the two axes)."""
        return max(self.document.width / self.cells.width, self.document.height / self.cells.height)


class Positions:
    """Places for n fractional positions, laid out once for reading any number of planes there: write the coordinates
    into `x` and `y` (n,)."""

    def __init__(self, count: int) -> None:
        self._count = count
        rows = max(1, -(-count // _LANE))
        self._maps = np.zeros((2, rows, _LANE), np.float32)
        self.x, self.y = (one.reshape(-1)[:count] for one in self._maps)

    @classmethod
    def at(cls, x: Plane, y: Plane) -> Positions:
        """The positions `x`, `y` (n,)."""
        out = cls(x.size)
        out.x[:], out.y[:] = x, y
        return out

    def read(self, plane: Plane, *, cubic: bool = False) -> Plane:
        """`plane` (h, w) or (h, w, c ≤ 4) at the positions: (n,) or (c, n) float32.

        Bilinear, or bicubic (Keys, a = −0.75, may overshoot); beyond the border the border continues.
        """
        across, down = self._maps
        kind = cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR
        blocks = [
            cv2.remap(
                plane, across[r : r + _BLOCK], down[r : r + _BLOCK], kind, borderMode=cv2.BORDER_REPLICATE
            ).reshape(-1, *plane.shape[2:])
            for r in range(0, across.shape[0], _BLOCK)
        ]
        read = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
        return cast(Plane, (read if plane.ndim == 2 else cv2.transpose(read))[..., : self._count])


def sample(plane: Plane, x: Plane, y: Plane, *, cubic: bool = False) -> Plane:
    """Read `plane` (h, w) or (h, w, c ≤ 4) at n fractional positions: (n,) or (c, n) float32 (see `Positions`)."""
    return Positions.at(x, y).read(plane, cubic=cubic)
