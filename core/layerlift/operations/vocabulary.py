"""Words for what layers are, in English and Chinese.

Law: data. Shape and colour words are those that the quick engine names layers with; everything lower case.
"""

from __future__ import annotations

from layerlift.imaging.layer import Role

ALL = frozenset(
    "everything|all|all layers|the picture|picture|image|photo|canvas|全部|所有|所有图层|整张图|画面|图片|图像".split(
        "|"
    )
)
TITLES = ("title", "headline", "heading", "标题", "大标题", "主标题")
ROLES: dict[Role, tuple[str, ...]] = {
    Role.BACKGROUND: ("background", "backdrop", "背景", "底图"),
    Role.TEXT: (
        *TITLES,
        "text",
        "caption",
        "words",
        "lettering",
        "writing",
        "slogan",
        "subtitle",
        "文字",
        "文本",
        "字",
    ),
    Role.SUBJECT: ("subject", "foreground", "cutout", "cut-out", "person", "主体", "人物", "主角", "前景"),
    Role.SHADOW: ("shadow", "阴影", "影子", "投影"),
    Role.GRAPHIC: ("graphic", "shape", "logo", "icon", "图形", "形状", "标志", "图标"),
}
ORDINALS = {
    word: place
    for place, words in {
        0: "bottom layer|lowest layer|bottom|first layer|最底层|底层|最下层",
        -1: "top layer|topmost layer|uppermost layer|top|last layer|最顶层|顶层|最上层",
        1: "second layer",
        2: "third layer",
        3: "fourth layer",
        4: "fifth layer",
    }.items()
    for word in words.split("|")
}
_PAIRS = (
    "circle|圆|圆形|round|disc|disk|ball",
    "ellipse|椭圆|oval",
    "panel|rectangle|box|square|矩形|长方形|方块|面板|色块",
    "bar|横条|条|长条",
    "line|线|线条",
    "frame|边框|框",
    "triangle|三角形|三角",
    "star|星|星星|五角星",
    "black|黑|黑色",
    "grey|gray|灰|灰色",
    "white|白|白色",
    "red|红|红色",
    "orange|橙|橙色",
    "yellow|黄|黄色",
    "green|绿|绿色",
    "teal|青绿",
    "cyan|青|青色",
    "blue|蓝|蓝色",
    "navy|藏青",
    "purple|violet|紫|紫色",
    "pink|粉|粉色|粉红",
    "brown|棕|棕色|褐色",
    "beige|米色",
    "background|背景",
    "shadow|阴影|影子",
    "subject|主体",
    "photo|picture|照片",
    "dog|狗|小狗",
    "cat|猫|小猫",
    "sun|太阳",
    "cloud|云|云朵",
    "tree|树",
    "flower|花",
    "logo|标志",
)
_SAME = {word: tuple(pair.split("|")) for pair in _PAIRS for word in pair.split("|")}


def same_words(word: str) -> tuple[str, ...]:
    """`word` and what says the same, in both languages."""
    return _SAME.get(word, (word,))
