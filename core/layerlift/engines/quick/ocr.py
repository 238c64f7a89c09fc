"""Reading: where text stands in a picture and what it says.

Law: the only file that imports rapidocr (and it does so late: importing this module costs nothing). It returns quads,
words and confidence, never pixels. Offline: the PP-OCRv6 "small" models lie in rapidocr's wheel and are named by path,
so that nothing is looked up, downloaded or written. The sessions are made once per process and guarded by a lock:
`recognise` may be called from any thread, one call runs at a time.
"""

from __future__ import annotations

import importlib.util
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from layerlift.engines.quick.letters.lines import reading_order, without_doubles
from layerlift.imaging.layer import Plane, TextLine

MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
FINE_PIXELS = 1_000_000
"""Pictures smaller than this are enlarged (at most ×2) before small text is looked for."""
COARSE_SIDE = 608
"""Longest side of the second, cheap look, which finds headlines higher than the detector's receptive field."""
COARSE_FROM = 120.0
"""Height in pixels from which a line of the coarse look is believed where the fine look saw nothing or pieces."""
LEAST_SIDE = 64
"""The detector wants at least this many pixels per side: thinner pictures are padded by repeating their border."""
LEAST_HEIGHT = 6.0
"""Lines lower than this (in pixels) have no strokes left to separate."""
LEAST_CONFIDENCE = 0.6
"""Recognition below this is noise in photographs more often than text (PP-OCR's own default is 0.5)."""
LEAST_CONFIDENCE_OF_ONE = 0.8
"""A single character is easily imagined into a circle, a stick or a window: it must be read better than a word."""
CERTAIN = 0.8
"""Lines read worse than this are read upside down as well. (rapidocr's direction classifier turns upright lines of
little contrast, and costs more than it finds.)"""
SHAPES = "O0oQI1l|/\\-一口日〇ロ丨。·•"
"""Characters that circles, sticks and boxes are taken for: alone, they must be certain."""
LEAST_CONFIDENCE_OF_SHAPE = 0.97
MOST_TURN_OF_ONE = 30.0
"""Degrees: a lone character that stands further askew is a cup, a wheel or a face."""
SYMBOLS = "&%$€£¥@#?!+"
"""Marks that people set as text on their own; any other lone mark (◆, →, ★) is an ornament, left to the shapes."""

Quad: TypeAlias = NDArray[np.float32]
_lock = threading.Lock()


@lru_cache(maxsize=2)
def _reader(threads: int) -> Any:
    from rapidocr import RapidOCR

    folder = _models()
    if folder is None:
        raise FileNotFoundError("rapidocr's models")
    params: dict[str, Any] = {f"{part}.model_path": str(folder / file) for part, file in MODELS.items()}
    params |= {
        "Global.log_level": "critical",
        "Global.use_preprocess_img": False,
        "Global.use_vertical_padding": False,
        "Det.limit_type": "max",
        "Det.limit_side_len": 1 << 20,
        "EngineConfig.onnxruntime.intra_op_num_threads": threads,
    }
    return RapidOCR(params=params)


def _models() -> Path | None:
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "models"
    return folder if all((folder / file).is_file() for file in MODELS.values()) else None


def missing() -> str | None:
    """A sentence with its remedy when text cannot be read here, else None. Cheap: loads no model."""
    if _models() is not None:
        return None
    return "The text reader (rapidocr with its models) is not installed. Run: pip install --force-reinstall rapidocr"


def recognise(image: Plane, *, threads: int = -1) -> list[TextLine]:
    """The lines of text in `image` (h, w, 3) float32 0–1 sRGB, in reading order; [] when there are none.

    Quads are in the picture's pixels, clockwise from the line's own top left; `threads` bounds the sessions' threads
    (−1: all cores). Raises FileNotFoundError where `missing()` is not None.
    """
    height, width = image.shape[:2]
    if min(height, width) < LEAST_HEIGHT or max(height, width) < 2 * LEAST_HEIGHT:
        return []
    picture = np.ascontiguousarray(np.rint(np.clip(image[..., ::-1], 0, 1) * 255).astype(np.uint8))
    with _lock:
        reader = _reader(threads)
        lines = _read(reader, picture, _quads(reader, picture))
    return reading_order(without_doubles([line for line in lines if _plausible(line)]))


