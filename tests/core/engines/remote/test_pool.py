"""Servers that fail in every way, and what becomes of the job."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.engines.remote.conftest import engine
from core.engines.remote.fake_server import FakeServer, Fault
from core.engines.remote.test_engine import EDITOR, picture
from layerlift.engines.port import DecomposeRequest, EditRequest
from layerlift.engines.remote import pool
from layerlift.engines.remote.engine import RemoteEngine
from layerlift.errors import Cancelled, EngineError, EngineUnavailable
from layerlift.imaging.layer import LayerStack
from layerlift.progress import Progress, Report

PATIENCE = 60.0


def take_apart(one: RemoteEngine, progress: Progress | None = None) -> LayerStack:
    return one.decompose(DecomposeRequest(picture(128, 96)), progress or Progress())


def nobody_works() -> bool:
    return not [thread for thread in threading.enumerate() if thread.name == "layerlift-remote"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("500", "answered 500"),
        ("502", "answered 502"),
        ("cut", "the connection was lost"),
        ("html", "no JSON"),
        ("text", "no JSON"),
        ("fewer", "3 pictures instead of 4"),
        ("more", "5 pictures instead of 4"),
        ("jpeg", "something else than PNG"),
        ("bomb", "30000×30000"),
        ("shape", "320×960"),
        ("sizes", "different sizes"),
        ("huge", "more than"),
        ("empty", "no pictures"),
        ("url", "no pictures"),
        ("nested", "no pictures"),
        ("damaged", "damaged"),
        ("redirect", "answered 307"),
    ],
)
def test_whatever_a_server_does_the_other_one_does_it(
    serve: Callable[..., FakeServer], fault: Fault, words: str
) -> None:
    """And where there is no other, the second time it says what was wrong, in words."""
    bad, good = serve(), serve()
    bad.faults = [fault] * 9
    one = engine(bad, good)
    one._servers().servers[1].used = 1.0  # the bad one comes first
    stack = take_apart(one)
    assert (len(bad.asked), len(good.asked)) == (1, 1)
    assert stack.notes[0] == f"Taken apart by {good.address}."
    with pytest.raises(EngineError, match="No remote server did it") as failed:
        take_apart(engine(bad))
    assert words in failed.value.sentence
    assert bad.address in failed.value.sentence
    assert failed.value.remedy
    assert failed.value.retryable
    assert nobody_works()


def test_a_server_that_is_killed_in_the_middle_is_replaced(serve: Callable[..., FakeServer]) -> None:
    dying, other = serve(), serve()
    dying.faults = ["die"]
    one = engine(dying, other)
    one._servers().servers[1].used = 1.0
    reports: list[Report] = []
    stack = take_apart(one, Progress(reports.append))
    assert len(stack.layers) == 4
    assert stack.notes[0] == f"Taken apart by {other.address}."
    assert (len(dying.asked), len(other.asked)) == (1, 1)
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions)
    for _ in range(3):
        take_apart(one)
    assert len(other.asked) == 4
    assert one._servers().servers[0].open  # two failures in a row: it is left alone


def test_one_that_comes_back_is_used_again(serve: Callable[..., FakeServer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerlift.engines.remote.server.PAUSE", 0.01)
    first = serve()
    one = engine(first)
    take_apart(one)
    first.close()
    with pytest.raises(EngineError, match="No remote server did it"):
        take_apart(one)
    again = serve(port=first.port)
    take_apart(one)
    assert len(again.asked) == 1


def test_a_passing_fault_is_tried_again_at_the_only_server(serve: Callable[..., FakeServer]) -> None:
    fake = serve()
    fake.faults = ["500"]
    take_apart(engine(fake))
    assert len(fake.asked) == 2


def test_a_request_that_is_refused_is_not_repeated_there(serve: Callable[..., FakeServer]) -> None:
    """A layered model that is asked to edit (its name does not give it away)."""
    fake = serve(EDITOR)
    one = RemoteEngine({"LAYERLIFT_REMOTE": f"edit={fake.address}"})
    fake.model = "Layered"
    with pytest.raises(EngineError, match=r"refused .*Only a single image is supported"):
        one.edit(EditRequest((picture(), picture()), "red"), Progress())
    assert len(fake.asked) == 1


def test_who_refuses_is_not_asked_again_while_another_is_waited_for(
    serve: Callable[..., FakeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_LONGEST_WAIT", 0.05)
    locked, busy = serve(EDITOR), serve(EDITOR)
    one = RemoteEngine({"LAYERLIFT_REMOTE": f"edit={locked.address},edit={busy.address}"})
    locked.model, busy.faults = "Layered", ["503", "503"]
    one.edit(EditRequest((picture(), picture()), "red"), Progress())
    assert (len(locked.asked), len(busy.asked)) == (1, 3)


def test_busy_servers_are_waited_for(serve: Callable[..., FakeServer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_LONGEST_WAIT", 0.05)
    fake = serve()
    fake.faults = ["503"] * 5
    stages: list[str] = []
    take_apart(engine(fake), Progress(lambda report: stages.append(report.stage)))
    assert len(fake.asked) == 6
    assert "Waiting for a server" in stages
    monkeypatch.setattr(pool, "BUSY", 0.0)
    fake.faults = ["503"] * 5
    with pytest.raises(EngineError, match="All remote servers are busy"):
        take_apart(engine(fake))


def test_a_cancel_closes_the_connection_at_once(serve: Callable[..., FakeServer]) -> None:
    fake = serve()
    fake.faults = ["slow"]
    progress = Progress()
    one = engine(fake)

    def cancel() -> None:
        assert fake.started.wait(PATIENCE)
        progress.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with pytest.raises(Cancelled):
        take_apart(one, progress)
    canceller.join()
    assert fake.left.wait(PATIENCE)  # the server has noticed: it can give the job up
    for thread in threading.enumerate():
        if thread.name == "layerlift-remote":
            thread.join(PATIENCE)
    assert nobody_works()
    assert one._servers().servers[0].working == 0
    fake.faults = []
    assert len(take_apart(one).layers) == 4


def test_a_cancel_before_anything_asks_nobody(serve: Callable[..., FakeServer]) -> None:
    fake, progress = serve(), Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        take_apart(engine(fake), progress)
    assert fake.asked == []


@pytest.mark.parametrize("fault", ["slow", "drip"])
def test_a_server_that_never_answers_is_given_up(serve: Callable[..., FakeServer], fault: Fault) -> None:
    silent, other = serve(), serve()
    silent.faults = [fault]
    one = engine(silent, other, LAYERLIFT_REMOTE_TIMEOUT="1")
    one._servers().servers[1].used = 1.0
    take_apart(one)
    assert (len(silent.asked), len(other.asked)) == (1, 1)
    assert silent.left.wait(PATIENCE)


def test_the_one_with_least_to_do_is_asked(serve: Callable[..., FakeServer]) -> None:
    one_fake, other_fake = serve(), serve()
    one_fake.faults = ["slow"]
    one = engine(one_fake, other_fake)
    one._servers().servers[1].used = 1.0
    first = threading.Thread(target=take_apart, args=(one,))
    first.start()
    assert one_fake.started.wait(PATIENCE)
    for _ in range(3):
        take_apart(one)
    assert (len(one_fake.asked), len(other_fake.asked)) == (1, 3)
    one_fake.released.set()
    first.join(PATIENCE)
    assert not first.is_alive()


def test_equals_take_turns_and_the_faster_one_comes_first(serve: Callable[..., FakeServer]) -> None:
    fakes = [serve(), serve()]
    one = engine(*fakes)
    for _ in range(2):
        take_apart(one)
    assert [len(fake.asked) for fake in fakes] == [1, 1]
    slow, fast = one._servers().servers
    like = next(iter(slow._seconds))
    slow._seconds[like], fast._seconds[like] = 40.0, 20.0
    take_apart(one)
    assert [len(fake.asked) for fake in fakes] == [1, 2]


def test_time_is_estimated_from_earlier_jobs_and_called_so(serve: Callable[..., FakeServer]) -> None:
    fake = serve()
    one = engine(fake)
    first: list[Report] = []
    take_apart(one, Progress(first.append))
    assert any("no estimate yet" in report.stage for report in first)
    server = one._servers().servers[0]
    for like in server._seconds:
        server._seconds[like] = 4.0
    fake.faults = ["slow"]
    later: list[Report] = []

    def listen(report: Report) -> None:
        later.append(report)
        if report.fraction > 0.1:
            fake.released.set()

    take_apart(one, Progress(listen))
    working = [report for report in later if "estimated from earlier ones" in report.stage]
    assert working
    assert any(0.1 < report.fraction < 0.9 for report in working)


@pytest.mark.parametrize(("elapsed", "share"), [(0.0, 0.0), (5.0, 0.5), (9.0, 0.9), (90.0, 0.99), (1e9, 1.0)])
def test_the_bar_goes_ever_more_slowly_once_the_time_is_up(elapsed: float, share: float) -> None:
    assert pool._share(elapsed, 10.0) == pytest.approx(share, abs=1e-6)


def test_the_key_is_sent_to_whom_it_is_for_and_a_wrong_one_is_explained(serve: Callable[..., FakeServer]) -> None:
    locked, other = serve(key="secret"), serve()
    keys = f"127.0.0.1:{locked.port}=secret"
    take_apart(engine(locked, LAYERLIFT_REMOTE_KEY=keys))
    assert locked.headers[-1]["Authorization"] == "Bearer secret"
    take_apart(engine(other))
    take_apart(engine(locked, other, LAYERLIFT_REMOTE_KEY=keys))
    assert all("Authorization" not in headers for headers in other.headers)
    with pytest.raises(EngineUnavailable, match="lets us in") as failed:
        take_apart(engine(locked, LAYERLIFT_REMOTE_KEY="wrong"))
    assert "LAYERLIFT_REMOTE_KEY" in failed.value.remedy
    assert "wrong" not in str(failed.value)


def test_a_certificate_is_checked(
    serve: Callable[..., FakeServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pytest.importorskip("layerlift_server.security.certificate").made
    pytest.importorskip("cryptography", reason="makes the certificate")
    certificate = made(tmp_path, ("127.0.0.1",))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    fake = serve(tls=context, key="secret")
    with pytest.raises(EngineError, match="its certificate is not trusted"):
        take_apart(engine(fake, LAYERLIFT_REMOTE_KEY="secret"))
    assert fake.headers == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.chain))
    assert len(take_apart(engine(fake, LAYERLIFT_REMOTE_KEY="secret")).layers) == 4
    assert fake.headers[-1]["Authorization"] == "Bearer secret"


def test_settings_that_change_change_the_servers(serve: Callable[..., FakeServer]) -> None:
    first, second = serve(), serve()
    environ = {"LAYERLIFT_REMOTE": first.address}
    one = RemoteEngine(environ)
    take_apart(one)
    environ["LAYERLIFT_REMOTE"] = second.address
    take_apart(one)
    assert (len(first.asked), len(second.asked)) == (1, 1)


def test_the_picture_arrives_as_it_was(serve: Callable[..., FakeServer]) -> None:
    import io

    from PIL import Image

    fake, source = serve(), picture(128, 96)
    take_apart(engine(fake))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(fake.pictures[0][0]))), source[..., :3])
