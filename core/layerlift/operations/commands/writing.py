"""Commands as sentences, in English or Chinese: what was understood, said back, and what `parse` reads again.

Law: stdlib only; pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from layerlift.operations.commands import colours, steps
from layerlift.operations.commands.numbers import write
from layerlift.operations.commands.steps import Command, Step

Language: TypeAlias = Literal["en", "zh"]


def format(commands: Sequence[Command], language: Language = "en") -> str:
    """The sentence for `commands`."""
    if language == "zh":
        return ",".join(_chinese(command.step, _whom(command.target, "")) for command in commands)
    return ", then ".join(_english(command.step, _whom(command.target, "it")) for command in commands)


def _whom(target: str | None, nobody: str) -> str:
    return nobody if target is None else f'"{target}"'


def _lengths(step: steps.Move, left: str, right: str, up: str, down: str, form: str, joint: str) -> str:
    unit = " %" if step.unit == "%" else " px"
    ways = [(step.dx, left if step.dx < 0 else right), (step.dy, up if step.dy < 0 else down)]
    said = [form.format(length=write(abs(value)) + unit, way=way) for value, way in ways if value]
    return joint.join(said) or form.format(length=f"0{unit}", way=right)


def _percent(value: float) -> str:
    return f"{write(value * 100)} %"


def _english(step: Step, it: str) -> str:
    if isinstance(step, steps.Move):
        return f"move {it} {_lengths(step, 'left', 'right', 'up', 'down', '{length} {way}', ' and ')}"
    if isinstance(step, steps.Centre):
        return f"centre {it}" + ("" if step.axis == "both" else f" {step.axis}ly")
    if isinstance(step, steps.Scale):
        if step.x == step.y:
            return f"scale {it} to {_percent(step.x)}"
        return f"scale {it} to {_percent(step.x)} width and {_percent(step.y)} height"
    if isinstance(step, steps.Resize):
        return f"resize {it} to {_size(step, ' px wide', ' px high', ' px')}"
    if isinstance(step, steps.Rotate):
        return f"rotate {it} {write(abs(step.degrees))}° {'counterclockwise' if step.degrees < 0 else 'clockwise'}"
    if isinstance(step, steps.Flip):
        return f"flip {it} {step.axis}ly"
    if isinstance(step, steps.Recolour):
        return f"recolour {it} to {colours.write(step.colour)}"
    if isinstance(step, steps.Opacity):
        return f"set the opacity of {it} to {_percent(step.value)}"
    if isinstance(step, steps.Show):
        return f"{'show' if step.visible else 'hide'} {it}"
    if isinstance(step, steps.Delete):
        return f"delete {it}"
    ways = {"front": "to the front", "back": "to the back", "forward": "forward", "backward": "backward"}
    return f"{'bring' if step.place in ('front', 'forward') else 'send'} {it} {ways[step.place]}"


def _chinese(step: Step, it: str) -> str:
    whom = f"把{it}" if it else ""
    if isinstance(step, steps.Move):
        return whom + _lengths(step, "左", "右", "上", "下", "向{way}移动{length}", ",")
    if isinstance(step, steps.Centre):
        return whom + {"both": "", "horizontal": "水平", "vertical": "垂直"}[step.axis] + "居中"
    if isinstance(step, steps.Scale):
        if step.x == step.y:
            return f"{whom}缩放到{_percent(step.x)}"
        return f"{whom}宽度缩放到{_percent(step.x)}高度缩放到{_percent(step.y)}"
    if isinstance(step, steps.Resize):
        if step.width is not None and step.height is not None:
            return f"{whom}调整到{step.width}x{step.height}像素"
        return f"{whom}宽度改为{step.width}像素" if step.width is not None else f"{whom}高度改为{step.height}像素"
    if isinstance(step, steps.Rotate):
        return f"{whom}{'逆时针' if step.degrees < 0 else '顺时针'}旋转{write(abs(step.degrees))}度"
    if isinstance(step, steps.Flip):
        return f"{whom}{'水平' if step.axis == 'horizontal' else '垂直'}翻转"
    if isinstance(step, steps.Recolour):
        return f"{whom}改成{colours.write(step.colour)}"
    if isinstance(step, steps.Opacity):
        return f"{whom}不透明度调到{_percent(step.value)}"
    if isinstance(step, steps.Show):
        return f"{whom}{'显示' if step.visible else '隐藏'}"
    if isinstance(step, steps.Delete):
        return f"{whom}删除"
    return whom + {"front": "置于顶层", "back": "置于底层", "forward": "上移一层", "backward": "下移一层"}[step.place]


def _size(step: steps.Resize, wide: str, high: str, both: str) -> str:
    if step.width is not None and step.height is not None:
        return f"{step.width} x {step.height}{both}"
    return f"{step.width}{wide}" if step.width is not None else f"{step.height}{high}"
