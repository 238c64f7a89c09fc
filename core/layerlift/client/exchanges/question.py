"""One message out, one answer back. Law: knows which kind of message answers which."""

from __future__ import annotations

from layerlift.client.errors import raised
from layerlift.client.exchanges.port import Exchange, Talk
from layerlift.wire import messages as m

_JOB_WORDS = (m.Queued, m.Started, m.Progress, m.LayerReady, m.Done, m.Failed)
_ANSWERS: dict[type[m.Message], tuple[type[m.Message], ...]] = {
    m.Submit: _JOB_WORDS,
    m.Cancel: (m.Done, m.Failed),
    m.Jobs: (m.JobList,),
    m.Keep: (m.JobList,),
    m.Drop: (m.Dropped,),
    m.Pair: (m.Pairing,),
    m.Devices: (m.DeviceList,),
    m.Revoke: (m.DeviceList,),
}
"""What answers a question, besides Refused. Answers about a job carry its id; the others come in the order asked."""


class Question(Exchange):
    """Asks `message`; `answer` is what came back. Asked again after a dropped connection: all these are idempotent."""

    def __init__(self, message: m.Message) -> None:
        super().__init__()
        self._message = message
        self._kinds = _ANSWERS[type(message)]
        self._job: str | None = getattr(message, "job", None)
        self.answer: m.Message | None = None

    def begin(self, talk: Talk) -> None:
        """Ask."""
        talk.say(self._message)

    def take(self, message: m.Message, talk: Talk) -> bool:
        """The answer, or why there is none. Words about a job are also its watchers' business."""
        if isinstance(message, m.Refused):
            if message.about != self._message.kind or message.job not in (None, self._job):
                return False
            self.fail(raised(message.problem))
            return True
        if not isinstance(message, self._kinds) or getattr(message, "job", self._job) != self._job:
            return False
        self.answer = message
        self.finish()
        return not isinstance(message, _JOB_WORDS)
