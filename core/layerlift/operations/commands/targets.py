"""What a command is about, in the user's words, without the words around it.

Law: stdlib only. Answers None for "it" (whatever was before), False for words that are no name of a thing but a wish
of their own ("a dog and add a hat"): the sentence is then no exact command.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Meant: TypeAlias = str | Literal[False] | None

_QUOTES = "\"'“”‘’«»「」『』《》"
_IT = {
    "it",
    "them",
    "this",
    "that",
    "that one",
    "this one",
    "itself",
    "它",
    "他",
    "她",
    "它们",
    "这个",
    "那个",
    "这",
    "那",
}
_WISHES = frozenset(
    "add put replace draw insert make turn change move remove delete scale rotate flip hide show recolor recolour with "
    "where so but into like instead while without then and-then if until because as by to".split()
)
_LONGEST_ENGLISH, _LONGEST_CHINESE = 8, 16
"""Words or characters of a name at most, unless it is quoted."""
_CHINESE_WISHES = (
    "添加",
    "加上",
    "增加",
    "替换",
    "换成",
    "变成",
    "改成",
    "画",
    "移动",
    "旋转",
    "删除",
    "放大",
    "缩小",
    "并",
    "然后",
)


def english(text: str) -> Meant:
    """ "the dog layer" → "dog"."""
    text = text.strip()
    if _quoted(text):
        return text[1:-1].strip() or False
    plain = re.sub(r"^(?:(?:the|my|this|that|these|those|a|an|both|its) )+", "", text, flags=re.IGNORECASE)
    plain = re.sub(r"(?<=\S) (?:layer|one)$", "", plain, flags=re.IGNORECASE).strip()
    if _quoted(plain):
        return plain[1:-1].strip() or False
    if text.lower() in _IT or plain.lower() in _IT:
        return None
    words = plain.lower().split()
    if not words or len(words) > _LONGEST_ENGLISH or _WISHES & set(words) or not re.search(r"\w", plain):
        return False
    return plain


def chinese(text: str) -> Meant:
    """ "这个标题图层" → "标题"."""
    text = text.strip()
    if _quoted(text):
        return text[1:-1].strip() or False
    if text in _IT:
        return None
    plain = re.sub(r"^(?:这|那)(?:个|只|张|条|些|颗|朵|行|段)?", "", text)
    plain = re.sub(r"(?<=.)(?:图层|这一层|那一层)$", "", plain).strip()
    plain = re.sub(r"(?<=.)的$", "", plain)
    if _quoted(plain):
        return plain[1:-1].strip() or False
    if not plain:
        return None
    if len(plain) > _LONGEST_CHINESE or any(word in plain for word in _CHINESE_WISHES):
        return False
    return plain


def _quoted(text: str) -> bool:
    return len(text) > 2 and text[0] in _QUOTES and text[-1] in _QUOTES
