"""The page's files among themselves: nothing missing, nothing left over, nothing that a strict policy would refuse."""

from __future__ import annotations

import re
from pathlib import Path

WEB = Path(__file__).parents[3] / "server" / "layerlift_server" / "web"
STATIC = WEB / "static"
MODULES = sorted(STATIC.rglob("*.js"))


def imports(module: Path) -> list[Path]:
    found = re.findall(r'(?:from|import|new URL\()\s*"(\.[^"]+\.js)"', module.read_text(encoding="utf-8"))
    return [(module.parent / name).resolve() for name in found]


def test_every_module_is_reached_and_there() -> None:
    reached, waiting = set(), [STATIC / "main.js"]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            assert module.exists(), module
            reached.add(module)
            waiting += imports(module)
    assert reached == set(MODULES)


def test_the_page_preloads_what_it_needs_at_once() -> None:
    """Five floors of imports would be five journeys; the worker's own modules are not the page's."""
    index = (WEB / "index.html").read_text(encoding="utf-8")
    preloaded = set(re.findall(r'rel="modulepreload" href="/static/([^"]+)"', index))
    needed, waiting = set(), [STATIC / "main.js"]
    while waiting:
        module = waiting.pop()
        needed.add(module.relative_to(STATIC).as_posix())
        waiting += [one for one in imports(module) if one.relative_to(STATIC).as_posix() not in needed]
    assert preloaded == needed - {"main.js", "pixels/darkroom.js"} - worker_only(needed)


def worker_only(needed: set[str]) -> set[str]:
    """Modules that nobody but the worker imports."""
    theirs = {"pixels/darkroom.js"}
    while True:
        grown = theirs | {
            name
            for name in needed
            if (users := {user for user in needed if (STATIC / name).resolve() in imports(STATIC / user)})
            and users <= theirs
            and name != "main.js"
        }
        if grown == theirs:
            return theirs
        theirs = grown


def test_every_word_is_said_and_every_said_word_is_there() -> None:
    strings = (STATIC / "page" / "strings.js").read_text(encoding="utf-8")
    there = set(re.findall(r"^  (\w+):", strings, re.MULTILINE))
    said = {
        name
        for module in MODULES
        if module.name != "strings.js"
        for name in re.findall(r"(?<![\w.])text\.(\w+)\b(?!\s*=)", module.read_text(encoding="utf-8"))
    }
    # a layer's recognised text is called text as well
    assert there == said - {"length", "lines", "replaceAll"}


def test_icons_and_styles_are_used_and_there() -> None:
    code = "".join(module.read_text(encoding="utf-8") for module in MODULES)
    pages = "".join(path.read_text(encoding="utf-8") for path in WEB.glob("*.html"))
    icons = set(re.findall(r'<symbol id="(\w+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))
    assert icons == set(re.findall(r'(?:icon\(|picture: )"(\w+)"', code)) | {"trouble", "stack"}
    for sheet in (STATIC / "style").glob("*.css"):
        css = sheet.read_text(encoding="utf-8")
        assert "url(" not in css
        assert "@import" not in css
        for name in set(re.findall(r"\.([a-z][a-z-]*)", re.sub(r"\{[^}]*\}", "{}", css))):
            assert re.search(rf"\b{name}\b", code + pages), f"{sheet.name}: .{name} styles nothing"


def test_nothing_needs_what_the_policy_forbids() -> None:
    for path in (*MODULES, *WEB.glob("*.html"), *STATIC.rglob("*.svg")):
        content = path.read_text(encoding="utf-8")
        for banned in ("innerHTML", "eval(", "new Function", ' style="', " onclick=", "http://", "https://"):
            assert banned not in content.replace("http://www.w3.org/2000/svg", ""), f"{path.name}: {banned}"
        if path.suffix == ".html":
            assert not re.search(r"<style|<script(?! type=\"module\" src=)", content), path.name


def test_files_are_short_and_open_with_their_law() -> None:
    lengths = []
    for module in MODULES:
        content = module.read_text(encoding="utf-8")
        assert content.startswith("/**"), module.name
        assert "Law" in content.partition("*/")[0], f"{module.name} does not say what it knows"
        lengths.append(len(content.splitlines()))
    assert max(lengths) <= 300
    assert sorted(lengths)[len(lengths) // 2] <= 150
