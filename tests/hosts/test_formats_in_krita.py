"""Our files in the real Krita: it shows the picture, with the layers where they belong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.imaging.profiles import wide_rgb
from hosts.conftest import Ask
from hosts.stacks import distance, flat, poster, random_stack
from layerlift.formats import write
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.colour import to_srgb8
from layerlift.imaging.geometry import Bounds
from layerlift.imaging.layer import LayerStack, Pixels

CASES: dict[str, LayerStack] = {
    **{f"opaque{seed}": random_stack(seed) for seed in range(3)},
    "deep": random_stack(3, 16),
    "transparent": random_stack(4, opaque=False),
    "deep transparent": random_stack(5, 16, opaque=False),
    "wide gamut": random_stack(6, icc=wide_rgb()),
    "wide gamut deep": random_stack(7, 16, icc=wide_rgb()),
    "poster": poster(),
}
FORMATS = ("psd", "psb", "ora")

Shown = dict[tuple[str, str], tuple[Pixels, dict[str, Any]]]


@pytest.fixture(scope="module")
def shown(krita: Ask, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """All files through one start of Krita: its first takes half a minute."""
    folder = tmp_path_factory.mktemp("shown")
    pairs: list[Path] = []
    for name, stack in CASES.items():
        for kind in FORMATS:
            write(stack, folder / f"{name}.{kind}")
            pairs += [folder / f"{name}.{kind}", folder / f"{name}.{kind}.raw"]
    krita("krita_show", *pairs)
    found: Shown = {}
    for name in CASES:
        for kind in FORMATS:
            about = json.loads((folder / f"{name}.{kind}.raw.json").read_text("utf-8"))
            dtype = np.uint16 if about["depth"] == "U16" else np.uint8
            raw = np.fromfile(folder / f"{name}.{kind}.raw", dtype)
            width, height = about["size"]
            found[name, kind] = raw.reshape(height, width, 4)[..., [2, 1, 0, 3]], about
    return found


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_krita_shows_the_picture(shown: Shown, name: str, kind: str) -> None:
    stack = CASES[name]
    picture, about = shown[name, kind]
    assert tuple(about["size"]) == tuple(stack.extent)
    if kind == "ora" and (stack.depth == 16 or stack.icc is not None):
        # Krita 5.1 opens an ORA as an 8-bit sRGB document whatever its PNGs are (docs/formats.md): every translucent
        # layer is converted and rounded.
        assert picture.dtype == np.uint8
        seen = [replace(layer, pixels=to_srgb8(layer.pixels, stack.icc)) for layer in stack.layers]
        away = np.abs(picture.astype(int) - flat(replace(stack, layers=tuple(seen))))
        assert away[picture[..., 3] == 255].mean() < 0.5
        return
    # Krita keeps straight colour between layers and rounds it each time. Over something solid that stays within a
    # level; where many translucent layers lie over nothing it can reach two.
    levels = 2 if "transparent" in name else 1
    assert distance(picture, flat(stack)) <= levels * (1 if stack.depth == 8 else 257)


@pytest.mark.parametrize("name", CASES)
def test_our_arithmetic_is_kritas(shown: Shown, name: str) -> None:
    """Not within a level: the same numbers, where the picture has no half-transparent pixel at the bottom."""
    stack = CASES[name]
    picture, _ = shown[name, "psd"]
    assert distance(picture, composite(stack, "krita")) <= (0 if "transparent" not in name and stack.depth == 8 else 1)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_layers_keep_name_place_and_group(shown: Shown, name: str, kind: str) -> None:
    stack = CASES[name]
    _, about = shown[name, kind]
    (top,) = about["layers"]
    assert (top["name"], top["passes"]) == (stack.name, False)
    found = list(leaves(top["children"], ()))
    assert [(layer["name"], path) for layer, path in found] == [(layer.name, layer.group) for layer in stack.layers]
    for (layer, _), wanted in zip(found, stack.layers, strict=True):
        assert layer["opacity"] == round(wanted.opacity * 255)
        # Krita reports the bounds of what is there, which may be less than what was given, never more.
        b = Bounds(*layer["bounds"])
        assert b.empty or wanted.bounds.union(b) == wanted.bounds


def test_profiles_arrive(shown: Shown) -> None:
    for kind in ("psd", "psb"):
        assert shown["wide gamut", kind][1]["profile"] == "Wide test RGB"
        assert shown["wide gamut deep", kind][1]["profile"] == "Wide test RGB"
        assert shown["deep", kind][1]["profile"] == "sRGB"


def leaves(nodes: list[dict[str, Any]], path: tuple[str, ...]) -> Any:
    for node in nodes:
        if "children" in node:
            yield from leaves(node["children"], (*path, node["name"]))
        else:
            yield node, path
