"""How fast, how large and with how much memory a PSD is written and read: ours, psd-tools, PhotoshopAPI.

Usage: python tests/bench/psd.py [SIDE] [LAYERS] [DEPTH]. Each library works in a process of its own; CPU seconds, wall
seconds and the peak of resident memory beyond what the layers themselves take. The layers: photographs with soft
alpha, half of each transparent, made from noise and gradients, so that nothing needs to be at hand.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

WRITERS = ("layerlift", "psd-tools", "photoshopapi")
READERS = ("layerlift", "psd-tools")


def layers(side: int, count: int, depth: int) -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    full = 255 if depth == 8 else 65535
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    made = []
    for i in range(count):
        pixels = np.empty((side, side, 4), np.uint8 if depth == 8 else np.uint16)
        for c in range(3):
            wave = 0.5 + 0.3 * np.sin(9 * x * (c + 1) + i) * np.cos(7 * y + c)
            noise = rng.standard_normal((side, side), np.float32) * 0.01
            pixels[..., c] = np.clip((wave + noise) * full, 0, full)
        radius = np.hypot(x - 0.5, y - 0.5)
        pixels[..., 3] = full if i == 0 else np.clip((0.4 - radius) * 80, 0, 1) * full
        pixels[pixels[..., 3] == 0] = 0
        made.append(pixels)
    return made


def write(library: str, pixels: list[np.ndarray[Any, Any]], path: Path) -> None:
    height, width = pixels[0].shape[:2]
    deep = pixels[0].dtype == np.uint16
    if library == "layerlift":
        from layerlift.formats import write as write_stack
        from layerlift.imaging.geometry import Bounds, Extent
        from layerlift.imaging.layer import Layer, LayerStack, Role

        made = [Layer(f"Layer {i}", Role.GRAPHIC, Bounds(0, 0, width, height), p) for i, p in enumerate(pixels)]
        write_stack(LayerStack(Extent(width, height), tuple(made)), path)
    elif library == "psd-tools":
        from PIL import Image
        from psd_tools import PSDImage
        from psd_tools.constants import Compression

        if deep:
            raise SystemExit("psd-tools writes no 16-bit layers")
        document = PSDImage.new("RGBA", (width, height))
        group = document.create_group(name="Picture")
        for i, p in enumerate(pixels):
            group.append(
                document.create_pixel_layer(Image.fromarray(p), name=f"Layer {i}", compression=Compression.RLE)
            )
        document.save(path)
    else:
        import photoshopapi as psapi

        name = "LayeredFile_16bit" if deep else "LayeredFile_8bit"
        kind = psapi.ImageLayer_16bit if deep else psapi.ImageLayer_8bit
        group_kind = psapi.GroupLayer_16bit if deep else psapi.GroupLayer_8bit
        file = getattr(psapi, name)(psapi.enum.ColorMode.rgb, width, height)
        group = group_kind("Picture")
        for i, p in enumerate(pixels):
            planes = {c - 4 * (c == 3): np.ascontiguousarray(p[..., c]) for c in range(4)}
            layer = kind(planes, f"Layer {i}", width=width, height=height, pos_x=width / 2, pos_y=height / 2)
            group.add_layer(file, layer)
        file.add_layer(group)
        file.write(str(path))


def read(library: str, path: Path) -> None:
    if library == "layerlift":
        from layerlift.formats import read as read_stack

        read_stack(path)
    else:
        from psd_tools import PSDImage

        for layer in PSDImage.open(path).descendants():
            if not layer.is_group():
                layer.numpy()


def child(verb: str, library: str, count: int, path: Path) -> None:
    pixels = [np.load(path.parent / f"{i}.npy") for i in range(count)] if verb == "write" else []
    before = resource.getrusage(resource.RUSAGE_SELF)
    held = sum(p.nbytes for p in pixels) / 2**20
    started = time.perf_counter()
    write(library, pixels, path) if verb == "write" else read(library, path)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = after.ru_maxrss / 1024
    print(json.dumps({"cpu": cpu, "wall": wall, "peak": peak, "held": held}))


def main() -> None:
    side, count, depth = (int(given or usual) for given, usual in zip_longest(sys.argv[1:4], (4096, 6, 8)))
    print(f"{count} RGBA layers of {side}×{side}, {depth} bit, in one group")
    print("| library | write s | CPU s | peak MB (layers included) | file MB | read s |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: a child's peak begins at its parent's, even across exec.
        made = [sys.executable, __file__, "make", str(side), str(count), str(depth), folder]
        subprocess.run(made, check=True)
        for library in WRITERS:
            path = Path(folder) / f"{library}.psd"
            arguments = [sys.executable, __file__, "child", library, str(count), str(path)]
            done = subprocess.run([*arguments, "write"], capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"| {library} | {done.stderr.strip().splitlines()[-1]} | | | | |")
                continue
            found = json.loads(done.stdout.splitlines()[-1])
            reading = "–"
            if library in READERS:
                again = subprocess.run([*arguments, "read"], capture_output=True, text=True, check=True)
                reading = f"{json.loads(again.stdout.splitlines()[-1])['wall']:.1f}"
            size = path.stat().st_size / 2**20
            print(
                f"| {library} | {found['wall']:.1f} | {found['cpu']:.1f} | {found['peak']:.0f} ({found['held']:.0f}) "
                f"| {size:.0f} | {reading} |"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"]:
        for i, pixels in enumerate(layers(*(int(a) for a in sys.argv[2:5]))):
            np.save(Path(sys.argv[5]) / f"{i}.npy", pixels)
        sys.exit()
    if sys.argv[1:2] == ["child"]:
        child(sys.argv[5], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    else:
        main()
