"""All that is said about one job, from now to its end. Law: forgets nothing, says nothing twice."""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

from layerlift.client.errors import raised, strange
from layerlift.client.exchanges.port import Exchange, Talk
from layerlift.wire import messages as m

Event: TypeAlias = m.Queued | m.Started | m.Progress | m.Preview | m.LayerReady | m.Done | m.Failed
"""What happens to a job, as the wire says it."""


class Watching(Exchange):
    """Follows `job`; with `order` it is submitted first (again after a dropped connection: same id, same job).

    `events` fill as they come. Done and Failed are events too, the last ones; `failure` is only for refusals.
    """

    def __init__(self, job: str, order: m.Submit | None = None) -> None:
        super().__init__()
        self.job = job
        self.events: deque[Event] = deque()
        self._opening: m.Message = order or m.Watch(job)
        self._attempt, self._layers = 0, 0
        self._early = 0 if order is not None else 1  # how often Done may come before the story is told from its start

    @property
    def ready(self) -> bool:
        """Whether something happened."""
        return self.finished or bool(self.events)

    def begin(self, talk: Talk) -> None:
        """Submit or watch."""
        talk.say(self._opening)

    def take(self, message: m.Message, talk: Talk) -> bool:
        """What happens to this job. Others may watch it too."""
        if isinstance(message, m.Refused):
            if message.about != self._opening.kind or message.job not in (None, self.job):
                return False
            self.fail(raised(message.problem))
            return True
        if isinstance(message, Event) and message.job == self.job and self._next(message):
            self.events.append(message)
            if isinstance(message, m.Done | m.Failed):
                self.finish()
        return False

    def abandon(self, talk: Talk) -> None:
        """A job that was ordered here and nobody waits for is work for nobody."""
        if isinstance(self._opening, m.Submit) and not self._opening.detached:
            talk.say(m.Cancel(self.job))

    def _next(self, event: Event) -> bool:
        """Whether it is the next thing to know. The whole story is told again after Watch, perhaps while the end of an
        earlier telling (Submit's) is still on its way: layers count only in their order, Done only after all of them,
        and layers are new again only when the job itself had to begin again."""
        if isinstance(event, m.Started) and event.attempt > self._attempt:
            self._attempt, self._layers = event.attempt, 0
        if isinstance(event, m.LayerReady):
            if event.layer.index != self._layers:
                return False
            self._layers += 1
        if isinstance(event, m.Done) and event.layers != self._layers:
            self._early -= 1
            if self._early < 0:
                self.fail(strange(f"result of {event.layers} layers of which {self._layers} came"))
            return False
        return True
