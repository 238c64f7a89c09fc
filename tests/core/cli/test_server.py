"""The commands that speak with a server, against the product's own one."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import webbrowser

import numpy as np
import pytest

from core.client.conftest import drawn
from core.client.real import environment, running, server_pid
from layerlift import decompose, formats
from layerlift.cli.server import pair
from layerlift.client import connect, launch
from layerlift.client.known_servers import KnownServers
from layerlift.formats import picture as pictures
from layerlift.inspection import compare
from layerlift.wire import runtime

pytest.importorskip("aiohttp")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("server")) as folder:
        yield folder


@pytest.fixture
def job(server):
    """A finished job of its own, dropped afterwards."""
    with connect() as client:
        job = client.submit(
            client.upload(drawn(80, 60, opaque=True)), engine="fake", params={"layers": 3}, detached=True
        )
        client.result(job)
        yield job
        if job in [info.job for info in client.jobs()]:
            client.drop(job)


def test_decompose_there_is_decompose_here(server, layerlift, picture):
    photo = picture()
    code, out, err = layerlift("decompose", photo, "-o", "there.psd", "--engine", "fake", "--server")
    assert (code, out) == (0, ""), err
    assert "→ there.psd: 4 layers in " in err
    there, here = formats.read("there.psd"), decompose(photo, engine="fake")
    assert [layer.name for layer in there.layers] == [layer.name for layer in here.layers]
    assert compare(there, pictures.read(photo)).maximum <= 1


def test_many_pictures_at_an_address_with_json(server, layerlift, picture, work):
    picture("a.png"), picture("b.png", 300, 100)
    (work / "bad.png").write_text("Dear diary")
    address = str(launch.find())
    wanted = ("a.png", "bad.png", "b.png", "-o", "out", "--max-size", "150", "--engine", "fake", "--json")
    code, out, _ = layerlift("decompose", *wanted, "--server", address)
    a, bad, b = (json.loads(line) for line in out.splitlines())
    assert code == 1
    assert (a["ok"], b["ok"], bad["ok"]) == (True, True, False)
    assert (b["size"], bad["error"]["code"]) == ([150, 50], "input")


def test_a_bad_file_is_explained_by_the_server(server, layerlift, work):
    (work / "bad.png").write_text("Dear diary")
    code, _, err = layerlift("decompose", "bad.png", "--engine", "fake", "--server")
    assert code == 1
    assert "is not a picture: it is text." in err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_cancels_there_too(server, picture, work):
    """The fake engine is too fast to be caught: the quick one on a large picture is not."""
    photo = picture("large.png", 1500, 1500)
    command = [sys.executable, "-m", "layerlift", "decompose", str(photo), "-o", "x.psd", "--server"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment())
    with connect() as client:
        until = time.monotonic() + 60
        while not (mine := [i for i in client.jobs() if i.name == "large" and i.state == "running"]):
            assert time.monotonic() < until
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        assert "Cancelled. Nothing was written." in err
        (info,) = [info for info in client.jobs() if info.job == mine[0].job]
        assert info.state == "cancelled"
    assert not (work / "x.psd").exists()


def test_engines_of_a_server(server, layerlift):
    code, out, _ = layerlift("engines", "--server")
    assert code == 0
    assert "quick (default)" in out
    records = json.loads(layerlift("engines", "--server", "--json")[1])
    assert [record["name"] for record in records if record["default"]] == ["quick"]


def test_jobs_as_a_table_and_as_json(job, layerlift):
    code, out, err = layerlift("jobs")
    assert (code, err) == (0, "")
    assert job[:8] in out
    assert "Drawn" in out
    assert "done" in out
    (record,) = [record for record in json.loads(layerlift("jobs", "--json")[1]) if record["job"] == job]
    assert (record["layers"], record["state"], record["problem"]) == (3, "done", None)


def test_a_job_is_kept_saved_and_dropped(job, layerlift, work):
    assert layerlift("jobs", "keep", job[:8])[2] == f"Drawn ({job[:8]}): kept until it is dropped\n"
    assert "done, kept" in layerlift("jobs")[1]
    assert "may expire" in layerlift("jobs", "keep", job, "--no")[2]
    code, _, err = layerlift("jobs", "save", job[:8])
    assert code == 0
    assert "Drawn → Drawn-layers.psd: 3 layers" in err
    assert compare(formats.read("Drawn-layers.psd"), drawn(80, 60, opaque=True)).maximum <= 1
    assert "exists already" in layerlift("jobs", "save", job)[2]
    assert layerlift("jobs", "save", job, "-o", "new/a.ora")[0] == 0
    assert np.array_equal(
        formats.read("new/a.ora").layers[0].pixels[0, 0], formats.read("Drawn-layers.psd").layers[0].pixels[0, 0]
    )
    assert layerlift("jobs", "drop", job[:8])[2].endswith("forgotten\n")
    code, _, err = layerlift("jobs", "save", job[:8], "-o", "x.psd")
    assert code == 2
    assert f"There is no job “{job[:8]}”. See: layerlift jobs" in err


def test_what_cannot_be_done_with_a_job(job, layerlift, work):
    code, _, err = layerlift("jobs", "cancel", job)
    assert code == 2
    assert "Drawn is done already." in err
    assert "standard output" in layerlift("jobs", "save", job, "-o", "-")[2]
    assert "could be" in layerlift("jobs", "drop", "")[2] or "There is no job" in layerlift("jobs", "drop", "zz")[2]


def test_a_running_job_is_cancelled(server, layerlift):
    with connect() as client:
        job = client.submit(client.upload(drawn(1500, 1500)), detached=True)
        code, _, err = layerlift("jobs", "cancel", job)
        assert (code, err) == (0, f"Drawn ({job[:8]}): cancelled\n")
        (info,) = [info for info in client.jobs() if info.job == job]
        assert info.state == "cancelled"
        client.drop(job)


def test_pairing_from_both_sides(server, layerlift, monkeypatch):
    assert layerlift("devices")[2].startswith("No devices are paired.")
    code, out, err = layerlift("pair")
    assert (code, len(out.replace(" ", "").strip())) == (0, 6)
    assert "layerlift pair ADDRESS" in err
    address = str(launch.find())
    assert layerlift("pair", address, out.replace(" ", "").strip(), "--name", "Anna's laptop")[0] == 0
    assert "Anna's laptop" in layerlift("devices")[1]
    (device,) = json.loads(layerlift("devices", "--json")[1])
    assert device["name"] == "Anna's laptop"
    assert layerlift("jobs", "--server", address)[0] == 0
    code, _, err = layerlift("devices", "revoke", "Nobody")
    assert (code, "There is no device “Nobody”" in err) == (2, True)
    assert (
        layerlift("devices", "revoke", device["device"][:8])[2] == "Anna's laptop may not use this server any more.\n"
    )
    code, _, err = layerlift("jobs", "--server", address)
    assert code == 1
    assert layerlift("devices")[2].startswith("No devices are paired.")
    code, _, err = layerlift("pair", address, "000000")
    assert code == 1
    KnownServers().forget(address)  # other tests speak to it as its owner


def test_a_certificate_is_pinned_only_after_a_person_said_so(server, monkeypatch, capsys, layerlift):
    monkeypatch.setattr(pair, "shown_by", lambda address: "ab" * 32)
    monkeypatch.setattr(sys, "stdin", Terminal("no\n"))
    code, _, err = layerlift("pair", "studio.local:7860", "123456")
    assert code == 2
    assert "AB:AB:AB" in err
    assert "Not paired: the certificates differ." in err
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    assert "There is nobody to ask." in layerlift("pair", "studio.local:7860", "123456")[2]
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert pair._compared("studio.local:7860") == "ab" * 32
    assert "shows no certificate" in layerlift("pair", "127.0.0.1:9", "123456", "--fingerprint", "ab" * 32)[2]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_page_opens_through_a_link_that_works_once(server, layerlift, monkeypatch):
    code, out, err = layerlift("open", "--print")
    assert (code, err) == (0, "")
    assert out.startswith(f"http://127.0.0.1:{launch.find().port}/open?key=")
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    assert opener.open(out.strip()).status == 200
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda link: opened.append(link) or True)
    assert layerlift("open") == (0, "", "")
    assert opened[0] != out.strip()
    monkeypatch.setattr(webbrowser, "open", lambda link: False)
    assert "/open?key=" in layerlift("open")[1], "without a browser the link is printed"


def test_a_second_server_finds_the_first(server):
    done = subprocess.run([sys.executable, "-m", "layerlift", "serve"], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert f":{launch.find().port}/" in done.stderr


def test_doctor(server, layerlift):
    _, out, _ = layerlift("doctor")
    assert "Python" in out
    assert "engine quick" in out
    findings = json.loads(layerlift("doctor", "--json")[1])
    assert {"name", "ok", "sentence", "remedy"} == set(findings[0])
    names = [finding["name"].lower() for finding in findings]
    assert len(names) == len(set(names)), "nothing is said twice"
    assert all(finding["remedy"] for finding in findings if finding["ok"] is False)


def test_stopping_and_opening_start_to_end(tmp_path_factory, layerlift, monkeypatch):
    with running(tmp_path_factory.mktemp("other")):
        pid = server_pid()
        assert layerlift("serve", "--stop") == (0, "", "The server has ended.\n")
        assert runtime.find() == []
        code, _, err = layerlift("serve", "--stop")
        assert (code, err) == (
            1,
            "layerlift: No Layerlift server runs on this machine. Start it with: layerlift serve\n",
        )
        code, out, err = layerlift("open", "--print")
        assert code == 0
        assert "starting one" in err
        assert "/open?key=" in out
        assert server_pid() != pid


@pytest.mark.parametrize(
    "command", [("jobs",), ("devices",), ("pair",), ("engines", "--server"), ("decompose", "a", "--server")]
)
def test_without_a_server(layerlift, work, monkeypatch, command):
    monkeypatch.setenv("LAYERLIFT_RUNTIME_DIR", str(work / "run"))
    code, out, err = layerlift(*command)
    assert (code, out) == (1, "")
    assert err == "layerlift: No Layerlift server runs on this machine. Start it with: layerlift serve\n"


def test_without_aiohttp():
    code = "import sys; sys.modules['aiohttp'] = None; from layerlift.cli.main import main; sys.exit(main(['serve']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 2
    how = "Install it with: pip install 'layerlift[server]'"
    assert done.stderr == f"layerlift: The server needs aiohttp, which is not installed. {how}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("serve", "--port", "70000"), "is not a port"),
        (("serve", "--tls-cert", "a.pem"), "--tls-cert and --tls-key belong together."),
        (("serve", "--idle", "0"), "is not a whole number above 0"),
        (("decompose", "--server", "a.png", "b.png"), "is not host:port; for the server that runs here"),
        (("pair", "studio:1", "12345"), "is not a pairing code"),
        (("pair", "studio"), "is not a server's address"),
        (("jobs", "dance"), "invalid choice"),
    ],
)
def test_wrong_usage(layerlift, work, arguments, words):
    code, _, err = layerlift(*arguments)
    assert code == 2
    assert words in err


def test_a_wrong_port_in_the_environment(layerlift, monkeypatch):
    monkeypatch.setenv("LAYERLIFT_PORT", "many")
    code, _, err = layerlift("serve")
    assert (code, "LAYERLIFT_PORT is not a port." in err) == (2, True)


def test_what_serve_is_told(layerlift, work, monkeypatch):
    from layerlift_server import lifecycle
    from layerlift_server.jobs import desk

    told: list[object] = []
    monkeypatch.setattr(lifecycle, "serve", lambda settings, **options: told.append((settings, options)) or 0)
    wanted = ("--host", "0.0.0.0", "--port", "7", "--name", "a.b", "--tls-cert", "c.pem", "--tls-key", "k.pem")
    assert layerlift("serve", *wanted, "--data", "d", "--log", "json", "--verbose", "--idle", "3")[0] == 0
    settings, options = told[0]
    assert (settings.host, settings.port, settings.names, settings.log, settings.verbose) == (
        *("0.0.0.0", 7, ("a.b",), "json", True),
    )
    assert (settings.certificate, settings.key, settings.data) == tuple(work / name for name in ("c.pem", "k.pem", "d"))
    made: list[object] = []
    monkeypatch.setattr(desk, "Desk", lambda folder, settings: made.append((folder, settings)))
    options["jobs"](settings)
    assert (made[0][0], made[0][1].exit_after, made[0][1].rest_after) == (work / "d", 180.0, 60.0)
    assert layerlift("serve")[0] == 0
    assert (told[1][0].host, told[1][0].port, told[1][1]) == ("127.0.0.1", 0, {})
    assert os.environ.get("LAYERLIFT_PORT") is None
