"""`layerlift plugins install | remove | list | bundle`: what can be typed, and what is answered.

Law: words; the work is `hosts`' and `bundle`'s. `configure` fills in a parser of the main command line, `run` returns
the exit code.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from layerlift.errors import LayerliftError
from layerlift_installer import bundle, hosts

HOSTS = ("krita",)
EXAMPLES = """examples:
  layerlift plugins install krita            into every Krita of this user; restart Krita afterwards
  layerlift plugins list                     where it is installed, and which version
  layerlift plugins remove krita
  layerlift plugins bundle krita -o x.zip    for Krita: Tools > Scripts > Import Python Plugin from File
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """The arguments after `layerlift plugins`."""
    verbs = parser.add_subparsers(metavar="VERB", required=True, dest="verb")
    for verb, words in (
        ("install", "put the plug-in into its program"),
        ("remove", "take it out again"),
        ("list", "where the plug-ins are installed"),
        ("bundle", "write the plug-in as a file, to install by hand"),
    ):
        one = verbs.add_parser(verb, help=words, description=f"{words[0].upper()}{words[1:]}.")
        if verb == "list":
            continue
        one.add_argument("host", choices=HOSTS, help="the program")
        if verb == "install":
            one.add_argument("--resources", type=Path, metavar="DIR", help="Krita's resource folder, if a special one")
        if verb == "bundle":
            one.add_argument("-o", "--out", type=Path, metavar="ZIP", help="the file (default: layerlift_krita.zip)")


def run(arguments: argparse.Namespace) -> int:
    """Do it; what went wrong is said on standard error."""
    verbs = {"install": _install, "remove": _remove, "list": _list, "bundle": _bundle}
    try:
        return verbs[arguments.verb](arguments)
    except LayerliftError as error:
        sys.stderr.write(f"layerlift: {error}\n")
        return 1


def _install(arguments: argparse.Namespace) -> int:
    made = bundle.krita()
    usual = hosts.kritas()
    if arguments.resources is not None:
        chosen = [hosts.Krita("chosen", arguments.resources, usual[0].settings)]
    else:
        # Nobody has started Krita yet: its usual place is where it will look.
        chosen = [krita for krita in usual if krita.here] or usual[:1]
    for krita in chosen:
        hosts.install(krita, made)
        _say(f"Layerlift is in Krita ({krita.kind}): {krita.package}")
    hosts.record_launch()
    _say("Restart Krita, then right-click a layer: “Decompose into Layers”.")
    return 0


def _remove(_: argparse.Namespace) -> int:
    gone = [krita for krita in hosts.kritas() if hosts.remove(krita)]
    for krita in gone:
        _say(f"Layerlift is out of Krita ({krita.kind}).")
    if not gone:
        _say("Layerlift was in no Krita here.")
    return 0


def _list(_: argparse.Namespace) -> int:
    for krita in hosts.kritas():
        if krita.here:
            version = krita.version()
            _say(f"krita  {krita.kind:14} {version or 'not installed':14} {krita.resources}")
    return 0


def _bundle(arguments: argparse.Namespace) -> int:
    made = bundle.krita()
    _say(made.write_zip(arguments.out or Path(f"{made.name}.zip")))
    return 0


def _say(words: object) -> None:
    sys.stdout.write(f"{words}\n")


def main() -> int:
    """`python -m layerlift_installer.cli`."""
    parser = argparse.ArgumentParser(
        "layerlift plugins", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    configure(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
