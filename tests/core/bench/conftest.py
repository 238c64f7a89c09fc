"""Stand-ins for the bench's packages: the generator is tested without fetching anything."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFont

from bench.assets import Assets, Face
from bench.designs import kit, lettering


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Assets:
    """A photo, a cut-out and Pillow's own font in place of the packages."""
    folder = tmp_path_factory.mktemp("stock")
    rng = np.random.default_rng(3)
    coarse = rng.integers(40, 215, (6, 8, 3)).astype(np.uint8)
    photo = folder / "photo.png"
    Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC).save(photo)
    y, x = np.mgrid[-1:1:200j, -1:1:200j]
    cutout = np.zeros((200, 200, 4), np.uint8)
    cutout[..., 0], cutout[..., 1], cutout[..., 2] = 90 + 80 * x, 140, 90 - 80 * y
    cutout[..., 3] = np.clip((0.9 - np.hypot(x, y)) * 400, 0, 255)
    path = folder / "cutout.png"
    Image.fromarray(cutout).save(path)
    face = Face(Path("built in"))
    faces = {use: [face] for use in ("display", "bold", "body", "script", "han")}
    return Assets(faces, [photo], [photo], [path], Path("built in"), tuple(range(ord("A"), ord("Z"))))


@pytest.fixture
def offline(stock: Assets, monkeypatch: pytest.MonkeyPatch) -> None:
    """The generator draws from the stand-ins."""
    sizes: dict[int, ImageFont.FreeTypeFont] = {}

    def face(_: Path, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        if size not in sizes:
            sizes[size] = ImageFont.load_default(size)  # type: ignore[assignment]
        return sizes[size]

    monkeypatch.setattr(kit, "_stock", lambda half: stock)
    monkeypatch.setattr(lettering, "face", face)
