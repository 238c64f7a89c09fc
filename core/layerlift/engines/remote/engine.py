"""The `remote` engine behind the Engine port.

Law: the port's methods and what they need of pictures; which server, how and how often is `pool`'s. What the layered
model answers is tidied, and layers are taken off a plain ground, by the very code that the local engine uses.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from functools import partial
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from layerlift.engines.port import (
    DecomposeRequest,
    EditRequest,
    EngineInfo,
    GenerateRequest,
    InpaintRequest,
    Operation,
)
from layerlift.engines.qwen import tidy
from layerlift.engines.qwen.family import canvas
from layerlift.engines.qwen.family.ground import ground_for, told
from layerlift.engines.qwen.family.matte import rematte
from layerlift.engines.remote import answers, orders
from layerlift.engines.remote.exchange import Answer
from layerlift.engines.remote.pool import Pool
from layerlift.engines.remote.settings import USUAL, Settings, Unusable
from layerlift.engines.remote.trouble import Kind, Trouble
from layerlift.errors import EngineUnavailable, RequestError
from layerlift.imaging.alpha import over, premultiply, to_float
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Drift, Layer, LayerStack, Role
from layerlift.progress import Progress

Picture = NDArray[np.uint8]
_DRAWN = 1024 * 1024
"""Working area of everything but decomposing."""
_MULTIPLE = 32
"""Of the sides that servers draw; they round others by themselves."""
_EDGES = 2.0
"""As the local engine has it: latents are eight pixels wide."""
_ALSO: Mapping[Operation, Operation] = {"edit": "harmonise", "inpaint": "extend"}
"""What else can be done by whoever can do that (`port`)."""


class RemoteEngine:
    """Lets servers do what a model does. `environ`: where its settings are read, each time anew."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._lock = threading.Lock()
        self._pool: tuple[Settings, Pool] | None = None

    @property
    def info(self) -> EngineInfo:
        """Opens no connection: `missing` is about settings; whether servers answer is seen when there is work."""
        named: set[Operation] = set(USUAL)
        missing = None
        try:
            endpoints = Settings.from_environment(self._environ).endpoints
            named = {name for endpoint in endpoints for name in endpoint.operations or USUAL}
        except Unusable as refusal:
            missing = str(refusal)
        able = named | {_ALSO[name] for name in named if name in _ALSO}
        return EngineInfo(
            name="remote",
            title="Remote (Qwen-Image on vLLM-Omni or SGLang)",
            operations=tuple(name for name in get_args(Operation) if name in able),
            working_pixels=orders.RESOLUTIONS[0] ** 2,
            max_layers=orders.MOST,
            edge_uncertainty=_EDGES,
            multiple=32,
            missing=missing,
            other_pixels={name: _DRAWN for name in get_args(Operation) if name != "decompose"},
            resolutions=orders.RESOLUTIONS,
        )

    def decompose(self, request: DecomposeRequest, progress: Progress) -> LayerStack:
        """The layered model's layers. Raises EngineUnavailable, EngineError, RequestError, Cancelled."""
        picture = canvas.on_white(request.image)
        extent = Extent(picture.shape[1], picture.shape[0])
        order = orders.decompose(request, picture)
        found, server = self._servers().do("decompose", order, partial(_layers, order, extent), progress)
        kept, remarks = tidy.tidy(found, picture)
        layers = tuple(_layer(one, extent) for one in kept)
        notes = (f"Taken apart by {server}.", *remarks)
        return LayerStack(extent, layers, notes=notes, drift=_drift(layers, picture, extent))

    def edit(self, request: EditRequest, progress: Progress) -> Picture:
        """The first picture, changed. A layer is laid on a plain ground and taken off again; where the model did not
        keep the ground, its former alpha stays. Raises EngineUnavailable, EngineError, InputError, RequestError,
        Cancelled."""
        if not request.images or not request.prompt.strip():
            raise RequestError(
                "There is nothing to edit, or no words to edit by.", "Say in a prompt what shall change."
            )
        first, others = request.images[0], [canvas.on_white(image) for image in request.images[1:]]
        if canvas.opaque(first):
            return canvas.with_alpha(self._edited(request, first[..., :3], others, request.prompt, progress))
        ground = ground_for(first, request.prompt)
        laid = canvas.over_plain(first, ground.colour)
        changed = self._edited(request, laid, others, told(request.prompt, ground), progress)
        matte = rematte(changed, ground.colour, first[..., 3])
        return matte.pixels if matte.trusted else canvas.with_alpha(changed, first[..., 3])

    def _edited(
        self, request: EditRequest, first: Picture, others: list[Picture], prompt: str, progress: Progress
    ) -> Picture:
        extent = canvas.extent_of(first)
        size = canvas.working(extent, request.sampling.resolution, _MULTIPLE)
        order = orders.edit(prompt, [canvas.placed(first, size), *others], request.sampling)
        return self._drawn("edit", order, size, extent, progress)

    def generate(self, request: GenerateRequest, progress: Progress) -> Picture:
        """A picture from words. Raises EngineUnavailable, EngineError, InputError, RequestError, Cancelled."""
        if request.start is not None:
            raise RequestError(
                "Remote servers draw from words alone, not over a picture.", "Edit the picture, or use the engine qwen."
            )
        size = canvas.working(request.extent, request.sampling.resolution, _MULTIPLE)
        order = orders.generate(request.prompt, size, request.sampling)
        return canvas.with_alpha(self._drawn("generate", order, size, request.extent, progress))

    def inpaint(self, request: InpaintRequest, progress: Progress) -> Picture:
        """The picture with its hole filled. Raises EngineUnavailable, EngineError, InputError, Cancelled."""
        image = canvas.on_white(request.image)
        extent = canvas.extent_of(image)
        size = canvas.working(extent, request.sampling.resolution, _MULTIPLE)
        mask = canvas.placed(request.mask, size)
        order = orders.inpaint(request.prompt, canvas.placed(image, size), mask, request.sampling)
        return canvas.with_alpha(self._drawn("inpaint", order, size, extent, progress))

    def _drawn(
        self, operation: Operation, order: orders.Order, size: Extent, extent: Extent, progress: Progress
    ) -> Picture:
        """One picture that was asked for at `size`, brought to `extent`: (h, w, 3)."""
        found, _ = self._servers().do(operation, order, partial(_one, order, size), progress)
        return canvas.back(found, extent)

    def _servers(self) -> Pool:
        """The pool for the settings as they are now. Raises EngineUnavailable."""
        try:
            settings = Settings.from_environment(self._environ)
        except Unusable as refusal:
            raise EngineUnavailable("The engine “remote” cannot run here.", str(refusal)) from refusal
        with self._lock:
            if self._pool is None or self._pool[0] != settings:
                self._pool = settings, Pool(settings)
            return self._pool[1]


