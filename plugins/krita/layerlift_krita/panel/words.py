"""What a task's state is called. Law: a task in, words out."""

from __future__ import annotations

from layerlift_krita.action.ports import Say
from layerlift_krita.action.task import Task
from layerlift_krita.features import feature_of
from layerlift_krita.i18n import tr


def state_words(task: Task) -> str:
    """One line that says where the task is."""
    if task.state == "queued" and task.position:
        return tr("Waiting in line, number {position}", position=task.position)
    if task.state == "working" and task.stage:
        return tr(task.stage) + _eta(task.eta)
    if task.state in ("failed", "kept") and task.trouble is not None:
        return said(task.trouble)
    if task.state == "inserted":
        return tr("One layer") if task.expected == 1 else tr("{count} layers", count=task.expected)
    return tr(_STATES[task.state])


def task_name(task: Task) -> str:
    """What the task is called: the layer's name, and what is done to it unless it is taken apart."""
    feature = feature_of(task.wish.operation)
    return task.name if feature is None else f"{tr(feature.title).rstrip('…')}: {task.name}"


def said(say: Say) -> str:
    """A sentence in the user's language."""
    return tr(say.text, **say.values)


def _eta(seconds: float | None) -> str:
    if seconds is None or seconds < 1:
        return ""
    if seconds < 90:
        return tr(" · {seconds} s left", seconds=round(seconds))
    return tr(" · {minutes} min left", minutes=round(seconds / 60))


_STATES = {
    "connecting": "Connecting to the Layerlift server",
    "sending": "Sending the picture",
    "queued": "Waiting in line",
    "working": "At work",
    "fetching": "Receiving the layers",
    "inserting": "Inserting the layers",
    "kept": "The result is ready",
    "lost": "The server is away; the result may be there",
    "failed": "It did not work",
    "cancelled": "Cancelled",
}
"""Keys of the translations; test_i18n reads this table."""
