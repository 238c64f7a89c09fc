"""What is done for each message of a greeted client, as a table.

Law: one short function per message; problems are raised, answers are said. Hello and Chunk are the session's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from layerlift.wire import errors
from layerlift.wire.messages import (
    Ack,
    Cancel,
    DeviceList,
    Devices,
    Drop,
    Dropped,
    Get,
    JobList,
    Jobs,
    Keep,
    Message,
    Pair,
    Pairing,
    Put,
    Revoke,
    Stop,
    Submit,
    Watch,
)
from layerlift_server import problems
from layerlift_server.jobs.port import LOCAL, Owner, Refusal

if TYPE_CHECKING:
    from layerlift_server.sockets.session import Session


def _owner(session: Session) -> Owner:
    assert session.identity is not None, "the Connection lets nobody speak before Hello"
    return session.identity.owner


def _only_owner(session: Session) -> None:
    if _owner(session) != LOCAL:
        raise Refusal(problems.OWNER_ONLY)


def _put(session: Session, message: Put) -> None:
    session.transfers.put(message, _owner(session))


def _submit(session: Session, message: Submit) -> None:
    assert session.identity is not None
    session.context.jobs.submit(message, session.identity.owner, session.identity.label)
    session.context.log.say("job", job=message.job, client=session.identity.label, operation=message.operation)
    session.watch(message.job)


def _watch(session: Session, message: Watch) -> None:
    session.watch(message.job)


def _get(session: Session, message: Get) -> None:
    session.transfers.get(message, _owner(session))


def _stop(session: Session, message: Stop) -> None:
    session.transfers.stop(message.transfer)


def _ack(session: Session, _message: Ack) -> None:
    session.outbox.wake()


def _cancel(session: Session, message: Cancel) -> None:
    session.context.jobs.cancel(message.job, _owner(session))
    if not session.watches(message.job):
        session.watch(message.job)


def _jobs(session: Session, message: Jobs) -> None:
    session.say(JobList(tuple(session.context.jobs.list(_owner(session), message.since))))


def _drop(session: Session, message: Drop) -> None:
    session.context.jobs.drop(message.job, _owner(session))
    for other in list(session.context.sessions):
        other.transfers.forget(message.job)
    session.say(Dropped(message.job))


def _keep(session: Session, message: Keep) -> None:
    session.say(JobList((session.context.jobs.keep(message.job, _owner(session), message.keep),)))


def _pair(session: Session, _message: Pair) -> None:
    _only_owner(session)
    session.say(Pairing(*session.context.code.show()))


def _devices(session: Session, _message: Devices) -> None:
    _only_owner(session)
    session.say(DeviceList(session.context.devices.list()))


def _revoke(session: Session, message: Revoke) -> None:
    _only_owner(session)
    if session.context.devices.revoke(message.device):
        session.context.log.say("device revoked", device=message.device)
        for other in session.context.sessions_of(message.device):
            other.expel(errors.UNAUTHENTICATED, problems.REVOKED, about=Revoke.kind)
        session.context.jobs.forget_owner(message.device)
    session.say(DeviceList(session.context.devices.list()))


HANDLERS: dict[type[Message], Callable[[Session, Any], None]] = {
    Put: _put,
    Submit: _submit,
    Watch: _watch,
    Get: _get,
    Stop: _stop,
    Cancel: _cancel,
    Jobs: _jobs,
    Drop: _drop,
    Keep: _keep,
    Pair: _pair,
    Devices: _devices,
    Revoke: _revoke,
    Ack: _ack,
}
