"""docs/cli.md knows every format, exit code and limit that there is (options: tests/test_docs.py)."""

from __future__ import annotations

from pathlib import Path

from layerlift.formats import FORMATS
from layerlift.limits import MAX_PIXELS, MAX_SIDE

DOCS = Path(__file__).parents[3] / "docs" / "cli.md"


def test_formats_codes_and_limits_are_documented():
    text = DOCS.read_text(encoding="utf-8")
    assert "\\|".join(FORMATS) in text
    assert all(f"\n| {code} |" in text for code in (0, 1, 2, 130))
    assert f"{MAX_PIXELS // 1_000_000} megapixels" in text
    assert f"{MAX_SIDE:,} pixels per side".replace(",", " ") in text
