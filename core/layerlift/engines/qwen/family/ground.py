"""The plain colour that a layer is laid on while a model that knows no alpha edits it.

Law: colours and words only. The official demo always takes green; whoever lays a leaf on green cannot get it off again.
Here it is the colour farthest from what the layer shows and from what the prompt speaks of, out of nine that have a
name (the model is told to leave "the plain green background" alone, and must know what that is). Where several are
about as far, the first of the list is taken: green and blue are what films are keyed on, so the model has seen them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layerlift.imaging.layer import Plane

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Ground:
    """A plain colour (sRGB 0–255) with its `name` in English and Chinese, and the `words` that speak of it."""

    colour: Colour
    name: str
    chinese: str
    words: str


GROUNDS = (
    Ground((0, 255, 0), "green", "绿色", "green|grass|leaf|leaves|lime|emerald|绿|草|叶|翠"),
    Ground((0, 0, 255), "blue", "蓝色", "blue|navy|indigo|sapphire|denim|蓝|靛"),
    Ground((255, 0, 255), "magenta", "洋红色", "magenta|pink|purple|violet|fuchsia|lilac|粉|紫|洋红|玫"),
    Ground((0, 255, 255), "cyan", "青色", "cyan|turquoise|teal|aqua|sky|青|天蓝|湖蓝"),
    Ground((255, 255, 0), "yellow", "黄色", "yellow|gold|golden|blond|blonde|lemon|黄|金"),
    Ground((255, 0, 0), "red", "红色", "red|crimson|scarlet|ruby|orange|红|橙|橘"),
    Ground((255, 255, 255), "white", "白色", "white|snow|ivory|cream|silver|白|雪|银"),
    Ground((0, 0, 0), "black", "黑色", "black|dark|night|黑|暗|夜"),
    Ground((128, 128, 128), "grey", "灰色", "grey|gray|stone|concrete|灰|石"),
)
_NEARLY = 0.1
"""As far as the farthest, for our purposes (1 is the edge of the colour cube)."""
_STRAY = 0.02
"""Share of a layer's colours that may be nearer than the distance that is judged by: specks, JPEG's ringing."""
_SPOKEN = 0.3
"""How near a colour of which the prompt speaks is taken to come to the ground of its name."""
_SAMPLES = 20_000
_CHINESE = re.compile("[一-鿿]")


def ground_for(pixels: NDArray[np.uint8], prompt: str = "") -> Ground:
    """The ground for `pixels` (h, w, 4) straight RGBA that are about to be changed as `prompt` says.

    Distances are Euclidean in sRGB (0–1), over the pixels with alpha ≥ 1/4. An empty layer gets the first ground.
    """
    shown = pixels[pixels[..., 3] >= 64][:, :3]
    seen = shown[:: max(1, len(shown) // _SAMPLES)] * np.float32(1 / 255)
    distances = [_distance(ground, seen, prompt) for ground in GROUNDS]
    farthest = max(distances)
    return next(ground for ground, far in zip(GROUNDS, distances, strict=True) if far >= farthest - _NEARLY)


def _distance(ground: Ground, seen: Plane, prompt: str) -> float:
    colour = np.array(ground.colour, np.float32) / 255
    far = float(np.quantile(np.linalg.norm(seen - colour, axis=1), _STRAY)) if len(seen) else 2.0
    return min(far, _SPOKEN) if _speaks_of(ground, prompt) else far


def _speaks_of(ground: Ground, prompt: str) -> bool:
    """Whether a word of the prompt is one of the ground's: English words whole, Chinese anywhere."""
    english = "|".join(word for word in ground.words.split("|") if word.isascii())
    chinese = "|".join(word for word in ground.words.split("|") if not word.isascii())
    return bool(re.search(rf"\b(?:{english})(?:ish|s|en)?\b", prompt.lower()) or re.search(chinese, prompt))


def chinese(prompt: str) -> bool:
    """Whether there is a Chinese character in it."""
    return _CHINESE.search(prompt) is not None


def told(prompt: str, ground: Ground) -> str:
    """`prompt`, with the wish that the ground stay as it is, in the prompt's own language (Chinese or English)."""
    if chinese(prompt):
        return f"{prompt.rstrip()} 保持纯{ground.chinese}背景不变。"
    end = "" if prompt.rstrip().endswith((".", "!", "?")) else "."
    return f"{prompt.rstrip()}{end} Keep the plain {ground.name} background unchanged."
