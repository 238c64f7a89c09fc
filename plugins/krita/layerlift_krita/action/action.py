"""Read → ask → insert, for every task at once.

Law: knows tasks, the host and the link by their ports; no Qt, no Krita, no socket. Everything happens when it is
called: by the user (`run`, `cancel`, `insert`, …), by the link (`connected`, `heard`, `lost`) or by the event loop
(`step`, a few milliseconds at a time). Whoever shows the tasks listens.
"""

from __future__ import annotations

import uuid
from typing import Any, Protocol

from layerlift.wire.messages import (
    Ack,
    Cancel,
    Chunk,
    Done,
    Drop,
    Failed,
    LayerReady,
    Message,
    Progress,
    Queued,
    Ready,
    Refused,
    Started,
    Watch,
    Welcome,
)
from layerlift.wire.values import EngineOffer
from layerlift_krita.action import errand
from layerlift_krita.action.ports import Host, Link, Moved, Place, Say, Steps, Trouble, Wish
from layerlift_krita.action.task import Task

REMEMBERED = 20
"""Tasks listed and saved: what fits into a small panel without searching."""


class Listener(Protocol):
    """Whoever shows what happens."""

    def changed(self) -> None:
        """A task, or the list of them, is not what it was."""
        ...

    def said(self, sentence: Say, remedy: Say | None, bad: bool) -> None:
        """Tell the user, in the host's own message area; `bad` when something went wrong."""
        ...


