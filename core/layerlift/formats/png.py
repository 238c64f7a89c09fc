"""A folder of PNG files, or the same as a zip, with stack.json: everything a LayerStack knows, for any program.

Law: the only format that loses nothing: read(write(stack)) equals the stack in every field. Bottom layer first.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from layerlift.errors import InputError
from layerlift.formats import archive, atomic, filenames, manifest, pngcodec
from layerlift.imaging.layer import Layer, LayerStack, Pixels
from layerlift.progress import Progress

_PROFILE = "profile.icc"


def write(stack: LayerStack, path: Path, progress: Progress, zipped: bool = False) -> None:
    """Write `stack` as the folder `path` or as the zip `path`. Raises OutputError, Cancelled."""
    if not zipped:
        with atomic.replacing_folder(path) as folder:
            for name, data in _files(stack, progress):
                (folder / name).write_bytes(data)
        return
    with atomic.replacing_file(path) as file, zipfile.ZipFile(file, "w") as packed:
        for name, data in _files(stack, progress):
            archive.put(packed, name, data, deflate=name == atomic.MANIFEST)


def read(path: Path) -> LayerStack:
    """The stack in the folder or zip `path`. Raises InputError."""
    if path.is_dir():
        return _assembled(lambda name: (path / name).read_bytes())
    with archive.opened(path) as packed:
        return _assembled(lambda name: archive.take(packed, name))


def _files(stack: LayerStack, progress: Progress) -> Iterator[tuple[str, bytes]]:
    """Every file of the stack; the manifest last, so that a folder with one is whole."""
    names = filenames.numbered([layer.name for layer in stack.layers], ".png")
    files = [None if layer.bounds.empty else name for name, layer in zip(names, stack.layers, strict=True)]
    progress.stage("Writing layers")
    for i, (file, layer) in enumerate(zip(files, stack.layers, strict=True)):
        if file is not None:
            yield file, pngcodec.encode(layer.pixels, stack.icc)
        progress.advance((i + 1) / len(files))
    if stack.icc is not None:
        yield _PROFILE, stack.icc
    yield atomic.MANIFEST, manifest.encode(stack, files, None if stack.icc is None else _PROFILE)


def _assembled(load: Callable[[str], bytes]) -> LayerStack:
    described = manifest.decode(_loaded(load, atomic.MANIFEST))
    archive.check_extent(*described.extent)
    return LayerStack(
        extent=described.extent,
        layers=tuple(_layer(load, found, described.depth) for found in described.entries),
        name=described.name,
        icc=None if described.icc is None else _loaded(load, described.icc),
        notes=described.notes,
        drift=described.drift,
    )


def _loaded(load: Callable[[str], bytes], name: str) -> bytes:
    # A description may come from anywhere: it names files beside itself, never a way out of its folder.
    if name in ("", ".", "..") or any(mark in name for mark in "/\\:\0"):
        raise InputError(f"The stack names a file outside its folder ({name!r}).", "Don't open it.")
    try:
        return load(name)
    except OSError as error:
        raise InputError(f"The stack's file {name!r} is missing.", "Write the stack again.") from error


def _layer(load: Callable[[str], bytes], found: manifest.Entry, depth: int) -> Layer:
    pixels = _pixels(load, found, depth)
    if pixels.shape[:2] != (found.bounds.height, found.bounds.width):
        raise InputError(f"The picture of layer {found.name!r} has not the size that it should.", "Write it again.")
    return Layer(
        name=found.name,
        role=found.role,
        bounds=found.bounds,
        pixels=pixels,
        opacity=found.opacity,
        blend_mode=found.blend_mode,
        group=found.group,
        text=found.text,
        confidence=found.confidence,
    )


def _pixels(load: Callable[[str], bytes], found: manifest.Entry, depth: int) -> Pixels:
    dtype = np.uint16 if depth == 16 else np.uint8
    if found.file is None:
        if not found.bounds.empty:
            raise InputError(f"Layer {found.name!r} has no picture.", "Write the stack again.")
        return np.zeros((found.bounds.height, found.bounds.width, 4), dtype)
    pixels, _ = pngcodec.decode(_loaded(load, found.file))
    return pngcodec.at_depth(pixels, depth)
