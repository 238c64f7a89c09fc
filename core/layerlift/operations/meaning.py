"""Which layer is meant: by its number, its name, what it says, or what it is ("the title", 背景, "layer 3").

Law: looks at names, roles, text and sizes, never at pixels; decides or asks, never guesses. Raises RequestError that
lists the candidates.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from layerlift.errors import RequestError
from layerlift.imaging.layer import Layer, LayerStack, Role
from layerlift.operations.vocabulary import ALL, ORDINALS, ROLES, TITLES, same_words

_SHOWN = 12
"""Most layers listed in an error."""


def by_number(stack: LayerStack, index: int) -> int:
    """`index` if the stack has such a layer (0 is the bottom one). Raises RequestError."""
    if not 0 <= index < len(stack.layers):
        raise RequestError(f"There is no layer {index}: the stack has {len(stack.layers)}.", _list(stack, None))
    return index


def named(stack: LayerStack, target: str) -> tuple[int, ...]:
    """The layers that an exact command's target is: one, or all for "everything". Raises RequestError for none or for
    more than one that fit equally well."""
    words = _plain(target)
    if words in ALL:
        return tuple(range(len(stack.layers)))
    numbered = _numbered(words, len(stack.layers))
    if numbered is not None:
        return (numbered,)
    found = _fitting(stack, words)
    if not found:
        raise RequestError(f"No layer is called “{target}”.", _list(stack, None))
    if len(found) > 1:
        raise RequestError(f"“{target}” could be {len(found)} layers.", _list(stack, found))
    return (found[0],)


def spoken_of(stack: LayerStack, prompt: str) -> int:
    """The one layer that a free sentence speaks of. Raises RequestError where none or several are."""
    if len(stack.layers) == 1:
        return 0
    words = _plain(prompt)
    for rule in _RULES:
        found = [index for index, layer in enumerate(stack.layers) if rule(layer, words, True)]
        found = _most(stack, found, words)
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            raise RequestError(f"“{_short(prompt)}” could mean {len(found)} layers.", _list(stack, found))
    raise RequestError(f"Which layer “{_short(prompt)}” is about is not clear.", _list(stack, None))


def _fitting(stack: LayerStack, words: str) -> list[int]:
    """The layers that the first rule with any finds."""
    for rule in _RULES:
        found = [index for index, layer in enumerate(stack.layers) if rule(layer, words, False)]
        if rule is _by_role:
            found = _most(stack, found, words)
        if found:
            return found
    return []


def _by_name(layer: Layer, words: str, sentence: bool) -> bool:
    """Its whole name, in either language."""
    name = _plain(layer.name)
    return any(_within(same, words) if sentence else same == words for same in same_words(name))


def _by_text(layer: Layer, words: str, sentence: bool) -> bool:
    if layer.text is None:
        return False
    content = _plain(layer.text.content)
    return bool(content) and (_within(content, words) if sentence else content == words)


def _by_part(layer: Layer, words: str, sentence: bool) -> bool:
    """A word of its name ("star" for "Yellow star"), also in the other language; or part of what it says."""
    parts = [part for part in _tokens(_plain(layer.name)) if len(part) > 1 and not part.isdigit()]
    if sentence:
        return any(_within(word, words) for part in parts[-1:] for word in same_words(part))
    if all(any(_within(word, _plain(layer.name)) for word in same_words(part)) for part in _tokens(words)):
        return True
    return layer.text is not None and len(words) > 2 and _within(words, _plain(layer.text.content))


def _by_role(layer: Layer, words: str, sentence: bool) -> bool:
    for role, names in ROLES.items():
        if layer.role is role and any(_within(name, words) if sentence else name == words for name in names):
            return True
    return False


_RULES: Sequence[Callable[[Layer, str, bool], bool]] = (_by_name, _by_text, _by_part, _by_role)


def _most(stack: LayerStack, found: list[int], words: str) -> list[int]:
    """Of several, those whose name is not a part of another's; of several texts the largest, if the title was meant."""
    if len(found) < 2:
        return found
    if any(_within(title, words) for title in TITLES):
        texts = [index for index in found if stack.layers[index].role is Role.TEXT]
        heights = {index: _height(stack.layers[index]) for index in texts}
        highest = [index for index in texts if heights[index] >= 0.95 * max(heights.values(), default=0)]
        return highest or found
    names = {index: _plain(stack.layers[index].name) for index in found}
    inside = [index for index in found if _within(names[index], words)]
    whole = [i for i in inside if not any(names[i] != names[j] and _within(names[i], names[j]) for j in inside)]
    return whole or found


def _height(layer: Layer) -> float:
    if layer.text is None or not layer.text.lines:
        return float(layer.bounds.height)
    return max(line.height for line in layer.text.lines)


def _numbered(words: str, count: int) -> int | None:
    """ "layer 3", "第3层", "bottom layer", "top layer": layers are counted from the bottom, the first one is 1."""
    place = ORDINALS.get(words)
    if place is not None:
        return place % count if -count <= place < count else None
    found = re.fullmatch(r"(?:layer|图层|#) ?(\d+)|第 ?(\d+) ?(?:个|层|个图层)", words)
    if found is None:
        return None
    number = int(found[1] or found[2])
    return number - 1 if 1 <= number <= count else None


def _plain(text: str) -> str:
    """Half-width, lower case, one line, without quotation marks and punctuation at the ends."""
    flat = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return re.sub(r"^[\s\"'“”‘’「」『』《》.,!?。、:;]+|[\s\"'“”‘’「」『』《》.,!?。、:;]+$", "", flat)


def _tokens(text: str) -> list[str]:
    return [part for part in re.split(r"[^\w]+", text) if part]


def _within(part: str, whole: str) -> bool:
    """Whether `part` stands in `whole` as words (Chinese has no gaps between words: as characters)."""
    if not part:
        return False
    if re.search(r"[\u3400-\u9fff]", part):
        return part in whole
    return (
        re.search(rf"(?<!\w){re.escape(part)}(?:s|es)?(?!\w)|(?<=[\u3400-\u9fff]){re.escape(part)}", whole) is not None
    )


def choices(stack: LayerStack) -> str:
    """A remedy: all layers to choose from."""
    return _list(stack, None)


def _list(stack: LayerStack, chosen: list[int] | None) -> str:
    """A remedy: the layers to choose from."""
    which = list(range(len(stack.layers))) if chosen is None else chosen
    names = [f"{index}: “{stack.layers[index].name}”" for index in which]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"Name one, or give its number: {', '.join(names[:_SHOWN])}{more}."


def _short(prompt: str) -> str:
    return prompt if len(prompt) <= 60 else f"{prompt[:59]}…"
