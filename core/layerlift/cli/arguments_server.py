"""What can be typed about servers, and what several commands have in common.

Law: argparse and words only; imports nothing heavy, does nothing.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any

from layerlift.formats import FORMATS

CODES = """exit codes:
  0    everything asked for was done
  1    at least one thing failed; the others were still done
  2    the command was asked for wrongly; nothing was done
  130  stopped with Ctrl-C; no half-written file is left
"""
SERVE = f"""examples:
  layerlift serve                            for this user on this machine, until Ctrl-C
  layerlift serve --port 7860                always at the same port
  layerlift serve --stop                     end the one that runs here
  layerlift serve --host 0.0.0.0 --port 7860 --name studio.local
                                             also for paired devices on the network, over TLS with a certificate of
                                             its own, whose fingerprint it prints
  layerlift serve --host 0.0.0.0 --tls-cert fullchain.pem --tls-key key.pem
  layerlift serve --cluster 10.0.0.5:6379    the work is done by the computers of a Ray cluster

Plugins on this machine find the server by themselves. Other machines need "layerlift pair".
A second server of the same user is not started: it says where the first one is (exit code 3).

{CODES}"""
OPEN = f"""examples:
  layerlift open                 the server's page in the browser; starts the server if none runs
  layerlift open --print         print the link, which works once and for a minute

{CODES}"""
JOBS = f"""examples:
  layerlift jobs                          what runs, what waits, and what is done
  layerlift jobs --json                   the same for programs
  layerlift jobs cancel 3f1e4a52          stop one; the beginning of its id is enough
  layerlift jobs save 3f1e4a52            its layers into NAME-layers.psd here
  layerlift jobs save 3f1e4a52 -o a.ora   for Krita and GIMP; the suffix chooses the format
  layerlift jobs keep 3f1e4a52            don't let its result expire; --no takes that back
  layerlift jobs drop 3f1e4a52            forget it and delete its result
  layerlift jobs --server studio.local:7860

{CODES}"""
PAIR = f"""examples:
  layerlift pair                                    show a code, where the server runs
  layerlift pair studio.local:7860 123456           pair this machine with that server
  layerlift pair studio.local:7860 123456 --name "Anna's laptop" --fingerprint 9f86d081…

The certificate's fingerprint is pinned. Without --fingerprint you are asked whether it is the one that the server's
owner sees.

{CODES}"""
DEVICES = f"""examples:
  layerlift devices                          the devices that are paired with the server here
  layerlift devices revoke "Anna's laptop"   take one's token back: its name, or the beginning of its id
  layerlift devices --json

{CODES}"""
DOCTOR = f"""examples:
  layerlift doctor            what works on this machine, what doesn't, and what to do about it
  layerlift doctor --json

{CODES}"""

AddCommand = Callable[..., argparse.ArgumentParser]


def add_server_commands(commands: Any, add_command: AddCommand) -> None:
    """serve, open, jobs, pair, devices, doctor."""

    def command(name: str, summary: str, epilog: str) -> argparse.ArgumentParser:
        parser = add_command(commands, name, summary, epilog)
        parser.set_defaults(module=f"server.{name if name != 'open' else 'page'}")
        return parser

    _add_serve(command("serve", "run the server that plugins speak with", SERVE))
    _add_open(command("open", "open the server's page in the browser", OPEN))
    _add_jobs(command("jobs", "list a server's jobs, and cancel, save, keep or drop one", JOBS))
    _add_pair(command("pair", "let another machine use the server, or this one another's", PAIR))
    _add_devices(command("devices", "list the paired devices, and revoke one", DEVICES))
    add_json(command("doctor", "look for what is wrong, and say what to do about it", DOCTOR))


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="print JSON for programs on standard output")


def add_server(parser: argparse.ArgumentParser, words: str) -> None:
    """--server [ADDRESS]: None without it, "" for the server that runs here."""
    parser.add_argument("--server", nargs="?", const="", type=_address, metavar="ADDRESS", help=words)


def positive(text: str) -> int:
    """A whole number above 0."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return number


def _add_serve(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="where to listen; anything but this machine means TLS and paired devices")
    add("--port", type=_port, default=None, metavar="N", help="which port (default: a free one)")
    add(
        "--name",
        action="append",
        default=[],
        metavar="HOST",
        help="a further name by which others reach it; repeatable",
    )
    add("--tls-cert", metavar="FILE", help="a certificate (PEM); without one, one is made and its fingerprint shown")
    add("--tls-key", metavar="FILE", help="the certificate's key (PEM)")
    add("--data", metavar="FOLDER", help="where jobs and results live (default: the user's data folder)")
    add("--idle", type=positive, metavar="MINUTES", help="free all of an engine's memory after so long (default: 15)")
    add(
        "--workers", type=positive, metavar="N", help="jobs at a time (default: 1; in a cluster as many as it has GPUs)"
    )
    add("--cluster", metavar="ADDRESS", help="do the work on the computers of the Ray cluster at HOST:PORT, or auto")
    add("--log", choices=("human", "json"), default=None, help="lines for people (default) or JSON for programs")
    add("--verbose", "-v", action="store_true", help="log every message, without its pixels")
    add("--stop", action="store_true", help="end the server that runs here, after the job that it is at")


def _add_open(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--print", action="store_true", dest="print_only", help="print the link instead of opening it")


def _add_jobs(parser: argparse.ArgumentParser) -> None:
    add_json(parser)
    add_server(parser, "ask the server at ADDRESS (host:port) instead of the one that runs here")
    verbs = parser.add_subparsers(metavar="VERB", dest="verb")
    for verb, words in (("cancel", "stop a job"), ("drop", "forget a job and delete its result")):
        _add_id(verbs.add_parser(verb, help=words, description=f"{words[0].upper()}{words[1:]}."))
    keep = verbs.add_parser("keep", help="don't let a result expire", description="Don't let a result expire.")
    _add_id(keep)
    keep.add_argument("--no", action="store_true", help="let it expire after all")
    save = verbs.add_parser("save", help="save a job's layers", description="Save a job's layers, once they are there.")
    _add_id(save)
    save.add_argument(
        "-o", "--out", metavar="OUT", help="file or folder, as for decompose; default: NAME-layers.psd here"
    )
    save.add_argument("--format", choices=tuple(FORMATS), help="default: by OUT's suffix")
    save.add_argument("--overwrite", action="store_true", help="replace a file that exists already")


def _add_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="the job's id, or enough of its beginning")


def _add_pair(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("address", nargs="?", metavar="ADDRESS", help="a server elsewhere (host:port); without it, show a code here")
    add("code", nargs="?", type=_code, metavar="CODE", help="the six digits that were shown there")
    add("--name", metavar="DEVICE", help="what this machine is called there (default: its host name)")
    add("--fingerprint", metavar="SHA256", help="the certificate that the server must show; asked for otherwise")


def _add_devices(parser: argparse.ArgumentParser) -> None:
    add_json(parser)
    verbs = parser.add_subparsers(metavar="VERB", dest="verb")
    revoke = verbs.add_parser("revoke", help="take a device's token back", description="Take a device's token back.")
    revoke.add_argument("device", metavar="DEVICE", help="its name, or the beginning of its id")


def _address(text: str) -> str:
    if text and not re.search(r":\d+/?$", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not host:port; for the server that runs here write --server at the end, without a value"
        )
    return text


def _port(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text) or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def _code(text: str) -> str:
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"\d{6}", digits):
        raise argparse.ArgumentTypeError(f"{text!r} is not a pairing code: it has six digits")
    return digits
