from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from layerlift.wire.values import DocumentInfo
from layerlift_server.jobs import arena
from layerlift_server.jobs.arena import Trash
from layerlift_server.jobs.port import Refusal
from layerlift_server.jobs.settings import JobSettings
from layerlift_server.jobs.store import Store
from layerlift_server.jobs.uploads import Uploads, Writer
from server.jobs.desks import Clock, new_id

DATA = memoryview(bytes(range(200)))
FILE = DocumentInfo("x.png", kind="file")


class Room:
    """Uploads in a folder, as often as wanted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.needed: set[str] = set()
        self.clock = Clock()
        self.store = Store(folder / "jobs.sqlite")
        self.trash = Trash(folder / "trash")
        self.uploads = self.again()

    def again(self, **settings: Any) -> Uploads:
        """As a new server would see them."""
        settings = {"clock": self.clock, "disk_free": lambda _: 1 << 40, **settings}
        return Uploads(self.folder / "uploads", self.store, self.trash, JobSettings(**settings), lambda: self.needed)

    def whole(self, uploads: Uploads, owner: str = "me", size: int = 100) -> str:
        upload = new_id()
        writer = uploads.announce(upload, size, FILE, owner)
        writer.write(0, DATA[:size])
        writer.close()
        return upload


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.uploads.close()
    made.trash.close()
    made.store.close()


def code(call: Any) -> str:
    with pytest.raises(Refusal) as refused:
        call()
    return refused.value.problem.code


def test_bytes_come_in_order_and_lie_in_a_private_file(room: Room) -> None:
    upload = new_id()
    writer = room.uploads.announce(upload, 150, FILE, "me")
    writer.write(0, DATA[:100])
    assert (writer.have, writer.size) == (100, 150)
    assert code(lambda: writer.write(50, DATA[:10])) == "malformed"
    assert code(lambda: writer.write(120, DATA[:10])) == "malformed"
    assert code(lambda: writer.write(100, DATA[:51])) == "malformed"
    assert code(lambda: room.uploads.get(upload, "me")) == "incomplete-upload"
    writer.write(100, DATA[100:150])
    writer.close()
    whole = room.uploads.get(upload, "me")
    assert whole.path.read_bytes() == bytes(DATA[:150])
    if os.name == "posix":
        assert whole.path.stat().st_mode & 0o777 == 0o600
    assert str(whole) == f"upload {upload} 150/150"
    with arena.mapped(whole.path) as memory:
        assert memory[:3] == b"\0\1\2"


def test_another_connection_goes_on_where_the_first_was_cut(room: Room) -> None:
    upload = new_id()
    first = room.uploads.announce(upload, 150, FILE, "me")
    first.write(0, DATA[:100])
    second = room.uploads.announce(upload, 150, FILE, "me")
    first.close()
    first.close()
    assert second.have == 100
    second.write(100, DATA[100:150])
    assert second.have == second.size
    assert code(lambda: first.write(100, DATA[:1])) == "malformed"


def test_after_a_restart_the_file_says_how_much_is_there(room: Room) -> None:
    upload = new_id()
    room.uploads.announce(upload, 150, FILE, "me").write(0, DATA[:100])
    later = room.again()
    writer = later.announce(upload, 150, FILE, "me")
    assert writer.have == 100
    writer.close()
    (room.folder / "uploads" / upload).unlink()
    assert room.again().announce(upload, 150, FILE, "me").have == 0


def test_a_closed_writer_writes_no_more(room: Room) -> None:
    writer = room.uploads.announce(new_id(), 150, FILE, "me")
    writer.close()
    assert code(lambda: writer.write(0, DATA[:10])) == "unknown-upload"


def test_an_id_stands_for_one_document_of_one_owner(room: Room) -> None:
    upload = room.whole(room.uploads)
    assert room.uploads.announce(upload, 100, FILE, "me").have == 100
    assert code(lambda: room.uploads.announce(upload, 101, FILE, "me")) == "bad-params"
    assert code(lambda: room.uploads.announce(upload, 100, FILE, "you")) == "bad-params"
    assert code(lambda: room.uploads.announce(upload, 100, DocumentInfo("y", kind="file"), "me")) == "bad-params"
    assert code(lambda: room.uploads.get(upload, "you")) == "unknown-upload"
    assert code(lambda: room.uploads.get(new_id(), "me")) == "unknown-upload"


def test_what_is_idle_makes_room_and_what_is_needed_does_not(room: Room) -> None:
    uploads = room.again(owner_bytes=300, owner_uploads=3)
    oldest, needed, newest = (room.whole(uploads) for _ in range(3))
    room.needed.add(needed)
    room.clock.now += 1
    uploads.touch(newest)
    other = room.whole(uploads, owner="you")
    room.whole(uploads)
    assert code(lambda: uploads.get(oldest, "me")) == "unknown-upload"
    for upload in (needed, newest):
        uploads.get(upload, "me")
    room.needed |= {newest}
    assert code(lambda: uploads.announce(new_id(), 201, FILE, "me")) == "too-large"
    uploads.get(other, "you")


def test_too_many_unfinished_documents_are_refused(room: Room) -> None:
    uploads = room.again(owner_uploads=2)
    writers = [uploads.announce(new_id(), 100, FILE, "me") for _ in range(2)]
    assert code(lambda: uploads.announce(new_id(), 100, FILE, "me")) == "too-many"
    writers[0].close()
    uploads.announce(new_id(), 100, FILE, "me")


def test_a_disk_that_would_be_full_refuses_before_a_byte_comes(room: Room) -> None:
    uploads = room.again(disk_free=lambda _: 1000, reserve=800)
    uploads.announce(new_id(), 150, FILE, "me")
    assert code(lambda: uploads.announce(new_id(), 51, FILE, "me")) == "disk-full"
    uploads.announce(new_id(), 50, FILE, "me")


@pytest.mark.parametrize(("number", "expected"), [(errno.ENOSPC, "disk-full"), (errno.EIO, "internal")])
def test_a_disk_that_fails_is_explained(
    room: Room, monkeypatch: pytest.MonkeyPatch, number: int, expected: str
) -> None:
    writer = room.uploads.announce(new_id(), 150, FILE, "me")

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(arena, "write_at", fail)
    assert code(lambda: writer.write(0, DATA[:10])) == expected
    assert writer.have == 0
    monkeypatch.setattr(arena, "open_for_writing", fail)
    assert code(lambda: room.uploads.announce(new_id(), 150, FILE, "me")) == expected
    assert room.uploads.figures() == {"uploads": 1, "upload_bytes": 0}


def test_what_nobody_uses_expires(room: Room) -> None:
    idle, needed = room.whole(room.uploads), room.whole(room.uploads)
    held = room.uploads.announce(new_id(), 100, FILE, "me")
    room.needed.add(needed)
    room.clock.now += 3601
    fresh = room.whole(room.uploads)
    room.uploads.expire()
    assert code(lambda: room.uploads.get(idle, "me")) == "unknown-upload"
    for upload in (needed, fresh):
        assert room.uploads.find(upload) is not None
    held.write(0, DATA[:50])
    held.close()  # cut after a long time: there is an hour to come back
    room.uploads.expire()
    assert room.uploads.figures()["uploads"] == 3
    room.trash.close()
    assert not (room.folder / "uploads" / idle).exists()


def test_strangers_in_the_folder_are_swept_at_the_start(room: Room) -> None:
    upload = room.whole(room.uploads)
    stranger = room.folder / "uploads" / "stranger"
    stranger.write_bytes(b"?")
    room.again()
    assert not stranger.exists()
    assert room.uploads.get(upload, "me").path.exists()


def test_an_upload_whose_file_is_gone_is_not_found(room: Room) -> None:
    upload = room.whole(room.uploads)
    assert room.uploads.find(upload) is not None
    (room.folder / "uploads" / upload).unlink()
    assert room.uploads.find(upload) is None
    assert room.uploads.find(new_id()) is None


def test_a_writer_is_what_the_port_promises(room: Room) -> None:
    assert isinstance(room.uploads.announce(new_id(), 10, FILE, "me"), Writer)
