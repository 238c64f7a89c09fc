"""What a task's state is called. Law: a task in, words out."""

from __future__ import annotations

from layerlift_krita.action.ports import Say
from layerlift_krita.action.task import Task
from layerlift_krita.i18n import tr


def state_words(task: Task) -> str:
    """One line that says where the task is."""
    if task.state == "queued" and task.position:
        return tr("Waiting in line, number {position}", position=task.position)
    if task.state == "working" and task.stage:
        return tr(task.stage) + _eta(task.eta)
    if task.state in ("failed", "kept") and task.trouble is not None:
        return said(task.trouble)
    return tr(_STATES[task.state]) if task.state != "inserted" else tr("{count} layers", count=task.expected)


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
    "working": "Taking it apart",
    "fetching": "Receiving the layers",
    "inserting": "Inserting the layers",
    "kept": "The result is ready",
    "lost": "The server is away; the result may be there",
    "failed": "It did not work",
    "cancelled": "Cancelled",
}
"""Keys of the translations; test_i18n reads this table."""
