"""Who gets in: tokens, pairing codes, devices, and what each of them may do."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from layerlift.wire.messages import (
    Cancel,
    DeviceList,
    Devices,
    Drop,
    Failed,
    Get,
    Hello,
    JobList,
    Jobs,
    Keep,
    Message,
    Pair,
    Pairing,
    Queued,
    Refused,
    Revoke,
    Submit,
    Watch,
)
from layerlift.wire.values import DocumentInfo
from layerlift_server.app import Server
from layerlift_server.limits import DEVICES, KEYS, PAIRING_TRIES
from layerlift_server.observe.logs import Lines
from layerlift_server.security.cookies import Cookies
from layerlift_server.security.devices import Devices as Kept
from layerlift_server.settings import Settings
from server.fakes.jobs import FakeJobs
from server.talk import ME, Gone, Talker, http

PICTURE = DocumentInfo("a.png", kind="file")


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(settings: Settings, jobs: FakeJobs, clock: Clock) -> AsyncIterator[Server]:
    running = Server(settings, jobs, clock=clock)
    await running.start()
    yield running
    await asyncio.wait_for(running.stop(), 20)


async def turned_away(server: Server, **proof: str) -> tuple[Gone, Refused]:
    async with Talker(server.port) as client:
        await client.say(Hello(ME, **proof))
        gone = await client.gone()
    [refused] = client.heard
    assert isinstance(refused, Refused)
    return gone, refused


async def paired(server: Server, name: str = "Photoshop") -> str:
    code, _ = server.context.code.show()
    async with Talker(server.port) as client:
        welcome = await client.greet(code=code, device=name)
    assert welcome.token is not None
    assert not welcome.owner
    return welcome.token


async def test_no_token_and_wrong_tokens_are_turned_away_alike(server: Server) -> None:
    wrong = server.token[:-1] + ("A" if server.token[-1] != "A" else "B")
    answers = [await turned_away(server, **proof) for proof in ({}, {"token": wrong}, {"token": "é" * 40})]
    assert [gone.code for gone, _ in answers] == [4401] * 3
    assert len({refused.problem for _, refused in answers}) == 1, "what was wrong is not said"


async def test_nothing_is_heard_before_hello(server: Server) -> None:
    async with Talker(server.port) as client:
        client.connection.state = "open"
        await client.say(Jobs())
        assert (await client.gone()).code == 4400


async def test_hello_is_said_once(server: Server) -> None:
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        client.connection.state = "greeting"
        await client.say(Hello(ME, token=server.token))
        assert (await client.gone()).code == 4400


async def test_a_code_pairs_one_device_once(server: Server) -> None:
    async with Talker(server.port) as owner:
        await owner.greet(token=server.token)
        await owner.say(Pair())
        shown = await owner.hear(Pairing)
        assert 0 < shown.seconds <= 120
        async with Talker(server.port) as device:
            welcome = await device.greet(code=shown.code, device="Studio ‮ PC\n")
        assert welcome.token is not None
        await owner.say(Devices())
        [listed] = (await owner.hear(DeviceList)).devices
        assert listed.name == "Studio PC", "no line breaks, no turned-around letters"
    assert (await turned_away(server, code=shown.code, device="again"))[0].code == 4401
    async with Talker(server.port) as device:
        assert not (await device.greet(token=welcome.token)).owner


async def test_five_wrong_codes_void_the_right_one(server: Server) -> None:
    code, _ = server.context.code.show()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(PAIRING_TRIES):
        assert (await turned_away(server, code=wrong, device="thief"))[0].code == 4401
    gone, refused = await turned_away(server, code=code, device="thief")
    assert (gone.code, refused.problem.code) == (4401, "unauthorized")
    assert server.context.devices.list() == ()


async def test_a_code_is_void_after_two_minutes(server: Server, clock: Clock) -> None:
    code, seconds = server.context.code.show()
    assert seconds == 120
    clock.now += 120
    assert (await turned_away(server, code=code, device="late"))[0].code == 4401


async def test_without_a_shown_code_none_works(server: Server) -> None:
    for code in ("000000", "123456"):
        assert (await turned_away(server, code=code, device="x"))[0].code == 4401


async def test_asking_again_shows_the_standing_code_and_then_a_new_one(server: Server, clock: Clock) -> None:
    first, _ = server.context.code.show()
    clock.now += 30
    assert server.context.code.show() == (first, 90)
    clock.now += 31
    assert server.context.code.show()[1] == 120


async def test_a_key_is_void_after_a_minute_and_a_visit_after_its_day(server: Server, clock: Clock) -> None:
    late = server.cookies.issue()
    clock.now += 60
    assert (await http(server.port, f"/open?key={late}")).status == 403
    cookie = (await http(server.port, f"/open?key={server.cookies.issue()}")).headers["set-cookie"].split(";")[0]
    assert (await http(server.port, "/", {"Cookie": cookie})).status != 401
    clock.now += 12 * 3600
    assert (await http(server.port, "/", {"Cookie": cookie})).status == 401


async def test_tokens_are_kept_as_digests_in_a_private_file(server: Server, settings: Settings) -> None:
    token = await paired(server)
    path = settings.data / "devices.json"
    assert token not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


async def test_a_revoked_device_is_out_at_once_and_its_jobs_are_forgotten(server: Server, jobs: FakeJobs) -> None:
    token = await paired(server)
    async with Talker(server.port) as device, Talker(server.port) as owner:
        await device.greet(token=token)
        await owner.greet(token=server.token)
        [listed] = server.context.devices.list()
        await owner.say(Revoke(listed.device))
        assert (await owner.hear(DeviceList)).devices == ()
        assert (await device.gone()).code == 4401
    assert jobs.forgotten == [listed.device]
    assert (await turned_away(server, token=token))[0].code == 4401


async def test_devices_survive_a_restart_and_a_damaged_list_lets_nobody_in(
    server: Server, settings: Settings, tmp_path: Path
) -> None:
    token = await paired(server)
    again = Server(settings, FakeJobs(tmp_path))
    assert again.context.devices.find(token) is not None
    for damage in (b"{", b"[]", b'{"devices": [{"device": 1}]}', b"[" * 100_000, b"\xff"):
        (settings.data / "devices.json").write_bytes(damage)
        broken = Server(settings, FakeJobs(tmp_path)).context.devices
        assert broken.find(token) is None
        assert broken.damaged is not None
        assert broken.damaged.read_bytes() == damage, "set aside, not lost"


def test_a_devices_last_visit_is_kept_but_not_written_each_time(tmp_path: Path) -> None:
    clock = Clock()
    devices = Kept(tmp_path / "devices.json", clock=clock)
    device, token = devices.add("Studio")
    written = (tmp_path / "devices.json").stat().st_mtime_ns
    clock.now += 30
    assert devices.find(token) == device
    assert (tmp_path / "devices.json").stat().st_mtime_ns == written
    clock.now += 3600
    assert devices.find(token) == device
    assert Kept(tmp_path / "devices.json").list()[0].last_seen == clock.now
    assert not devices.revoke("nobody")
    assert devices.revoke(device)


async def test_a_device_that_cannot_be_kept_is_told_why(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Kept, "_keep", full)
    code, _ = server.context.code.show()
    _, refused = await turned_away(server, code=code, device="x")
    assert refused.problem.code == "disk-full"


async def test_keys_and_cookies_do_not_pile_up() -> None:
    cookies = Cookies()
    keys = [cookies.issue() for _ in range(KEYS + 1)]
    assert cookies.exchange(keys[0]) is None
    assert cookies.exchange(keys[1]) is not None


async def test_only_so_many_devices(server: Server) -> None:
    for index in range(DEVICES):
        server.context.devices.add(f"device {index}")
    code, _ = server.context.code.show()
    gone, refused = await turned_away(server, code=code, device="one more")
    assert (gone.code, refused.problem.code) == (4429, "too-many")


@pytest.mark.parametrize("message", [Pair(), Devices(), Revoke(str(uuid.uuid4()))], ids=lambda message: message.kind)
async def test_a_device_cannot_do_what_is_the_owners(server: Server, message: Message) -> None:
    token = await paired(server)
    async with Talker(server.port) as device:
        await device.greet(token=token)
        await device.say(message)
        assert (await device.refused()).problem.code == "owner-only"
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await http(server.port, "/metrics", bearer)).status == 401
    assert (await http(server.port, "/link", bearer, method="POST")).status == 401
    assert (await http(server.port, "/health", bearer)).body == b'{"status": "ok"}'


async def test_a_device_cannot_see_or_touch_anothers_job(server: Server, jobs: FakeJobs) -> None:
    mine, theirs = await paired(server, "mine"), await paired(server, "theirs")
    upload, job = str(uuid.uuid4()), str(uuid.uuid4())
    async with Talker(server.port) as owner, Talker(server.port) as thief:
        await owner.greet(token=mine)
        await thief.greet(token=theirs)
        await owner.put(upload, b"picture", PICTURE)
        await owner.say(Submit(job, upload=upload))
        await owner.hear(Queued)
        attempts: list[Message] = [
            Watch(job),
            Cancel(job),
            Drop(job),
            Keep(job),
            Get(1, job, 0),
            Submit(job, upload=upload),
        ]
        attempts.append(Submit(str(uuid.uuid4()), upload=upload))
        for attempt in attempts:
            await thief.say(attempt)
            code = (await thief.refused()).problem.code
            assert code == ("unknown-upload" if attempt is attempts[-1] else "unknown-job")
        await thief.say(Jobs())
        assert (await thief.hear(JobList)).jobs == ()
        assert (await http(server.port, f"/export/{job}.psd", {"Authorization": f"Bearer {theirs}"})).status == 404
        jobs.run(job)
        jobs.finish(job, [bytes(4)])
        assert await owner.get(job, 0) == bytes(4)
        assert not [message for message in thief.heard if not isinstance(message, Refused | JobList)]
    assert job in jobs.jobs


async def test_the_owner_sees_and_commands_everything(server: Server, jobs: FakeJobs) -> None:
    token = await paired(server)
    upload, job = str(uuid.uuid4()), str(uuid.uuid4())
    async with Talker(server.port) as device, Talker(server.port) as owner:
        await device.greet(token=token)
        await owner.greet(token=server.token)
        await device.put(upload, b"picture", PICTURE)
        await device.say(Submit(job, upload=upload))
        await device.hear(Queued)
        await owner.say(Cancel(job))
        assert (await owner.hear(Failed)).state == "cancelled"
        assert (await device.hear(Failed)).state == "cancelled"


async def test_secrets_and_pixels_are_never_logged(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "layerlift_server")
    token = await paired(server)
    async with Talker(server.port) as client:
        await client.greet(token=token)
        await client.put(str(uuid.uuid4()), b"PIXELS" * 100, PICTURE)
    text = "\n".join(Lines(form).format(record) for record in caplog.records for form in ("json", "human"))
    assert "heard" in text
    assert token not in text
    assert server.token not in text
    assert "PIXELSPIXELS" not in text
