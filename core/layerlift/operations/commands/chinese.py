"""Exact commands in Chinese, one clause at a time.

Law: as `english`: a table of patterns; what none fits whole is not understood. Text comes normalised (NFKC) and without
spaces between Chinese characters.
"""

from __future__ import annotations

import re
from re import Match

from layerlift.operations.commands import colours, numbers
from layerlift.operations.commands.english import Make
from layerlift.operations.commands.steps import (
    Centre,
    Command,
    Delete,
    Flip,
    Move,
    Opacity,
    Order,
    Place,
    Recolour,
    Resize,
    Rotate,
    Scale,
    Show,
    Step,
)
from layerlift.operations.commands.targets import chinese as target

_N = numbers.CHINESE
_T = r"(?:(?:把|将|让|使)?(?P<t>.+?))??"
_LENGTH = rf"(?P<n>{_N}) ?(?P<unit>px|个?像素|%)?"
_PERCENT = rf"(?:(?P<n>{_N}) ?%|百分之(?P<of>{_N}))"
_WAY = r"(?:向|往|朝)?(?P<way>左|右|上|下)(?:边|方|侧|面)?"
_MOVE = r"(?:移动|平移|挪动|移|挪)"
_HALF = r"(?P<half>一半|半)"
_SIGN = {"左": (-1, 0), "右": (1, 0), "上": (0, -1), "下": (0, 1)}
_TO = r"(?:到|至|为|成|了)?(?:原来的|原来)?"


def clause(text: str) -> Command | None:
    """The command that one clause is; None where it is none."""
    for pattern, make in _PATTERNS:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        named = found.groupdict().get("t")
        meant = target(named) if named else None
        if meant is False:
            continue
        step = make(found)
        if step is not None and not isinstance(step, Command):
            return Command(meant, step)
    return None


def _number(found: Match[str], name: str = "n") -> float:
    value = numbers.read(found[name])
    assert value is not None  # the pattern lets nothing else through
    return value


def _share(found: Match[str]) -> float:
    if found.groupdict().get("half"):
        return 0.5
    return round(_number(found, "n" if found["n"] else "of") / 100, 12)


def _move(found: Match[str]) -> Step:
    x, y = _SIGN[found["way"]]
    value = _number(found)
    return Move(x * value + 0.0, y * value + 0.0, "%" if found["unit"] == "%" else "px")


def _scaled(factor: float) -> Step | None:
    return Scale(factor, factor) if factor > 0 else None


def _scale_to(found: Match[str]) -> Step | None:
    return _scaled(_share(found))


def _scale_by(found: Match[str]) -> Step | None:
    sign = -1 if found["verb"] in ("缩小", "变小") else 1
    return _scaled(round(1 + sign * _share(found), 12))


def _times(found: Match[str]) -> Step | None:
    factor = _number(found)
    return _scaled(1 / factor if found["verb"] == "缩小" and factor else factor)


def _sides(found: Match[str]) -> Step:
    return Scale(round(_number(found, "x") / 100, 12), round(_number(found, "y") / 100, 12))


def _resize(found: Match[str]) -> Step | None:
    groups = found.groupdict()
    width, height = (round(_number(found, name)) if groups.get(name) else None for name in ("w", "h"))
    return None if 0 in (width, height) else Resize(width, height)


def _rotate(found: Match[str]) -> Step:
    groups = found.groupdict()
    way = (groups.get("before") or "") + (groups.get("after") or "")
    degrees = _number(found)
    return Rotate(-degrees if "逆" in way or "左" in way else degrees)


def _flip(found: Match[str]) -> Step:
    return Flip("vertical" if (found["way"] or "") in ("垂直", "上下", "竖直", "纵向") else "horizontal")


def _recolour(found: Match[str]) -> Step | None:
    colour = colours.read(found["c"])
    return None if colour is None else Recolour(colour)


def _opacity(found: Match[str]) -> Step | None:
    value = _share(found)
    if found["clear"] == "透明度":
        value = round(1 - value, 12)
    return Opacity(value) if 0 <= value <= 1 else None


def _order(found: Match[str]) -> Step:
    word = found["place"]
    places: dict[str, Place] = {"上移": "forward", "下移": "backward"}
    if word in places:
        return Order(places[word])
    return Order("front" if any(top in word for top in ("顶", "上", "前")) else "back")


