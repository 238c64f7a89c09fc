"""The halves share no asset, and what is missing is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import assets


def test_no_asset_is_in_both_halves() -> None:
    for table in (assets._SCENERY, assets._PHOTOS):
        assert not set(table["tuning"]) & set(table["unseen"])
    faces = [{row for rows in assets._FACES[half].values() for row in rows} for half in ("tuning", "unseen")]
    assert not faces[0] & faces[1]
    halves = [assets._half_of(name) for name in assets._STAMPS]
    assert 20 <= halves.count("tuning") <= len(halves) - 20


def test_every_package_named_by_an_asset_is_listed_with_its_licence() -> None:
    rows = [row for half in ("tuning", "unseen") for rows in assets._FACES[half].values() for row in rows]
    rows += [row for table in (assets._SCENERY, assets._PHOTOS) for half in table.values() for row in half]
    assert {name for name, _ in rows} <= set(assets.PACKAGES)
    assert all(licence for _, licence in assets.PACKAGES.values())


def test_an_unpacked_package_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAYERLIFT_BENCH_CACHE", str(tmp_path))
    (tmp_path / "fonts-lato" / "deep").mkdir(parents=True)
    (tmp_path / "fonts-lato" / "deep" / "Lato-Bold.ttf").touch()
    assert assets.find("fonts-lato", "Lato-Bold.ttf") == [tmp_path / "fonts-lato" / "deep" / "Lato-Bold.ttf"]
    with pytest.raises(FileNotFoundError, match=r"fonts-lato holds no \['Lato-Black.ttf'\]"):
        assets.find("fonts-lato", "Lato-Bold.ttf", "Lato-Black.ttf")


def test_a_failing_client_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="No module named nothing_of_that_name"):
        assets._run([assets.sys.executable, "-m", "nothing_of_that_name"], tmp_path)
