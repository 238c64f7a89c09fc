"""Pictures and stacks changed by words: what is exact is done exactly, all else by an engine that draws.

Law: decides who does it and to which layer; `transforms` and `drawing` do it. An exact command needs no engine at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from layerlift.decomposition import as_document, decompose
from layerlift.engines.port import DRAWN, Editor, Sampling
from layerlift.errors import RequestError
from layerlift.imaging.geometry import Bounds, Extent
from layerlift.imaging.layer import Document, Layer, LayerStack, Pixels, Role
from layerlift.limits import MAX_LAYERS
from layerlift.operations import commands, meaning
from layerlift.operations import params as read
from layerlift.operations.commands import Command, steps
from layerlift.operations.drawing import Alpha, brought, draw
from layerlift.operations.offering import require
from layerlift.operations.pictures import flattened, named
from layerlift.operations.task import Task
from layerlift.operations.transforms import apply, carried
from layerlift.progress import Progress

_CUT_OUT = 0.05
"""Share of fully transparent pixels from which a picture is a thing cut out: commands are then about it."""
_ROOM = 0.25
"""Margin for an outline that is found anew, in the layer's longer side."""
_ITSELF = frozenset("it picture image photo photograph layer canvas everything 图片 图像 画面 照片 图层 整张图".split())


def perform(task: Task) -> LayerStack:
    """`run("edit", …)`: prompt, alpha, layer (of a stack) and how to draw."""
    prompt = read.needed_words(task.params, "prompt", "edit")
    alpha = cast(Alpha, read.choice(task.params, "alpha", ("keep", "matte")))
    sampling = read.sampling(task.params)
    if task.stack is not None and task.document is None:
        layer = read.whole(task.params, "layer", 0, MAX_LAYERS - 1)
        return edit_stack(
            task.stack, prompt, layer, alpha=alpha, engine=task.engine, sampling=sampling, progress=task.progress
        )
    picture = task.picture("edit")
    return edit(picture, prompt, alpha=alpha, engine=task.engine, sampling=sampling, progress=task.progress)


def edit(
    document: Document,
    prompt: str,
    *,
    alpha: Alpha = "keep",
    engine: Editor,
    sampling: Sampling = DRAWN,
    progress: Progress | None = None,
) -> LayerStack:
    """`document` changed as `prompt` says: a stack of one layer (cropped) at the document's extent.

    An exact command about the picture itself is done without the engine; one about a thing in a flat picture ("move the
    dog …") by taking the picture apart first, where the engine can. Anything else the engine draws; pixels it did not
    change keep their bits. `alpha`: "keep" the document's, or "matte", the engine's. The notes say which way it was.
    Raises RequestError, EngineError, Cancelled.
    """
    progress = progress or Progress()
    document = as_document(document)
    found = commands.parse(prompt)
    if found is not None and _about_itself(document, found):
        return _transformed(document, found, progress)
    nobody: RequestError | None = None
    if found is not None and "decompose" in engine.info.operations and not engine.info.missing:
        try:
            return _rearranged(document, found, engine, sampling, progress.part(0.0, 0.5))
        except RequestError as unknown:  # no such thing was found: an engine that draws may still know what is meant
            nobody = unknown
    require(engine, "edit")
    try:
        return _drawn(document, prompt, alpha, engine, sampling, progress)
    except RequestError as refused:
        raise nobody or refused from refused


def _drawn(
    document: Document, prompt: str, alpha: Alpha, engine: Editor, sampling: Sampling, progress: Progress
) -> LayerStack:
    drawn = draw(document, prompt, engine, "edit", sampling, progress.part(0.0, 0.9))
    pixels, share = brought(document, drawn, alpha, progress.part(0.9, 1.0))
    note = f"{share:.0%} of the picture was drawn anew, the rest kept its pixels; its alpha was " + (
        "kept." if alpha == "keep" else "found anew."
    )
    layer = Layer(document.name, _role(document), Bounds.of(document.extent), pixels)
    progress.stage("Done", 1.0)
    return _single(document, named(layer, document.name).cropped(), note)


def edit_stack(
    stack: LayerStack,
    prompt: str,
    layer: int | None = None,
    *,
    alpha: Alpha = "keep",
    engine: Editor,
    sampling: Sampling = DRAWN,
    progress: Progress | None = None,
) -> LayerStack:
    """The whole stack with the layer changed that `prompt` speaks of, or number `layer` (0: the bottom one).

    Raises RequestError that lists the candidates where it is not clear which layer is meant, EngineError, Cancelled.
    """
    progress = progress or Progress()
    given = None if layer is None else meaning.by_number(stack, layer)
    found = commands.parse(prompt)
    if found is not None:
        progress.stage("Changing layers", 0.1)
        result = arrange(stack, found, given)
        progress.stage("Done", 1.0)
        return replace(result, notes=(*stack.notes, f"Done exactly: {commands.format(found)}."))
    require(engine, "edit")
    index = meaning.spoken_of(stack, prompt) if given is None else given
    old = stack.layers[index]
    document, bounds = alone(stack, index, alpha)
    drawn = draw(document, prompt, engine, "edit", sampling, progress.part(0.0, 0.9))
    pixels, share = brought(document, drawn, alpha, progress.part(0.9, 1.0))
    new = replace(old, bounds=bounds, pixels=pixels, text=None).cropped()
    note = f"{share:.0%} of “{old.name}” was drawn anew; its alpha was {'kept' if alpha == 'keep' else 'found anew'}."
    layers = (*stack.layers[:index], new, *stack.layers[index + 1 :])
    progress.stage("Done", 1.0)
    return replace(stack, layers=layers, notes=(*stack.notes, note), drift=None)


def alone(stack: LayerStack, index: int, alpha: Alpha) -> tuple[Document, Bounds]:
    """One layer as the picture that an engine edits, and where on the canvas that lies. An outline that is found anew
    gets room to grow into: a hat needs a place."""
    layer = stack.layers[index]
    bounds = layer.bounds if alpha == "keep" else _roomy(layer.bounds, stack.extent)
    return Document(_within(layer, bounds), layer.name, stack.icc), bounds


def _roomy(bounds: Bounds, extent: Extent) -> Bounds:
    room = bounds.grow(round(_ROOM * max(bounds.width, bounds.height)))
    return room.intersect(Bounds.of(extent).union(bounds))


def _within(layer: Layer, bounds: Bounds) -> Pixels:
    """The layer's pixels on a canvas of `bounds`."""
    if bounds == layer.bounds:
        return layer.pixels
    return replace(layer, bounds=layer.bounds.shift(-bounds.x, -bounds.y)).on(bounds.extent)


def arrange(stack: LayerStack, found: tuple[Command, ...], given: int | None = None) -> LayerStack:
    """Exact commands, one after the other. A target of None is the one before; at first `given`, or the only layer."""
    chosen: tuple[int, ...] | None = None if given is None else (given,)
    if chosen is None and len(stack.layers) == 1:
        chosen = (0,)
    for command in found:
        if command.target is not None and (given is None or command.target.casefold() not in _ITSELF):
            chosen = meaning.named(stack, command.target)
        if chosen is None:
            raise RequestError(
                f"Which layer to change is not said: “{commands.format((command,))}”.",
                meaning.choices(stack),
            )
        stack, chosen = _stepped(stack, command.step, chosen)
    return replace(stack, drift=None)


def _stepped(stack: LayerStack, step: steps.Step, chosen: tuple[int, ...]) -> tuple[LayerStack, tuple[int, ...]]:
    """The stack after one step, and where the chosen layers are now."""
    layers = list(stack.layers)
    if isinstance(step, steps.Delete):
        left = [layer for index, layer in enumerate(layers) if index not in chosen]
        if not left:
            raise RequestError("Nothing would be left of the stack.", "Leave at least one layer.")
        return replace(stack, layers=tuple(left)), ()
    if isinstance(step, steps.Order):
        return _ordered(stack, step.place, chosen)
    for index in chosen:
        if isinstance(step, steps.Show):
            layers[index] = replace(layers[index], opacity=1.0 if step.visible else 0.0)
        else:
            changed = apply(step, layers[index], stack.extent, stack.icc)
            whole = len(chosen) == len(layers) > 1
            layers[index] = carried(step, layers[index], changed, stack.extent) if whole else changed
    return replace(stack, layers=tuple(layers)), chosen


def _ordered(stack: LayerStack, place: steps.Place, chosen: tuple[int, ...]) -> tuple[LayerStack, tuple[int, ...]]:
    layers = list(stack.layers)
    moving = [layers[index] for index in chosen]
    rest = [layer for index, layer in enumerate(layers) if index not in chosen]
    at = {"front": len(rest), "back": 0, "forward": min(len(rest), chosen[0] + 1), "backward": max(0, chosen[0] - 1)}
    begin = at[place]
    layers = [*rest[:begin], *moving, *rest[begin:]]
    return replace(stack, layers=tuple(layers)), tuple(range(begin, begin + len(moving)))


def _about_itself(document: Document, found: tuple[Command, ...]) -> bool:
    """Whether the commands are about the picture as a whole."""
    if float((document.pixels[..., 3] == 0).mean()) >= _CUT_OUT:
        return True
    names = {command.target.casefold() for command in found if command.target is not None}
    return names <= _ITSELF | {document.name.casefold()}


def _transformed(document: Document, found: tuple[Command, ...], progress: Progress) -> LayerStack:
    """The whole picture as one layer, transformed exactly."""
    progress.stage("Changing the picture", 0.1)
    layer = named(Layer(document.name, _role(document), Bounds.of(document.extent), document.pixels), document.name)
    stack = _single(document, layer.cropped() if layer.role is not Role.BACKGROUND else layer, None)
    alone = tuple(replace(command, target=None) for command in found)
    result = arrange(stack, alone)
    progress.stage("Done", 1.0)
    return replace(result, notes=(*stack.notes, f"Done exactly: {commands.format(found)}."))


def _rearranged(
    document: Document, found: tuple[Command, ...], engine: Any, sampling: Sampling, progress: Progress
) -> LayerStack:
    """A thing in a flat picture: taken apart, changed, and put together again."""
    apart = decompose(document, engine=engine, sampling=sampling, progress=progress.part(0.0, 0.9))
    pixels = flattened(arrange(apart, found))
    layer = named(Layer(document.name, _role(document), Bounds.of(document.extent), pixels), document.name)
    note = f"The picture was taken apart by “{engine.info.name}”, then done exactly: {commands.format(found)}."
    progress.stage("Done", 1.0)
    return _single(document, layer.cropped(), note)


def _role(document: Document) -> Role:
    return Role.SUBJECT if (document.pixels[..., 3] == 0).any() else Role.BACKGROUND


def _single(document: Document, layer: Layer, note: str | None) -> LayerStack:
    notes = document.notes if note is None else (*document.notes, note)
    return LayerStack(document.extent, (layer,), document.name, document.icc, notes)
