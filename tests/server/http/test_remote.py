"""The second endpoint, for other machines: TLS, paired devices, the websocket and nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
import sys
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from layerlift.wire.messages import DeviceList, Devices, Hello, JobList, Jobs, Pair
from layerlift.wire.values import DocumentInfo
from layerlift_server.app import Server
from layerlift_server.lifecycle import FAILED, serve
from layerlift_server.security import certificate
from layerlift_server.security.certificate import CertificateError
from layerlift_server.settings import Settings
from server.fakes.jobs import FakeJobs
from server.talk import ME, Talker, Turned, ask, http


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "data").mkdir(mode=0o700)
    return Settings(
        host="0.0.0.0", names=("studio.example",), data=tmp_path / "data", runtime=tmp_path / "run", grace=0.0
    )


@pytest.fixture
def tls() -> ssl.SSLContext:
    """A client that pins by fingerprint itself, as ours does, and asks no authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture
async def remote(server: Server) -> int:
    assert server.remote_port is not None
    return server.remote_port


async def test_both_endpoints_stand_and_the_file_names_the_local_one(server: Server, remote: int) -> None:
    assert remote != server.port
    assert server.card().port == server.port
    assert server.card().tls is None
    async with Talker(server.port) as local:
        assert (await local.greet(token=server.token)).owner


async def test_a_paired_device_works_over_tls(server: Server, remote: int, jobs: FakeJobs, tls: ssl.SSLContext) -> None:
    code, _ = server.context.code.show()
    async with Talker(remote, tls=tls) as device:
        welcome = await device.greet(code=code, device="Studio")
        assert not welcome.owner
        upload = str(uuid.uuid4())
        await device.put(upload, bytes(3_000_000), DocumentInfo("a", kind="file"))
    assert jobs.uploads[upload].have == 3_000_000
    async with Talker(remote, tls=tls) as again:
        await again.greet(token=welcome.token)
        await again.say(Jobs())
        await again.hear(JobList)


async def test_the_owners_token_and_cookie_do_not_work_from_elsewhere(
    server: Server, remote: int, tls: ssl.SSLContext
) -> None:
    async with Talker(remote, tls=tls) as client:
        await client.say(Hello(ME, token=server.token))
        assert (await client.gone()).code == 4401
    cookie = (await http(server.port, f"/open?key={server.cookies.issue()}")).headers["set-cookie"].split(";")[0]
    own = {"Origin": f"https://127.0.0.1:{remote}", "Cookie": cookie.replace(str(server.port), str(remote))}
    async with Talker(remote, tls=tls, headers=own) as page:
        await page.say(Hello(ME))
        assert (await page.gone()).code == 4401


async def test_nothing_but_the_websocket_is_there(server: Server, remote: int, tls: ssl.SSLContext) -> None:
    bearer = {"Authorization": f"Bearer {server.token}"}
    for path in ("/", "/static/page.js", f"/open?key={server.cookies.issue()}", "/metrics", "/export/a.psd"):
        assert (await http(remote, path, bearer, tls=tls)).status == 404
    assert (await http(remote, "/link", bearer, method="POST", tls=tls)).status == 404
    assert (await http(remote, "/health", bearer, tls=tls)).body == b'{"status": "ok"}'


@pytest.mark.parametrize("host", ["evil.example", "localhost", "10.0.0.1", "0.0.0.0", "127.0.0.2"])
async def test_a_rebound_host_is_misdirected_here_too(
    server: Server, remote: int, tls: ssl.SSLContext, host: str
) -> None:
    assert (await http(remote, "/health", {"Host": host}, tls=tls)).status == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "studio.example", "STUDIO.example:443", socket.gethostname()])
async def test_its_own_names_and_the_address_that_was_reached_are_known(
    server: Server, remote: int, tls: ssl.SSLContext, host: str
) -> None:
    assert (await http(remote, "/health", {"Host": host}, tls=tls)).status == 200


async def test_without_tls_nothing_is_said(server: Server, remote: int) -> None:
    answer = b""
    with suppress(ConnectionError):
        answer = await ask(remote, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert b"HTTP" not in answer


async def test_one_address_cannot_take_every_place(server: Server, remote: int, tls: ssl.SSLContext) -> None:
    server.connections.of_one_address = 2
    async with Talker(remote, tls=tls), Talker(remote, tls=tls):
        with pytest.raises(Turned) as turned:
            async with Talker(remote, tls=tls):
                pass
        assert turned.value.status == 503
        async with Talker(server.port) as local:
            await local.greet(token=server.token)


async def test_devices_of_the_remote_endpoint_command_nothing(server: Server, remote: int, tls: ssl.SSLContext) -> None:
    code, _ = server.context.code.show()
    async with Talker(remote, tls=tls) as device, Talker(server.port) as owner:
        await device.greet(code=code, device="Studio")
        for message in (Pair(), Devices()):
            await device.say(message)
            assert (await device.refused()).problem.code == "owner-only"
        await owner.greet(token=server.token)
        await owner.say(Devices())
        assert [one.name for one in (await owner.hear(DeviceList)).devices] == ["Studio"]


async def test_the_fingerprint_is_the_certificates_and_lasts(
    server: Server, settings: Settings, remote: int, tls: ssl.SSLContext, tmp_path: Path
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", remote, ssl=tls)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    assert server.certificate is not None
    assert hashlib.sha256(shown).hexdigest() == server.certificate.fingerprint
    assert server.certificate.key.stat().st_mode & 0o077 == 0
    assert certificate.made(settings.data, ("other.example",)).fingerprint == server.certificate.fingerprint, "pinned"
    assert reader is not None


def test_a_certificate_that_ran_out_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "_DAYS", 0)
    first = certificate.made(tmp_path, ("studio.example", "10.0.0.7", "::1")).fingerprint
    monkeypatch.undo()
    second = certificate.made(tmp_path, ("studio.example",)).fingerprint
    assert first != second
    assert certificate.made(tmp_path, ("studio.example",)).fingerprint == second
    (tmp_path / "certificate.pem").write_text("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n")
    assert certificate.made(tmp_path, ("studio.example",)).fingerprint not in (first, second)


def test_the_users_own_certificate_is_used_and_a_wrong_one_explained(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    ours, other = certificate.made(tmp_path / "a", ("a",)), certificate.made(tmp_path / "b", ("b",))
    assert certificate.given(ours.chain, ours.key).context().minimum_version >= ssl.TLSVersion.TLSv1_2
    with pytest.raises(CertificateError, match="belongs to it"):
        certificate.given(ours.chain, other.key).context()
    for nothing in (tmp_path / "missing.pem", ours.key):
        with pytest.raises(CertificateError, match="no PEM certificate"):
            certificate.given(nothing, ours.key)
    assert certificate.spelled(ours.fingerprint).count(":") == 31


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "studio.example"])
def test_never_without_tls(settings: Settings, host: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where no certificate can be made the server does not start at all."""
    monkeypatch.setitem(sys.modules, "cryptography", None)
    said: list[str] = []
    chosen = replace(settings, host=host)
    assert chosen.remote
    assert serve(chosen, jobs=lambda _: FakeJobs(tmp_path), tell=said.append) == FAILED
    assert "layerlift[remote]" in said[-1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.9"])
def test_names_of_this_machine_for_itself_are_local(settings: Settings, host: str) -> None:
    assert not replace(settings, host=host).remote
