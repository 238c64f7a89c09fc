"""What the page's worker computes, against the library's own arithmetic."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL.ImageCms import ImageCmsProfile, createProfile
from playwright.sync_api import Page

from core.imaging.profiles import wide_rgb
from layerlift.imaging.arithmetic import composite
from layerlift.imaging.colour import to_srgb8
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Layer, LayerStack, Role

DECODE = """
const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const numbers = (text, depth) => (depth === 16 ? new Uint16Array(bytes(text).buffer) : bytes(text));
"""


def stack(depth: int, *, opaque: bool) -> LayerStack:
    """Layers of random pixels at random places, some hanging out of the canvas, one translucent as a whole."""
    random = np.random.default_rng(depth)
    full, dtype = (65535, np.uint16) if depth == 16 else (255, np.uint8)
    layers = []
    for index, (x, y, width, height) in enumerate([(0, 0, 61, 43), (5, 6, 20, 20), (-7, 30, 40, 20), (50, -3, 30, 30)]):
        pixels = random.integers(0, full + 1, (height, width, 4)).astype(dtype)
        pixels[..., 3] *= (random.random((height, width)) > 0.3).astype(dtype)
        if index == 0 and opaque:
            pixels[..., 3] = full
        opacity = 0.5 if index == 2 else 1.0
        layers.append(Layer(f"{index}", Role.GRAPHIC, Bounds(x, y, width, height), pixels, opacity))
    return LayerStack(Extent(61, 43), tuple(layers))


def sent(pixels: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(pixels).tobytes()).decode()


def said(layers: LayerStack) -> dict[str, Any]:
    def bounds(layer: Layer) -> dict[str, int]:
        return {name: getattr(layer.bounds, name) for name in ("x", "y", "width", "height")}

    parts = [{"bounds": bounds(one), "opacity": one.opacity, "pixels": sent(one.pixels)} for one in layers.layers]
    return {"width": layers.extent.width, "height": layers.extent.height, "depth": layers.depth, "layers": parts}


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("opaque", [True, False])
def test_layers_put_together_are_what_krita_shows(workshop: Page, depth: int, opaque: bool) -> None:
    layers = stack(depth, opaque=opaque)
    answer = workshop.evaluate(
        f"""async (stack) => {{ {DECODE}
            const {{ Composite }} = await import("/static/pixels/over.js");
            const whole = new Composite(stack.width, stack.height, stack.depth);
            for (const {{ pixels, bounds, opacity }} of stack.layers) {{
                whole.lay(numbers(pixels, stack.depth), bounds, opacity);
            }}
            return Array.from(whole.pixels); }}""",
        said(layers),
    )
    expected = composite(layers, "krita")
    ours = np.array(answer, expected.dtype).reshape(expected.shape)
    seen = expected[..., 3] > 0
    apart = np.abs(ours.astype(int) - expected)[seen]
    # float64 there, float32 here: a half may fall the other way
    assert apart.max() <= 1
    assert (apart > 0).mean() < 0.005
    assert not ours[~seen].any()


@pytest.mark.parametrize("depth", [8, 16])
def test_reduced_layers_are_means_on_the_documents_grid(workshop: Page, depth: int) -> None:
    layer = stack(depth, opaque=False).layers[2]
    x, y, width, height = (getattr(layer.bounds, name) for name in ("x", "y", "width", "height"))
    factor, full = 3, 255 if depth == 8 else 65535
    answer = workshop.evaluate(
        f"""async ([pixels, bounds, depth, factor]) => {{ {DECODE}
            const {{ reduce }} = await import("/static/pixels/reduce.js");
            const small = reduce(numbers(pixels, depth), bounds, factor);
            return {{ bounds: small.bounds, data: Array.from(small.data) }}; }}""",
        [sent(layer.pixels), {"x": x, "y": y, "width": width, "height": height}, depth, factor],
    )
    left, top = x // factor, y // factor
    columns, rows = -(-(x + width) // factor) - left, -(-(y + height) // factor) - top
    assert answer["bounds"] == {"x": left, "y": top, "width": columns, "height": rows}
    canvas = np.zeros((rows * factor, columns * factor, 4))
    inside = layer.pixels.astype(float)
    inside[..., :3] *= inside[..., 3:]
    canvas[y - top * factor :, x - left * factor :][:height, :width] = inside
    sums = canvas.reshape(rows, factor, columns, factor, 4).sum(axis=(1, 3))
    alpha = sums[..., 3:]
    colour = np.divide(sums[..., :3], alpha, out=np.zeros_like(sums[..., :3]), where=alpha > 0)
    expected = np.concatenate([colour, alpha / factor**2], axis=-1) * (255 / full)
    assert np.abs(np.array(answer["data"]).reshape(expected.shape) - expected).max() <= 0.5 + 1e-6


def test_the_difference_is_found_where_it_is(workshop: Page) -> None:
    """One pixel of 7 levels in a cell of 4 × 4, one of 1 in another: both are kept, and counted."""
    pixels = np.full((10, 14, 4), 200, np.uint8)
    pixels[..., 3] = 255
    other = pixels.copy()
    other[9, 13, 1] -= 7
    other[0, 5, 2] += 1
    answer = workshop.evaluate(
        f"""async ([ours, theirs]) => {{ {DECODE}
            const {{ Composite }} = await import("/static/pixels/over.js");
            const {{ Difference }} = await import("/static/pixels/difference.js");
            const whole = new Composite(14, 10, 8);
            whole.lay(bytes(ours), {{ x: 0, y: 0, width: 14, height: 10 }});
            const found = new Difference(whole, 4);
            const data = bytes(theirs);
            found.strip(data.subarray(0, 6 * 56), 0, 6);
            found.strip(data.subarray(6 * 56), 6, 4);
            return {{ summary: found.summary(), cells: Array.from(found.cells), width: found.width }}; }}""",
        [sent(pixels), sent(other)],
    )
    cells = np.array(answer["cells"]).reshape(-1, answer["width"])
    expected = np.zeros((3, 4), int)
    expected[2, 3], expected[0, 1] = 7, 1
    assert (cells == expected).all()
    assert answer["summary"] == {"max": 7, "changed": pytest.approx(2 / 140)}


def test_colours_are_shown_as_the_profile_means_them(workshop: Page) -> None:
    """An Adobe-RGB-like document: the table that the browser gave, against LittleCMS."""
    pixels = np.random.default_rng(1).integers(40, 200, (40, 50, 4)).astype(np.uint8)
    pixels[..., :3] = pixels[..., :1] * 0.7 + pixels[..., :3] * 0.3  # muted: mostly inside sRGB
    pixels[:, :9] = pixels[0, 0]
    pixels[5, :, 3] = 0
    icc = wide_rgb()
    answer = workshop.evaluate(
        f"""async ([pixels, icc]) => {{ {DECODE}
            const {{ convert, tableFor }} = await import("/static/pixels/profile.js");
            const data = new Uint8ClampedArray(bytes(pixels));
            convert(data, await tableFor(bytes(icc)));
            return Array.from(data); }}""",
        [sent(pixels), base64.b64encode(icc).decode()],
    )
    ours, expected = np.array(answer).reshape(pixels.shape), to_srgb8(pixels, icc).astype(int)
    seen = pixels[..., 3] > 0
    assert np.abs(expected - pixels)[seen].max() > 8, "the profile changes too little to test anything"
    inside = seen & (expected[..., :3].min(axis=-1) > 8)  # not clipped, nor interpolated beside what is
    assert inside.mean() > 0.5
    assert np.abs(ours - expected)[inside].max() <= 3
    assert np.abs(ours - expected)[seen].max() <= 6
    assert (ours[~seen] == pixels[~seen]).all()


def test_srgb_and_broken_profiles_change_nothing(workshop: Page) -> None:
    tables = workshop.evaluate(
        f"""async (profiles) => {{ {DECODE}
            const {{ tableFor }} = await import("/static/pixels/profile.js");
            return Promise.all(profiles.map(async (icc) => (await tableFor(bytes(icc))) === null)); }}""",
        [base64.b64encode(icc).decode() for icc in (ImageCmsProfile(createProfile("sRGB")).tobytes(), b"no profile")],
    )
    assert tables == [True, True]


def test_big_documents_are_shown_small(workshop: Page) -> None:
    """24 megapixels with ten full-size layers: reduced until both limits hold, and never more than needed."""
    factors = workshop.evaluate(
        """async () => {
            const { factorFor, SHOWN_BYTES, SHOWN_PIXELS } = await import("/static/pixels/reduce.js");
            const full = { width: 6000, height: 4000 };
            const factors = [factorFor(6000, 4000, [full]), factorFor(6000, 4000, Array(10).fill(full))];
            return [...factors, factorFor(1200, 800, [full]), SHOWN_PIXELS, SHOWN_BYTES];
        }"""
    )
    one, ten, small, most_pixels, most_bytes = factors
    assert small == 1
    assert 24e6 / one**2 <= most_pixels < 24e6 / (one - 1) ** 2
    assert 10 * 4 * 24e6 / ten**2 <= most_bytes < 10 * 4 * 24e6 / (ten - 1) ** 2


def test_a_big_stack_goes_through_the_worker_reduced_and_is_measured_whole(workshop: Page) -> None:
    """6.1 megapixels, a background and a square, 40 levels off at one pixel: shown at 1 : 2, measured at 1 : 1."""
    found = workshop.evaluate(
        """async () => {
            const { Darkroom } = await import("/static/pixels/darkroom-door.js");
            const [width, height] = [2551, 2400];
            const solid = (w, h, colour) => new Uint8Array(new Uint32Array(w * h).fill(colour).buffer);
            const layers = [
                { bounds: { x: 0, y: 0, width, height }, colour: 0xff406080 },
                { bounds: { x: 2401, y: 1201, width: 101, height: 51 }, colour: 0xff2030a0 },
            ].map((layer, index) => ({ ...layer, index, depth: 8, opacity: 1 }));
            const shown = [];
            const room = new Darkroom({ width, height, depth: 8, layers }, (picture) => shown.push(picture));
            const canvas = new OffscreenCanvas(width, height);
            const context = canvas.getContext("2d");
            for (const { index, bounds, colour, ...rest } of layers) {
                const [r, g, b] = [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
                context.fillStyle = `rgb(${r} ${g} ${b})`;
                context.fillRect(bounds.x, bounds.y, bounds.width, bounds.height);
                const pixels = solid(bounds.width, bounds.height, colour);
                if (index === 1) pixels[4 * (50 * 101 + 100)] -= 40;
                const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", pixels));
                const digest = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
                const sink = room.sink({ index, bounds, digest, ...rest });
                sink.open(pixels.length);
                const half = pixels.length / 2;
                for (const from of [0, half]) sink.write(from, pixels.slice(from, from + half));
            }
            await room.developed;
            const { summary } = await room.compare(await canvas.convertToBlob());
            const { bitmap } = await room.amplify(255);
            const map = new OffscreenCanvas(bitmap.width, bitmap.height);
            const read = map.getContext("2d", { willReadFrequently: true });
            read.drawImage(bitmap, 0, 0);
            const lit = (x, y) => read.getImageData(x, y, 1, 1).data[0] > 100;
            const wrong = await room.compare(new Blob(["no picture"])).catch(() => "unreadable");
            room.close();
            const places = shown.map(({ bounds, bitmap: picture }) => [bounds, picture.width, picture.height]);
            return { factor: room.factor, summary, places, lit: [lit(1250, 625), lit(1249, 625), lit(0, 0)], wrong };
        }"""
    )
    assert found["factor"] == 2
    assert found["summary"] == {"max": 40, "changed": pytest.approx(1 / (2551 * 2400))}
    assert found["places"] == [
        [{"x": 0, "y": 0, "width": 1276, "height": 1200}, 1276, 1200],
        [{"x": 1200, "y": 600, "width": 51, "height": 26}, 51, 26],
    ]
    assert found["lit"] == [True, False, False]
    assert found["wrong"] == "unreadable"


def test_a_damaged_layer_is_not_shown(workshop: Page) -> None:
    said = workshop.evaluate(
        """async () => {
            const { Darkroom } = await import("/static/pixels/darkroom-door.js");
            const layer = { index: 0, bounds: { x: 0, y: 0, width: 2, height: 2 }, depth: 8, opacity: 1 };
            const shown = [];
            const stack = { width: 2, height: 2, depth: 8, layers: [layer] };
            const room = new Darkroom(stack, (picture) => shown.push(picture));
            const sink = room.sink({ ...layer, digest: "0".repeat(64) });
            sink.open(16);
            sink.write(0, new Uint8Array(16));
            const reason = await room.developed.catch((error) => error.message);
            room.close();
            return [reason, shown.length];
        }"""
    )
    assert said == ["a layer arrived damaged", 0]
