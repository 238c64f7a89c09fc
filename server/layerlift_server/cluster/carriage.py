"""Files to a place in the cluster and layers back, in pieces that any object store can hold.

Law: knows orders' and results' files and how to call a place; no Ray, no queue. The server's folder is filled exactly
as the worker next door fills it: a layer's file gets its name when it is whole, `result.json` comes last and in one
move. What a place says is not trusted with a name: files are named by this side.
"""

from __future__ import annotations

import dataclasses
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from layerlift_server.cluster.place import PIECE
from layerlift_server.worker import manifest, messages

Call = Callable[..., Any]
"""`call(method, *arguments)` calls a method of a place and answers its result. Raises what the pool raises."""


class Lost(Exception):
    """A file is not there, or not as long as was said."""


def shared(call: Call, folder: Path) -> bool:
    """Whether the place sees the server's `folder` as its own (one computer, or a shared disk)."""
    secret, token = secrets.token_hex(16), folder / f".cluster-{secrets.token_hex(8)}"
    try:
        token.write_text(secret)
        return bool(call("shares", str(token), secret))
    except OSError:
        return False
    finally:
        with suppress(OSError):
            token.unlink(missing_ok=True)


def send(call: Call, order: messages.Operate, wanted: Callable[[], bool]) -> messages.Operate:
    """Bring the order's files to the place; the order as the place must hear it. Stops early, with whatever is there,
    once it is not `wanted` any more: the place then hears a cancel first. Raises OSError."""
    room = call("room", order.run)
    changed: dict[str, Any] = {"folder": _within(room, "result")}
    if order.upload is not None:
        changed["upload"] = _within(room, "upload")
        _send(call, Path(order.upload), changed["upload"], wanted)
    if order.source is not None:
        changed["source"] = _within(room, "source")
        for path in _result_files(Path(order.source)):
            _send(call, path, _within(changed["source"], path.name), wanted)
    return dataclasses.replace(order, **changed)


def fetch_layer(call: Call, layer: messages.Layer, there: str, here: Path) -> None:
    """One whole layer into the server's folder. Raises OSError, Lost."""
    name = manifest.layer_file(layer.layer.index)
    here.mkdir(mode=0o700, exist_ok=True)
    if not _fetch(call, _within(there, name), here / name, layer.layer.size, whole=True):
        raise Lost(f"layer {layer.layer.index} is not there")
    if (native := layer.layer.native) is not None:
        name = manifest.native_file(layer.layer.index)
        if not _fetch(call, _within(there, name), here / name, native.size, whole=True):
            raise Lost(f"layer {layer.layer.index} is not there in its own numbers")


def fetch_rest(call: Call, there: str, here: Path) -> None:
    """What else belongs to a result, its description last. Raises OSError, Lost."""
    _fetch(call, _within(there, manifest.PROFILE), here / manifest.PROFILE, _MOST_PROFILE)
    if not _fetch(call, _within(there, manifest.RESULT), here / manifest.RESULT, _MOST_DESCRIPTION):
        raise Lost("the result has no description")


_MOST_DESCRIPTION = 64 << 20
"""Bytes of a result's description: 64 layers with a page of text each have 7 MB."""
_MOST_PROFILE = 64 << 20
"""Bytes of a colour profile that are taken back: more than uploads may have."""


def _result_files(folder: Path) -> list[Path]:
    """A finished result's own files, not what was exported beside them."""
    names = [manifest.RESULT, manifest.PROFILE]
    return [folder / name for name in names if (folder / name).exists()] + sorted(folder.glob("layer-*.rgba"))


def _send(call: Call, path: Path, there: str, wanted: Callable[[], bool]) -> None:
    with path.open("rb") as file:
        offset = 0
        while wanted() and ((data := file.read(PIECE)) or offset == 0):
            call("take", there, offset, data)
            offset += len(data)
            if not data:
                break


def _fetch(call: Call, there: str, here: Path, most: int, *, whole: bool = False) -> bool:
    """The file `there` as `here`, put in place when it is whole; False if there is none. It has at most so many bytes;
    `whole`: exactly so many."""
    part, length = here.with_name(f"{here.name}.part"), 0
    with part.open("wb", buffering=0) as file:
        while piece := call("give", there, length):
            length += len(piece)
            if length > most:
                raise Lost(f"{here.name} is longer than {most} bytes")
            view = memoryview(piece)
            while view:
                view = view[file.write(view) :]
        if piece is not None and here.name == manifest.RESULT:
            os.fsync(file.fileno())
    if piece is None:
        part.unlink()
        return False
    if whole and length != most:
        raise Lost(f"{here.name} has {length} bytes instead of {most}")
    part.replace(here)
    return True


def _within(folder: str, name: str) -> str:
    """A path on the other computer, whatever its system is."""
    flavour = PureWindowsPath if "\\" in folder or folder[1:2] == ":" else PurePosixPath
    return str(flavour(folder) / name)
