"""`layerlift devices`: who else may use the server here. Law: asks and prints."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from layerlift.cli.main import DONE
from layerlift.cli.server.ask import SHORT, ago, connected, meant
from layerlift.cli.terminal import print_table
from layerlift.wire.values import Device

_COLUMNS = [("id", False), ("device", False), ("paired", False), ("last seen", False)]


def run(arguments: argparse.Namespace) -> int:
    """List the paired devices, or revoke one. Raises NoServer, ServerError, RequestError."""
    with connected(None) as client:
        devices = client.devices()
        if arguments.verb == "revoke":
            device = meant(arguments.device, devices, "device", "layerlift devices")
            devices = client.revoke(device.device)
            print(f"{device.name} may not use this server any more.", file=sys.stderr)  # noqa: T201
            return DONE
    if arguments.json:
        print(json.dumps([asdict(device) for device in devices]))  # noqa: T201
    elif not devices:
        print("No devices are paired. To pair one: layerlift pair", file=sys.stderr)  # noqa: T201
    else:
        print_table("Paired devices", _COLUMNS, [_row(device) for device in devices])
    return DONE


def _row(device: Device) -> list[str]:
    return [device.device[:SHORT], device.name, ago(device.paired), ago(device.last_seen)]
