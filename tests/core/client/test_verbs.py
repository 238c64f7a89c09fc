"""Every verb, in both shells, over real sockets, against the stand-in."""

from __future__ import annotations

import numpy as np
import pytest

from core.client.conftest import drawn
from core.client.standin import DEVICE, TOKEN
from layerlift.client import Drawing, ServerError
from layerlift.client.payload import File
from layerlift.errors import Cancelled, EngineError, InputError, RequestError
from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Document, LayerStack, Role
from layerlift.progress import Progress, Report
from layerlift.wire import messages as m
from layerlift.wire.values import Problem


def whole(stack: LayerStack) -> np.ndarray:
    return np.concatenate([layer.pixels for layer in stack.layers], axis=0)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("icc", [None, b"profile" * 99])
def test_decompose_brings_back_every_pixel(client, server, deep, icc):
    document = drawn(1031, 700, deep=deep, icc=icc)
    stack = client.decompose(document, layers=5)
    assert len(stack.layers) == 5
    assert np.array_equal(whole(stack), document.pixels)
    assert (stack.extent, stack.depth, stack.icc, stack.name) == (Extent(1031, 700), 16 if deep else 8, icc, "Drawn")
    assert stack.notes == ("Converted.", "A note.")
    assert stack.drift is not None
    assert stack.drift.mean == 0.25
    assert (stack.layers[1].name, stack.layers[1].role, stack.layers[1].group) == ("Row 1", Role.GRAPHIC, ("Rows",))
    assert server.jobs == {}, "one call leaves nothing behind"


def test_what_is_asked_for_arrives(client, server):
    client.decompose(drawn(), engine="rows", layers=2, what="the cat", text_grouping="line", seed=7, drop=False)
    (job,) = server.jobs.values()
    assert job.order.engine == "rows"
    assert job.order.params == {"layers": 2, "what": "the cat", "text": "line", "seed": 7}
    assert not job.order.detached
    client.decompose(drawn(), drawing=Drawing(steps=4, fast=True, negative=" "), drop=False)
    assert list(server.jobs.values())[-1].order.params == {"text": "block", "steps": 4, "fast": True, "negative": " "}
    client.decompose(drawn(), edges="careful", drop=False)
    assert list(server.jobs.values())[-1].order.params == {"text": "block", "edges": "careful"}
    assert server.hellos[0].token == TOKEN
    assert server.hellos[0].client.name == "layerlift"


def test_progress_goes_from_zero_to_one_through_words(client, server):
    reports: list[Report] = []
    client.decompose(drawn(700, 900), progress=Progress(reports.append))
    stages = list(dict.fromkeys(report.stage for report in reports))
    assert stages == [
        "Sending",
        "In line, 1 before",
        "Next in line",
        "Starting",
        "Cutting rows",
        "Fetching layers",
        "Done",
    ]
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_file_goes_up_as_it_is(client, server, tmp_path):
    data = bytes(np.random.default_rng(1).integers(0, 256, 700_000, np.uint8))
    (tmp_path / "größe.png").write_bytes(data)
    upload = client.upload(tmp_path / "größe.png")
    assert bytes(server.uploads[upload].data) == data
    assert (server.uploads[upload].document.kind, server.uploads[upload].document.name) == ("file", "größe")


def test_a_selection_and_where_it_lies(client, server):
    document = drawn(31, 17, icc=b"icc")
    mask = np.arange(17 * 31, dtype=np.uint8).reshape(17, 31)
    upload = server.uploads[client.upload(document, mask=mask, at=(-5, 9))]
    assert (upload.document.mask, upload.document.x, upload.document.y, upload.document.icc) == (True, -5, 9, 3)
    assert bytes(upload.data) == document.pixels.tobytes() + mask.tobytes() + b"icc"


def test_pixels_that_lie_otherwise_in_memory(client, server):
    document = Document(drawn().pixels[::2, ::-1])
    assert np.array_equal(whole(client.decompose(document)), document.pixels)


def test_submit_watch_and_layers_one_by_one(client, server):
    document = drawn()
    job = client.submit(client.upload(document), params={"layers": 4}, detached=True)
    assert server.jobs[job].order.detached
    kinds = [event.kind for event in client.watch(job)]
    assert kinds[-7:] == ["progress", "preview", "layer", "layer", "layer", "layer", "done"]
    assert set(kinds[:-7]) <= {
        "queued",
        "started",
    }  # who joins while `submit` is still told of it hears the rest of that
    layers = list(client.layers(job))
    assert np.array_equal(np.concatenate([layer.pixels for layer in layers]), document.pixels)
    assert [layer.name for layer in layers] == ["Row 0", "Row 1", "Row 2", "Row 3"]
    assert np.array_equal(whole(client.result(job, verify=False)), document.pixels)
    assert client.result(job).name == "Drawn"
    assert client.submit(client.upload(document), job=job) == job, "said twice it is the same job"
    assert len(server.jobs) == 1


