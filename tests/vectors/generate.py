"""Write the golden vectors: `python tests/vectors/generate.py [--replace NAME …]`.

A vector that exists never changes silently: the bytes are the protocol, and other programs were built against them.
`--replace NAME` changes one on purpose: with the protocol's version, or because a field with a default was added to a
message (then the bytes from before go to `earlier.json`, which is read for ever).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT / "core"), str(ROOT / "tests")]

from layerlift.wire import frames, msgpack  # noqa: E402
from layerlift.wire.messages import FROM_CLIENT, FROM_SERVER, Chunk, Message  # noqa: E402
from layerlift.wire.schema import record  # noqa: E402
from vectors import examples  # noqa: E402

HERE = Path(__file__).parent
BYTES = "$hex"
VALUES: tuple[Any, ...] = (
    *(None, False, True, 0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**53 - 1),
    *(-1, -32, -33, -128, -129, -32_768, -32_769, -(2**31), -(2**31) - 1, -(2**53) + 1),
    *(0.0, -0.0, 0.5, 1.0, 1 / 3, 1e300, 5e-324),
    *("", "a", "x" * 31, "x" * 32, "x" * 255, "x" * 256, "ä€😀", "\0\n"),
    *(b"", b"\0", b"y" * 255, b"y" * 256),
    *([], [1], [None] * 15, [None] * 16, [[["deep"]]], {}, {"a": 1}, {f"{n:02}": n for n in range(15)}),
    *({f"{n:02}": n for n in range(16)}, {"": {"": []}}),
)


def plain(value: Any) -> Any:
    """A value as JSON can carry it: bytes become {"$hex": "…"}."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {BYTES: bytes(value).hex()}
    if isinstance(value, dict):
        return {key: plain(element) for key, element in value.items()}
    return [plain(element) for element in value] if isinstance(value, (list, tuple)) else value


def speaker(message: Message) -> str:
    """Who says it."""
    if type(message) in FROM_CLIENT and type(message) in FROM_SERVER:
        return "both"
    return "client" if type(message) in FROM_CLIENT else "server"


def fields(message: Message) -> dict[str, Any]:
    """The message as JSON fields."""
    if isinstance(message, Chunk):
        found = {"transfer": message.transfer, "offset": message.offset, "data": message.data}
    else:
        found = record(type(message)).write(message)
    return {"type": message.kind, **plain(found)}


def build() -> dict[str, list[dict[str, Any]]]:
    """Every vector, by the file that holds it."""
    return {
        "messages.json": [
            {"name": name, "from": speaker(said), "hex": frames.encode(said).hex(), "message": fields(said)}
            for name, said in examples.MESSAGES.items()
        ],
        "msgpack.json": [
            {"name": f"value {number}", "hex": msgpack.pack(value).hex(), "value": plain(value)}
            for number, value in enumerate(VALUES)
        ],
        "refused.json": [
            {"name": name, "hex": payload.hex(), "close": code} for name, (payload, code) in examples.REFUSED.items()
        ],
    }


ABOUT = {
    "messages.json": "Every message: the bytes of one websocket binary message and its fields. A decoder must read "
    "these fields (a chunk's too); an encoder that knows which fields are floats must write these bytes.",
    "msgpack.json": "Values of the msgpack subset in the form that is written. A decoder reads every width.",
    "refused.json": "Payloads that must be refused, and the close code.",
}


def main() -> int:
    """Write the files, unless a vector that exists would change or go."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replace", nargs="*", default=[], metavar="NAME")
    allowed = set(parser.parse_args().replace)
    made = build()
    changed = [f"{file}: {name}" for file, vectors in made.items() for name in altered(file, vectors) - allowed]
    if changed:
        print("These vectors would change:", *changed, "Use --replace NAME if that is meant.", sep="\n  ")
        return 1
    for file, vectors in made.items():
        lines = ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in vectors)
        text = f'{{"about": {json.dumps(ABOUT[file])},\n"vectors": [\n{lines}\n]}}\n'
        (HERE / file).write_text(text, encoding="utf-8")
        print(f"{file}: {len(vectors)} vectors")
    return 0


def altered(file: str, vectors: list[dict[str, Any]]) -> set[str]:
    """Names of the vectors in `file` that `vectors` would change or drop."""
    if not (HERE / file).exists():
        return set()
    before = {v["name"]: v for v in json.loads((HERE / file).read_text(encoding="utf-8"))["vectors"]}
    after = {v["name"]: v for v in vectors}
    return {name for name, vector in before.items() if after.get(name) != vector}


if __name__ == "__main__":
    sys.exit(main())
