"""Messages to bytes and back; what must be refused, on either side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from core.wire.spoken import messages
from layerlift.wire import frames, limits, msgpack
from layerlift.wire.errors import LocalProtocolError, RemoteProtocolError
from layerlift.wire.messages import (
    FROM_CLIENT,
    FROM_SERVER,
    Chunk,
    Done,
    Hello,
    Jobs,
    LayerReady,
    Message,
    Preview,
    Progress,
    Put,
    Stop,
    Submit,
)
from layerlift.wire.values import Bounds, ClientInfo, DocumentInfo
from vectors.examples import JOB, MESSAGES, TEXT_LAYER


@settings(max_examples=400)
@given(messages())
def test_any_message_survives(message: Message) -> None:
    assert frames.decode(frames.encode(message)) == message


def test_every_message_has_a_name_of_its_own() -> None:
    classes = {*FROM_CLIENT, *FROM_SERVER}
    assert len({cls.kind for cls in classes}) == len(classes)
    assert set(frames.KINDS.values()) == classes - {Chunk}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_unknown_fields_are_ignored(message: Message) -> None:
    if isinstance(message, Chunk):
        return
    value = msgpack.unpack(frames.encode(message))
    assert frames.decode(msgpack.pack({"later": [1, {"x": None}], **value})) == message


@pytest.mark.parametrize("name", ["submit", "jobs", "hello, token", "queued", "started"])
def test_fields_with_a_default_may_be_missing_and_others_not(name: str) -> None:
    cls = type(MESSAGES[name])
    value = msgpack.unpack(frames.encode(MESSAGES[name]))
    needed = frames.record(cls).needed
    least = {key: value[key] for key in value if key == "type" or key in needed}
    assert frames.encode(frames.decode(msgpack.pack(least))) is not None
    for key in needed:
        with pytest.raises(RemoteProtocolError, match=f"the key “{key}”"):
            frames.decode(msgpack.pack({k: v for k, v in least.items() if k != key}))


def test_a_value_inside_a_message_is_a_map() -> None:
    for client in (None, [], "krita"):
        with pytest.raises(RemoteProtocolError, match=r"hello\.client must be a map"):
            frames.decode(msgpack.pack({"type": "hello", "client": client}))


def test_integers_are_welcome_where_floats_are_meant() -> None:
    said = frames.decode(msgpack.pack({"type": "jobs", "since": 3}))
    assert said == Jobs(3.0)
    assert isinstance(said, Jobs)
    assert type(said.since) is float


DOCUMENT = DocumentInfo("d", "pixels", 2, 2, 8)
LAYER = LayerReady(JOB, TEXT_LAYER)
BAD: list[tuple[Message, str]] = [
    (Stop(-1), "stop.transfer must be int 0…4294967295"),
    (Stop(True), "stop.transfer"),
    (Stop(1.0), "stop.transfer"),  # type: ignore[arg-type]
    (Submit("not-a-uuid"), "submit.job must be str, a UUID in lower case"),
    (Submit(JOB + "\n"), "submit.job"),
    (Submit(JOB, engine="x" * 101), "submit.engine must be str ≤ 100 bytes"),
    (Submit(JOB, engine="ä" * 51), "submit.engine"),
    (Submit(JOB, engine="\ud800"), "valid Unicode"),
    (Submit(JOB, engine="🎉" * 26), "submit.engine must be str ≤ 100 bytes"),
    (Submit(JOB, operation="explode"), 'must be "decompose" or "edit"'),  # type: ignore[arg-type]
    (Submit(JOB, params={"p": [1]}), "submit.params.its value must be nil"),  # type: ignore[dict-item]
    (Submit(JOB, params={"p": float("nan")}), "submit.params.its value"),
    (Submit(JOB, params={1: 2}), "submit.params.its key"),  # type: ignore[dict-item]
    (Submit(JOB, params={str(n): n for n in range(33)}), "submit.params must be map of ≤ 32"),
    (Progress(JOB, "x", 1.01), "progress.fraction must be float 0…1"),
    (Progress(JOB, "x", float("nan")), "progress.fraction"),
    (Progress(JOB, "x", 0.5, float("inf")), "progress.eta"),
    (Progress(JOB, "x", "0.5"), "progress.fraction"),  # type: ignore[arg-type]
    (Preview(JOB, 1, 1, bytes(limits.CHUNK + 1)), "preview.png must be bin"),
    (Done(JOB, 1, 1, 1, 12, 0, 1.0), "done.depth must be 8 or 16"),  # type: ignore[arg-type]
    (Done(JOB, 1, 1, 1, 8, 0, 1.0, notes=("x",) * 33), "done.notes must be array of 0…32"),
    (Hello(ClientInfo("x", "1"), token="t", code="123456", device="d"), "a token or a code"),
    (Hello(ClientInfo("x", "1"), code="123456"), "belong together"),
    (Hello(ClientInfo("x", "1"), code="12345", device="d"), "six digits"),
    (Hello(ClientInfo("x", "1"), protocol=1, oldest=2), "must not exceed"),
    (Hello({"name": "x"}), "hello.client must be ClientInfo"),  # type: ignore[arg-type]
    (Put(1, JOB, 15, DOCUMENT), "put.size must be 16"),
    (Put(1, JOB, 0, DocumentInfo("d", "file")), "put.size must not be 0"),
    (Put(1, JOB, 16, replace(DOCUMENT, depth=0)), "states its width, height and depth"),
    (Put(1, JOB, 16, replace(DOCUMENT, kind="file")), "states no size"),
    (replace(LAYER, layer=replace(TEXT_LAYER, size=1)), "layer.size must be 64000"),
    (replace(LAYER, layer=replace(TEXT_LAYER, bounds=Bounds(0, 0, 0, 4))), "layer.layer.bounds.width must be int 1"),
    (replace(LAYER, layer=replace(TEXT_LAYER, digest="AB" * 32)), "64 lower-case"),
    (Message(), "is no message of this protocol"),
    (Chunk(0, 0, b""), "beyond the limits"),
    (Chunk(2**32, 0, b"x"), "beyond the limits"),
    (Chunk(0, -1, b"x"), "beyond the limits"),
    (Chunk(0, 0, bytes(limits.CHUNK + 1)), "beyond the limits"),
]


@pytest.mark.parametrize(("message", "sentence"), BAD, ids=range(len(BAD)))
def test_what_breaks_a_limit_is_never_sent(message: Message, sentence: str) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        frames.encode(message)
    assert sentence in str(caught.value)


def _raw(message: Message) -> Any:
    """The map of a message that breaks a limit, without the checks."""
    from dataclasses import asdict

    return {"type": message.kind, **asdict(message)}


@pytest.mark.parametrize(("message", "sentence"), [bad for bad in BAD if not isinstance(bad[0], Chunk)][:-1])
def test_what_breaks_a_limit_is_refused_when_it_comes(message: Message, sentence: str) -> None:
    try:
        payload = msgpack.pack(_raw(message))
    except (TypeError, ValueError):
        return  # cannot even be spelled
    if "ClientInfo" in sentence:
        sentence = "version"
    with pytest.raises(RemoteProtocolError) as caught:
        frames.decode(payload)
    assert caught.value.close_code == 4400
    assert caught.value.problem.code == "malformed"
    assert sentence.split(" must")[0] in caught.value.problem.sentence


def test_a_refusal_never_repeats_what_came() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        frames.decode(msgpack.pack({"type": "hello", "client": {"name": "n", "version": "v"}, "token": "secret" * 100}))
    assert "secret" not in str(caught.value)


def test_secrets_and_pixels_stay_out_of_logs() -> None:
    said = [MESSAGES[name] for name in ("hello, token", "hello, code", "welcome, paired", "pairing", "preview")]
    text = repr([*said, Chunk(1, 2, b"PIXELS")])
    for secret in ("Zm9y", "012345", "000417", "PNG", "PIXELS"):
        assert secret not in text


def test_a_message_too_long_is_not_read() -> None:
    params: dict[str, Any] = {f"{n}": "x" * limits.PARAM for n in range(limits.PARAMS)}
    with pytest.raises(RemoteProtocolError, match="longer than 1000") as caught:
        frames.decode(frames.encode(Submit(JOB, params=params)), most=1000)
    assert caught.value.close_code == 4413


def test_an_offset_beyond_every_upload_is_refused() -> None:
    payload = bytearray(frames.encode(Chunk(0, limits.UPLOAD, b"x")))
    frames.decode(payload)
    payload[15] += 1
    with pytest.raises(RemoteProtocolError, match="beyond every upload"):
        frames.decode(payload)


def test_numpy_numbers_are_numbers() -> None:
    import numpy as np

    said = Progress(JOB, "x", np.float32(0.5))  # type: ignore[arg-type]
    assert frames.decode(frames.encode(said)) == Progress(JOB, "x", 0.5)
    assert frames.decode(frames.encode(Stop(np.int64(7)))) == Stop(7)  # type: ignore[arg-type]


def test_a_chunks_data_is_a_view_of_the_payload() -> None:
    payload = bytearray(frames.encode(Chunk(1, 2, b"abc")))
    said = frames.decode(payload)
    assert isinstance(said, Chunk)
    payload[-1] = 0
    assert bytes(said.data) == b"ab\0"
    assert len(frames.chunk_prefix(1, 2, 3)) == limits.PREFIX
