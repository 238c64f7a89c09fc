"""The action, from the click to the layers, against a host and a server in memory."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from layerlift.wire.limits import LATTICE
from layerlift.wire.messages import Progress, Queued, Started
from layerlift.wire.values import EngineOffer, Native
from layerlift_krita.action.ports import Say, ShowsThrough, Trouble, Wish
from layerlift_krita.action.task import MOVES, Task
from plugins.krita import fakes
from plugins.krita.fakes import FakePlace, FakeServer, Stage


def test_a_wish_becomes_layers() -> None:
    stage = Stage()
    task = stage.action.run(Wish(engine="quick", params={"layers": 3, "what": "the car", "text": "block"}))
    assert task is not None
    assert stage.link.opened == [True]
    assert task.state == "connecting"
    stage.link.connect()
    stage.play()
    assert task.state == "inserted"
    assert stage.host.inserted == [("Layer", "whole", [pixels for _, pixels in stage.server.layers])]
    (upload,) = stage.server.uploads.values()
    assert bytes(upload[1]) == stage.host.snapshots[0].payload
    assert stage.host.snapshots[0].closed
    (order,) = stage.server.submits
    assert order.params == {"layers": 3, "what": "the car", "text": "block"}
    assert order.detached
    assert stage.heard.words == [("“Layer” is now 2 layers.", False)]
    assert task.notes == [Say("A note.")]
    assert not task.pieces


@pytest.mark.parametrize("able", [True, False])
def test_a_document_that_is_not_rgb_brings_its_own_numbers_where_the_server_takes_them(able: bool) -> None:
    stage = Stage()
    stage.host.own, stage.server.native = Native(4, 8), able
    stage.action.run(Wish())
    stage.link.connect()
    stage.play()
    (document,), (upload,) = stage.server.documents, stage.server.uploads.values()
    assert document.native == (Native(4, 8) if able else None)
    assert len(upload[1]) == 40 * 30 * 4 + able * (40 * 30 + LATTICE**3) * 5
    expected = [stage.server.inks(pixels) if able else pixels for _, pixels in stage.server.layers]
    assert stage.host.inserted == [("Layer", "whole", expected)]


def test_own_numbers_stay_at_home_where_they_would_be_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    stage.host.own, stage.server.native = Native(4, 8), True
    monkeypatch.setattr(fakes, "LIMITS", replace(fakes.LIMITS, upload=40 * 30 * 4))
    stage.action.run(Wish())
    stage.link.connect()
    stage.play()
    assert [document.native for document in stage.server.documents] == [None]
    assert len(stage.host.inserted) == 1


def test_what_the_host_refuses_is_said_and_nothing_begins() -> None:
    stage = Stage()
    stage.host.trouble = Trouble(Say("No picture is open."))
    assert stage.action.run(Wish()) is None
    assert (stage.action.tasks, stage.link.opened) == ([], [])
    assert stage.heard.words == [("No picture is open.", True)]


@pytest.mark.parametrize("hold", [None, "queued", "working", "fetching"])
def test_a_broken_connection_is_taken_up_where_it_broke(hold: str | None) -> None:
    stage = Stage()
    stage.server.hold = hold
    task = stage.action.run(Wish())
    assert task is not None
    stage.link.connect()
    stage.play() if hold else stage.action.step()
    stage.link.cut()
    assert task.running
    stage.server.hold = None
    stage.link.connect()
    stage.play()
    assert task.state == "inserted"
    assert len(stage.server.submits) == 1
    assert stage.host.inserted[0][2] == [pixels for _, pixels in stage.server.layers]


@pytest.mark.parametrize("hold", ["connecting", "sending", "queued", "working", "fetching", "inserting"])
def test_cancelling_leaves_nothing_behind(hold: str) -> None:
    stage = Stage()
    stage.server.hold = hold
    task = stage.action.run(Wish())
    assert task is not None
    if hold != "connecting":
        stage.link.connect()
    for _ in range(100):
        if task.state == hold:
            break
        stage.link.turn()
        if task.state != hold:
            stage.action.step()
    assert task.state == hold
    stage.action.cancel(task)
    assert task.state == "cancelled"
    stage.play()
    assert task.state == "cancelled"
    assert stage.host.inserted == []
    assert stage.host.snapshots[0].closed
    assert (task.pieces, task.fetch) == ({}, None)
    assert ("Cancelled.", False) in stage.heard.words
    if hold in ("queued", "working"):
        assert set(stage.server.jobs.values()) == {"cancelled"}


def test_a_place_that_moved_keeps_the_result_until_the_user_decides() -> None:
    stage = Stage()
    stage.host.moved = True
    task = stage.action.run(Wish())
    assert task is not None
    stage.link.connect()
    stage.play()
    assert (task.state, str(task.trouble)) == ("kept", "“Layer” was changed meanwhile.")
    assert stage.host.inserted == []
    assert not task.pieces
    stage.action.insert(task)
    stage.play()
    assert task.state == "inserted"
    stage.action.insert(task, fresh=True)
    stage.play()
    assert stage.host.fresh == ["Layer"]


def test_a_server_that_is_nowhere_is_said_once_and_the_task_can_be_tried_again() -> None:
    stage = Stage()
    task = stage.action.run(Wish())
    assert task is not None
    stage.action.lost(Trouble(Say("The Layerlift server does not answer."), Say("Try again.")))
    assert (task.state, str(task.remedy)) == ("failed", "Try again.")
    assert stage.host.snapshots[0].closed
    assert stage.heard.words == [("The Layerlift server does not answer.", True)]
    stage.action.again(task)
    stage.link.connect()
    stage.play()
    assert [task.state for task in stage.action.tasks] == ["inserted", "failed"]


def test_a_server_that_went_away_for_good_may_still_have_the_job() -> None:
    stage = Stage()
    stage.server.hold = "working"
    task = stage.action.run(Wish())
    assert task is not None
    stage.link.connect()
    stage.play()
    stage.link.cut()
    stage.action.lost(Trouble(Say("The Layerlift server does not answer.")))
    assert task.state == "lost"
    stage.server.hold = None
    stage.action.insert(task)
    stage.link.connect()
    stage.play()
    assert task.state == "inserted"


def test_results_of_an_earlier_session_are_offered_not_inserted() -> None:
    before = Stage()
    before.host.moved = True
    before.action.run(Wish())
    before.link.connect()
    before.play()
    saved = before.action.saved()
    assert len(saved) == 1

    after = Stage(server=before.server)
    after.action.restore([*saved, {"job": 1}, {"job": "x", "created": "now", "place": {}, "seal": ""}])
    (task,) = after.action.tasks
    after.link.connect()
    after.play()
    assert task.state == "kept"
    assert after.host.inserted == []
    after.action.insert(task)
    after.play()
    assert task.state == "inserted"


def test_expired_results_of_an_earlier_session_leave_the_list() -> None:
    stage = Stage()
    stage.action.restore([{"job": str(uuid.uuid4()), "created": 1.0, "place": {"name": "Layer"}, "seal": ""}])
    stage.link.connect()
    stage.play()
    assert stage.action.tasks == []
    assert stage.heard.words == []


def test_damaged_layers_are_not_inserted() -> None:
    stage = Stage()
    stage.server.corrupt = True
    task = stage.action.run(Wish())
    assert task is not None
    stage.link.connect()
    stage.play()
    assert task.state == "failed"
    assert "did not arrive unharmed" in str(task.trouble)
    assert stage.host.inserted == []


@pytest.mark.parametrize("code", ["too-many", "out-of-memory", "bad-params"])
def test_what_the_server_refuses_is_said_in_its_words(code: str) -> None:
    stage = Stage()
    stage.server.refuse = code
    task = stage.action.run(Wish())
    assert task is not None
    stage.link.connect()
    stage.play()
    assert task.state == "failed"
    assert stage.heard.words == [(str(task.trouble), True)]
    assert task.remedy is not None


def test_what_is_too_large_or_impossible_is_refused_before_a_byte_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    monkeypatch.setattr("plugins.krita.fakes.QUICK", EngineOffer("quick", "Quick", ("decompose",), 8, missing="No."))
    stage.action.run(Wish())
    stage.link.connect()
    stage.play()
    monkeypatch.undo()
    monkeypatch.setattr("plugins.krita.fakes.LIMITS", type(stage.action.welcome.limits)(39, 10**9, 10**9, 9, 9))  # type: ignore[union-attr]
    stage.link.connect()
    stage.action.run(Wish())
    stage.action.run(Wish(operation="edit", params={"prompt": "x"}))
    stage.play()
    assert [str(task.trouble) for task in stage.action.tasks] == [
        "The Layerlift server cannot do this: edit.",
        "The picture has 40 × 30 pixels; the limit is 1000 million, 39 on a side.",
        "No.",
    ]
    assert stage.server.uploads == {}


def test_what_is_drawn_from_words_alone_needs_no_upload() -> None:
    stage = Stage()
    task = stage.action.run(Wish("generate", params={"prompt": "a fox", "width": 40, "height": 30}))
    assert task is not None
    stage.link.connect()
    stage.play()
    assert (task.state, str(task.trouble)) == ("failed", "The Layerlift server cannot do this: generate.")
    stage.server.offers = (EngineOffer("quick", "Quick", ("decompose", "generate"), 8),)
    stage.link.connect()
    task = stage.action.run(task.wish)
    assert task is not None
    stage.play()
    (order,) = stage.server.submits
    assert (order.operation, order.upload, stage.server.uploads) == ("generate", None, {})
    assert order.params == {"prompt": "a fox", "width": 40, "height": 30}
    assert task.state == "inserted"


def test_the_original_is_hidden_when_the_user_says_so_and_trouble_is_told() -> None:
    stage = Stage()
    task = stage.action.run(Wish())
    assert task is not None
    stage.action.hide(task)
    assert stage.host.hidden == ["Layer"]
    stage.host.moved = True
    stage.action.hide(task)
    assert stage.heard.words == [("The layer “Layer” is gone.", True)]
    assert not task.through
    task.notes.append(ShowsThrough("Hide “{name}” to see the result alone: it shows through.", name="Layer"))
    assert task.through


def test_forgetting_drops_the_result_on_the_server() -> None:
    stage = Stage()
    task = stage.action.run(Wish())
    assert task is not None
    stage.link.connect()
    stage.play()
    stage.action.forget(task)
    stage.play()
    assert (stage.server.dropped, stage.action.tasks) == ([task.job], [])


def test_the_whole_fraction_never_goes_back_on_the_way_to_the_layers() -> None:
    stage = Stage(server=FakeServer(5))
    task = stage.action.run(Wish())
    assert task is not None
    stage.link.connect()
    seen = [task.whole]
    for _ in range(200):
        stage.link.turn()
        stage.action.step()
        seen.append(task.whole)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_task_only_moves_as_the_table_says() -> None:
    task = Task(Wish(), FakePlace())
    with pytest.raises(ValueError, match="from connecting to inserted"):
        task.move("inserted")
    assert all(target in MOVES for targets in MOVES.values() for target in targets)


def test_words_of_the_server_that_do_not_fit_are_not_followed() -> None:
    stage = Stage()
    task = stage.action.run(Wish())
    assert task is not None
    stage.link.connect()
    stage.play()
    for message in (Queued(task.job, 3), Started(task.job, "quick"), Progress(task.job, "Again", 0.1)):
        stage.action.heard(message)
    assert task.state == "inserted"
