"""The verbs, as plans: generators that yield the exchange that they wait for and return the verb's result.

Law: sans-IO; the blocking and the asyncio client drive the same plans and differ only in how they wait. A plan is
resumed when its exchange is ready, and every TICK besides, so that a cancelled Progress is heard.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator
from dataclasses import replace
from typing import TypeAlias, TypeVar, cast

from layerlift.client.errors import ServerError, raised, strange
from layerlift.client.exchanges.port import Exchange
from layerlift.client.exchanges.pull import Pull
from layerlift.client.exchanges.question import Question
from layerlift.client.exchanges.upload import Upload
from layerlift.client.exchanges.watching import Event, Watching
from layerlift.client.payload import Payload
from layerlift.client.stack import MAX_PROFILE, buffer, layer, stack
from layerlift.client.timeouts import CANCEL, TICK
from layerlift.errors import Cancelled
from layerlift.imaging.layer import Layer, LayerStack
from layerlift.progress import Progress
from layerlift.wire import messages as m
from layerlift.wire.values import LayerInfo

T = TypeVar("T")
Plan: TypeAlias = Generator[Exchange, None, T]


def ask(message: m.Message) -> Plan[m.Message]:
    """Ask one thing."""
    question = Question(message)
    yield from done(question)
    return cast(m.Message, question.answer)


def upload(payload: Payload, progress: Progress | None = None, name: str | None = None) -> Plan[str]:
    """Send a payload; returns the upload's id, for `submit`."""
    exchange = Upload(name or str(uuid.uuid4()), payload)
    try:
        while not exchange.finished:
            if progress is not None:
                progress.stage("Sending", exchange.have / max(1, exchange.size))
            yield exchange
    finally:
        payload.close()
    exchange.check()
    return exchange.upload


def pull(job: str, info: LayerInfo, verify: bool, progress: Progress | None = None) -> Plan[Layer]:
    """Fetch one layer."""
    memory = buffer(info)
    yield from done(Pull(job, info.index, memory.data, info.digest if verify else None), progress)
    return layer(info, memory)


def profile(job: str, finished: m.Done) -> Plan[bytes | None]:
    """Fetch the stack's ICC profile; None is sRGB."""
    if finished.icc == 0:
        return None
    if finished.icc > MAX_PROFILE:
        raise strange(f"profile of {finished.icc} bytes")
    memory = bytearray(finished.icc)
    yield from done(Pull(job, None, memoryview(memory)))
    return bytes(memory)


def finished(job: str, verify: bool, progress: Progress) -> Plan[LayerStack]:
    """A job's whole result, waiting for its end if need be."""
    name = yield from _named(job)
    whole = yield from result(Watching(job), name, verify, progress)
    progress.stage("Done", 1.0)
    return whole


def _named(job: str) -> Plan[str]:
    """What the server calls it."""
    answer = cast(m.JobList, (yield from ask(m.Jobs())))
    return next((info.name for info in answer.jobs if info.job == job), "Picture")


def result(watching: Watching, name: str, verify: bool, progress: Progress) -> Plan[LayerStack]:
    """Follow a job to its end, fetching each layer as soon as it is ready. Raises what the job failed with."""
    layers: list[Layer] = []
    while True:
        event = yield from happening(watching, progress)
        if isinstance(event, m.Queued):
            progress.stage("Next in line" if event.position == 1 else f"In line, {event.position - 1} before", 0.0)
        elif isinstance(event, m.Started):
            layers.clear()
            progress.stage("Starting" if event.attempt == 1 else "Starting again", 0.0)
        elif isinstance(event, m.Progress):
            progress.stage(event.stage, 0.9 * event.fraction)
        elif isinstance(event, m.LayerReady):
            progress.stage("Fetching layers")
            layers.append((yield from pull(watching.job, event.layer, verify, progress)))
        elif isinstance(event, m.Failed):
            raise raised(event.problem)
        elif isinstance(event, m.Done):
            icc = yield from profile(watching.job, event)
            return stack(event, layers, name, icc)


def perform(
    payload: Payload | None, order: m.Submit, progress: Progress, *, verify: bool, drop: bool
) -> Plan[LayerStack]:
    """Upload (if there is anything), submit, follow, fetch, and let the server forget it. A job that a server's restart
    has interrupted is submitted once more: its upload survives."""
    rest = progress.part(0.0, 0.99)
    if payload is not None:
        sent = yield from upload(payload, progress.part(0.0, 0.1))
        order, rest = replace(order, upload=sent), progress.part(0.1, 0.99)
    name, notes = (None, ()) if payload is None else (payload.info.name, payload.notes)
    try:
        whole = yield from _submitted(order, name, verify, rest, drop)
    except ServerError as failure:
        if failure.code != "interrupted":
            raise
        whole = yield from _submitted(replace(order, job=str(uuid.uuid4())), name, verify, rest, drop)
    progress.stage("Done", 1.0)
    return replace(whole, notes=notes + whole.notes)


def _submitted(order: m.Submit, name: str | None, verify: bool, progress: Progress, drop: bool) -> Plan[LayerStack]:
    watching = Watching(order.job, order)
    try:
        whole = yield from result(watching, name or "Picture", verify, progress)
    except Cancelled:
        yield from stopped(watching)
        raise
    if name is None:
        whole = replace(whole, name=(yield from _named(order.job)))
    if drop:
        yield from ask(m.Drop(order.job))
    return whole


def happening(watching: Watching, progress: Progress | None = None) -> Plan[Event | None]:
    """The next event; None after the last one. Raises the refusal if there is no such job."""
    while not watching.events and not watching.finished:
        if progress is not None:
            progress.check()
        yield watching
    if watching.events:
        return watching.events.popleft()
    watching.check()
    return None


def stopped(watching: Watching) -> Plan[None]:
    """Cancel a job and give the server a moment to say that it has stopped."""
    question = Question(m.Cancel(watching.job))
    for _ in range(round(CANCEL / TICK)):
        if watching.finished or question.finished:
            return
        yield question


def done(exchange: Exchange, progress: Progress | None = None) -> Plan[None]:
    """Wait for an exchange's end. Raises its failure."""
    while not exchange.finished:
        if progress is not None:
            progress.check()
        yield exchange
    exchange.check()
