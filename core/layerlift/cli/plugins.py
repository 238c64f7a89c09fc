"""`layerlift plugins`: hosts and what is installed in them. Law: hands over to the installer, nothing more."""

from __future__ import annotations

import argparse


def run(arguments: argparse.Namespace) -> int:
    """Install, remove, list or bundle."""
    from layerlift_installer import cli as installer

    return installer.run(arguments)
