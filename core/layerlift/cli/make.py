"""Who takes pictures apart for `layerlift decompose`: this process, or a server.

Law: one door (`maker`) with the same promise on both sides: a picture in, a LayerStack out, LayerliftErrors alike.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeAlias

from layerlift import engines
from layerlift.cli.pictures import Wanted
from layerlift.decomposition import check, decompose
from layerlift.engines.port import Sampling
from layerlift.formats import picture
from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Document, LayerStack
from layerlift.imaging.resample import reduce
from layerlift.progress import Progress

Make: TypeAlias = Callable[[Wanted, Progress], LayerStack]


@contextmanager
def maker(arguments: argparse.Namespace) -> Iterator[Make]:
    """Whoever was asked for. Raises what is wrong for every picture: RequestError, EngineUnavailable, ServerError."""
    if arguments.server is None:
        yield _here(arguments)
        return
    from layerlift.cli.server.ask import connected

    with connected(arguments.server) as client:

        def make(wanted: Wanted, progress: Progress) -> LayerStack:
            """A file goes up as it is (it is smaller than its pixels), unless we have to reduce it first."""
            source = wanted.path
            if source is None or arguments.max_size is not None:
                progress.stage("Reading", 0.0)
                return _ask(client, _document(wanted, arguments.max_size), arguments, progress)
            return _ask(client, source, arguments, progress)

        yield make


def _here(arguments: argparse.Namespace) -> Make:
    engine = engines.get(arguments.engine or engines.DEFAULT)
    check(engine.info, arguments.layers)

    def make(wanted: Wanted, progress: Progress) -> LayerStack:
        progress.stage("Reading", 0.0)
        document = _document(wanted, arguments.max_size)
        return decompose(
            document,
            engine=engine,
            layers=arguments.layers,
            what=arguments.what,
            text_grouping=arguments.text,
            sampling=Sampling(**drawing(arguments)),
            edges=arguments.edges,
            progress=progress.part(0.05, 1.0),
        )

    return make


def _ask(client: Any, picture: Document | Path, arguments: argparse.Namespace, progress: Progress) -> LayerStack:
    """The same wishes in a server's words."""
    params = {"layers": arguments.layers, "what": arguments.what, "text": arguments.text, **drawing(arguments)}
    said = {name: value for name, value in params.items() if value is not None}
    if arguments.edges != "fast":  # older servers know nothing else, and refuse the word
        said["edges"] = arguments.edges
    result: LayerStack = client.perform("decompose", picture, said, engine=arguments.engine, progress=progress)
    return result


def drawing(arguments: argparse.Namespace) -> dict[str, Any]:
    """How to draw, as it was typed: what `Sampling` and a server's params call the same."""
    return {name: getattr(arguments, name) for name in (field.name for field in fields(Sampling))}


def _document(wanted: Wanted, max_size: int | None) -> Document:
    document = picture.read(wanted.path or sys.stdin.buffer, name=None if wanted.path else "Picture")
    side = max(document.extent)
    if max_size is None or side <= max_size:
        return document
    scale = max_size / side
    extent = Extent(*(max(1, round(length * scale)) for length in document.extent))
    (w, h), (rw, rh) = document.extent, extent
    note = f"The picture was reduced from {w} × {h} to {rw} × {rh} pixels, as --max-size asks."
    return replace(document, pixels=reduce(document.pixels, extent), notes=(*document.notes, note))
