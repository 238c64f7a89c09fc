"""Pictures to look at: an overview of designs, and per design the truth beside the prediction.

Law: draws; measures nothing. `python -m tests.bench.sheets --half tuning --count 24 --out DIR` makes the overview.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .designs import Design, load

Cell = tuple[str, NDArray[np.uint8]]


def checkered(rgba: NDArray[np.uint8], side: int) -> Image.Image:
    """An RGB or RGBA picture fitted into a square cell, on a checkerboard where it is transparent."""
    image = Image.fromarray(rgba).convert("RGBA")
    image.thumbnail((side, side), Image.Resampling.BOX)
    y, x = np.mgrid[0 : image.height, 0 : image.width]
    board = np.where((x // 8 + y // 8) % 2, 135, 160).astype(np.uint8)
    base = Image.fromarray(np.stack([board] * 3, -1)).convert("RGBA")
    return Image.alpha_composite(base, image).convert("RGB")


def grid(rows: Sequence[Sequence[Cell]], side: int = 220) -> Image.Image:
    """Rows of labelled cells."""
    columns = max(map(len, rows))
    sheet = Image.new("RGB", (columns * (side + 6), len(rows) * (side + 20)), (60, 63, 70))
    draw = ImageDraw.Draw(sheet)
    for r, row in enumerate(rows):
        for c, (label, pixels) in enumerate(row):
            sheet.paste(checkered(pixels, side), (c * (side + 6), r * (side + 20) + 16))
            draw.text(
                (c * (side + 6) + 2, r * (side + 20) + 2),
                label.encode("latin-1", "replace").decode("latin-1"),
                fill=(255, 255, 255),
            )
    return sheet


def overview(designs: Iterable[Design], columns: int = 6, side: int = 300) -> Image.Image:
    """Many designs at a glance."""
    cells = [(f"{design.name} ({len(design.layers)})", design.image) for design in designs]
    return grid([cells[i : i + columns] for i in range(0, len(cells), columns)], side)


def comparison(
    design: Design, predicted: Sequence[Cell], scores: Sequence[float | None], columns: int = 8
) -> Image.Image:
    """Picture and true layers (with the IoU each got) above, predicted layers below."""
    truth: list[Cell] = [(design.name, design.image)]
    for layer, score in zip(design.layers, scores, strict=True):
        truth.append((f"{layer.role} {'' if score is None else f'{score:.2f}'} {layer.name}"[:36], layer.rgba))
    rows = [cells[i : i + columns] for cells in (truth, list(predicted)) for i in range(0, len(cells), columns)]
    return grid(rows)


def main() -> None:
    """Draw the overview of one half."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--half", choices=["tuning", "unseen"], default="tuning")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    overview(load(chosen.half, chosen.count)).save(chosen.out / f"overview-{chosen.half}.png")


if __name__ == "__main__":
    main()
