"""`layerlift models`: one file per group of verbs. Law: chooses the verb's file, which is imported then."""

from __future__ import annotations

import argparse
from importlib import import_module

_FILES = {
    None: "listing",
    "list": "listing",
    "plan": "planning",
    "download": "fetching",
    "verify": "keeping",
    "remove": "keeping",
    "add": "keeping",
}


def run(arguments: argparse.Namespace) -> int:
    """Carry out the verb. Returns the exit code."""
    code: int = import_module(f"layerlift.cli.models.{_FILES[arguments.verb]}").run(arguments)
    return code
