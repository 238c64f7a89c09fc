"""The golden vectors: what is written today is what was written when they were made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from layerlift.wire import frames, msgpack
from layerlift.wire.errors import RemoteProtocolError
from layerlift.wire.messages import FROM_CLIENT, FROM_SERVER
from vectors import generate
from vectors.examples import MESSAGES


def vectors(name: str) -> list[Any]:
    found = json.loads((generate.HERE / name).read_text(encoding="utf-8"))["vectors"]
    return [pytest.param(vector, id=vector["name"]) for vector in found]


def native(value: Any) -> Any:
    """JSON's spelling back to values."""
    if isinstance(value, dict):
        if set(value) == {generate.BYTES}:
            return bytes.fromhex(value[generate.BYTES])
        return {key: native(element) for key, element in value.items()}
    return [native(element) for element in value] if isinstance(value, list) else value


@pytest.mark.parametrize("vector", vectors("messages.json"))
def test_messages(vector: dict[str, Any]) -> None:
    payload = bytes.fromhex(vector["hex"])
    message = frames.decode(payload)
    assert generate.fields(message) == vector["message"]
    assert generate.speaker(message) == vector["from"]
    assert frames.encode(message) == payload
    if message.kind != "chunk":
        assert msgpack.unpack(payload) == native(vector["message"])


@pytest.mark.parametrize("vector", vectors("earlier.json"))
def test_what_was_written_before_a_field_was_added_is_read_as_ever(vector: dict[str, Any]) -> None:
    message = frames.decode(bytes.fromhex(vector["hex"]))
    assert message == MESSAGES[vector["name"]]
    assert frames.encode(message).hex() != vector["hex"]


@pytest.mark.parametrize("vector", vectors("msgpack.json"))
def test_msgpack(vector: dict[str, Any]) -> None:
    assert repr(msgpack.unpack(bytes.fromhex(vector["hex"]))) == repr(native(vector["value"]))
    assert msgpack.pack(native(vector["value"])).hex() == vector["hex"]


@pytest.mark.parametrize("vector", vectors("refused.json"))
def test_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        frames.decode(bytes.fromhex(vector["hex"]))
    assert caught.value.close_code == vector["close"]


def test_every_message_has_a_vector() -> None:
    assert {type(message) for message in MESSAGES.values()} == {*FROM_CLIENT, *FROM_SERVER}


def test_the_files_are_what_the_generator_makes() -> None:
    for name, made in generate.build().items():
        assert json.loads((generate.HERE / name).read_text(encoding="utf-8"))["vectors"] == made


def test_the_generator_changes_no_vector_silently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "HERE", tmp_path)
    monkeypatch.setattr("sys.argv", ["generate.py"])
    assert generate.main() == 0
    path = tmp_path / "messages.json"
    original = path.read_text(encoding="utf-8")
    changed = original.replace('"name": "stop"', '"name": "stop it"').replace("6361", "6362", 1)
    path.write_text(changed, encoding="utf-8")
    assert generate.main() == 1
    assert path.read_text(encoding="utf-8") == changed
    assert "messages.json: stop it" in capsys.readouterr().out
    names = ["stop it", *MESSAGES]
    monkeypatch.setattr("sys.argv", ["generate.py", "--replace", *names])
    assert generate.main() == 0
    assert path.read_text(encoding="utf-8") == original
