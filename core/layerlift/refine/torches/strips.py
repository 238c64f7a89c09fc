"""The full-resolution pass on a device: the document in strips, layers out. `refine.strips` in slots.

Law: each pixel is worked on alone, given what is known of the cells, so the height of strips does not show; it is what
there is room for, at best the whole picture. Within a strip the host waits for the device only where it must know how
many pixels there are (`where_true`): a few times for each depth and each layer with hidden parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import Layer
from layerlift.progress import Progress
from layerlift.refine.coverage import show
from layerlift.refine.hidden import SNAP
from layerlift.refine.project import Part
from layerlift.refine.strips import Scene
from layerlift.refine.torches.arithmetic import visible
from layerlift.refine.torches.atlas import Atlas, Models
from layerlift.refine.torches.cells import Slots
from layerlift.refine.torches.device import Tensor, pick, torch, where_true
from layerlift.refine.torches.grain import grain
from layerlift.refine.torches.pages import Landing, Page
from layerlift.refine.torches.picture import Picture
from layerlift.refine.torches.project import project
from layerlift.refine.torches.raster import Places, split
from layerlift.refine.torches.settle import Parts
from layerlift.refine.torches.unmix import BYTES, Points, given, sharpened, unmix

_HIDDEN = 200
"""Working memory in bytes of one pixel that nobody sees."""
_RASTER = 24
"""Of one pixel of a strip, whatever it shows; layers come on top."""


@dataclass(frozen=True, eq=False)
class _Work:
    """What stays the same from strip to strip, and how many bytes pixels may take at a time. `guide`: the picture whose
    colours are asked; the very one that is painted, where no other was made."""

    picture: Picture
    guide: Picture
    scene: Scene
    models: Models
    slots: Slots
    canvases: list[Bounds]
    progress: Progress
    room: int


@dataclass(frozen=True, eq=False)
class _Strip:
    """One strip: its place, the document's words (h, w) and those of the guide, the models, the cells, and where it is
    painted."""

    bounds: Bounds
    words: Tensor
    asked: Tensor
    atlas: Atlas
    places: Places
    page: Page


def paint(picture: Picture, scene: Scene, progress: Progress, *, rows: int | None = None) -> list[Layer]:
    """Every layer of the scene at the document's size and depth, cut to its alpha.

    Reports and hears a cancel after every strip, and hears one between the steps of a strip too. The result does not
    depend on `rows`, the height of a strip (None: what there is room for).
    """
    height, width = scene.document.extent.height, scene.document.extent.width
    models, slots = (
        Models(picture.device, scene.models, scene.covers),
        Slots.of(picture.device, scene.cells, len(scene.models)),
    )
    canvases = [scene.grid.pixels(model.box) for model in scene.models]
    guide = picture if scene.asked is None else Picture(picture.device, scene.asked)
    room = picture.device.room()
    work = _Work(picture, guide, scene, models, slots, canvases, progress, room // 2)
    rows = max(1, min(height, room // 2 // _row_bytes(work) if rows is None else rows))
    landing = Landing(picture, [model.source for model in scene.models], canvases, whole=rows == height)
    for top in range(0, height, rows):
        bounds = Bounds(0, top, width, min(rows, height - top))
        landing.land(_strip(work, bounds))
        progress.advance(bounds.bottom / height * 0.95)
    layers = landing.layers()
    progress.advance(1.0)
    return layers


def _row_bytes(work: _Work) -> int:
    """What a row of a strip takes on the device, about."""
    grid, word = work.scene.grid, work.picture.bits // 2
    read = min(1.0, 1.2 * grid.cells.height / grid.document.height) * 2 * 16 * 4  # the atlas, twice while it is made
    return int(grid.document.width * (_RASTER + 3 * word) + sum(c.width for c in work.canvases) * (2 * word + read))


def _strip(work: _Work, bounds: Bounds) -> Page:
    """Refine one strip."""
    scene, picture, put = work.scene, work.picture, work.picture.device.put
    xs = scene.grid.columns(np.arange(bounds.width, dtype=np.int32))
    ys = scene.grid.rows(np.arange(bounds.y, bounds.bottom, dtype=np.int32))
    columns = np.clip(np.floor(xs), 0, scene.grid.cells.width - 1).astype(np.int64)
    lines = np.clip(np.floor(ys), 0, scene.grid.cells.height - 1).astype(np.int64)
    words = picture.rows(bounds.y, bounds.bottom)
    asked = words if work.guide is picture else work.guide.rows(bounds.y, bounds.bottom)
    places = Places(put(lines), put(columns), work.slots)
    strip = _Strip(bounds, words, asked, Atlas(work.models, xs, ys), places, Page(picture, work.canvases, bounds))
    base, depth = places.over(work.slots.base), places.over(work.slots.depth)
    alpha = None if picture.opaque else picture.channel(words, 3)
    whole = None if alpha is None else alpha == picture.scale
    _copy_solid(strip, base, depth == 0 if alpha is None else (depth == 0) & (alpha > 0))
    for place in range(work.slots.highest_in(lines)):
        work.progress.check()
        _hide(work, strip, place, base, whole)
    for deep in work.slots.depths_in(lines):
        if deep == 0:
            continue
        here = depth == deep
        points = where_true(here if whole is None else here & whole)
        for at in points.split(max(1, work.room // (BYTES[0] + BYTES[1] * (deep + 1)))):
            work.progress.check()
            _refine_points(work, strip, at, deep)
        if whole is not None and alpha is not None:
            points = where_true(here & ~whole & (alpha > 0))
            for at in points.split(max(1, work.room // (BYTES[0] + BYTES[1] * (deep + 1)))):
                _refine_translucent(work, strip, at, deep)
    return strip.page


def _copy_solid(strip: _Strip, base: Tensor, pure: Tensor) -> None:
    """Where one solid layer is all that one sees it has the document's pixels, alpha included."""
    for place, part in enumerate(strip.page.parts):
        rows, columns = part.shift(0, -strip.bounds.y).slices
        mine = (base[rows, columns] == place) & pure[rows, columns]
        strip.page.part(place).copy_(torch.where(mine, strip.words[rows, columns], 0))