def _plausible(line: TextLine) -> bool:
    written = "".join(line.content.split())
    letters = sum(character.isalnum() for character in written)
    if line.height < LEAST_HEIGHT or not any(c.isalnum() or c in SYMBOLS for c in written):
        return False
    if letters <= 1 and abs(line.angle) > MOST_TURN_OF_ONE:
        return False
    if all(character in SHAPES for character in written):
        return line.confidence >= LEAST_CONFIDENCE_OF_SHAPE
    return line.confidence >= (LEAST_CONFIDENCE if letters > 1 else LEAST_CONFIDENCE_OF_ONE)


def _quads(reader: Any, picture: NDArray[np.uint8]) -> list[Quad]:
    """Quads of both looks; doubles are told apart later, when it is known how well each can be read."""
    height, width = picture.shape[:2]
    scale = float(np.clip((FINE_PIXELS / (height * width)) ** 0.5, 1, 2))
    quads = _detect(reader, picture, scale)
    coarse = COARSE_SIDE / max(height, width)
    if coarse < 0.75 * scale:
        quads += [quad for quad in _detect(reader, picture, coarse) if _height(quad) > COARSE_FROM]
    return quads


def _detect(reader: Any, picture: NDArray[np.uint8], scale: float) -> list[Quad]:
    height, width = picture.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    seen = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    below, beside = max(0, LEAST_SIDE - size[1]), max(0, LEAST_SIDE - size[0])
    seen = cv2.copyMakeBorder(seen, 0, below, 0, beside, cv2.BORDER_REPLICATE)
    found = reader(seen, use_det=True, use_cls=False, use_rec=False).boxes
    if found is None:
        return []
    limits = np.array([width - 1, height - 1], np.float32)
    factors = np.array([width / size[0], height / size[1]], np.float32)
    return [np.clip(np.asarray(quad, np.float32) * factors, 0, limits) for quad in found]


def _height(quad: Quad) -> float:
    return float(min(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[1] - quad[0])))


def _read(reader: Any, picture: NDArray[np.uint8], quads: list[Quad]) -> list[TextLine]:
    quads = [_along(quad) for quad in quads if _height(quad) >= 3]
    if not quads:
        return []
    crops = [_upright(picture, quad) for quad in quads]
    read = reader.recognize_txt(crops)
    best = [(str(text), float(score), quad) for text, score, quad in zip(read.txts, read.scores, quads, strict=True)]
    doubtful = [k for k, (_, score, _) in enumerate(best) if score < CERTAIN]
    if doubtful:
        again = reader.recognize_txt([np.ascontiguousarray(crops[k][::-1, ::-1]) for k in doubtful])
        for k, text, score in zip(doubtful, again.txts, again.scores, strict=True):
            if float(score) > best[k][1] + 0.1:
                best[k] = str(text), float(score), np.roll(quads[k], 2, axis=0)
    return [TextLine(text.strip(), tuple((float(x), float(y)) for x, y in quad), score) for text, score, quad in best]


def _along(quad: Quad) -> Quad:
    """The quad's corners from the line's own top left: a tall one is read downwards (rapidocr turns it likewise)."""
    across, along = np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[1] - quad[0])
    return np.roll(quad, -1, axis=0) if across >= 1.5 * along else quad


def _upright(picture: NDArray[np.uint8], quad: Quad) -> NDArray[np.uint8]:
    width = max(2, round(float(np.linalg.norm(quad[1] - quad[0]))))
    height = max(2, round(float(np.linalg.norm(quad[3] - quad[0]))))
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad, flat)
    crop = cv2.warpPerspective(picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return crop.astype(np.uint8, copy=False)
