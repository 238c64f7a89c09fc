"""The operations as verbs, written once for both shells.

Law: from arguments to params; waits for nothing. `perform` is the shell's: it blocks, or is to be awaited.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from layerlift.client.orders import Edges, TextGrouping
from layerlift.client.payload import Picture
from layerlift.progress import Progress
from layerlift.wire.params import Drawing
from layerlift.wire.values import Operation, Param

R = TypeVar("R", covariant=True)
"""What a verb returns: a LayerStack, or something to await that gives one."""


class Operating(Generic[R]):
    """The verbs that make layers. A `picture` is a Document, a file's path, or None where a finished job (`source`) is
    worked on. Their common arguments: `engine` (None: the server's choice), `drawing` (how a model draws), `progress`
    (cancelling it cancels the job), `verify` (each layer against its SHA-256), `drop` (the server forgets the result
    once we have it). They raise InputError, RequestError, EngineError, Cancelled, ServerError."""

    @abstractmethod
    def perform(
        self,
        operation: Operation,
        picture: Picture | None = None,
        params: Mapping[str, Param] | None = None,
        *,
        mask: NDArray[np.uint8] | None = None,
        engine: str | None = None,
        drawing: Drawing | None = None,
        progress: Progress | None = None,
        verify: bool = True,
        drop: bool = True,
    ) -> R:
        """Any operation: `params` as docs/protocol.md has them, None for what is not said; how to draw may be given as
        `drawing`. What the other verbs do in the end: send, wait, fetch, forget."""

    def decompose(
        self,
        picture: Picture | None = None,
        *,
        engine: str | None = None,
        layers: int | None = None,
        what: str | None = None,
        text_grouping: TextGrouping = "block",
        edges: Edges = "fast",
        seed: int = 0,
        drawing: Drawing | None = None,
        source: str | None = None,
        layer: int | None = None,
        progress: Progress | None = None,
        verify: bool = True,
        drop: bool = True,
    ) -> R:
        """`layerlift.decompose`, done by the server; or one `layer` of the finished job `source` taken apart further,
        its parts in its place. With `drop` the server forgets the result once we have it."""
        params = {"layers": layers, "what": what, "text": text_grouping, "source": source, "layer": layer}
        if edges != "fast":  # older servers know nothing else, and refuse the word
            params["edges"] = edges
        how = drawing or Drawing(seed=seed)
        return self.perform(
            "decompose", picture, params, engine=engine, drawing=how, progress=progress, verify=verify, drop=drop
        )

    def edit(
        self,
        picture: Picture | None,
        prompt: str,
        *,
        alpha: Literal["keep", "matte"] = "keep",
        source: str | None = None,
        layer: int | None = None,
        engine: str | None = None,
        drawing: Drawing | None = None,
        progress: Progress | None = None,
        verify: bool = True,
        drop: bool = True,
    ) -> R:
        """The picture changed by words, as one layer; or all layers of the finished job `source` with one changed:
        `layer`, or the one that the words speak of. `alpha`: its outline is kept, or found anew."""
        params = {"prompt": prompt, "alpha": alpha, "source": source, "layer": layer}
        return self.perform(
            "edit", picture, params, engine=engine, drawing=drawing, progress=progress, verify=verify, drop=drop
        )

    def generate(
        self,
        prompt: str,
        width: int | None = None,
        height: int | None = None,
        *,
        start: Picture | None = None,
        strength: float | None = None,
        layers: int | None = None,
        engine: str | None = None,
        drawing: Drawing | None = None,
        progress: Progress | None = None,
        verify: bool = True,
        drop: bool = True,
    ) -> R:
        """A new picture from words, of `width` × `height` or over `start` (`strength` 0 leaves it, 1 forgets it). With
        `layers` it comes taken apart (0: into as many as there are things)."""
        params = {"prompt": prompt, "width": width, "height": height, "strength": strength, "layers": layers}
        return self.perform(
            "generate", start, params, engine=engine, drawing=drawing, progress=progress, verify=verify, drop=drop
        )

    def inpaint(
        self,
        picture: Picture | None,
        *,
        mask: NDArray[np.uint8] | None = None,
        selection: str | None = None,
        prompt: str | None = None,
        feather: int = 0,
        source: str | None = None,
        engine: str | None = None,
        drawing: Drawing | None = None,
        progress: Progress | None = None,
        verify: bool = True,
        drop: bool = True,
    ) -> R:
        """One layer that fills the selection with what `prompt` says, or with what is around it: `mask` (height, width)
        uint8, 255 is selected, or a polygon "x,y x,y x,y"."""
        params = {"prompt": prompt, "feather": feather, "selection": selection, "source": source}
        return self.perform(
            "inpaint",
            picture,
            params,
            mask=mask,
            engine=engine,
            drawing=drawing,
            progress=progress,
            verify=verify,
            drop=drop,
        )

    def extend(
        self,
        picture: Picture | None,
        *,
        left: int = 0,
        top: int = 0,
        right: int = 0,
        bottom: int = 0,
        prompt: str | None = None,
        source: str | None = None,
        engine: str | None = None,
        drawing: Drawing | None = None,
        progress: Progress | None = None,
        verify: bool = True,
        drop: bool = True,
    ) -> R:
        """One layer that continues the picture by so many pixels at each side, on the larger canvas: the picture's
        corner lies at (`left`, `top`) in it."""
        params = {"left": left, "top": top, "right": right, "bottom": bottom, "prompt": prompt, "source": source}
        return self.perform(
            "extend", picture, params, engine=engine, drawing=drawing, progress=progress, verify=verify, drop=drop
        )

    def harmonise(
        self,
        picture: Picture | None,
        *,
        mask: NDArray[np.uint8] | None = None,
        selection: str | None = None,
        prompt: str | None = None,
        source: str | None = None,
        engine: str | None = None,
        drawing: Drawing | None = None,
        progress: Progress | None = None,
        verify: bool = True,
        drop: bool = True,
    ) -> R:
        """One layer of corrections that makes one picture of parts. The selection, if any, says what was put in."""
        params = {"prompt": prompt, "selection": selection, "source": source}
        return self.perform(
            "harmonise",
            picture,
            params,
            mask=mask,
            engine=engine,
            drawing=drawing,
            progress=progress,
            verify=verify,
            drop=drop,
        )
