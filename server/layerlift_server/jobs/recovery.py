"""What a server does with what the last one left.

Law: runs once, before any work; knows rows, uploads and results' folders.
"""

from __future__ import annotations

from dataclasses import replace

from layerlift.wire.values import Problem
from layerlift_server.jobs.results import Results
from layerlift_server.jobs.settings import JobSettings
from layerlift_server.jobs.store import Job, Outcome, Store
from layerlift_server.jobs.uploads import Uploads
from layerlift_server.worker import manifest

_GONE = Problem("interrupted", "The server stopped, and this job's document is gone.", "Send the document again.", True)
_STOPPED = "The server stopped while this job ran."
RESUMED = f"{_STOPPED} Beginning once more."


def recover(store: Store, uploads: Uploads, results: Results, settings: JobSettings) -> list[Job]:
    """Settle every unfinished job and sweep up; returns those that wait, in their order.

    A job that ran is done if its result is whole (the server died before it wrote that down); else it waits again,
    unless it was begun often enough; then it is interrupted. Nothing that was done is touched.
    """
    waiting = []
    for job in store.unfinished():
        settled = _settled(job, uploads, results, settings)
        if settled is not job:
            store.save(settled)
        if settled.unfinished:
            waiting.append(settled)
    results.sweep(store.folders(), (job.source for job in waiting if job.source))
    return waiting


def _settled(job: Job, uploads: Uploads, results: Results, settings: JobSettings) -> Job:
    now = settings.clock()
    if job.state == "running" and job.folder:
        try:
            found = results.load(job.folder)
        except manifest.Damaged:
            pass
        else:
            outcome = Outcome(found.bytes, len(found.layers), found.width, found.height, found.depth)
            return replace(job, state="done", finished=now, touched=now, outcome=outcome)
    if (job.upload and uploads.find(job.upload) is None) or (job.source and not results.whole(job.source)):
        return replace(job, state="interrupted", finished=now, touched=now, problem=_GONE)
    if job.state == "queued":
        return job
    if job.attempt < settings.attempts:
        return replace(job, state="queued", touched=now, folder="")
    often = f"{_STOPPED} It had been begun {job.attempt} times."
    problem = Problem("interrupted", often, "Ask for it again.", True)
    return replace(job, state="interrupted", finished=now, touched=now, problem=problem)
