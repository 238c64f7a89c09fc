"""`layerlift open`: the server's page, through a link that works once. Law: prints a link, or has it opened."""

from __future__ import annotations

import argparse
import sys
import webbrowser

from layerlift.cli.main import DONE
from layerlift.cli.server.installed import server_package
from layerlift.client import launch
from layerlift.client.address import find
from layerlift.client.errors import NoServer


def run(arguments: argparse.Namespace) -> int:
    """Open the page, starting the server if none runs. Raises NoServer, RequestError."""
    opening = server_package("opening")
    try:
        find()
    except NoServer:
        print("No server runs yet: starting one. To end it: layerlift serve --stop", file=sys.stderr)  # noqa: T201
        launch.start()
    link: str = opening.link()
    if arguments.print_only or not _opened(link):
        print(link)  # noqa: T201
    return DONE


def _opened(link: str) -> bool:
    """Whether a browser took it; without one (a server's console) the link is printed instead."""
    try:
        return webbrowser.open(link)
    except webbrowser.Error:
        return False
