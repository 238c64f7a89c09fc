from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from layerlift.wire.values import DocumentInfo, EngineOffer, Native, Problem
from layerlift_server.jobs import database
from layerlift_server.jobs.port import Refusal
from layerlift_server.jobs.store import _COLUMNS, Job, Outcome, Store, Upload, _row
from server.jobs.desks import new_id

OFFER = EngineOffer("quick", "Quick", ("decompose",), 16, default=True)


def job(**changes: object) -> Job:
    made = Job(
        job=new_id(),
        owner="local",
        client="krita",
        name="Poster",
        operation="decompose",
        engine="quick",
        upload=new_id(),
        params={"layers": None, "what": "the cat", "seed": 3},
        detached=True,
        content="abc",
        created=1.0,
        touched=1.0,
    )
    return replace(made, **changes)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "jobs.sqlite")
    yield made
    made.close()


def test_a_job_comes_back_as_it_was_saved(store: Store) -> None:
    row = store.save(job())
    assert store.job(row.job) == row
    ended = replace(
        row, state="done", finished=9.0, attempt=2, folder="f", kept=True, outcome=Outcome(100, 3, 10, 20, 16)
    )
    store.save(ended)
    assert store.job(row.job) == ended
    failed = job(state="failed", finished=9.0, problem=Problem("engine", "It broke.", "Try again.", True))
    assert store.job(store.save(failed).job) == failed
    assert store.job(new_id()) is None


def test_lists_are_newest_first_and_by_owner(store: Store) -> None:
    rows = [store.save(job(created=float(n), touched=float(n), owner="ab"[n % 2])) for n in range(6)]
    assert [row.created for row in store.touched_since(2.0, None, 100)] == [5, 4, 3, 2]
    assert [row.created for row in store.touched_since(0.0, "a", 2)] == [4, 2]
    assert {row.job for row in store.of_owner("b")} == {rows[1].job, rows[3].job, rows[5].job}


def test_what_is_unfinished_expired_and_done(store: Store) -> None:
    waits, runs = store.save(job(created=2.0)), store.save(job(created=1.0, state="running"))
    old, kept = (store.save(job(state="done", finished=5.0, folder=f"f{kept}", kept=kept)) for kept in (False, True))
    assert [row.job for row in store.unfinished()] == [runs.job, waits.job]
    assert store.folders() == {"fFalse", "fTrue"}
    assert store.expired(5.0) == []
    assert [row.job for row in store.expired(6.0)] == [old.job]
    store.save(replace(kept, outcome=Outcome(70, 3, 10, 20, 8)))
    assert store.counts() == {"queued": 1, "running": 1, "done": 2, "bytes": 70}
    store.forget(kept.job)
    assert store.counts()["bytes"] == 0


def test_uploads_and_offers(store: Store) -> None:
    upload = Upload(new_id(), "local", 5, DocumentInfo("x", width=3, mask=True), 2.0)
    other = store.save_upload(replace(upload, upload=new_id(), touched=1.0))
    store.save_upload(upload)
    assert store.uploads() == [other, upload]
    inks = store.save_upload(replace(upload, document=replace(upload.document, native=Native(4, 8))))
    assert store.uploads() == [other, inks]
    store.forget_uploads([other.upload])
    assert store.uploads() == [inks]
    assert store.offers("engines") is None
    store.save_offers("engines", (OFFER,))
    store.save_offers("engines", (OFFER, replace(OFFER, name="fake", missing="No.")))
    assert store.offers("engines") == (OFFER, replace(OFFER, name="fake", missing="No."))
    assert store.offers("others") is None
    store._database.change(("UPDATE facts SET value = 'nonsense'", ()))
    assert store.offers("engines") is None


def test_a_failing_disk_is_a_refusal_and_changes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    row = store.save(job())
    store._database._connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(Refusal) as refused:
        [store.save(job(client="x" * 200)) for _ in range(200)]
    assert refused.value.problem.code == "disk-full"
    store._database._connection.execute("DROP TABLE results")
    with pytest.raises(Refusal) as refused:
        store.job(row.job)
    assert refused.value.problem.code == "internal"
    with suppress(ZeroDivisionError), store._database.transaction() as connection:
        connection.execute("DELETE FROM jobs")
        raise ZeroDivisionError
    assert store._database.rows("SELECT count(*) AS n FROM jobs")[0]["n"] > 0


def test_another_thread_s_checkpoint_empties_the_log_for_reuse(store: Store, tmp_path: Path) -> None:
    for _ in range(50):
        store.save(job())
    before = (tmp_path / "jobs.sqlite").stat().st_size
    store.checkpoint()
    assert (tmp_path / "jobs.sqlite").stat().st_size > before


def test_a_database_from_before_the_further_operations_is_read_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, row = tmp_path / "jobs.sqlite", job()
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", database.MIGRATIONS[:1])
        old = database.Database(path)
        columns = [name for name in _COLUMNS if name != "source"]
        marks = ", ".join(f":{name}" for name in columns)
        old.change((f"INSERT INTO jobs ({', '.join(columns)}) VALUES ({marks})", _row(row)))
        old.close()
    store = Store(path)
    assert store.job(row.job) == row
    drawn = store.save(job(upload=None, operation="generate"))
    edited = store.save(job(upload=None, operation="edit", source="folder"))
    assert [store.job(each.job) for each in (drawn, edited)] == [drawn, edited]
    store.close()


def test_migrations_run_once_each_and_a_failed_one_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "jobs.sqlite"
    kept = job()
    first = Store(path)
    first.save(kept)
    first.close()
    monkeypatch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, "CREATE TABLE a (b); CREATE TABEL c (d)"))
    with pytest.raises(Refusal, match="syntax error"):
        Store(path)
    monkeypatch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS[:-1], "CREATE TABLE a (b); CREATE TABLE c (d)"))
    second = Store(path)
    assert second.job(kept.job) == kept
    assert second._database.rows("PRAGMA user_version")[0][0] == len(database.MIGRATIONS)
    assert second._database.rows("SELECT * FROM c") == []
    second.close()
