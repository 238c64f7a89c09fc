"""What the server's words do to a task: sending, waiting, fetching.

Law: one task at a time; says what must be said over the link and moves the task; inserts nothing itself.
"""

from __future__ import annotations

from layerlift.wire.limits import NAME
from layerlift.wire.messages import (
    Chunk,
    Done,
    Failed,
    Get,
    LayerReady,
    Message,
    Progress,
    Put,
    Queued,
    Ready,
    Started,
    Submit,
    Watch,
    Welcome,
)
from layerlift.wire.text import clipped
from layerlift.wire.values import DocumentInfo, Problem
from layerlift_krita.action.ports import Link, Piece, Say, pulled
from layerlift_krita.action.task import Fetch, Task


def begin(task: Task, link: Link, welcome: Welcome) -> None:
    """The connection stands (again): go on where the task is."""
    task.transfer, task.fetch = None, None
    if task.submitted:
        task.move("lost")  # until the server has said where it is
        link.say(Watch(task.job))
    elif task.snapshot is not None:
        task.snapshot.offer(welcome.native)
        if task.snapshot.size > welcome.limits.upload:
            task.snapshot.offer(False)  # too much with its own numbers, perhaps not without
        problem = unfit(task, welcome)
        if problem is not None:
            task.fail(problem)
        else:
            _put(task, link)
    else:
        task.fail(Problem("interrupted", "The Layerlift server stopped before it had the picture.", "Try again.", True))


def unfit(task: Task, welcome: Welcome) -> Problem | None:
    """Why this server cannot take the task; None when it can. Asked before a byte is sent."""
    assert task.snapshot is not None
    width, height, limits = task.snapshot.width, task.snapshot.height, welcome.limits
    wish = task.wish
    named = [engine for engine in welcome.engines if engine.name == (wish.engine or engine.name)]
    able = [engine for engine in named if wish.operation in engine.operations]
    if not named:
        return None  # a server that has just started may not know all its engines yet: it will answer for itself
    if not able:
        words = f"The Layerlift server cannot do this: {wish.operation}."
        return Problem("unsupported-operation", words, "Choose another engine.")
    if all(engine.missing for engine in able):
        return Problem("engine-unavailable", able[0].missing or "", "")
    if max(width, height) > limits.side or width * height > limits.pixels or task.snapshot.size > limits.upload:
        most = f"{limits.pixels / 1e6:.0f}"
        return Problem(
            "too-large",
            f"The picture has {width} × {height} pixels; the limit is {most} million, {limits.side} on a side.",
            "Select a part of it, or make it smaller.",
        )
    return None


def _put(task: Task, link: Link) -> None:
    shot = task.snapshot
    assert shot is not None
    if shot.size == 0:  # drawn from words alone
        task.move("sending")
        arrived(task, link)
        return
    document = DocumentInfo(
        name=clipped(shot.title, NAME),
        kind="pixels",
        width=shot.width,
        height=shot.height,
        depth=shot.depth,
        x=shot.x,
        y=shot.y,
        mask=shot.mask,
        icc=len(shot.icc),
        native=shot.native,
    )
    task.move("sending")
    task.transfer = link.number()
    link.say(Put(task.transfer, task.upload, shot.size, document))


def pump(task: Task, link: Link) -> bool:
    """Send the next bytes of the upload, if there is room. Returns whether some were sent."""
    shot = task.snapshot
    if task.state != "sending" or task.transfer is None or shot is None:
        return False
    room = link.room(task.transfer)
    if room <= 0:
        return False
    data = shot.read(task.sent, room)
    link.chunk(task.transfer, data)
    task.sent += len(data)
    task.fraction = task.sent / shot.size
    return True


def arrived(task: Task, link: Link) -> None:
    """The server has the whole document: ask for the work."""
    shot = task.snapshot
    assert shot is not None
    task.seal, task.transfer = shot.seal(), None
    task.notes += [note for note in shot.notes if note not in task.notes]
    task.submitted = True
    wish, upload = task.wish, task.upload if shot.size else None
    link.say(Submit(task.job, wish.operation, wish.engine, upload, dict(wish.params), detached=True))  # type: ignore[arg-type]


def heard(task: Task, message: Message, link: Link) -> None:
    """The server said something about this task's job or transfer."""
    if isinstance(message, Queued):
        task.release()
        if task.follow("queued"):
            task.position = message.position
    elif isinstance(message, Started):
        task.release()
        task.follow("working")
    elif isinstance(message, Progress):
        if task.follow("working"):
            task.stage, task.fraction, task.eta = message.stage, message.fraction, message.eta
    elif isinstance(message, LayerReady):
        task.layers[message.layer.index] = message.layer
    elif isinstance(message, Done):
        _done(task, message, link)
    elif isinstance(message, Failed):
        task.fail(message.problem)


def ready(task: Task, message: Ready, link: Link) -> None:
    """A transfer stands."""
    if message.transfer == task.transfer and task.snapshot is not None:
        task.sent = message.offset
        if message.offset == message.size:
            arrived(task, link)
    elif task.fetch is not None and message.transfer == task.fetch.transfer and message.offset == message.size:
        _layer_here(task, link)


def _done(task: Task, done: Done, link: Link) -> None:
    task.release()
    task.expected = done.layers
    task.notes += [Say(note) for note in done.notes if Say(note) not in task.notes]
    if task.state in ("kept", "inserted"):
        return
    if not task.asked:
        task.follow("kept")
    elif len(task.layers) < done.layers or done.layers == 0:
        task.fail(Problem("internal", "The Layerlift server found no layers.", "Try again, or choose another engine."))
    elif task.follow("fetching"):
        fetch(task, link)


def fetch(task: Task, link: Link) -> None:
    """Pull the next layer that is not here yet; a layer that a broken connection left half here goes on."""
    index = next((i for i in sorted(task.layers) if _have(task, i) < pulled(task.layers[i]).size), None)
    if index is None:
        return
    info = task.layers[index]
    piece = task.pieces.setdefault(index, Piece(info))
    task.fetch = Fetch(index, link.number())
    link.say(Get(task.fetch.transfer, task.job, index, len(piece.pixels), info.native is not None))


def _have(task: Task, index: int) -> int:
    return len(task.pieces[index].pixels) if index in task.pieces else 0


def took(task: Task, chunk: Chunk, link: Link) -> None:
    """Bytes of the layer under way."""
    under = task.fetch
    assert under is not None
    piece = task.pieces[under.index]
    end = chunk.offset + len(chunk.data)
    piece.pixels.put(chunk.offset, chunk.data)
    piece.digest.update(chunk.data)
    link.stored(under.transfer, end)
    total = sum(pulled(layer).size for layer in task.layers.values())
    task.fraction = sum(len(piece.pixels) for piece in task.pieces.values()) / max(1, total)
    if end == pulled(piece.info).size:
        _layer_here(task, link)


def _layer_here(task: Task, link: Link) -> None:
    assert task.fetch is not None
    piece = task.pieces[task.fetch.index]
    task.fetch = None
    if piece.digest.hexdigest() != pulled(piece.info).digest:
        task.fail(Problem("internal", f"The layer “{piece.info.name}” did not arrive unharmed.", "Try again.", True))
        return
    if len(task.pieces) == task.expected and all(
        _have(task, index) == pulled(p.info).size for index, p in task.pieces.items()
    ):
        task.move("inserting")
    else:
        fetch(task, link)
