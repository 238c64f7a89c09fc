from __future__ import annotations

from dataclasses import replace

import pytest

from layerlift.wire.limits import LATTICE
from layerlift.wire.values import DocumentInfo, Limits, Native
from layerlift_server.jobs import validation
from layerlift_server.jobs.port import Refusal

LIMITS = Limits(side=1000, pixels=90_000, upload=400_000, layers=8, jobs=2)
PIXELS = DocumentInfo("Poster", width=30, height=20, depth=16, mask=True, icc=100)
FILE = DocumentInfo("poster.png", kind="file")


def test_what_is_in_order_passes() -> None:
    validation.document(PIXELS, 30 * 20 * 8 + 30 * 20 + 100, LIMITS)
    validation.document(replace(PIXELS, depth=8, mask=False, icc=0), 30 * 20 * 4, LIMITS)
    validation.document(FILE, 400_000, LIMITS)
    inks = replace(PIXELS, native=Native(4, 8))
    validation.document(inks, 30 * 20 * (8 + 1 + 5) + 100 + 5 * LATTICE**3, LIMITS)
    assert validation.identity("0b0f1c9e-55a6-4f5e-9d0f-3c3b4f1f2a10", "job") == "0b0f1c9e-55a6-4f5e-9d0f-3c3b4f1f2a10"


@pytest.mark.parametrize(
    ("info", "size", "code"),
    [
        (replace(PIXELS, mask=False, icc=0), 30 * 20 * 8 + 1, "malformed"),
        (replace(PIXELS, width=0), 100, "malformed"),
        (replace(PIXELS, height=-5), 100, "malformed"),
        (replace(PIXELS, depth=0), 100, "malformed"),
        (replace(PIXELS, native=Native(4, 8)), 30 * 20 * 9 + 100, "malformed"),
        (replace(FILE, native=Native(4, 8)), 10, "malformed"),
        (replace(PIXELS, icc=-1), 30 * 20 * 9 - 1, "malformed"),
        (replace(PIXELS, x=1 << 40), 30 * 20 * 9 + 100, "malformed"),
        (replace(PIXELS, name="x" * 256), 30 * 20 * 9 + 100, "malformed"),
        (replace(PIXELS, kind="riddle"), 30 * 20 * 9 + 100, "malformed"),
        (replace(PIXELS, width=1001, height=1), 1001 * 9 + 100, "too-large"),
        (replace(PIXELS, width=301, height=300), 90_300 * 9 + 100, "too-large"),
        (replace(PIXELS, width=300, height=300), 90_000 * 9 + 100, "too-large"),
        (replace(PIXELS, icc=17 << 20), 30 * 20 * 9 + (17 << 20), "too-large"),
        (FILE, 0, "malformed"),
        (FILE, 400_001, "too-large"),
        (replace(FILE, width=5), 10, "malformed"),
        (replace(FILE, mask=True), 10, "malformed"),
    ],
)
def test_what_is_not_is_refused_before_a_byte_is_stored(info: DocumentInfo, size: int, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        validation.document(info, size, LIMITS)
    assert refused.value.problem.code == code
    assert refused.value.problem.remedy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "../../../etc/passwd",
        "0B0F1C9E-55A6-4F5E-9D0F-3C3B4F1F2A10",
        "0b0f1c9e55a64f5e9d0f3c3b4f1f2a10",
        "{0b0f1c9e-55a6-4f5e-9d0f-3c3b4f1f2a10}",
        "0b0f1c9e-55a6-4f5e-9d0f-3c3b4f1f2a10/../x",
        None,
        7,
    ],
)
def test_only_a_plain_uuid_names_a_file(text: str) -> None:
    with pytest.raises(Refusal, match="not a UUID"):
        validation.identity(text, "job")
