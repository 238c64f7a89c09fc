"""Random stacks that use everything a LayerStack can say, and what it means for two of them to be the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from layerlift.imaging.alpha import over, premultiply, to_float, to_integer, unpremultiply
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Drift, Layer, LayerStack, Pixels, Role, Text, TextLine

EXTENT = Extent(53, 37)
NAMES = (
    "Background",
    "日本語の層 🎨 " + "名" * 290,
    'a/b\\c:d*e?"<f>|g',
    "CON",
    "Ünïcode – “quotes” & <tags>",
    "العربية שלום",
    "…",
    "e\u0301 and é",
    "👩‍👩‍👧‍👦 family",
)
GROUPS: tuple[tuple[str, ...], ...] = ((), (), ("Tëxt",), ("Tëxt", "inner 内"), ("Tëxt",), ("Other",))
TEXT = Text(
    (
        TextLine("Grüße <&> 世界", ((10.5, 8.25), (40.0, 9.0), (39.75, 20.0), (10.25, 19.5)), 0.93),
        TextLine("second line 🎉", ((10, 22), (30, 22), (30, 30), (10, 30)), 0.125),
    ),
    (200, 3, 77),
)


def random_pixels(rng: np.random.Generator, bounds: Bounds, depth: int) -> Pixels:
    """Straight pixels whose alpha is often 0 and often full, as in real layers."""
    full = 255 if depth == 8 else 65535
    pixels = rng.integers(0, full + 1, (bounds.height, bounds.width, 4)).astype(np.uint8 if depth == 8 else np.uint16)
    kind = rng.integers(0, 3, pixels.shape[:2])
    pixels[..., 3] = np.where(kind == 0, 0, np.where(kind == 1, full, pixels[..., 3]))
    return pixels


def random_stack(
    seed: int = 0, depth: int = 8, extent: Extent = EXTENT, icc: bytes | None = None, opaque: bool = True
) -> LayerStack:
    """A stack with layers beyond the canvas, opacities, groups, text and names in many scripts."""
    rng = np.random.default_rng(seed)
    bottom = random_pixels(rng, Bounds.of(extent), depth)
    if opaque:
        bottom[..., 3] = 255 if depth == 8 else 65535
    layers = [Layer(NAMES[0], Role.BACKGROUND, Bounds.of(extent), bottom)]
    for i, group in enumerate(GROUPS, 1):
        width, height = (int(v) for v in rng.integers(1, 40, 2))
        bounds = Bounds(int(rng.integers(-20, 45)), int(rng.integers(-20, 30)), width, height)
        text = TEXT if i == 3 else None
        role = Role.TEXT if text else list(Role)[i % 4]
        opacity = 1.0 if i % 2 else float(rng.integers(0, 256)) / 255
        name = NAMES[1 + (seed + i) % (len(NAMES) - 1)]
        pixels = random_pixels(rng, bounds, depth)
        layers.append(Layer(name, role, bounds, pixels, opacity, "normal", group, text, i / 7))
    return LayerStack(
        extent, tuple(layers), "Pöster 名 <1>", icc, ("First note.", "Zweite."), Drift(0.1, 0.25, (0.5, 1 / 3))
    )


def poster(depth: int = 8) -> LayerStack:
    """A picture one can look at: gradient, soft disc, bar, all opaque at the bottom."""
    extent = Extent(320, 200)
    y, x = np.mgrid[0 : extent.height, 0 : extent.width].astype(np.float32)
    full = 255 if depth == 8 else 65535
    kind = np.uint8 if depth == 8 else np.uint16

    def layer(name: str, bounds: Bounds, colour: tuple[float, float, float], alpha: object, **more: object) -> Layer:
        pixels = np.empty((bounds.height, bounds.width, 4), kind)
        pixels[..., :3] = np.array(colour) * full
        pixels[..., 3] = np.clip(np.broadcast_to(alpha, pixels.shape[:2]), 0, 1) * full  # type: ignore[call-overload]
        return Layer(name, Role.GRAPHIC, bounds, pixels, **more)  # type: ignore[arg-type]

    ground = layer("Background", Bounds.of(extent), (1, 1, 1), 1)
    ground.pixels[..., 0] = x / extent.width * full
    ground.pixels[..., 1] = y / extent.height * full
    u, v = np.mgrid[0:140, 0:140].astype(np.float32) - 70
    disc = layer("Disc", Bounds(150, -30, 140, 140), (1, 0.9, 0.1), (68 - np.hypot(u, v)) / 20)
    bar = layer("Bar 帯", Bounds(-20, 120, 240, 50), (0.1, 0.1, 0.4), 1, opacity=128 / 255, group=("Shapes",))
    dot = layer("Dot", Bounds(40, 130, 30, 30), (1, 1, 1), 1, group=("Shapes", "Inner"))
    return LayerStack(extent, (ground, disc, bar, dot), "Poster")


def assert_same(found: LayerStack, wanted: LayerStack) -> None:
    """Every field of both stacks, pixels included."""
    assert found.extent == wanted.extent
    assert (found.name, found.icc, found.notes, found.drift) == (wanted.name, wanted.icc, wanted.notes, wanted.drift)
    assert len(found.layers) == len(wanted.layers)
    for f, w in zip(found.layers, wanted.layers, strict=True):
        bare = np.zeros((0, 0, 4), np.uint8)
        nowhere = Bounds(0, 0, 0, 0)
        assert vars(replace(f, pixels=bare, bounds=nowhere)) | {"pixels": 0} == vars(
            replace(w, pixels=bare, bounds=nowhere)
        ) | {"pixels": 0}
        assert f.bounds == w.bounds
        assert f.pixels.dtype == w.pixels.dtype
        assert np.array_equal(f.pixels, w.pixels)


def flat(stack: LayerStack) -> Pixels:
    """The composite by Porter–Duff in float, written out plainly: the oracle that shares no code with the exporters."""
    shape = (stack.extent.height, stack.extent.width, 4)
    picture = np.zeros(shape, np.float32)
    for layer in stack.layers:
        top = premultiply(to_float(layer.on(stack.extent))) * np.float32(layer.opacity)
        picture = over(top, picture)
    like = np.zeros(1, np.uint16 if stack.depth == 16 else np.uint8)
    return to_integer(unpremultiply(picture), like)


def distance(found: Pixels, wanted: Pixels) -> int:
    """Largest difference of two pictures in levels, colour counted as far as it is seen (times alpha)."""
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype
    full = 255 if found.dtype == np.uint8 else 65535
    f, w = found.astype(np.float64), wanted.astype(np.float64)
    for picture in (f, w):
        picture[..., :3] *= picture[..., 3:] / full
    return int(np.ceil(np.abs(f - w).max() - 1e-6))
