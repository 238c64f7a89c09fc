"""`layerlift jobs`: what a server does and has done. Law: asks and prints; saving is `formats`' business."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from layerlift import formats
from layerlift.cli.interrupt import Interrupts
from layerlift.cli.main import DONE
from layerlift.cli.pictures import Wanted
from layerlift.cli.server.ask import SHORT, ago, connected, meant
from layerlift.cli.targets import plan
from layerlift.cli.terminal import display, eta, print_table
from layerlift.client import Client
from layerlift.errors import RequestError
from layerlift.formats.filenames import cleaned
from layerlift.progress import Progress, Report
from layerlift.wire.values import JobInfo

_COLUMNS = [
    ("id", False),
    ("picture", False),
    ("operation", False),
    ("state", False),
    ("layers", True),
    ("engine", False),
    ("for", False),
    ("when", False),
]


def run(arguments: argparse.Namespace) -> int:
    """List the jobs, or do one thing with one. Raises NoServer, ServerError, RequestError."""
    with connected(arguments.server) as client:
        if arguments.verb is None:
            return _list(client.jobs(), arguments.json)
        job = meant(arguments.id, client.jobs(), "job", "layerlift jobs")
        if arguments.verb == "save":
            return _save(client, job, arguments)
        done = _DO[arguments.verb](client, job, arguments)
    print(f"{job.name} ({job.job[:SHORT]}): {done}", file=sys.stderr)  # noqa: T201
    return DONE


def _list(jobs: list[JobInfo], as_json: bool) -> int:
    if as_json:
        print(json.dumps([asdict(job) for job in jobs]))  # noqa: T201
    elif not jobs:
        print("No jobs: nothing was asked of this server yet, or all of it is forgotten.", file=sys.stderr)  # noqa: T201
    else:
        print_table("Jobs (newest first)", _COLUMNS, [_row(job) for job in jobs])
    return DONE


def _row(job: JobInfo) -> list[str]:
    return [
        job.job[:SHORT],
        job.name,
        job.operation,
        _state(job),
        str(job.layers or ""),
        job.engine,
        job.client,
        ago(job.finished or job.created),
    ]


def _state(job: JobInfo) -> str:
    if job.state == "queued":
        return "next" if job.position == 1 else f"waits ({(job.position or 2) - 1} before)"
    if job.state == "running":
        return f"{job.fraction:.0%} {job.stage}{eta(Report(job.stage, job.fraction, job.eta))}"
    if job.problem is not None and job.state != "cancelled":
        return f"{job.state}: {job.problem.sentence}"
    return f"{job.state}, kept" if job.kept else job.state


def _cancel(client: Client, job: JobInfo, arguments: argparse.Namespace) -> str:
    if job.state not in ("queued", "running"):
        raise RequestError(f"{job.name} is {job.state} already.", "There is nothing to cancel.")
    client.cancel(job.job)
    return "cancelled"


def _drop(client: Client, job: JobInfo, arguments: argparse.Namespace) -> str:
    client.drop(job.job)
    return "forgotten"


def _keep(client: Client, job: JobInfo, arguments: argparse.Namespace) -> str:
    client.keep(job.job, not arguments.no)
    return "may expire" if arguments.no else "kept until it is dropped"


_DO = {"cancel": _cancel, "drop": _drop, "keep": _keep}


def _save(client: Client, job: JobInfo, arguments: argparse.Namespace) -> int:
    """Wait for the job's end if need be, fetch its layers and write them."""
    wanted = Wanted(job.name, Path(f"{cleaned(job.name) or 'picture'}.png"), alone=True)
    (target,) = plan([wanted], arguments.out, arguments.format)
    if target.path is None:
        raise RequestError("A job cannot be saved to standard output.", "Name a file with -o.")
    target.check(wanted, arguments.overwrite)
    with Interrupts() as interrupts, display(quiet=False) as shown:
        progress = Progress(shown.begin(job.name, 1, 1))
        interrupts.watch(progress)
        stack = client.result(job.job, progress=progress.part(0.0, 0.7))
        target.path.parent.mkdir(parents=True, exist_ok=True)
        formats.write(stack, target.path, target.format, progress=progress.part(0.7, 1.0))
        shown.say(f"{job.name} → {target.label}: {len(stack.layers)} layers")
    return DONE
