"""Patches of one picture: short descriptors of them, the search for the nearest, and the vote of the found ones.

Law: one resolution, flat indices into a padded grid; knows no pyramid and no policy.
Sources: C. Barnes et al., "PatchMatch", SIGGRAPH 2009 (propagation, random search), with jump propagation instead of
scan order so that every step is one array operation; K. He, J. Sun, "Computing Nearest-Neighbor Fields via
Propagation-Assisted KD-Trees", CVPR 2012 (short descriptors); Y. Wexler, E. Shechtman, M. Irani, "Space-Time
Completion of Video", PAMI 2007, eq. 4–6 (weighted vote).
"""

from __future__ import annotations

from copy import copy
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Mask, Plane

Index: TypeAlias = NDArray[np.intp]
"""(n,) flat indices into the padded grid."""

RADIUS = 3
"""Patches are 7×7: the size at which Wexler et al. and He & Sun report stable results."""
_LENGTH = 24
"""Principal components kept: above 95 % of the variance of 7×7 colour patches."""
_NEARNESS = 0.4
"""What a source costs that is a whole picture away, as a colour difference: what is near is of the same object."""
_CHUNK = 1 << 22


def _padded(image: Plane) -> Plane:
    out: Plane = np.pad(image, ((RADIUS, RADIUS), (RADIUS, RADIUS), (0, 0)), mode="symmetric")
    return out


class Patches:
    """The patches of `image` (H, W, C). Sources are the centres whose patch lies wholly in `source` (H, W)."""

    def __init__(self, image: Plane, source: Mask, inside: Mask) -> None:
        self.padded = _padded(image)
        self.width = self.padded.shape[1]
        self.flat = self.padded.reshape(-1, image.shape[2])
        self._nearness = _NEARNESS / max(self.padded.shape)
        steps = np.arange(-RADIUS, RADIUS + 1)
        self.steps: Index = (steps[:, None] * self.width + steps[None]).ravel()
        self.sources = self._index(source)
        self.targets = self._index(inside)
        self.row = np.full(len(self.flat), -1, np.intp)
        self.row[self.sources] = np.arange(len(self.sources))
        self._basis = self._components() if len(self.sources) else np.zeros((1, 1), np.float32)
        self.keys = self.describe(self.sources)

    def _index(self, mask: Mask) -> Index:
        return np.flatnonzero(np.pad(mask, RADIUS))

    def over(self, image: Plane) -> Patches:
        """The same geometry and descriptor basis over another picture of the same size."""
        other = copy(self)
        other.padded = _padded(image)
        other.flat = other.padded.reshape(-1, image.shape[2])
        return other

    def raw(self, centres: Index) -> Plane:
        """(n, 49·C): the patches around `centres`, written out."""
        out: Plane = self.flat[centres[:, None] + self.steps].reshape(len(centres), -1)
        return out

    def describe(self, centres: Index) -> Plane:
        """(n, ≤ 24) descriptors whose squared distance is that of the patches per pixel, nearly."""
        parts = [self.raw(part) @ self._basis for part in np.array_split(centres, len(centres) // 8192 + 1)]
        place = np.stack([centres // self.width, centres % self.width], 1) * self._nearness
        return np.concatenate([np.concatenate(parts), place.astype(np.float32)], 1)

    def _components(self) -> Plane:
        few = self.raw(self.sources[:: len(self.sources) // 3000 + 1]).astype(np.float64)
        few -= few.mean(0)
        _, vectors = np.linalg.eigh(few.T @ few)
        basis = vectors[:, ::-1][:, :_LENGTH] / (2 * RADIUS + 1)
        return np.ascontiguousarray(basis, np.float32)

    def distance(self, wanted: Plane, found: Index) -> Plane:
        """(n,) squared distance between descriptors `wanted` and those of the sources `found`."""
        difference = wanted - self.keys[self.row[found]]
        out: Plane = np.einsum("ij,ij->i", difference, difference)
        return out

    def exact(self, wanted: Plane) -> Index:
        """The nearest source of each descriptor, by looking at all of them."""
        norms = np.einsum("ij,ij->i", self.keys, self.keys) * np.float32(0.5)
        size = max(1, _CHUNK // max(1, len(self.keys)))
        best = [np.argmin(norms - wanted[i : i + size] @ self.keys.T, 1) for i in range(0, max(1, len(wanted)), size)]
        out: Index = self.sources[np.concatenate(best)]
        return out

    def improve(self, wanted: Plane, found: Index, rounds: int, generator: np.random.Generator) -> tuple[Index, Plane]:
        """PatchMatch from the field `found` (one source per target); the better field and its distances."""
        where = np.full(len(self.flat), -1, np.intp)
        where[self.targets] = np.arange(len(self.targets))
        found, cost = found.copy(), self.distance(wanted, found)
        for turn in range(rounds):
            for jump in (8, 4, 2, 1) if turn % 2 == 0 else (1, 3):
                for step in (jump, -jump, jump * self.width, -jump * self.width):
                    neighbour = where[np.clip(self.targets + step, 0, len(where) - 1)]
                    self._offer(wanted, found, cost, np.where(neighbour >= 0, found[neighbour] - step, found))
            radius = self.width // 2
            while radius >= 1:
                away = generator.integers(-radius, radius + 1, (2, len(found)))
                self._offer(wanted, found, cost, found + away[0] * self.width + away[1])
                radius //= 3
        return found, cost

    def _offer(self, wanted: Plane, found: Index, cost: Plane, candidate: Index) -> None:
        """Take `candidate` wherever it is a source and nearer (in place)."""
        candidate = np.clip(candidate, 0, len(self.row) - 1)
        able = np.flatnonzero((self.row[candidate] >= 0) & (candidate != found))
        if len(able) == 0:
            return
        other = self.distance(wanted[able], candidate[able])
        better = other < cost[able]
        chosen = able[better]
        found[chosen], cost[chosen] = candidate[chosen], other[better]

    def vote(self, found: Index, weight: Plane) -> Plane:
        """(h, w, C) weighted mean, at every pixel, of what the sources of the patches over it show there."""
        total = np.zeros((len(self.flat), self.flat.shape[1] + 1), np.float32)
        shown = np.concatenate([self.flat, np.ones((len(self.flat), 1), np.float32)], 1)
        for step in self.steps:
            # Targets are distinct, so are the pixels they reach with one step: plain indexing adds correctly.
            total[self.targets + step] += shown[found + step] * weight[:, None]
        mean: Plane = total[:, :-1] / np.maximum(total[:, -1:], np.float32(1e-12))
        return mean.reshape(self.padded.shape)[RADIUS:-RADIUS, RADIUS:-RADIUS]
