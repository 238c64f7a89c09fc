"""docs/threat-model.md says which test attacks which defence: those tests are there, and every row has one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(test_[a-z0-9_]+)`", TEXT))


def written_in(folder: Path) -> set[str]:
    found = set()
    for path in folder.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found.add(node.name)
    return found


def test_every_test_that_the_threat_model_names_exists() -> None:
    assert len(NAMED) > 50
    assert written_in(ROOT / "tests" / "server") >= NAMED


def test_every_threat_has_a_test() -> None:
    threats = TEXT[TEXT.index("## Threats and defences") : TEXT.index("## What remains")]
    rows = [line for line in threats.splitlines() if line.startswith("| ") and not line.startswith("| threat ")]
    assert len(rows) > 30
    assert not [row for row in rows if "`test_" not in row]


def test_the_numbers_are_the_ones_that_hold() -> None:
    from layerlift_server import limits

    for number, words in (
        (limits.CONNECTIONS, "{} sockets"),
        (limits.UNPROVEN, "{} of them unproven"),
        (limits.CONNECTIONS_OF_ONE_ADDRESS, "{} of one remote address"),
        (limits.DEVICES, "{} devices"),
        (int(limits.HEADERS_SECONDS), "{} s for the first request's headers"),
        (int(limits.KEEPALIVE_SECONDS), "closed after {} s"),
        (int(limits.KEY_SECONDS), "good once and for {} s"),
        (int(limits.COOKIE_SECONDS // 3600), "lasts {} h"),
        (limits.WAITING_BYTES >> 20, "{} MiB of waiting events"),
    ):
        assert words.format(number) in TEXT
