"""`layerlift engines`: who can take pictures apart, and why one cannot here. Law: prints only."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from layerlift.cli.main import DONE
from layerlift.cli.terminal import print_table
from layerlift.engines import DEFAULT, available
from layerlift.wire.values import EngineOffer


def run(arguments: argparse.Namespace) -> int:
    """Print every engine."""
    found = _of_server(arguments.server) if arguments.server is not None else _here()
    if arguments.json:
        print(json.dumps([asdict(offer) for offer in found]))  # noqa: T201
        return DONE
    columns = [("engine", False), ("what it is", False), ("can", False), ("layers", True), ("here", False)]
    rows = [
        [
            f"{offer.name} (default)" if offer.default else offer.name,
            offer.title,
            ", ".join(offer.operations),
            f"up to {offer.max_layers}",
            offer.missing or "ready",
        ]
        for offer in found
    ]
    print_table("Engines", columns, rows)
    return DONE


def _here() -> list[EngineOffer]:
    return [
        EngineOffer(info.name, info.title, info.operations, info.max_layers, info.name == DEFAULT, info.missing)
        for info in available()
    ]


def _of_server(address: str) -> list[EngineOffer]:
    from layerlift.cli.server.ask import connected

    with connected(address) as client:
        return list(client.welcome.engines)
