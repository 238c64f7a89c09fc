"""What can be typed, and the help that teaches it.

Law: argparse and words only; imports nothing heavy, does nothing.
"""

from __future__ import annotations

import argparse
from typing import Any

from layerlift import __version__
from layerlift.cli.arguments_drawing import add_drawing_commands, add_sampling
from layerlift.cli.arguments_models import add_models_command
from layerlift.cli.arguments_server import CODES, add_json, add_server, add_server_commands, positive
from layerlift.formats import FORMATS

_ABOUT = "A flat picture in, clean named layers out; put together again they are the picture."
_MAIN = f"""examples:
  layerlift decompose photo.jpg -o layers.psd     a picture into a Photoshop file
  layerlift edit layers.psd "move the dog 30 px right"    a layer changed, in words
  layerlift inpaint photo.jpg --box 90,40,200,80  what is there, gone
  layerlift inspect layers.psd                    what is in it
  layerlift preview layers.psd -o sheet.png       what it looks like, layer by layer
  layerlift open                                  the same in the browser: drop a picture there
  layerlift serve                                 the server that Krita, GIMP and Photoshop speak with

"layerlift COMMAND --help" has more examples. LAYERLIFT_DEBUG=1 prints tracebacks.

{CODES}"""
_DECOMPOSE = f"""examples:
  layerlift decompose photo.jpg                      photo-layers.psd beside it
  layerlift decompose photo.jpg -o layers.ora        for Krita and GIMP; the suffix chooses the format
  layerlift decompose poster.png -o slide.pptx --live-text
                                                     each layer a movable picture, text as text
  layerlift decompose *.jpg holiday/ -o layered      many pictures and a folder's into a folder
  layerlift decompose *.jpg -o "out/{{name}}.ora"      the same, named by a template
  layerlift decompose big.tif --layers 5             at most five layers, background included
  layerlift decompose portrait.jpg --edges careful   when hair, or a thing on its own colour, came out ragged
  layerlift decompose photo.jpg --format png -o parts    a folder of PNG files and stack.json
  curl -s URL | layerlift decompose - -o - > layers.psd  from standard input to standard output
  layerlift decompose *.png -o out --json | jq .layers   one JSON object per picture, one per line
  layerlift decompose photo.jpg --server             done by the server that runs here
  layerlift decompose photo.jpg --server studio.local:7860
                                                     done by one elsewhere; pair with it first

where the result goes (OUT):
  left out             NAME-layers.psd beside each picture (standard output for standard input)
  with a suffix        that file; for one picture
  without a suffix     a folder that gets NAME.psd per picture; with --format png and one picture the PNG folder itself
  with {{name}}          a template; {{name}} becomes each picture's name
  -                    standard output; for one picture
Nothing that exists is overwritten without --overwrite. Results appear whole or not at all.

{CODES}"""
_INSPECT = f"""examples:
  layerlift inspect layers.psd                      a table of its layers, bottom first
  layerlift inspect layers.ora --against photo.jpg  and how far their composite is from the picture
  layerlift inspect layers.zip --json | jq .layers

{CODES}"""
_PREVIEW = f"""examples:
  layerlift preview layers.psd -o sheet.png              every layer on a checkerboard, with name and role
  layerlift preview layers.psd -o air.png --exploded     the layers one above the other, in the air
  layerlift preview layers.psd -o air.webp --exploded --width 2400

{CODES}"""
_ENGINES = f"""examples:
  layerlift engines                             what there is, and what a missing one needs
  layerlift engines --json
  layerlift engines --server                    what the server that runs here has
  layerlift decompose photo.jpg --engine quick

{CODES}"""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line. Each command's namespace carries `module`, the name of the file that runs it."""
    parser = argparse.ArgumentParser("layerlift", description=_ABOUT, epilog=_MAIN, formatter_class=_Formatter)
    parser.add_argument("--version", action="version", version=f"layerlift {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_decompose(_command(commands, "decompose", "take flat pictures apart into layers", _DECOMPOSE))
    add_drawing_commands(commands, _command)
    _add_inspect(_command(commands, "inspect", "print what a layered file holds", _INSPECT))
    _add_preview(_command(commands, "preview", "draw a layered file's layers into one picture", _PREVIEW))
    _add_engines(_command(commands, "engines", "list the engines, and why one cannot run here", _ENGINES))
    add_models_command(commands, _command)
    add_server_commands(commands, _command)
    _add_plugins(commands)
    return parser


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Epilogs as they are written; option help in a column that leaves room for words."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=100)


def _command(commands: Any, name: str, summary: str, epilog: str) -> argparse.ArgumentParser:
    description = f"{summary[0].upper()}{summary[1:]}."
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=description, epilog=epilog, formatter_class=_Formatter
    )
    parser.set_defaults(module=name)
    return parser


def _add_plugins(commands: Any) -> None:
    """The installer's own words (its module is light)."""
    from layerlift_installer import cli as installer

    summary = "install Layerlift into Krita, or remove it"
    installer.configure(_command(commands, "plugins", summary, f"{installer.EXAMPLES}\n{CODES}"))


def _add_engines(parser: argparse.ArgumentParser) -> None:
    add_json(parser)
    add_server(parser, "list what a server has: the one that runs here, or at ADDRESS")


def _add_decompose(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "inputs",
        metavar="IN",
        nargs="+",
        help='pictures, folders of pictures, patterns ("*.jpg") or - for standard input',
    )
    add("-o", "--out", metavar="OUT", help="file, folder, template or - (see below); default: beside the picture")
    titles = ", ".join(f"{made.name} ({made.title})" for made in FORMATS.values())
    add("--format", choices=tuple(FORMATS), help=f"{titles}; default: by OUT's suffix, else psd")
    add("--layers", type=_layers, metavar="auto|N", help="most layers, background included (default: auto)")
    add("--engine", metavar="NAME", help='who takes it apart; see "layerlift engines" (default: quick)')
    add("--what", metavar="TEXT", help='what to take out, in words ("the red car"); for engines that understand them')
    add("--text", choices=("block", "line"), default="block", help="one text layer per block (default) or per line")
    add(
        "--edges",
        choices=("fast", "careful"),
        default="fast",
        help="careful: longer at work on edges; closer at hair, and where things have the colour of what is behind",
    )
    add("--max-size", type=positive, metavar="PX", help="reduce pictures whose longest side is above PX pixels first")
    add("--live-text", action="store_true", help="pptx only: recognised text as text boxes that can be edited")
    add_json(parser)
    add("--quiet", "-q", action="store_true", help="print errors only")
    add("--overwrite", action="store_true", help="replace results that exist already")
    add_server(parser, "let a server do it: the one that runs here, or at ADDRESS (host:port)")
    add_sampling(parser)


def _add_inspect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack", metavar="FILE", help="a PSD, PSB, ORA, ZIP or PNG folder")
    parser.add_argument("--against", metavar="ORIGINAL", help="the flat picture that the layers should add up to")
    add_json(parser)


def _add_preview(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("stack", metavar="STACK", help="a PSD, PSB, ORA, ZIP or PNG folder")
    add("-o", "--out", metavar="SHEET", required=True, help="the picture to draw: .png, .jpg or .webp")
    add("--exploded", action="store_true", help="layers in the air, one above the other, instead of a contact sheet")
    add("--width", type=positive, default=1600, metavar="PX", help="width of the drawing (default: 1600)")
    add("--overwrite", action="store_true", help="replace a drawing that exists already")


def _layers(text: str) -> int | None:
    return None if text == "auto" else positive(text)