def _layers(order: orders.Order, extent: Extent, answer: Answer) -> list[Picture]:
    """The layers in an answer, bottom → top, at `extent`. Raises Trouble."""
    found = answers.pictures(answer, order.pictures, order.area)
    if len({layer.shape for layer in found}) > 1:
        raise Trouble(Kind.GARBAGE, "its layers have different sizes")
    return [answers.sized(answers.shaped(layer, extent), extent) for layer in found]


def _one(order: orders.Order, extent: Extent, answer: Answer) -> Picture:
    """The one picture in an answer at `extent`, (h, w, 3). Raises Trouble."""
    [found] = answers.pictures(answer, 1, order.area)
    return np.ascontiguousarray(answers.sized(answers.shaped(found, extent), extent)[..., :3])


def _layer(kept: tidy.Kept, extent: Extent) -> Layer:
    name, role = ("Background", Role.BACKGROUND) if kept.place == 0 else (f"Layer {kept.place}", Role.SUBJECT)
    return Layer(name, role, Bounds.of(extent), kept.pixels, confidence=kept.confidence).cropped()


def _drift(layers: tuple[Layer, ...], picture: Picture, extent: Extent) -> Drift:
    """How far the layers' composite is from the picture."""
    whole = np.zeros((extent.height, extent.width, 4), np.float32)
    for layer in layers:
        whole = over(premultiply(to_float(layer.on(extent))), whole)
    off = np.abs(whole[..., :3] - to_float(picture)).mean(-1)
    return Drift(float(off.mean()), float(np.percentile(off, 99)))
