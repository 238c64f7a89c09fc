"""The SQLite file: opened, migrated, checkpointed. Law: SQL plumbing only; what rows mean is `store`'s business.

Every call is made in the loop's thread and is a short transaction: in WAL mode with `synchronous` NORMAL a commit
writes to the page cache and waits for no disk (it survives a killed server; after a power cut the last commits may be
missing, never half there: sqlite.org/wal.html, sqlite.org/pragma.html#pragma_synchronous). What does wait for the
disk, moving the log into the database, is done by `checkpoint` in another thread and never by a commit.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from layerlift_server.jobs import refusals
from layerlift_server.jobs.port import Refusal

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE jobs (
        job TEXT PRIMARY KEY, owner TEXT NOT NULL, client TEXT NOT NULL, name TEXT NOT NULL,
        operation TEXT NOT NULL, engine TEXT NOT NULL, upload TEXT NOT NULL, params TEXT NOT NULL,
        detached INTEGER NOT NULL, state TEXT NOT NULL, created REAL NOT NULL, touched REAL NOT NULL,
        finished REAL, attempt INTEGER NOT NULL, folder TEXT NOT NULL, kept INTEGER NOT NULL, problem TEXT,
        content TEXT NOT NULL
    );
    CREATE INDEX jobs_by_state ON jobs (state, created);
    CREATE INDEX jobs_by_owner ON jobs (owner, created);
    CREATE INDEX jobs_by_age ON jobs (created);
    CREATE TABLE uploads (
        upload TEXT PRIMARY KEY, owner TEXT NOT NULL, size INTEGER NOT NULL, document TEXT NOT NULL,
        touched REAL NOT NULL
    );
    CREATE TABLE results (
        job TEXT PRIMARY KEY REFERENCES jobs (job) ON DELETE CASCADE, bytes INTEGER NOT NULL,
        layers INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, depth INTEGER NOT NULL
    );
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    """,
    """
    ALTER TABLE jobs ADD COLUMN source TEXT NOT NULL DEFAULT ''
    """,
)
"""Each brings the database from the version of its index to the next. Never edit one that was released."""


class Newer(Exception):
    """A newer Layerlift made this database; an older one must not touch it."""


class Database:
    """One open database file, for one thread."""

    def __init__(self, path: Path) -> None:
        """Open or make it. Raises sqlite3.Error, Newer."""
        self._path = path
        self._connection = _connect(path)
        try:
            self._migrate()
        except BaseException:
            self._connection.close()
            raise

    def rows(self, sql: str, arguments: Sequence[object] = ()) -> list[sqlite3.Row]:
        """What a SELECT finds. Raises Refusal when the disk fails."""
        try:
            return self._connection.execute(sql, arguments).fetchall()
        except sqlite3.Error as error:
            raise _explained(error) from error

    def change(self, *statements: tuple[str, Sequence[object]]) -> None:
        """All of the statements or none."""
        with self.transaction():
            for sql, arguments in statements:
                self._connection.execute(sql, arguments)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction, taken back when the block raises. Raises Refusal when the disk fails."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise _explained(error) from error
            raise

    def checkpoint(self) -> None:
        """Move the log into the database as far as possible, on a connection of its own: for another thread. Where it
        fails, the log grows until it works again."""
        with contextlib.suppress(sqlite3.Error), contextlib.closing(_connect(self._path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close it; the log is moved into the database."""
        self._connection.close()

    def _migrate(self) -> None:
        [version] = self._connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise Newer(f"{self._path.name} is of version {version}; this program knows {len(MIGRATIONS)}")
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            with self.transaction() as connection:
                for statement in script.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number:d}")


def _explained(error: sqlite3.Error) -> Refusal:
    """A full disk is said as such; the rest is ours."""
    full = "disk is full" in str(error) or "disk I/O error" in str(error)
    return refusals.disk_full() if full else refusals.broken_file(str(error))


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection
