"""What outlives the server: jobs, uploads, results, and what the worker said of its engines.

Law: rows in and out of SQLite; decides nothing. A job's row changes only here, so that memory and disk agree: whoever
changes one gets the new row back.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from layerlift.wire.schema import record
from layerlift.wire.values import DocumentInfo, EngineOffer, JobState, Operation, Param, Problem
from layerlift_server.jobs.database import Database
from layerlift_server.worker import messages

_DOCUMENT = record(DocumentInfo)
UNFINISHED = ("queued", "running")


@dataclass(frozen=True)
class Outcome:
    """What is known of a result without opening its folder."""

    bytes: int
    layers: int
    width: int
    height: int
    depth: Literal[0, 8, 16]


@dataclass(frozen=True)
class Job:
    """One job's row. It works on `upload` (None: on none) or on the result in the folder named `source` ("": on none).
    `content`: a digest of what was asked for; `attempt`: how often it was begun; `folder`: the name of its result's
    folder, new for each attempt."""

    job: str
    owner: str
    client: str
    name: str
    operation: Operation
    engine: str
    upload: str | None
    params: dict[str, Param]
    detached: bool
    content: str
    created: float
    touched: float
    source: str = ""
    state: JobState = "queued"
    finished: float | None = None
    attempt: int = 0
    folder: str = ""
    kept: bool = False
    problem: Problem | None = None
    outcome: Outcome | None = None

    @property
    def unfinished(self) -> bool:
        """Whether it still waits or runs."""
        return self.state in UNFINISHED


@dataclass(frozen=True)
class Upload:
    """One upload's row."""

    upload: str
    owner: str
    size: int
    document: DocumentInfo
    touched: float


_COLUMNS = (
    "job",
    "owner",
    "client",
    "name",
    "operation",
    "engine",
    "upload",
    "params",
    "detached",
    "state",
    "created",
    "touched",
    "finished",
    "attempt",
    "folder",
    "kept",
    "problem",
    "content",
    "source",
)
_SAVE = f"INSERT INTO jobs ({', '.join(_COLUMNS)}) VALUES ({', '.join(':' + name for name in _COLUMNS)}) " + (
    "ON CONFLICT (job) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
)
_SELECT = "SELECT jobs.*, bytes, layers, width, height, depth FROM jobs LEFT JOIN results USING (job) "


class Store:
    """The rows. Every call is a short transaction; raises Refusal when the disk fails."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)

    def save(self, job: Job) -> Job:
        """Insert or update a job and its outcome; returns it."""
        with self._database.transaction() as connection:
            connection.execute(_SAVE, _row(job))
            if job.outcome is not None:
                connection.execute(
                    "INSERT OR REPLACE INTO results (job, bytes, layers, width, height, depth) "
                    "VALUES (:job, :bytes, :layers, :width, :height, :depth)",
                    {"job": job.job, **asdict(job.outcome)},
                )
        return job

    def job(self, job: str) -> Job | None:
        """The job of that id."""
        return next(iter(self._jobs("WHERE job = ?", (job,))), None)

    def unfinished(self) -> list[Job]:
        """Jobs that wait or run, oldest first."""
        return self._jobs("WHERE state IN ('queued', 'running') ORDER BY created, jobs.rowid")

    def touched_since(self, since: float, owner: str | None, most: int) -> list[Job]:
        """At most `most` jobs of `owner` (None: of everybody), newest first."""
        mine, arguments = ("", ()) if owner is None else ("AND owner = ? ", (owner,))
        return self._jobs(
            f"WHERE touched >= ? {mine}ORDER BY created DESC, jobs.rowid DESC LIMIT ?", (since, *arguments, most)
        )

    def expired(self, before: float) -> list[Job]:
        """Jobs that ended before that time and are not kept."""
        return self._jobs("WHERE finished < ? AND NOT kept", (before,))

    def of_owner(self, owner: str) -> list[Job]:
        """All jobs of one owner."""
        return self._jobs("WHERE owner = ?", (owner,))

    def folders(self) -> set[str]:
        """The folders that finished jobs name."""
        return {row["folder"] for row in self._database.rows("SELECT folder FROM jobs WHERE state = 'done'")}

    def forget(self, job: str) -> None:
        """Delete a job and its outcome."""
        self._database.change(("DELETE FROM jobs WHERE job = ?", (job,)))

    def uploads(self) -> list[Upload]:
        """All uploads, least recently touched first."""
        return [
            Upload(
                row["upload"], row["owner"], row["size"], _DOCUMENT.read(json.loads(row["document"])), row["touched"]
            )
            for row in self._database.rows("SELECT * FROM uploads ORDER BY touched")
        ]

    def save_upload(self, upload: Upload) -> Upload:
        """Insert or update; returns it."""
        document = json.dumps(_DOCUMENT.write(upload.document))
        self._database.change(
            (
                "INSERT OR REPLACE INTO uploads (upload, owner, size, document, touched) VALUES (?, ?, ?, ?, ?)",
                (upload.upload, upload.owner, upload.size, document, upload.touched),
            )
        )
        return upload

    def forget_uploads(self, uploads: Sequence[str]) -> None:
        """Delete them."""
        self._database.change(*(("DELETE FROM uploads WHERE upload = ?", (upload,)) for upload in uploads))

    def offers(self, source: str) -> tuple[EngineOffer, ...] | None:
        """What a worker last said of the engines of that source (a module's name)."""
        rows = self._database.rows("SELECT value FROM facts WHERE name = ?", (f"offers {source}",))
        try:
            said = messages.decode(rows[0]["value"].encode()) if rows else None
        except messages.Garbled:  # another version's words
            return None
        return said.offers if isinstance(said, messages.Hello) else None

    def save_offers(self, source: str, offers: tuple[EngineOffer, ...]) -> None:
        """Remember it."""
        value = messages.encode(messages.Hello(offers)).decode()
        self._database.change(("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (f"offers {source}", value)))

    def counts(self) -> dict[str, float]:
        """How many jobs are in each state, and the bytes of all results."""
        found: dict[str, float] = {
            row["state"]: row["n"]
            for row in self._database.rows("SELECT state, count(*) AS n FROM jobs GROUP BY state")
        }
        [row] = self._database.rows("SELECT coalesce(sum(bytes), 0) AS bytes FROM results")
        return {**found, "bytes": row["bytes"]}

    def checkpoint(self) -> None:
        """Move the log into the database; the only call that waits for the disk, and the only one for any thread."""
        self._database.checkpoint()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _jobs(self, where: str, arguments: Sequence[object] = ()) -> list[Job]:
        return [_job(row) for row in self._database.rows(_SELECT + where, arguments)]


def _row(job: Job) -> dict[str, object]:
    row = {name: getattr(job, name) for name in _COLUMNS}
    row["upload"] = job.upload or ""
    row["params"] = json.dumps(job.params, sort_keys=True)
    row["problem"] = None if job.problem is None else json.dumps(asdict(job.problem))
    return row


def _job(row: sqlite3.Row) -> Job:
    found = {name: row[name] for name in _COLUMNS}
    found["upload"] = found["upload"] or None
    found["params"] = json.loads(found["params"])
    found["detached"], found["kept"] = bool(found["detached"]), bool(found["kept"])
    found["problem"] = None if found["problem"] is None else Problem(**json.loads(found["problem"]))
    outcome = None
    if row["bytes"] is not None:
        outcome = Outcome(*(row[name] for name in ("bytes", "layers", "width", "height", "depth")))
    return Job(**found, outcome=outcome)