def test_watching_may_stop_early_and_go_on(client, server):
    job = client.submit(client.upload(drawn()))
    watching = client.watch(job)
    assert next(watching).job == job
    watching.close()
    assert [event.kind for event in client.watch(job)][-1] == "done"


def test_jobs_keep_and_drop(client, server):
    assert client.jobs() == []
    job = client.submit(client.upload(drawn()))
    assert [info.job for info in client.jobs(since=1.0)] == [job]
    assert client.keep(job).kept
    assert not client.keep(job, False).kept
    client.drop(job)
    assert client.jobs() == []
    with pytest.raises(ServerError, match="No such job") as caught:
        client.drop(job)
    assert caught.value.code == "unknown-job"


def test_pairing_and_devices(client, server):
    assert client.welcome.owner
    assert client.pair() == m.Pairing("123456", 120.0)
    assert [device.name for device in client.devices()] == ["Tablet"]
    assert client.revoke(DEVICE) == []


def test_cancel_stops_a_running_job(client, server):
    server.hold = True
    job = client.submit(client.upload(drawn()))
    watching = client.watch(job)
    assert "started" in (event.kind for event in watching)
    client.cancel(job)
    last = list(watching)[-1]
    assert isinstance(last, m.Failed)
    assert last.state == "cancelled"
    with pytest.raises(Cancelled):
        client.result(job)
    with pytest.raises(Cancelled):
        list(client.layers(job))


def test_a_cancelled_progress_cancels_the_job_on_the_server(client, server):
    server.hold = True
    progress = Progress(lambda report: progress.cancel() if report.stage == "Starting" else None)
    with pytest.raises(Cancelled):
        client.decompose(drawn(), progress=progress)
    (job,) = server.jobs.values()
    assert isinstance(job.story[-1], m.Failed)
    assert client.jobs(), "the connection lives on"


def test_cancelled_while_it_goes_up(client, server):
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        client.decompose(drawn(3000, 2000), progress=progress)
    assert server.jobs == {}
    assert np.array_equal(whole(client.decompose(drawn())), drawn().pixels), "the connection lives on"


@pytest.mark.parametrize(
    ("problem", "error"),
    [
        (Problem("input", "Not a picture.", "Save it again."), InputError),
        (Problem("engine", "It broke.", "Again.", True), EngineError),
        (Problem("bad-params", "Too many.", "Fewer."), RequestError),
        (Problem("crashed", "Crashed twice.", "Smaller.", False), ServerError),
    ],
)
def test_what_a_job_fails_with_is_raised_as_without_a_server(client, server, problem, error):
    server.fails = problem
    with pytest.raises(error) as caught:
        client.decompose(drawn())
    assert (caught.value.sentence, caught.value.remedy) == (problem.sentence, problem.remedy)
    assert isinstance(caught.value, ServerError) == (error is ServerError)
    if error is ServerError:
        assert (caught.value.code, caught.value.retryable) == (problem.code, problem.retryable)


@pytest.mark.parametrize("kind", ["put", "submit", "jobs", "watch", "get", "pair"])
def test_refusals_are_raised_and_the_connection_lives_on(client, server, kind):
    job = client.submit(client.upload(drawn()))
    client.result(job)
    server.refuse = {kind: Problem("disk-full", "No room.", "Make some.", True)}
    with pytest.raises(ServerError, match=r"No room\. Make some\."):
        {
            "put": lambda: client.upload(drawn()),
            "submit": lambda: client.decompose(drawn()),
            "jobs": client.jobs,
            "watch": lambda: list(client.watch(job)),
            "get": lambda: list(client.layers(job)),
            "pair": client.pair,
        }[kind]()
    server.refuse = {}
    assert np.array_equal(whole(client.decompose(drawn())), drawn().pixels)


def test_what_no_server_would_follow_is_a_wrong_request_before_anything_is_sent(client, server):
    for wrong, words in (
        (lambda: client.decompose(drawn(), what="x" * 10_000), "at most 3000 bytes"),
        (lambda: client.decompose(), "nothing to decompose"),
        (lambda: client.decompose(drawn(), layer=2), "without the job"),
        (lambda: client.edit(drawn(), " "), "“prompt” is missing"),
        (lambda: client.generate("a boat"), "size of the new picture"),
        (lambda: client.generate("a boat", 3, 3, start=drawn()), "a size of its own"),
        (lambda: client.extend(drawn()), "by nothing"),
        (lambda: client.inpaint(drawn(), selection="a corner"), "corners"),
        (lambda: client.inpaint(drawn(), source=DEVICE, selection="0,0 1,1 2,2"), "one of the two"),
        (lambda: client.perform("extend", drawn(), {"left": 1, "feather": 2}), "no parameter of extend"),
    ):
        with pytest.raises(RequestError, match=words):
            wrong()
    with pytest.raises(RequestError, match="cannot be asked that"):
        client.submit(None, params={"what": "x" * 10_000})
    assert client.jobs() == []
    assert server.uploads == {}


