"""Names from outside are words, never paths, whatever is in them."""

from __future__ import annotations

import uuid

import pytest

from layerlift.wire.messages import Hello, JobList, Jobs, Queued, Submit, Welcome
from layerlift.wire.values import ClientInfo, DocumentInfo
from layerlift_server.app import Server
from layerlift_server.security.names import file_stem, plain
from layerlift_server.settings import Settings
from server.fakes.jobs import FakeJobs
from server.talk import Talker, ask, http

NASTY = [
    "../../x",
    "..\\..\\x",
    "/etc/passwd",
    "C:\\Windows\\win.ini",
    "a\x00b",
    "\r\nSet-Cookie: a=b",
    '"; filename="evil.exe',
    "🦄" * 50,
    "‮gnp.exe",
    "con",
    "NUL.txt",
    ".",
    "..",
    "",
    " ",
    "a" * 255,
    "\ud800",
]


@pytest.mark.parametrize("name", NASTY, ids=range(len(NASTY)))
def test_a_name_becomes_a_file_name_that_every_system_takes(name: str) -> None:
    stem = file_stem(name)
    assert stem
    assert not set(stem) & set('<>:"/\\|?*\0\r\n')
    assert len(stem.encode()) <= 150
    assert stem.strip(" .") == stem
    assert stem.upper().split(".")[0] not in {"CON", "NUL", "AUX", "PRN"}
    assert "‮" not in stem


def test_names_lose_their_pictures_ending_only() -> None:
    assert file_stem("holiday.final.PNG") == "holiday.final"
    assert file_stem("Fräulein 7 – Entwurf.psd") == "Fräulein 7 – Entwurf"


def test_a_shown_name_is_one_line_that_reads_as_it_is() -> None:
    assert plain("a\nb\tc\u202ed\u200be\x00f") == "a b cdef"
    assert len(plain("é" * 1000).encode()) <= 255


@pytest.mark.parametrize("name", NASTY, ids=range(len(NASTY)))
async def test_a_document_may_be_called_anything(server: Server, jobs: FakeJobs, settings: Settings, name: str) -> None:
    upload, job = str(uuid.uuid4()), str(uuid.uuid4())
    name = name.encode("utf-8", "replace").decode()
    async with Talker(server.port) as client:
        await client.say(Hello(ClientInfo(name, "1", name), token=server.token))
        await client.hear(Welcome)
        before = sorted(path.name for path in settings.data.rglob("*"))
        await client.put(upload, b"picture", DocumentInfo(name, kind="file"))
        await client.say(Submit(job, upload=upload))
        await client.hear(Queued)
        await client.say(Jobs())
        [info] = (await client.hear(JobList)).jobs
        assert info.name == name
        assert sorted(path.name for path in settings.data.rglob("*")) == before, "the session makes no file of a name"
        jobs.run(job)
        jobs.finish(job, [bytes(4)])
    answer = await http(server.port, f"/export/{job}.psd", {"Authorization": f"Bearer {server.token}"})
    assert (answer.status, answer.body) == (200, f"psd of {job}".encode())
    assert "set-cookie" not in answer.headers
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment; filename=\"layers.psd\"; filename*=UTF-8''")
    assert disposition.isascii()
    assert disposition.count(";") == 2


async def test_a_name_of_64_kib_is_refused(server: Server) -> None:
    from layerlift.wire import msgpack

    document = {"name": "n" * 65536, "kind": "file"}
    put = {"type": "put", "transfer": 1, "upload": str(uuid.uuid4()), "size": 5, "document": document}
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.send(msgpack.pack(put))  # type: ignore[arg-type]
        assert (await client.gone()).code == 4400


@pytest.mark.parametrize(
    "path",
    """/export/../x.psd /export/..%2f..%2fetc%2fpasswd.psd /export/%2e%2e.psd /export/a%00b.psd /export/a.exe
    /export/a.psd/../../x /export/.psd /export/a.PSD /export/a%2fb.psd /export//etc/passwd.psd
    /static/../app.py /static/..%2fapp.py /static/%2e%2e/app.py /static//etc/passwd /static/....//app.py
    /static/..\\app.py /static/ /static/index.html%00.png /../../etc/passwd /static/../../../../etc/passwd""".split(),
)
async def test_an_address_never_becomes_a_path(server: Server, path: str) -> None:
    bearer = f"Authorization: Bearer {server.token}\r\n"
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{bearer}Connection: close\r\n\r\n"
    answer = await ask(server.port, head.encode())
    assert answer.split()[1] in (b"404", b"400"), answer[:200]
    assert b"import" not in answer
    assert b"root:" not in answer


async def test_an_export_needs_a_proof_and_a_finished_job(server: Server, jobs: FakeJobs) -> None:
    upload, job = str(uuid.uuid4()), str(uuid.uuid4())
    async with Talker(server.port) as client:
        await client.greet(token=server.token)
        await client.put(upload, b"picture", DocumentInfo("a", kind="file"))
        await client.say(Submit(job, upload=upload))
        await client.hear(Queued)
    assert (await http(server.port, f"/export/{job}.psd")).status == 401
    bearer = {"Authorization": f"Bearer {server.token}"}
    assert (await http(server.port, f"/export/{job}.psd", bearer)).status == 409
    assert (await http(server.port, f"/export/{uuid.uuid4()}.psd", bearer)).status == 404
