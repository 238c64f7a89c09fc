"""Every word that a user can see is translated, with the same blanks to fill."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import layerlift_krita
from layerlift.wire.errors import CLOSE_CODES
from layerlift.wire.problems import PROBLEMS
from layerlift_krita import i18n

PACKAGE = Path(layerlift_krita.__file__).parent
CORE = Path(__file__).parents[3] / "core" / "layerlift"
WORDS = i18n.table("zh")


def literals() -> Iterator[str]:
    """First arguments of tr(…) and Say(…), and the tables that name themselves keys."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("tr", "Say"):
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    yield first.value
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Feature":
                yield from (word.value for word in node.args[3:5] if isinstance(word, ast.Constant))
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("_STATES", "VERBS"):
                assert isinstance(node.value, ast.Dict)
                for value in node.value.values:
                    word = value.elts[0] if isinstance(value, ast.Tuple) else value
                    assert isinstance(word, ast.Constant)
                    yield word.value


def server_words() -> Iterator[str]:
    for problem in PROBLEMS.values():
        yield from (words for words in (problem.sentence, problem.remedy) if words)
    yield from CLOSE_CODES.values()


def stages() -> Iterator[str]:
    for path in [path for room in ("engines", "operations", "refine") for path in (CORE / room).rglob("*.py")]:
        yield from re.findall(r'(?:\.stage\(|\bstage=)"([^"]+)"', path.read_text("utf-8"))


@pytest.mark.parametrize("words", sorted({*literals(), *server_words(), *stages()}))
def test_it_is_said_in_chinese(words: str) -> None:
    assert words in WORDS
    assert blanks(WORDS[words]) == blanks(words)


def test_enough_was_found() -> None:
    """The three searches above still find what they are for."""
    assert len(set(literals())) > 60
    assert len(set(stages())) >= 6
    assert "Finding subjects" in set(stages())


@pytest.mark.parametrize(
    ("variable", "value", "wanted"),
    [
        ("LANGUAGE", "zh_CN:en", "zh"),
        ("LANGUAGE", "de:en", "en"),
        ("LANGUAGE", "de:zh-Hans", "zh"),
        ("LC_ALL", "zh_CN.UTF-8", "zh"),
        ("LANG", "C.UTF-8", "en"),
        ("LANG", "fr_FR.UTF-8", "en"),
    ],
)
def test_the_language_is_kritas(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, wanted: str) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    i18n.language.cache_clear()
    assert i18n.language() == wanted
    assert i18n.tr("{count} layers", count=3) == ("3 个图层" if wanted == "zh" else "3 layers")
    i18n.language.cache_clear()


def blanks(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}