class Action:
    """All tasks, newest first, and the server as far as we know it (`welcome` is None while it is away)."""

    def __init__(self, host: Host, link: Link, listener: Listener) -> None:
        self.host, self.link, self.listener = host, link, listener
        self.tasks: list[Task] = []
        self.welcome: Welcome | None = None
        self.trouble: Trouble | None = None
        self._inserting: dict[str, Steps] = {}

    # The user

    def run(self, wish: Wish, place: Place | None = None) -> Task | None:
        """Take what the user means now and begin. Trouble is said, not raised."""
        try:
            shot = self.host.snapshot(wish, place)
        except Trouble as trouble:
            self.listener.said(trouble.sentence, trouble.remedy, True)
            return None
        task = Task(wish, shot.place, shot, notes=list(shot.notes))
        self.tasks.insert(0, task)
        del self.tasks[REMEMBERED:]
        self._go(task)
        self.listener.changed()
        return task

    def cancel(self, task: Task) -> None:
        """Stop it, wherever it is. The document is as it was."""
        if not task.running:
            return
        self._inserting.pop(task.job, None)
        if task.submitted and self.welcome is not None:
            self.link.say(Cancel(task.job))
        elif task.transfer is not None and self.welcome is not None:
            self.link.give_up(task.transfer)
        if task.fetch is not None and self.welcome is not None:
            self.link.give_up(task.fetch.transfer)
        task.stop("cancelled")
        self.listener.said(Say("Cancelled."), None, False)
        self.listener.changed()

    def insert(self, task: Task, *, fresh: bool = False) -> None:
        """The user wants this result: where it belongs, whatever changed there, or as a document of its own."""
        if task.state not in ("kept", "inserted", "lost"):
            return
        task.asked, task.anyway, task.fresh = True, True, fresh
        if self.welcome is None or not task.layers:
            task.move("lost")
            self._go(task)
        else:
            task.move("fetching")
            errand.fetch(task, self.link)
        self.listener.changed()

    def again(self, task: Task) -> None:
        """The same wish at the same place, anew."""
        self.run(task.wish, task.place)

    def hide(self, task: Task) -> None:
        """The user wants to see the result alone."""
        try:
            self.host.hide(task.place)
        except Trouble as trouble:
            self.listener.said(trouble.sentence, trouble.remedy, True)

    def forget(self, task: Task) -> None:
        """Off the list, and its result off the server."""
        if task.running:
            self.cancel(task)
        if task.submitted and self.welcome is not None:
            self.link.say(Drop(task.job))
        self.tasks.remove(task)
        self.listener.changed()

    def engines(self, operation: str = "decompose") -> list[EngineOffer]:
        """The engines that can do this here and now."""
        offers = self.welcome.engines if self.welcome is not None else ()
        return [offer for offer in offers if operation in offer.operations and not offer.missing]

    # Krita's restart

    def saved(self) -> list[dict[str, Any]]:
        """The tasks whose results may be on the server."""
        return [task.saved() for task in self.tasks if task.submitted and task.state not in ("failed", "cancelled")]

    def restore(self, saved: list[dict[str, Any]]) -> None:
        """Tasks of an earlier session. What became of them is asked as soon as there is a connection."""
        for entry in saved[:REMEMBERED]:
            try:
                place = self.host.place(entry["place"])
                if place is None:
                    continue
                wish, job = Wish(str(entry.get("operation", "decompose"))), str(uuid.UUID(entry["job"]))
                task = Task(wish, place, job=job, created=float(entry["created"]), state="lost")
                task.seal = str(entry["seal"])
            except (KeyError, TypeError, ValueError, AttributeError):
                continue
            task.submitted, task.asked = True, False
            self.tasks.append(task)

    # The link

    def connected(self, welcome: Welcome) -> None:
        """The server answered: everything that waits for it goes on."""
        self.welcome, self.trouble = welcome, None
        for task in self.tasks:
            if (task.running and task.state != "inserting") or task.state == "lost":
                errand.begin(task, self.link, welcome)
                self._told(task)
        self.listener.changed()

    def lost(self, trouble: Trouble | None) -> None:
        """The connection broke. Without `trouble` it is being made again; with it, nothing will come by itself."""
        self.welcome = None
        if trouble is not None:
            self.trouble = trouble
            for task in self.tasks:
                if task.running and task.state != "inserting":
                    task.move("lost" if task.submitted else "failed")
                    if not task.submitted:
                        task.release()
                    task.trouble, task.remedy = trouble.sentence, trouble.remedy
            self.listener.said(trouble.sentence, trouble.remedy, True)
        self.listener.changed()

    def heard(self, message: Message) -> None:
        """The server said something."""
        if isinstance(message, (Queued, Started, Progress, LayerReady, Done, Failed)):
            self._about_job(message)
        elif isinstance(message, Ready):
            self._about_transfer(message)
        elif isinstance(message, Ack):
            task = next((t for t in self.tasks if t.transfer == message.transfer and t.snapshot is not None), None)
            if task is not None and message.offset == task.snapshot.size:  # type: ignore[union-attr]
                errand.arrived(task, self.link)
        elif isinstance(message, Chunk):
            task = self._fetching(message.transfer)
            if task is not None:
                errand.took(task, message, self.link)
                self._told(task)
        elif isinstance(message, Refused):
            self._refused(message)
        self.listener.changed()

    # The event loop

    def step(self) -> bool:
        """Do one short piece of work. Returns whether there is more to do at once."""
        busy = False
        for task in list(self.tasks):
            if self.welcome is not None and errand.pump(task, self.link):
                busy = True
            if task.state == "inserting" and self._insert_on(task):
                busy = True
        if busy:
            self.listener.changed()
        return busy

    @property
    def waiting(self) -> bool:
        """Whether the user waits for something that needs the server."""
        return any(task.asked and (task.running or task.state == "lost") for task in self.tasks)

    @property
    def idle(self) -> bool:
        """Whether `step` has nothing to do until something is heard."""
        return not any(task.state in ("sending", "inserting") for task in self.tasks)

    def _go(self, task: Task) -> None:
        if self.welcome is not None:
            errand.begin(task, self.link, self.welcome)
            self._told(task)
        else:
            self.link.open(start=True)

    def _insert_on(self, task: Task) -> bool:
        """One step. Returns whether the next can follow at once."""
        if task.job not in self._inserting:
            pieces = [task.pieces[index] for index in sorted(task.pieces)]
            if task.fresh:
                self._inserting[task.job] = self.host.insert_new(task.place, pieces)
            else:
                self._inserting[task.job] = self.host.insert(task.place, task.seal, pieces, task.anyway)
        trouble: Trouble | None = None
        try:
            done = next(self._inserting[task.job])
            task.fraction = task.fraction if done is None else done
            return done is not None
        except StopIteration:
            pass
        except Trouble as raised:
            trouble = raised
        self._inserting.pop(task.job, None)
        if task.state == "inserting":  # the host may have run the event loop, and the user cancelled
            self._ended(task, trouble)
        return True

    def _ended(self, task: Task, trouble: Trouble | None) -> None:
        if trouble is None:
            self._inserted(task)
        elif isinstance(trouble, Moved):
            task.stop("kept")
            task.trouble = trouble.sentence
            self.listener.said(trouble.sentence, Say("The result is kept: insert it from the Layerlift panel."), True)
        else:
            task.stop("failed")
            task.trouble, task.remedy = trouble.sentence, trouble.remedy
            self._told(task)

    def _inserted(self, task: Task) -> None:
        task.stop("inserted")
        task.trouble = task.remedy = None
        self.listener.said(task.outcome, task.notes[0] if task.notes else None, False)

    def _about_job(self, message: Queued | Started | Progress | LayerReady | Done | Failed) -> None:
        task = next((t for t in self.tasks if t.job == message.job), None)
        if task is not None and task.state not in ("failed", "cancelled", "inserting"):
            errand.heard(task, message, self.link)
            self._told(task)

    def _about_transfer(self, message: Ready) -> None:
        task = self._fetching(message.transfer)
        task = task or next((t for t in self.tasks if t.transfer == message.transfer), None)
        if task is not None:
            errand.ready(task, message, self.link)

    def _fetching(self, transfer: int) -> Task | None:
        return next((t for t in self.tasks if t.fetch is not None and t.fetch.transfer == transfer), None)

    def _refused(self, message: Refused) -> None:
        """Something was not followed. An unknown job of an earlier session has expired: it leaves the list."""
        about_job = next((t for t in self.tasks if message.job is not None and t.job == message.job), None)
        number = message.transfer
        about_transfer = None
        if number is not None:
            about_transfer = self._fetching(number) or next((t for t in self.tasks if t.transfer == number), None)
        task = about_job or about_transfer
        if task is None or message.about in (Cancel.kind, Drop.kind) or task.state in ("failed", "cancelled"):
            return
        if message.about == Watch.kind and not task.asked:
            self.tasks.remove(task)
        else:
            task.fail(message.problem)
            self._told(task)

    def _told(self, task: Task) -> None:
        """Say what went wrong with a task, once."""
        if task.state == "failed" and task.trouble is not None and not task.told:
            task.told = True
            self.listener.said(task.trouble, task.remedy, True)