SENT = [
    (lambda c, d: c.edit(d, "make it red", alpha="matte"), "edit", {"prompt": "make it red", "alpha": "matte"}, False),
    (
        lambda c, d: c.generate("a boat", start=d, strength=0.5),
        "generate",
        {"prompt": "a boat", "strength": 0.5},
        False,
    ),
    (lambda c, d: c.inpaint(d, mask=np.zeros((45, 60), np.uint8), feather=3), "inpaint", {"feather": 3}, True),
    (
        lambda c, d: c.inpaint(d, selection="0,0 9,0 9,9", prompt="a hat"),
        "inpaint",
        {"selection": "0,0 9,0 9,9", "prompt": "a hat", "feather": 0},
        False,
    ),
    (lambda c, d: c.extend(d, left=4, bottom=5), "extend", {"left": 4, "top": 0, "right": 0, "bottom": 5}, False),
    (lambda c, d: c.harmonise(d, prompt="dusk"), "harmonise", {"prompt": "dusk"}, False),
    (
        lambda c, d: c.perform("edit", d, {"prompt": "x"}, mask=np.ones((45, 60), np.uint8)),
        "edit",
        {"prompt": "x"},
        True,
    ),
]


@pytest.mark.parametrize(("verb", "operation", "params", "masked"), SENT)
def test_every_operation_arrives_as_it_was_meant(client, server, verb, operation, params, masked):
    stack = verb(client, drawn())
    assert np.array_equal(whole(stack), drawn().pixels)
    assert stack.name == "Drawn"
    order = next(said for said in server.said if isinstance(said, m.Submit))
    assert (order.operation, order.params, order.engine) == (operation, params, None)
    (upload,) = server.uploads.values()
    assert len(upload.data) == 60 * 45 * (4 + upload.document.mask)
    assert upload.document.mask == masked


def test_a_finished_job_is_worked_on_without_an_upload(client, server):
    job = client.submit(client.upload(drawn()), job="11111111-2222-4333-8444-555555555555")
    ways = {
        "decompose": lambda: client.decompose(source=job, layer=1, layers=3, progress=Progress()),
        "edit": lambda: client.edit(None, "the dog a bit smaller", source=job),
        "inpaint": lambda: client.inpaint(None, source=job, selection="0,0 9,0 9,9"),
        "extend": lambda: client.extend(None, source=job, top=1),
        "harmonise": lambda: client.harmonise(None, source=job),
    }
    for operation, way in ways.items():
        stack = way()
        assert np.array_equal(whole(stack), drawn().pixels)
        assert stack.name == "Drawn", "as the server calls it"
        order = [said for said in server.said if isinstance(said, m.Submit)][-1]
        assert (order.operation, order.upload, order.params["source"]) == (operation, None, job)
    assert len(server.uploads) == 1
    assert list(server.jobs) == [job]


def test_a_picture_from_words_alone(client, server):
    stack = client.generate("纸船", 31, 20, layers=0)
    assert (stack.extent, stack.name, stack.notes) == (Extent(31, 20), "纸船", ("A note.",))
    assert server.uploads == {}


def test_an_interrupted_job_without_an_upload_is_asked_for_once_more(client, server):
    server.fails = Problem("interrupted", "The server stopped.", "Again.", True)
    with pytest.raises(ServerError, match="The server stopped"):
        client.generate("a boat", 8, 8)
    orders = [said for said in server.said if isinstance(said, m.Submit)]
    assert len(orders) == 2
    assert orders[0].job != orders[1].job
    assert orders[0].params == orders[1].params


def test_a_mask_does_not_go_with_a_file(client, server, tmp_path):
    (tmp_path / "a.png").write_bytes(b"123")
    with pytest.raises(RequestError, match="give a polygon"):
        client.inpaint(tmp_path / "a.png", mask=np.zeros((3, 3), np.uint8))
    assert server.uploads == {}


def test_unknown_jobs(client, server):
    for verb in (client.cancel, lambda job: list(client.watch(job)), client.result):
        with pytest.raises(ServerError, match="No such job"):
            verb("00000000-0000-4000-8000-000000000000")


def test_a_file_that_changes_on_its_way_is_its_own_problem(client, server, tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(bytes(1 << 20))
    read = File.read

    def shrinking(self: File, offset: int, length: int) -> memoryview:
        (tmp_path / "a.png").write_bytes(bytes(1 << 18))
        return read(self, offset, length)

    monkeypatch.setattr(File, "read", shrinking)
    with pytest.raises(InputError, match="changed while it was being sent"):
        client.upload(tmp_path / "a.png")
    assert client.jobs() == []
    assert len(server.hellos) == 1, "the connection lives on"
