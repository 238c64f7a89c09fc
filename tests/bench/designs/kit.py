"""What a layout reaches for: a half's fonts, photos, cut-outs, icons, palette and copy, drawn by one random generator.

Law: knows assets and the scene's vocabulary; knows no layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeVar

import cv2
import numpy as np
from PIL import Image

from ..assets import Assets, Half, assets
from . import lettering
from .paints import F32, Colour, Paint, cropped
from .scene import Scene, Shadow, Unfair, lab
from .words import PALETTES, WORDS, Words

T = TypeVar("T")
Box = tuple[int, int, int, int]
Use = Literal["display", "bold", "body", "script", "han"]


def colour(code: str) -> Colour:
    """`#rrggbb` as numbers."""
    return (int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16))


@lru_cache(maxsize=4)
def _stock(half: Half) -> Assets:
    return assets(half)


@lru_cache(maxsize=6)
def _photo(path: Path) -> F32:
    image: Image.Image = Image.open(path)
    image.thumbnail((2000, 2000))
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, (236, 238, 242, 255))
    image = Image.alpha_composite(white, image).convert("RGB")
    return np.asarray(image, np.float32)


class Kit:
    """One design's choices. Every draw goes through `rng`, so a design is its half and its seed."""

    def __init__(self, half: Half, rng: np.random.Generator) -> None:
        self.rng = rng
        self.stock = _stock(half)
        self.words: Words = WORDS[half]
        codes = [colour(code) for code in self.one(PALETTES[half])]
        self.ground, self.dark, self.light = codes[0], codes[-2], codes[-1]
        self.accents = [codes[1:5][i] for i in rng.permutation(4)]
        self.faces = {use: self.one(faces).path for use, faces in self.stock.faces.items()}

    def one(self, items: Sequence[T]) -> T:
        """Any of them."""
        return items[int(self.rng.integers(len(items)))]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """Different ones."""
        return [items[int(i)] for i in self.rng.permutation(len(items))[:count]]

    def chance(self, share: float) -> bool:
        """True that often."""
        return bool(self.rng.random() < share)

    def between(self, low: float, high: float) -> float:
        """A number in a range."""
        return float(self.rng.uniform(low, high))

    def scenery(self, height: int, width: int) -> F32:
        """A photo without a subject, or a texture, cut to size."""
        return cropped(_photo(self.one(self.stock.scenery)), height, width, self.rng)

    def photo(self, height: int, width: int) -> F32:
        """Any photo, cut to size."""
        pool = self.stock.photos + self.stock.scenery[:6]
        return cropped(_photo(self.one(pool)), height, width, self.rng, zoom=1.1)

    def cutout(self, longest: float, tilt: float = 0.0) -> F32:
        """A subject with its true alpha, (h, w, 4) straight 0–255, its longest side about `longest` pixels."""
        image = Image.open(self.one(self.stock.cutouts)).convert("RGBA")
        image = image.crop(image.getchannel("A").point(lambda a: 255 * (a > 4)).getbbox())
        scale = min(longest / max(image.size), 2.2)
        image = _premultiplied_resize(image, scale)
        if self.chance(0.5):
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if tilt:
            image = image.rotate(self.between(-tilt, tilt), Image.Resampling.BICUBIC, expand=True)
        return np.asarray(image, np.float32)

    def subject(
        self, scene: Scene, cx: float, cy: float, longest: float, shadow: Shadow | None = None, tilt: float = 0
    ) -> Box:
        """Put a cut-out on the scene with its middle at (cx, cy), pushed inside the canvas where it would stick out."""
        rgba = self.cutout(min(longest, 0.92 * scene.width, 0.92 * scene.height), tilt)
        h, w = rgba.shape[:2]
        x = float(np.clip(cx - w / 2, 4, max(4, scene.width - w - 4)))
        y = float(np.clip(cy - h / 2, 4, max(4, scene.height - h - 4)))
        scene.picture("subject", "Subject", rgba, x, y, shadow)
        return round(x), round(y), w, h

    def contrasting(self, beneath: Colour, choices: Sequence[Colour], least: float = 30.0) -> Colour:
        """Any of the colours that stands out from `beneath`, or else the one that does most."""
        distance = [float(np.linalg.norm(lab(np.float32([c]))[0] - lab(np.float32([beneath]))[0])) for c in choices]
        good = [c for c, d in zip(choices, distance, strict=True) if d >= least]
        return self.one(good) if good else choices[int(np.argmax(distance))]

    def accent(self, beneath: Colour, least: float = 22.0) -> Colour:
        """An accent that stands out from `beneath`."""
        return self.contrasting(beneath, self.accents, least)

    def ink(self, beneath: Colour, colourful: float = 0.25) -> Colour:
        """A colour that can be read on `beneath`: far from it in lightness, not only in hue."""
        choices = [*self.accents, self.dark, self.light] if self.chance(colourful) else [self.dark, self.light]
        ground = lab(np.float32([beneath]))[0, 0]
        distance = [abs(float(lab(np.float32([c]))[0, 0] - ground)) for c in choices]
        good = [c for c, d in zip(choices, distance, strict=True) if d >= 38]
        return self.one(good) if good else choices[int(np.argmax(distance))]

    def write(
        self,
        scene: Scene,
        content: str,
        x: float,
        y: float,
        size: float,
        *,
        use: Use = "body",
        width: float | None = None,
        align: lettering.Align = "left",
        anchor: str = "lt",
        paint: Paint | None = None,
        leading: float = 1.3,
        tracking: float = 0.0,
        angle: float = 0.0,
        shadow: Shadow | None = None,
        outline: tuple[int, Colour] | None = None,
        opacity: float = 1.0,
        colourful: float = 0.25,
    ) -> Box:
        """Put text on the scene; `anchor` says which point of its ink lies at (x, y): l, c, r then t, m, b.

        Text with Chinese in it takes the half's Chinese face. Lines are broken at `width`. Returns the ink's box.
        """
        if any("\u4e00" <= letter <= "\u9fff" for letter in content):
            use = "han"
        font = lettering.face(self.faces[use], max(8, round(size)))
        lines = lettering.wrapped(content, font, width) if width else content.split("\n")
        plane = lettering.written(lines, font, align, leading, tracking)
        fat = lettering.written(lines, font, align, leading, tracking, outline[0]) if outline else None
        if angle:
            plane = lettering.rotated(plane, angle)
            fat = lettering.rotated(fat, angle) if fat is not None else None
        ink, _, _ = lettering.trimmed(plane)
        h, w = ink.shape
        x -= {"l": 0, "c": w / 2, "r": w}[anchor[0]]
        y -= {"t": 0, "m": h / 2, "b": h}[anchor[1]]
        if paint is None:
            paint = self.ink(scene.beneath(x, y, w, h), colourful)
        rim = (fat, outline[1]) if fat is not None and outline is not None else None
        return scene.text("\n".join(lines), plane, x, y, paint, shadow=shadow, outline=rim, opacity=opacity)

    def headline(self, scene: Scene, content: str, x: float, y: float, w: float, h: float, *, use: Use = "display",
                 align: lettering.Align = "left", largest: int = 220, **more: object) -> Box:  # fmt: skip
        """Put text on the scene as large as fits the box, at the box's top left, centre or right as aligned."""
        if any("\u4e00" <= letter <= "\u9fff" for letter in content):
            use = "han"
        size = lettering.fitted(self.faces[use], content, w, h, largest)
        at = {"left": x, "center": x + w / 2, "right": x + w}[align]
        return self.write(scene, content, at, y, size, use=use, align=align, anchor=f"{'lcr'['lcr'.index(align[0])]}t",
                          leading=more.pop("leading", 1.05), **more)  # type: ignore[arg-type] # fmt: skip

    def icon(
        self, scene: Scene, cx: float, cy: float, size: float, paint: Colour, shadow: Shadow | None = None
    ) -> None:
        """Put an icon on the scene: one glyph of the half's icon font, a graphic."""
        font = lettering.face(self.stock.icons, round(size))
        plane = lettering.written([chr(self.one(self.stock.icon_codes))], font)
        try:
            ink, _, _ = lettering.trimmed(plane)
        except ValueError as reason:
            raise Unfair(str(reason)) from None
        rgba = np.empty((*ink.shape, 4), np.float32)
        rgba[..., :3], rgba[..., 3] = paint, ink * 255
        scene.picture("graphic", "Icon", rgba, cx - ink.shape[1] / 2, cy - ink.shape[0] / 2, shadow)

    def calm(self, scene: Scene, w: float, h: float, places: int = 12) -> tuple[float, float]:
        """Where a text of about this size can be read: the quietest of some random places."""

        def noise(at: tuple[float, float]) -> float:
            x, y = int(at[0]), int(at[1])
            return float(scene.flat[y : y + int(h), x : x + int(w)].std(axis=(0, 1)).mean())

        xs = self.rng.uniform(0.04 * scene.width, max(0.05 * scene.width, 0.96 * scene.width - w), places)
        ys = self.rng.uniform(0.04 * scene.height, max(0.05 * scene.height, 0.96 * scene.height - h), places)
        return min(zip(xs.tolist(), ys.tolist(), strict=True), key=noise)

    def title(self, han: float = 0.25) -> str:
        """A headline, sometimes Chinese."""
        return self.one(self.words.han_titles if self.chance(han) else self.words.titles)

    def subline(self, han: float = 0.15) -> str:
        """A line under a headline."""
        return self.one(self.words.han_sublines if self.chance(han) else self.words.sublines)

    def prose(self, sentences: int, han: float = 0.15) -> str:
        """A few sentences."""
        if self.chance(han):
            return "".join(self.some(self.words.han_sentences, min(3, sentences)))
        return " ".join(self.some(self.words.sentences, sentences))

    def soft_shadow(self, share: float = 0.6) -> Shadow | None:
        """A drop shadow, that often: usually soft, sometimes hard."""
        if not self.chance(share):
            return None
        if self.chance(0.2):
            d = self.between(4, 9)
            return Shadow(d, d, 0.0, 1.0, self.dark)
        return Shadow(self.between(-3, 6), self.between(3, 12), self.between(4, 16), self.between(0.2, 0.5))


def _premultiplied_resize(image: Image.Image, scale: float) -> Image.Image:
    pixels = np.asarray(image, np.float32) / 255
    pixels[..., :3] *= pixels[..., 3:]
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    small = np.clip(small, 0, 1)
    alpha = small[..., 3:]
    np.divide(small[..., :3], alpha, out=small[..., :3], where=alpha > 0)
    return Image.fromarray((np.clip(small, 0, 1) * 255 + 0.5).astype(np.uint8))
