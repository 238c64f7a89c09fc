from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from layerlift.formats.filenames import cleaned, numbered

DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}


@given(
    st.lists(st.text(max_size=300) | st.sampled_from(["CON", "a/b", "x. ", "..", "a\u202egnp.exe", "é"]), max_size=12)
)
def test_names_are_safe_everywhere_and_unique(names: list[str]) -> None:
    found = numbered(names, ".png")
    assert len({unicodedata.normalize("NFKC", name).casefold() for name in found}) == len(names)
    for name in found:
        assert len(name.encode()) <= 200
        assert not set(name) & set('<>:"/\\|?*')
        assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in name)
        stem = name.removesuffix(".png")
        assert stem == stem.strip(" .")
        assert stem.split(".")[0].strip().casefold() not in DEVICES


def test_names_stay_readable() -> None:
    assert numbered(["Background", "Titel: “Grüße”", "日本語 🎨", "👩‍👧 family", "..", "CON"], ".png") == [
        "01 Background.png",
        "02 Titel_ “Grüße”.png",
        "03 日本語 🎨.png",
        "04 👩‍👧 family.png",
        "05.png",
        "06 CON.png",
    ]


def test_numbers_sort_as_the_stack_does() -> None:
    names = numbered(["x"] * 120, ".png")
    assert names == sorted(names)


def test_direction_overrides_do_not_disguise_the_suffix() -> None:
    assert cleaned("photo\u202egnp.exe") == "photo_gnp.exe"


def test_long_names_are_cut_between_characters() -> None:
    assert cleaned("名" * 300) == "名" * 53
