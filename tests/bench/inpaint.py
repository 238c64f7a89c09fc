"""How well holes are filled: ours against Telea, Navier–Stokes and the plain membrane, in one run.

    python tests/bench/inpaint.py [--sheets FOLDER] [--side 1000]

For every ground (photos, textures, gradients, flat designs with edges, JPEGs of those) and every hole (text, blob,
large object) the table gives, inside the hole: L1 (0–1), PSNR (dB), the error of the gradient statistics (|ln| of the
ratio of mean gradient lengths: 0 is as sharp as the truth, 1.1 is three times too soft), the gradient along the rim
over that of the truth (1: no seam), and CPU seconds on one thread per megapixel. Truth is what was under the hole, so
L1 rewards means: read it together with the gradients, and look at the sheets.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from layerlift.engines.quick.filling import inpaint
from layerlift.engines.quick.filling.membrane import harmonic

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]
PHOTOS = ("astronaut", "coffee", "chelsea", "rocket")
TEXTURES = ("grass", "brick", "gravel")


def telea(image: Image, hole: Mask) -> Image:
    return _opencv(image, hole, cv2.INPAINT_TELEA)


def navier_stokes(image: Image, hole: Mask) -> Image:
    return _opencv(image, hole, cv2.INPAINT_NS)


def _opencv(image: Image, hole: Mask, flag: int) -> Image:
    eight = np.rint(image * 255).astype(np.uint8)
    return cv2.inpaint(eight, hole.astype(np.uint8), 5, flag).astype(np.float32) / 255


METHODS: dict[str, Callable[[Image, Mask], Image]] = {
    "telea": telea,
    "ns": navier_stokes,
    "membrane": harmonic,
    "ours": inpaint.fill,
}


def grounds(side: int) -> Iterator[tuple[str, str, Image]]:
    for name in PHOTOS:
        yield "photo", name, _sized(getattr(data, name)(), side)
    for name in TEXTURES:
        yield "texture", name, _sized(np.dstack([getattr(data, name)()] * 3), side)
    for name, picture in designs(side, side * 3 // 4):
        kind = "gradient" if name in ("flat", "linear", "radial") else "design"
        yield kind, name, picture
        eight = np.rint(picture[..., ::-1] * 255).astype(np.uint8)
        noisy = cv2.imdecode(cv2.imencode(".jpg", eight, [cv2.IMWRITE_JPEG_QUALITY, 90])[1], cv2.IMREAD_COLOR)
        yield kind + " jpeg", name, (noisy[..., ::-1].astype(np.float32) / 255)


def _sized(picture: NDArray[np.uint8], side: int) -> Image:
    scale = side / max(picture.shape[:2])
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255


def designs(width: int, height: int) -> Iterator[tuple[str, Image]]:
    """Eight-bit flat and gradient grounds, some with edges that a hole must not break."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    u, v = x / width, y / height
    one = np.ones_like(u)
    mix = lambda t, a, b: t[..., None] * np.float32(a) + (1 - t[..., None]) * np.float32(b)  # noqa: E731
    yield "flat", _eight(np.dstack([0.2 * one, 0.5 * one, 0.7 * one]))
    yield "linear", _eight(mix(0.6 * u + 0.4 * v, (0.9, 0.3, 0.2), (0.1, 0.2, 0.5)))
    yield "radial", _eight(mix(np.clip(1 - np.hypot(u - 0.4, v - 0.5), 0, 1), (1.0, 0.9, 0.7), (0.2, 0.3, 0.6)))
    horizon = np.clip((y - 0.55 * height) + 0.5, 0, 1)
    yield "horizon", _eight(mix(horizon, (0.15, 0.3, 0.2), (0.8, 0.85, 0.95)))
    tilted = np.clip(x - 0.3 * y - 0.4 * width + 0.5, 0, 1)
    yield "panel", _eight(mix(tilted, (0.95, 0.8, 0.2), (0.1, 0.1, 0.3)))
    stripes = np.clip((np.sin((x + 0.6 * y) * 0.11) * 8) + 0.5, 0, 1)
    yield "stripes", _eight(mix(stripes, (0.9, 0.2, 0.3), (1.0, 0.95, 0.9)))
    dots = np.clip(9 - np.hypot(x % 48 - 24, y % 48 - 24) + 0.5, 0, 1)
    yield "dots", _eight(mix(dots, (0.1, 0.4, 0.4), (0.95, 0.9, 0.8)))