def _hide(work: _Work, strip: _Strip, place: int, base: Tensor, whole: Tensor | None) -> None:
    """What lies below solid layers, alone or among others: the engine's own alpha and colour, enlarged, with the grain
    of the layer's visible parts."""
    part = strip.page.parts[place].shift(0, -strip.bounds.y)
    below = base[part.slices] > place
    chosen = where_true(below if whole is None else below & whole[part.slices])
    scale = work.picture.scale
    for at in chosen.split(max(1, work.room // _HIDDEN)):
        row, column = split(at, part.width)
        row, column = row + part.y, column + part.x
        (alpha, edge), rough = strip.atlas.hidden(place, row, column)
        expected = sharpened(alpha, edge) if place else torch.ones_like(alpha)
        covered = strip.atlas.covered(place, row, column)
        if covered is not None:
            expected = expected * sharpened(*covered)
        colour = (strip.atlas.fill(place, row, column) * scale).clamp(0, scale)
        if work.models.grained[place]:
            colour = colour + rough * grain(row + strip.bounds.y, column, place) * scale
        colour = torch.round(colour).clamp(0, scale)
        words = work.picture.pack(_levels(expected, scale, snap=not work.scene.trusted), colour)
        strip.page.write(place, row, column, words)


def _levels(alpha: Tensor, scale: int, *, snap: bool) -> Tensor:
    if snap:
        alpha = torch.where(alpha < SNAP, 0.0, torch.where(alpha > 1 - SNAP, 1.0, alpha))
    return torch.round(alpha.clamp(0, 1) * scale)


def _refine_points(work: _Work, strip: _Strip, at: Tensor, deep: int) -> None:
    """Unmix opaque pixels of one depth, make them exact, write them."""
    picture, scale = work.picture, work.picture.scale
    target = picture.levels(pick(strip.words.reshape(-1), at))
    asked = target if strip.asked is strip.words else picture.levels(pick(strip.asked.reshape(-1), at))
    points = strip.places.points(at, asked * (1 / scale), deep)
    parts, weights = _unmixed(work, strip, points, target)
    together = where_true(((weights > 0) & (weights < 1)).any(0))
    if together.numel():
        few = parts.some(together)
        project(few, pick(target, together), work.scene.arithmetic, scale)
        parts.put_back(few, together)
    if work.scene.covers is not None:
        _uncover(work, strip, parts, points, weights)
    for layer, share, colour in zip(points.layers, parts.alpha, parts.colour, strict=True):
        strip.page.write(layer, points.row, points.column, picture.pack(share, colour))


def _unmixed(work: _Work, strip: _Strip, points: Points, target: Tensor) -> tuple[Parts, Tensor]:
    """The layers at some pixels that show `target` (3, n), not exact yet, and how much one sees of each."""
    scale = work.picture.scale
    alpha, spread = (given if work.scene.trusted else unmix)(points, strip.atlas)
    alpha = _levels(alpha, scale, snap=not work.scene.trusted)
    weights = visible(alpha, scale)
    parts = Parts(alpha, target.expand(len(alpha), 3, -1).clone(), spread)
    # Who is seen alone keeps the document's colour; who is not seen alone starts from what the engine imagined.
    other = (alpha > 0) & (weights < 1)
    some = where_true(other.any(0))
    if some.numel():
        _imagine(parts, points, strip.atlas, other, some, scale)
    return parts, weights


def _imagine(parts: Parts, points: Points, atlas: Atlas, other: Tensor, some: Tensor, scale: int) -> None:
    """The engine's colours for the slots marked in `other` (slots, n) of the pixels `some`."""
    row, column = pick(points.row, some), pick(points.column, some)
    few, marked = pick(parts.colour, some), pick(other, some)
    for slot, layer in enumerate(pick(points.layers, some)):
        fill = torch.round((atlas.fill(layer, row, column) * scale).clamp(0, scale))
        few[slot] = torch.where(marked[slot], fill, few[slot])
    parts.colour.index_copy_(2, some, few)


def _uncover(work: _Work, strip: _Strip, parts: Parts, points: Points, weights: Tensor) -> None:
    """What nobody sees has its own alpha, not its share of what is there."""
    scale = work.picture.scale
    for slot, layer in enumerate(points.layers):
        covered = strip.atlas.covered(layer, points.row, points.column)
        if covered is not None:
            own = _levels(parts.alpha[slot] * sharpened(*covered) * (1 / scale), scale, snap=not work.scene.trusted)
            parts.alpha[slot] = torch.where(weights[slot] == 0, own, parts.alpha[slot])


def _refine_translucent(work: _Work, strip: _Strip, at: Tensor, deep: int) -> None:
    """Unmix translucent pixels of one depth here; they are few, so NumPy makes them exact."""
    picture, scale, array = work.picture, work.picture.scale, work.picture.device.array
    words = pick(strip.words.reshape(-1), at)
    target = picture.levels(words)
    points = strip.places.points(at, target * (1 / scale), deep)
    made, _ = _unmixed(work, strip, points, target)
    everywhere = np.arange(at.numel())
    parts = [
        Part(slot, everywhere, *(np.array(array(one[slot])) for one in (made.alpha, made.colour, made.spread)))
        for slot in range(deep + 1)
    ]
    cover = np.array(array(picture.channel(words, 3)), np.float32)
    below = [np.zeros((2, at.numel()), np.float32)]
    for layer in points.layers[:-1]:
        covered = strip.atlas.covered(layer, points.row, points.column)
        below.append(below[0] if covered is None else np.array(array(torch.stack([sharpened(*covered), covered[1]]))))
    show(
        parts,
        below,
        np.array(array(target)),
        cover,
        work.scene.arithmetic,
        scale,
    )
    put = picture.device.put
    for layer, part in zip(points.layers, parts, strict=True):
        strip.page.write(layer, points.row, points.column, picture.pack(put(part.alpha), put(part.colour)))
