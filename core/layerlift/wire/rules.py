"""What must hold between the fields of one message. Law: one message at a time; what came before is `connection`'s."""

from __future__ import annotations

from layerlift.wire.limits import LATTICE
from layerlift.wire.messages import Hello, LayerReady, Message, Put
from layerlift.wire.values import DocumentInfo, LayerInfo


def broken(message: Message) -> str:
    """The rule that `message` breaks, in one sentence; empty when it is sound."""
    if isinstance(message, Hello):
        return _hello(message)
    if isinstance(message, Put):
        return _document(message.document, message.size)
    if isinstance(message, LayerReady):
        return _layer(message.layer)
    return ""


def payload(document: DocumentInfo) -> int:
    """Bytes of the payload of a document of kind "pixels": the pixels, the mask, the profile, the native pixels and
    their table."""
    area = document.width * document.height
    own = document.native
    native = 0 if own is None else (area + LATTICE**3) * (own.channels + 1) * own.depth // 8
    return area * document.depth // 2 + area * document.mask + document.icc + native


def _hello(hello: Hello) -> str:
    if hello.oldest > hello.protocol:
        return "hello.oldest must not exceed hello.protocol."
    if hello.token is not None and hello.code is not None:
        return "hello must carry a token or a code, not both."
    if (hello.code is None) != (hello.device is None):
        return "hello.code and hello.device belong together."
    return ""


def _document(document: DocumentInfo, size: int) -> str:
    if size == 0:
        return "put.size must not be 0."
    if document.kind == "file":
        stated = document.width or document.height or document.depth or document.icc or document.mask or document.native
        return "A document of kind file states no size, depth, mask, profile or own numbers." if stated else ""
    if not (document.width and document.height and document.depth):
        return "A document of kind pixels states its width, height and depth."
    return "" if size == payload(document) else f"put.size must be {payload(document)} for this document."


def _layer(layer: LayerInfo) -> str:
    area = layer.bounds.width * layer.bounds.height
    size, own = area * layer.depth // 2, layer.native
    if layer.size != size:
        return f"layer.size must be {size} for these bounds."
    if own is not None and own.size != (native := area * (own.channels + 1) * own.depth // 8):
        return f"layer.native.size must be {native} for these bounds."
    return ""
