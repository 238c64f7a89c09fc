from __future__ import annotations

import json
import math

import pytest

from layerlift.wire.shapes import Mismatch
from layerlift.wire.values import Bounds, DocumentInfo, EngineOffer, LayerInfo, Problem, Text, TextLine
from layerlift_server.worker import messages

LAYER = LayerInfo(
    3,
    "Title",
    "text",
    Bounds(-1, 2, 5, 4),
    16,
    160,
    "ab" * 32,
    0.5,
    "normal",
    ("Group",),
    0.75,
    Text((TextLine("Grüße", (0.0, 1.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0), 0.9),), (255, 0, 7)),
)
SAID = [
    messages.Operate(
        "r", "decompose", "quick", "/f", {"layers": None, "s": 1}, "/u", DocumentInfo("x", width=3, height=4, depth=8)
    ),
    messages.Operate("r", "edit", "quick", "/f", {"prompt": "x"}, source="/g"),
    messages.Export("r", "/f", "/f/export.psd", "psd"),
    messages.Cancel("r"),
    messages.Rest(),
    messages.Quit(),
    messages.Hello((EngineOffer("quick", "Quick", ("decompose",), 16, True, "Nothing."),)),
    messages.Progress("r", "Reading", 0.25, None),
    messages.Progress("r", "Reading", 1, 3.5),
    messages.Preview("r", 3, 4, b"\x89PNG\n\0\n"),
    messages.Layer("r", LAYER),
    messages.Done("r"),
    messages.Broken(Problem("engine-unavailable", "No module named x."), "Traceback"),
    messages.Failed("r", Problem("engine", "It broke.", "Try again.", True), "Traceback"),
]


@pytest.mark.parametrize("said", SAID, ids=lambda said: said.kind)
def test_what_is_said_is_what_is_heard(said: messages.Order | messages.Event) -> None:
    assert messages.decode(messages.encode(said)) == said
    assert len(messages.encode(said)) < messages.LONGEST


def test_every_word_is_known_and_tried() -> None:
    assert {type(said) for said in SAID} == set(messages._KINDS.values())
    assert {kind: cls.kind for kind, cls in messages._KINDS.items()} == {kind: kind for kind in messages._KINDS}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04K\x01.",  # a pickle is no message
        b"[]",
        b"null",
        b"{}",
        b'{"kind": "riddle"}',
        b'{"kind": "cancel"}',
        b'{"kind": "cancel", "run": 5}',
        b'{"kind": []}',
        b"[" * 100_000,
        json.dumps({"kind": "progress", "run": "r", "stage": "x" * 101, "fraction": 0.5}).encode(),
        b'{"kind": "progress", "run": "r", "stage": "x", "fraction": NaN}',
        b'{"kind": "progress", "run": "r", "stage": "x", "fraction": 1.5}',
    ],
)
def test_nonsense_is_garbled(data: bytes) -> None:
    with pytest.raises(messages.Garbled):
        messages.decode(data)


def test_what_a_client_could_not_be_told_is_not_even_said() -> None:
    with pytest.raises(Mismatch):
        messages.encode(messages.Progress("r", "x", math.inf))