def _centre(found: Match[str]) -> Step:
    axis = found.groupdict().get("axis")
    return Centre("horizontal" if axis == "水平" else "vertical" if axis == "垂直" else "both")


_TURN = r"(?:顺时针|逆时针|(?:向|往)?[左右])(?:方向)?"
_COLOURED = r"(?:改成|改为|变成|变为|换成|换为|染成|涂成|调成|设为|设成|重新着色为|着色为)"
_BOTTOM = "底层|最底层|最下层|最下面|最后面|最后|底部|最底部"
_TOP = "顶层|最顶层|最上层|最上面|最前面|最前|顶部|最顶部"
_PATTERNS: list[tuple[re.Pattern[str], Make]] = [
    (re.compile(pattern), make)
    for pattern, make in [
        (rf"{_WAY}{_MOVE}?{_LENGTH}", _move),
        (rf"{_T}{_WAY}{_MOVE}(?:了)?{_LENGTH}", _move),
        (rf"{_MOVE}{_T}{_WAY}{_LENGTH}", _move),
        (rf"{_T}(?P<axis>水平|垂直)?居中(?:对齐)?", _centre),
        (rf"{_T}(?:移|放|移动|挪)(?:到|至)(?:画面|画布|图片)?(?:的)?(?:正中间|中间|中央|中心|正中)", _centre),
        (rf"{_T}的?(?P<clear>不透明度|透明度)(?:设|调|改|降|降低|提高|调整|设置)?(?:为|到|至|成)?{_PERCENT}", _opacity),
        (rf"{_T}宽度?缩放到(?P<x>{_N}) ?%高度?缩放到(?P<y>{_N}) ?%", _sides),
        (rf"{_T}(?:缩放|放大|缩小|调整|调)(?:大小)?(?:到|至|为|成)(?:原来的)?(?:{_PERCENT}|{_HALF})", _scale_to),
        (rf"{_T}缩放{_TO}(?:{_PERCENT}|{_HALF})", _scale_to),
        (rf"{_T}(?P<verb>放大|缩小|变大|变小)(?:了)?(?:{_PERCENT}|{_HALF})", _scale_by),
        (rf"{_T}(?P<verb>放大|缩小|缩放){_TO}(?P<n>{_N}) ?倍", _times),
        (rf"{_T}(?:缩放|调整|调)(?:大小)?(?:到|至|为)(?P<w>\d+) ?[x×*] ?(?P<h>\d+)(?:px|像素)?", _resize),
        (rf"{_T}(?:宽度?)(?:改为|设为|调到|调整为|变为)(?P<w>\d+) ?(?:px|像素)", _resize),
        (rf"{_T}(?:高度?)(?:改为|设为|调到|调整为|变为)(?P<h>\d+) ?(?:px|像素)", _resize),
        (rf"{_T}(?P<before>{_TURN})?(?:旋转|转动|转)(?:了)?(?P<n>{_N}) ?(?:度|°)", _rotate),
        (rf"(?P<before>{_TURN})?旋转{_T}(?P<after>{_TURN})?(?P<n>{_N}) ?(?:度|°)", _rotate),
        (rf"{_T}(?P<way>水平|左右|垂直|上下|竖直|横向|纵向)?(?:翻转|镜像)(?:一下)?", _flip),
        (rf"(?P<way>水平|左右|垂直|上下|竖直|横向|纵向)?(?:翻转|镜像){_T}", _flip),
        (rf"{_T}(?:的?颜色)?{_COLOURED}(?P<c>.+)", _recolour),
        (rf"{_T}(?:置于|移到|移至|放到|放在|移动到)(?P<place>{_TOP}|{_BOTTOM})", _order),
        (rf"{_T}(?P<place>置顶|置底)", _order),
        (rf"{_T}(?P<place>上移|下移)一层", _order),
        (rf"隐藏{_T}", lambda f: Show(False)),
        (rf"{_T}隐藏(?:起来|掉)?", lambda f: Show(False)),
        (rf"显示{_T}", lambda f: Show(True)),
        (rf"{_T}显示(?:出来)?", lambda f: Show(True)),
        (rf"(?:删除|删掉|删去|去掉|移除|去除|清除|擦除|擦掉){_T}", lambda f: Delete()),
        (rf"{_T}(?:删除|删掉|删去|去掉|移除|去除|清除|擦除|擦掉)", lambda f: Delete()),
    ]
]
