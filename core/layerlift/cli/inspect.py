"""`layerlift inspect`: what a layered file holds, and how far its composite is from the original. Law: prints only."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from layerlift import formats
from layerlift.cli.main import DONE
from layerlift.cli.records import stack_record
from layerlift.cli.terminal import print_table
from layerlift.formats import picture
from layerlift.imaging.colour import describe
from layerlift.imaging.layer import LayerStack
from layerlift.inspection import Difference, LayerFacts, compare, facts

_COLUMNS = [
    ("layer", False),
    ("role", False),
    ("size and place", False),
    ("covers", True),
    ("opacity", True),
    ("text", False),
]


def run(arguments: argparse.Namespace) -> int:
    """Print the stack. Raises InputError where there is none."""
    stack = formats.read(arguments.stack)
    difference = None
    if arguments.against is not None:
        difference = compare(stack, picture.read(Path(arguments.against)))
    if arguments.json:
        record = {"file": arguments.stack, **stack_record(stack)}
        if difference is not None:
            record["against"] = {"file": arguments.against, **asdict(difference)}
        print(json.dumps(record))  # noqa: T201
        return DONE
    print_table(_title(arguments.stack, stack), _COLUMNS, [_row(layer) for layer in facts(stack)])
    if difference is not None:
        print(_verdict(difference, arguments.against))  # noqa: T201
    return DONE


def _title(name: str, stack: LayerStack) -> str:
    count = len(stack.layers)
    return (
        f"{name}: {stack.extent.width} × {stack.extent.height} pixels, {stack.depth} bit, {describe(stack.icc)}, "
        f"{count} layer{'s' if count != 1 else ''} (bottom first)"
    )


def _row(layer: LayerFacts) -> list[str]:
    b = layer.bounds
    text = " ⏎ ".join((layer.text or "").splitlines())
    return [
        " / ".join((*layer.group, layer.name)),
        str(layer.role),
        f"{b.width} × {b.height} at {b.x}, {b.y}",
        f"{layer.coverage:.1%}",
        f"{layer.opacity:.0%}",
        text if len(text) <= 60 else f"{text[:59]}…",
    ]


def _verdict(difference: Difference, name: str) -> str:
    levels = 255 if difference.depth == 8 else 65535
    same = "identical" if difference.maximum == 0 else "equal within one 8-bit level"
    judged = f"The composite is {same}" if difference.maximum <= levels // 255 else "The composite differs"
    return (
        f"{judged} (against {name}): max {difference.maximum} and mean {difference.mean:.3f} of {levels} levels; "
        f"{difference.share_off:.2%} of the pixels are more than one 8-bit level off."
    )
