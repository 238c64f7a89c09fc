"""Tiny ONNX networks of the signatures of BiRefNet and LaMa whose answers can be foretold, written byte by byte.

No `onnx` package is needed: a model file is a protobuf message, and a dozen fields of onnx.proto suffice. They are run
by the real onnxruntime through the product's own code.

`matter` sees every pixel by itself: reds are in front; blues are, where there is no red anywhere. `filler` fills holes
with the mean of what is known within 15 pixels (of everything, where nothing is), in 0–255 like the published LaMa.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

FLOAT, FLOAT16 = 1, 10
_OPSET, _IR = 13, 7
_NEAR = 31
"""Side of the window whose mean the filler takes."""
_MEAN, _STD = np.array((0.485, 0.456, 0.406)), np.array((0.229, 0.224, 0.225))

Dim = int | str


def matter(path: Path, side: Dim = 128, *, sharpness: float = 60.0, half: bool = False, logits: bool = True) -> Path:
    """BiRefNet's signature. red = R − max-ish(G, B) > ½, likewise blue, as logits of slope `sharpness`."""
    red, blue = (_linear(weights, -0.5, sharpness) for weights in ((1, -0.5, -0.5), (-0.5, -0.5, 1)))
    nodes = [
        _node("Conv", ["x", "red_w", "red_b"], ["red"]),
        _node("Conv", ["x", "blue_w", "blue_b"], ["blue"]),
        _node("Sigmoid", ["red"], ["is_red"]),
        _node("GlobalMaxPool", ["is_red"], ["any_red"]),
        _node("Mul", ["any_red", "much"], ["hush"]),
        _node("Sub", ["blue", "hush"], ["uncovered"]),
        _node("Max", ["red", "uncovered"], ["logit"]),
    ]
    values = {"red_w": red[0], "red_b": red[1], "blue_w": blue[0], "blue_b": blue[1], "much": np.array([200.0])}
    last = "logit"
    if not logits:
        nodes.append(_node("Sigmoid", ["logit"], ["share"]))
        last = "share"
    kind = FLOAT16 if half else FLOAT
    shape: list[Dim] = [1, 3, side, side]
    return _write(path, nodes, values, {"x": shape}, {last: [1, 1, side, side]}, kind)


def filler(path: Path, side: Dim = 512, *, scale: float = 255.0) -> Path:
    """LaMa's signature."""
    nodes = [
        _node("Sub", ["one", "mask"], ["known"]),
        _node("Mul", ["image", "known"], ["seen"]),
        *_around("seen", "sum"),
        *_around("known", "count"),
        _node("Div", ["sum", "count"], ["mean"]),
        _node("Mul", ["mean", "mask"], ["filled"]),
        _node("Add", ["seen", "filled"], ["picture"]),
        _node("Mul", ["picture", "scale"], ["output"]),
    ]
    values = {"one": np.array([1.0]), "little": np.array([1e-4]), "scale": np.array([scale])}
    shapes: dict[str, Sequence[Dim]] = {"image": [1, 3, side, side], "mask": [1, 1, side, side]}
    return _write(path, nodes, values, shapes, {"output": [1, 3, side, side]}, FLOAT)


def broken(path: Path, side: int = 128) -> Path:
    """BiRefNet's signature; answers with infinities."""
    nodes = [_node("Conv", ["x", "w", "b"], ["y"]), _node("Div", ["y", "nothing"], ["z"])]
    weights, bias = _linear((0, 0, 0), 1.0, 1.0)
    values = {"w": weights, "b": bias, "nothing": np.array([0.0])}
    return _write(path, nodes, values, {"x": [1, 3, side, side]}, {"z": [1, 1, side, side]}, FLOAT)


def slow(path: Path, side: int = 512, nodes: int = 4000) -> Path:
    """BiRefNet's signature; computes for minutes, node after node."""
    weights, bias = _linear((1, 1, 1), 0.0, 1.0)
    chain = [_node("Conv", ["x", "w", "b"], ["y0"])]
    chain += [_node("Erf", [f"y{index}"], [f"y{index + 1}"]) for index in range(nodes)]
    shapes: dict[str, Sequence[Dim]] = {"x": [1, 3, side, side]}
    return _write(path, chain, {"w": weights, "b": bias}, shapes, {f"y{nodes}": [1, 1, side, side]}, FLOAT)


def _around(what: str, result: str) -> list[bytes]:
    """Its mean nearby, and a little of its mean over all for where nothing is known nearby."""
    window = _ints("kernel_shape", [_NEAR, _NEAR]) + _ints("pads", [_NEAR // 2] * 4)
    return [
        _node("AveragePool", [what], [f"{what}_near"], window),
        _node("GlobalAveragePool", [what], [f"{what}_all"]),
        _node("Mul", [f"{what}_all", "little"], [f"{what}_far"]),
        _node("Add", [f"{what}_near", f"{what}_far"], [result]),
    ]


def _linear(weights: Sequence[float], constant: float, slope: float) -> tuple[np.ndarray, np.ndarray]:
    """A 1×1 convolution that gives slope · (weights · colour + constant) from a colour in ImageNet's normalisation."""
    own = np.array(weights, np.float64)
    return slope * (own * _STD).reshape(1, 3, 1, 1), np.array([slope * (float(own @ _MEAN) + constant)])


def _write(
    path: Path,
    nodes: list[bytes],
    values: dict[str, np.ndarray],
    inputs: dict[str, Sequence[Dim]],
    outputs: dict[str, Sequence[Dim]],
    kind: int,
) -> Path:
    graph = b"".join(_bytes(1, node) for node in nodes) + _bytes(2, b"tiny")
    graph += b"".join(_bytes(5, _tensor(name, value, kind)) for name, value in values.items())
    graph += b"".join(_bytes(11, _value(name, shape, kind)) for name, shape in inputs.items())
    graph += b"".join(_bytes(12, _value(name, shape, kind)) for name, shape in outputs.items())
    opset = _bytes(1, b"") + _number(2, _OPSET)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_number(1, _IR) + _bytes(2, b"layerlift tests") + _bytes(7, graph) + _bytes(8, opset))
    return path


def _node(operator: str, inputs: list[str], outputs: list[str], attributes: bytes = b"") -> bytes:
    named = [_bytes(1, name.encode()) for name in inputs] + [_bytes(2, name.encode()) for name in outputs]
    return b"".join(named) + _bytes(4, operator.encode()) + attributes


def _ints(name: str, values: Sequence[int]) -> bytes:
    listed = b"".join(_number(8, value) for value in values)
    return _bytes(5, _bytes(1, name.encode()) + listed + _number(20, 7))


def _tensor(name: str, value: np.ndarray, kind: int) -> bytes:
    raw = value.astype(np.float32 if kind == FLOAT else np.float16).tobytes()
    dims = b"".join(_number(1, side) for side in value.shape)
    return dims + _number(2, kind) + _bytes(8, name.encode()) + _bytes(9, raw)


def _value(name: str, shape: Sequence[Dim], kind: int) -> bytes:
    dims = b"".join(
        _bytes(1, _number(1, side) if isinstance(side, int) else _bytes(2, side.encode())) for side in shape
    )
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, dims)))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value
