"""`layerlift pair`: a code for another machine, or this machine into another one's server.

Law: asks and prints. A certificate is pinned only after a person (or --fingerprint) has said which one it should be.
"""

from __future__ import annotations

import argparse
import sys

from layerlift.cli.main import DONE
from layerlift.cli.server.ask import connected, who
from layerlift.client import connect
from layerlift.client.address import is_loopback, normal, parse
from layerlift.client.tls import shown_by
from layerlift.errors import RequestError


def run(arguments: argparse.Namespace) -> int:
    """Show a code, or use one. Raises NoServer, ServerError, RequestError."""
    if arguments.address is None:
        return _show()
    return _use(arguments)


def _show() -> int:
    with connected(None) as client:
        pairing = client.pair()
    code = f"{pairing.code[:3]} {pairing.code[3:]}"
    print(code)  # noqa: T201
    print(  # noqa: T201
        f"Type it on the other machine within {pairing.seconds:.0f} s: layerlift pair ADDRESS {pairing.code}\n"
        "The server's address and fingerprint stand where it was started; it must listen there (serve --host).",
        file=sys.stderr,
    )
    return DONE


def _use(arguments: argparse.Namespace) -> int:
    address = parse(arguments.address)
    fingerprint = None
    if address.tls:
        fingerprint = normal(arguments.fingerprint) if arguments.fingerprint else _compared(arguments.address)
    elif is_loopback(address.host) and arguments.fingerprint:
        raise RequestError("A server on this machine shows no certificate.", "Leave out --fingerprint.")
    code = arguments.code or _typed("The six digits that are shown there: ").replace(" ", "")
    with connect(arguments.address, code=code, device=arguments.name, fingerprint=fingerprint, who=who()):
        print(f"Paired with {address}. Use it with: --server {address}", file=sys.stderr)  # noqa: T201
    return DONE


def _compared(typed: str) -> str:
    """The fingerprint that the server shows, once a person has said that it is the right one."""
    shown = shown_by(parse(typed))
    spelled = ":".join(shown[index : index + 2] for index in range(0, 64, 2)).upper()
    print(f"{typed} shows a certificate with the SHA-256 fingerprint\n  {spelled}", file=sys.stderr)  # noqa: T201
    answer = _typed("Is it the one that its server printed when it started? [y/N] ")
    if answer.strip().lower() not in ("y", "yes"):
        raise RequestError(
            "Not paired: the certificates differ.", "Somebody may stand between; ask the server's owner."
        )
    return shown


def _typed(question: str) -> str:
    if not sys.stdin.isatty():
        raise RequestError("There is nobody to ask.", "Give CODE and --fingerprint.")
    print(question, end="", file=sys.stderr, flush=True)  # noqa: T201
    return sys.stdin.readline()
