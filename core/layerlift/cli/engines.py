"""`layerlift engines`: who can take pictures apart, and why one cannot here. Law: prints only."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from layerlift.cli.main import DONE
from layerlift.cli.terminal import print_table
from layerlift.engines import DEFAULT, available


def run(arguments: argparse.Namespace) -> int:
    """Print every engine."""
    found = available()
    if arguments.json:
        print(json.dumps([asdict(info) for info in found]))  # noqa: T201
        return DONE
    columns = [("engine", False), ("what it is", False), ("can", False), ("layers", True), ("here", False)]
    rows = [
        [
            f"{info.name} (default)" if info.name == DEFAULT else info.name,
            info.title,
            ", ".join(info.operations),
            f"up to {info.max_layers}",
            info.missing or "ready",
        ]
        for info in found
    ]
    print_table("Engines", columns, rows)
    return DONE