def _eight(picture: Image) -> Image:
    return (np.rint(picture * 255) / 255).astype(np.float32)


def holes(height: int, width: int) -> Iterator[tuple[str, Mask]]:
    text = np.zeros((height, width), np.uint8)
    for line, words in enumerate(("Summer sale", "fifty per cent", "everything")):
        at = (int(0.12 * width), int((0.3 + 0.2 * line) * height))
        cv2.putText(text, words, at, cv2.FONT_HERSHEY_DUPLEX, width / 420, 1, max(2, width // 150), cv2.LINE_8)
    yield "text", cv2.dilate(text, np.ones((5, 5), np.uint8)) > 0
    blob = np.zeros((height, width), np.uint8)
    cv2.ellipse(blob, (int(0.68 * width), int(0.32 * height)), (width // 9, height // 8), 20, 0, 360, 1, -1)
    yield "blob", blob > 0
    # A standing figure: head, trunk, legs that reach the lower border.
    figure = np.zeros((height, width), np.uint8)
    cv2.circle(figure, (int(0.4 * width), int(0.32 * height)), height // 11, 1, -1)
    trunk = [(0.4, 0.36), (0.52, 0.5), (0.5, 0.75), (0.49, 1.0), (0.32, 1.0), (0.31, 0.75), (0.28, 0.5)]
    cv2.fillPoly(figure, [np.array([(a * width, b * height) for a, b in trunk], np.int32)], 1)
    yield "figure", figure > 0


def measure(truth: Image, result: Image, hole: Mask) -> tuple[float, float, float, float]:
    """L1, PSNR, gradient-statistics error, rim step."""
    difference = (result - truth)[hole]
    psnr = -10 * np.log10(max(float(np.mean(difference**2)), 1e-9))
    inner = cv2.erode(hole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    lengths = [float(_slope(p)[inner].mean()) + 0.2 / 255 for p in (result, truth)]
    rim = hole & ~inner
    steps = [float(_slope(p)[rim].mean()) + 0.2 / 255 for p in (result, truth)]
    return float(np.abs(difference).mean()), psnr, abs(float(np.log(lengths[0] / lengths[1]))), steps[0] / steps[1]


def _slope(picture: Image) -> Image:
    grey = picture.mean(2)
    return np.hypot(np.gradient(grey, axis=0), np.gradient(grey, axis=1)).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--side", type=int, default=1000)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    rows: dict[tuple[str, str, str], list[tuple[float, ...]]] = {}
    for kind, name, truth in grounds(arguments.side):
        if arguments.only not in f"{kind} {name}":
            continue
        for shape, hole in holes(*truth.shape[:2]):
            shown = [np.where(hole[..., None], np.float32([1, 0, 1]), truth)]
            for method, function in METHODS.items():
                holed = np.where(hole[..., None], np.float32([1, 0, 1]), truth).astype(np.float32)
                begun = time.process_time()
                result = function(holed, hole)
                seconds = time.process_time() - begun
                figures = (*measure(truth, result, hole), seconds / (hole.size / 1e6))
                rows.setdefault((kind, shape, method), []).append(figures)
                if method in ("telea", "ours"):
                    shown.append(result)
                if method == "ours":
                    print(f"{kind:14s}{name:12s}{shape:8s}{hole.mean():6.1%}", *(f"{f:8.3f}" for f in figures))
            if arguments.sheets:
                arguments.sheets.mkdir(parents=True, exist_ok=True)
                sheet = np.rint(np.clip(np.hstack(shown), 0, 1)[..., ::-1] * 255).astype(np.uint8)
                cv2.imwrite(str(arguments.sheets / f"{kind}_{name}_{shape}.png".replace(" ", "_")), sheet)
    print(f"\n{'ground':15s}{'hole':8s}{'method':10s}{'L1':>8s}{'PSNR':>8s}{'gradient':>9s}{'rim':>8s}{'s/MP':>8s}")
    for (kind, shape, method), values in rows.items():
        l1, psnr, gradient, rim, seconds = np.mean(values, 0)
        print(f"{kind:15s}{shape:8s}{method:10s}{l1:8.4f}{psnr:8.2f}{gradient:9.3f}{rim:8.2f}{seconds:8.2f}")


if __name__ == "__main__":
    main()
