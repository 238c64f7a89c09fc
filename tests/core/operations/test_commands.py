"""The grammar of exact commands, in English and Chinese: sentences, what is none, and the way there and back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerlift.operations.commands import format as written
from layerlift.operations.commands import parse
from layerlift.operations.commands.steps import (
    Centre,
    Command,
    Delete,
    Flip,
    Move,
    Opacity,
    Order,
    Recolour,
    Resize,
    Rotate,
    Scale,
    Show,
)

RED, ORANGE = (255, 0, 0), (255, 136, 0)
SENTENCES = {
    "move the dog 30 px right and shrink it 15 %": [("dog", Move(30, 0)), (None, Scale(0.85, 0.85))],
    "把标题向左移动 20 像素": [("标题", Move(-20, 0))],
    "rotate the logo 10° clockwise": [("logo", Rotate(10))],
    "flip": [(None, Flip())],
    "scale to 50 %": [(None, Scale(0.5, 0.5))],
    "make the title 20 % bigger": [("title", Scale(1.2, 1.2))],
    "hide": [(None, Show(False))],
    "delete": [(None, Delete())],
    "opacity 50 %": [(None, Opacity(0.5))],
    "bring to front": [(None, Order("front"))],
    "recolour the star to #ff8800": [("star", Recolour(ORANGE))],
    "Recolor the star red": [("star", Recolour(RED))],
    "make the star red": [("star", Recolour(RED))],
    "把星星改成红色": [("星星", Recolour(RED))],
    # moves
    "Move it up by ten pixels.": [(None, Move(0, -10))],
    "please nudge the logo 5px to the left": [("logo", Move(-5, 0))],
    "move the dog 30 px right and 20 px down": [("dog", Move(30, 20))],
    "move the dog right 30 px, then down 20 px": [("dog", Move(30, 20))],
    "shift the title down 10%": [("title", Move(0, 10, "%"))],
    "move the star by 30, -20 px": [("star", Move(30, -20))],
    "move left 20": [(None, Move(-20, 0))],
    "center the title": [("title", Centre())],
    "centre the title horizontally": [("title", Centre("horizontal"))],
    "move the sun to the middle of the canvas": [("sun", Centre())],
    "move “Salt and pepper” 5 px up": [("Salt and pepper", Move(0, -5))],
    "move the salt and pepper 5 px up": [("salt and pepper", Move(0, -5))],
    # sizes
    "enlarge the dog by 25%": [("dog", Scale(1.25, 1.25))],
    "shrink the dog to half its size": [("dog", Scale(0.5, 0.5))],
    "reduce the logo to 80 percent": [("logo", Scale(0.8, 0.8))],
    "double the size of the star": [("star", Scale(2, 2))],
    "make the star twice as big": [("star", Scale(2, 2))],
    "make the bar 10% wider": [("bar", Scale(1.1, 1))],
    "make the bar 10% shorter": [("bar", Scale(1, 0.9))],
    "scale the dog by 1.5": [("dog", Scale(1.5, 1.5))],
    "scale the dog 2x": [("dog", Scale(2, 2))],
    "resize the logo to 300 x 200 px": [("logo", Resize(300, 200))],
    "make the logo 300 px wide": [("logo", Resize(300, None))],
    "resize the logo to 120px tall": [("logo", Resize(None, 120))],
    # turning
    "turn the arrow 90 degrees to the left": [("arrow", Rotate(-90))],
    "rotate counterclockwise 45 deg": [(None, Rotate(-45))],
    "rotate the photo upside down": [("photo", Rotate(180))],
    "mirror the dog horizontally": [("dog", Flip("horizontal"))],
    "flip the dog layer upside down": [("dog", Flip("vertical"))],
    # looks
    "change the colour of the title to navy": [("title", Recolour((0, 0, 128)))],
    "change the title's color to rgb(255, 136, 0)": [("title", Recolour(ORANGE))],
    "paint the star dark red": [("star", Recolour((170, 0, 0)))],
    "set the opacity of the cloud to 30%": [("cloud", Opacity(0.3))],
    "make the cloud 30 % transparent": [("cloud", Opacity(0.7))],
    "make the cloud semi-transparent": [("cloud", Opacity(0.5))],
    # the stack
    "show the shadow": [("shadow", Show(True))],
    "remove the background": [("background", Delete())],
    "send the cloud to the back": [("cloud", Order("back"))],
    "move the star up one layer": [("star", Order("forward"))],
    "hide the title, flip the dog, then delete the sun": [
        ("title", Show(False)),
        ("dog", Flip()),
        ("sun", Delete()),
    ],
    # Chinese
    "请把小狗向右移动30像素,再缩小15%": [("小狗", Move(30, 0)), (None, Scale(0.85, 0.85))],
    "把小狗往右移30像素，往下20像素": [("小狗", Move(30, 20))],
    "标题上移一层": [("标题", Order("forward"))],
    "将标题放大百分之二十": [("标题", Scale(1.2, 1.2))],
    "把标题缩小到一半": [("标题", Scale(0.5, 0.5))],
    "把图标放大两倍": [("图标", Scale(2, 2))],
    "把图标逆时针旋转四十五度": [("图标", Rotate(-45))],
    "水平翻转小狗": [("小狗", Flip("horizontal"))],
    "把小狗上下翻转": [("小狗", Flip("vertical"))],
    "将标题的颜色改为#ff8800": [("标题", Recolour(ORANGE))],
    "把云的不透明度调到50%": [("云", Opacity(0.5))],
    "云的透明度设为30%": [("云", Opacity(0.7))],
    "隐藏阴影，然后删除太阳": [("阴影", Show(False)), ("太阳", Delete())],
    "把太阳置于底层": [("太阳", Order("back"))],
    "标题居中": [("标题", Centre())],
    "把标题移到画面中间": [("标题", Centre())],
    "帮我删掉“特价 20%”": [("特价 20%", Delete())],
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_sentences(sentence: str) -> None:
    found = parse(sentence)
    assert found is not None
    assert [(command.target, command.step) for command in found] == SENTENCES[sentence]


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "a red dog on the beach",
        "make the title bigger",
        "make it night",
        "turn the dog into a cat",
        "make the sky blue and cloudy",
        "remove the dog and add a cat",
        "remove the dog, with soft light",
        "replace the sky with stars",
        "move the dog",
        "move the dog to the beach",
        "scale to 0 %",
        "resize to 0 x 10 px",
        "opacity 150 %",
        "recolour the star to something warm",
        "recolour the star to #12345",
        "shrink the dog by 100 %",
        "rotate the dog a bit",
        "change the text to “Hello”",
        "make the jacket look like leather and rotate the logo 10°",
        "把狗换成猫",
        "把天空变成夜晚",
        "删除小狗，添加一只猫",
        "让画面更温暖",
        "move the dog 30 px right " * 30,
        ", ".join(["flip"] * 17),
    ],
)
def test_what_is_no_exact_command(sentence: str) -> None:
    assert parse(sentence) is None


NUMBERS = st.integers(1, 20_000).map(lambda n: n / 10)
SIGNED = NUMBERS.flatmap(lambda n: st.sampled_from([n, -n]))
NAMES = st.none() | st.sampled_from(
    ["dog", "Bay of Biscay", "Save 20 %, now", "标题", "第2层", "red star", "add and then"]
)
STEPS = st.one_of(
    st.builds(Move, SIGNED, st.just(0.0), st.sampled_from(["px", "%"])),
    st.builds(Move, st.just(0.0), SIGNED, st.sampled_from(["px", "%"])),
    st.builds(Move, SIGNED, SIGNED, st.sampled_from(["px", "%"])),
    st.builds(Centre, st.sampled_from(["both", "horizontal", "vertical"])),
    NUMBERS.map(lambda n: Scale(round(n / 100, 12), round(n / 100, 12))),
    st.builds(lambda x, y: Scale(round(x / 100, 12), round(y / 100, 12)), NUMBERS, NUMBERS),
    st.builds(Resize, st.integers(1, 9999), st.none() | st.integers(1, 9999)),
    st.builds(Resize, st.none(), st.integers(1, 9999)),
    st.builds(Rotate, SIGNED),
    st.builds(Flip, st.sampled_from(["horizontal", "vertical"])),
    st.builds(Recolour, st.tuples(*[st.integers(0, 255)] * 3)),
    st.builds(Opacity, st.integers(0, 1000).map(lambda n: n / 1000)),
    st.builds(Show, st.booleans()),
    st.just(Delete()),
    st.builds(Order, st.sampled_from(["front", "back", "forward", "backward"])),
)


@given(st.lists(st.builds(Command, NAMES, STEPS), min_size=1, max_size=4), st.sampled_from(["en", "zh"]))
def test_what_is_written_reads_back(commands: list[Command], language: str) -> None:
    sentence = written(commands, language)
    joined = parse(sentence)
    assert joined is not None, sentence
    moves = [isinstance(command.step, Move) and command.target is None for command in commands[1:]]
    if not any(moves):  # a further move of the same thing may be joined to the one before
        assert list(joined) == commands, sentence


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = parse(text)
    assert found is None or all(isinstance(command, Command) for command in found)


DOC = Path(__file__).parents[3] / "docs" / "operations.md"
ROWS = [
    line for line in DOC.read_text(encoding="utf-8").split("| what | English | 中文 |")[1].splitlines() if " · " in line
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_the_documented_grammar_is_understood(row: str) -> None:
    _, _, english, chinese, _ = row.split("|")
    for cell, name in ((english, "the dog"), (chinese, "小狗")):
        for example in re.sub(r"\([^)]*[a-z][^)]*\)", "", cell).split(" · "):
            sentence = example.replace("T", name).strip()
            if sentence.startswith("rgb("):
                sentence = f"recolour the dog to {sentence}"
            found = parse(sentence.removesuffix("…").strip())
            assert found is not None, sentence
            assert all(command.target in (None, "dog", "小狗") for command in found), sentence
