"""Hypothesis strategies for every message, derived from the schema that the wire itself uses."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from layerlift.wire import limits
from layerlift.wire.frames import KINDS
from layerlift.wire.messages import Chunk, Hello, LayerReady, Message, Put
from layerlift.wire.rules import broken, payload
from layerlift.wire.schema import Record, record
from layerlift.wire.shapes import Choice, Flag, Many, Maybe, Octets, Real, Scalar, Shape, Table, Text, Whole
from layerlift.wire.values import DocumentInfo

FEW = 3  # elements of an array: enough for order and nesting, few enough to stay below a message's size


def texts(most: int) -> st.SearchStrategy[str]:
    """Any valid Unicode of at most `most` bytes."""
    return st.text(max_size=most).filter(lambda text: len(text.encode()) <= most)


def params() -> st.SearchStrategy[Any]:
    """What a param may hold."""
    whole = st.integers(-limits.EXACT, limits.EXACT)
    real = st.floats(allow_nan=False, allow_infinity=False)
    return st.none() | st.booleans() | whole | real | texts(64)


def of_shape(shape: Shape) -> st.SearchStrategy[Any]:
    """Field values that `shape` allows, at and between its limits."""
    if isinstance(shape, Flag):
        return st.booleans()
    if isinstance(shape, Whole):
        return st.integers(shape.low, shape.high)
    if isinstance(shape, Real):
        return st.floats(shape.low, shape.high)
    if isinstance(shape, Text):
        return (
            st.from_regex(re.compile(shape.pattern.pattern, re.ASCII), fullmatch=True)
            if shape.pattern
            else texts(min(shape.most, 300))
        )
    if isinstance(shape, Octets):
        return st.binary(max_size=min(shape.most, 300))
    if isinstance(shape, Choice):
        return st.sampled_from(sorted(shape.values.values(), key=repr))
    if isinstance(shape, Maybe):
        return st.none() | of_shape(shape.inner)
    if isinstance(shape, Many):
        high = shape.high if shape.low == shape.high else min(FEW, shape.high)
        return st.lists(of_shape(shape.inner), min_size=shape.low, max_size=high).map(tuple)
    if isinstance(shape, Scalar):
        return params()
    if isinstance(shape, Table):
        return st.dictionaries(texts(20), of_shape(shape.inner), max_size=FEW)
    assert isinstance(shape, Record)
    return st.builds(shape.cls, **{name: of_shape(part) for name, part in shape.parts.items()})


@st.composite
def documents(draw: st.DrawFn) -> tuple[DocumentInfo, int]:
    """A document and the size of its payload."""
    info = draw(of_shape(record(DocumentInfo)))
    if draw(st.booleans()):
        return DocumentInfo(info.name, "file", x=info.x, y=info.y), draw(st.integers(1, limits.UPLOAD))
    width, height, depth = draw(st.integers(1, 60_000)), draw(st.integers(1, 60_000)), draw(st.sampled_from((8, 16)))
    sound = DocumentInfo(info.name, "pixels", width, height, depth, info.x, info.y, info.mask, info.icc, info.native)
    return sound, payload(sound)


@st.composite
def _layers(draw: st.DrawFn) -> Message:
    ready = draw(of_shape(record(LayerReady)))
    layer = ready.layer
    width, height = draw(st.integers(1, 60_000)), draw(st.integers(1, 60_000))
    bounds = type(layer.bounds)(layer.bounds.x, layer.bounds.y, width, height)
    fields = {name: getattr(layer, name) for name in record(type(layer)).parts}
    sound = {"bounds": bounds, "size": width * height * layer.depth // 2}
    if (own := layer.native) is not None:
        sound["native"] = replace(own, size=width * height * (own.channels + 1) * own.depth // 8)
    return LayerReady(ready.job, type(layer)(**fields | sound))


@st.composite
def _puts(draw: st.DrawFn) -> Message:
    document, size = draw(documents())
    put = draw(of_shape(record(Put)))
    return Put(put.transfer, put.upload, size, document)


def messages() -> st.SearchStrategy[Message]:
    """Every kind of message, each as likely as the other."""
    special = {Put: _puts(), LayerReady: _layers()}
    kinds = [special.get(cls, of_shape(record(cls))) for cls in KINDS.values() if cls is not Hello]
    hello = of_shape(record(Hello)).filter(lambda hello: not broken(hello))
    return st.one_of(*kinds, hello, chunks())


def chunks() -> st.SearchStrategy[Chunk]:
    """Chunks of a few bytes and, now and then, of the most allowed."""
    data = st.binary(min_size=1, max_size=100) | st.just(bytes(limits.CHUNK))
    return st.builds(Chunk, st.integers(0, 2**32 - 1), st.integers(0, limits.UPLOAD), data)
