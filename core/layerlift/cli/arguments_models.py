"""What can be typed after `layerlift models`, and the help that teaches it. Law: argparse and words only."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any

from layerlift.cli.arguments_server import CODES, add_json, positive

MODELS = f"""examples:
  layerlift models                                 what there is, what is here, what this machine can run
  layerlift models plan                            which form of each model fits this machine, and how fast it will be
  layerlift models plan --vram 12 --ram 32         the same for another machine
  layerlift models plan --table                    for cards from 8 to 80 GB
  layerlift models download qwen-image-layered     the form that fits; shows its licence and asks first
  layerlift models download layered --variant gguf-q4 --yes
  layerlift models download lama --endpoint https://hub.example.org     from a mirror
  layerlift models verify                          compare every byte with its checksum; --repair fetches anew
  layerlift models remove lama                     give the disk back
  layerlift models add /media/stick/models         bring models along to a machine without the net

Models are looked for in LAYERLIFT_MODELS, Layerlift's own folder, the Hugging Face cache and ComfyUI's folders, and
used where they lie. An interrupted download goes on where it was. More in docs/models.md.

{CODES}"""


def add_models_command(commands: Any, add_command: Callable[..., argparse.ArgumentParser]) -> None:
    """models list|plan|download|verify|remove|add."""
    parser = add_command(commands, "models", "list, plan, download, check and remove the large models", MODELS)
    add_json(parser)
    verbs = parser.add_subparsers(metavar="VERB", dest="verb")

    def verb(name: str, words: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = verbs.add_parser(
            name, help=words, description=f"{words[0].upper()}{words[1:]}."
        )
        # here as well as before the verb, whose answer must not be overwritten by a default
        made.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON for programs")
        return made

    verb("list", "what there is and what is here (without a verb, too)")
    _add_plan(verb("plan", "which form of a model fits a machine, what it needs and how long a picture takes"))
    _add_download(verb("download", "fetch a model, or go on with an interrupted download"))
    verify = verb("verify", "compare every byte of what is here with its checksum")
    _add_name(verify, optional=True)
    verify.add_argument("--repair", action="store_true", help="fetch damaged files again")
    _add_quiet(verify)
    _add_endpoint(verify)
    remove = verb("remove", "delete a model from Layerlift's own folder")
    _add_name(remove)
    _add_variant(remove, "only this form (default: all)")
    _add_yes(remove)
    add = verb("add", "copy models from a folder or file that was brought along")
    add.add_argument(
        "place", metavar="FOLDER", help="a folder as Layerlift or diffusers keep it, or a GGUF or ONNX file"
    )
    add.add_argument("--as", dest="name", metavar="NAME", help="which model it is, where that cannot be told")
    _add_quiet(add)


def _add_plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="one model (default: all that need a plan)")
    parser.add_argument("--vram", type=_gigabytes, metavar="GB", help="for a card with so much memory, not this one's")
    parser.add_argument(
        "--ram", type=_gigabytes, metavar="GB", help="with so much main memory (with --vram: default 32)"
    )
    parser.add_argument("--card", metavar="NAME", help='its name, for the time ("RTX 4090"); with --vram')
    parser.add_argument("--resolution", type=int, choices=(640, 1024), help="default: 640 for layers, 1024 else")
    parser.add_argument("--layers", type=positive, default=4, metavar="N", help="layers to plan for (default: 4)")
    parser.add_argument("--table", action="store_true", help="for cards with 8, 12, 16, 24, 32, 48 and 80 GB")


def _add_download(parser: argparse.ArgumentParser) -> None:
    _add_name(parser)
    _add_variant(parser, "in which form (default: what fits this machine)")
    _add_yes(parser)
    _add_endpoint(parser)
    _add_quiet(parser)


def _add_name(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    words = "the model: its name, or layered, edit, image, matting, inpainting"
    if optional:
        parser.add_argument("name", metavar="NAME", nargs="?", help=f"{words} (default: all that are here)")
    else:
        parser.add_argument("name", metavar="NAME", help=words)


def _add_variant(parser: argparse.ArgumentParser, words: str) -> None:
    parser.add_argument("--variant", metavar="FORM", help=words)


def _add_yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", "-y", action="store_true", help="don't ask")


def _add_quiet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quiet", "-q", action="store_true", help="print errors only")


def _add_endpoint(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--endpoint", type=_address, metavar="URL", help="a mirror of the hub (default: HF_ENDPOINT)")


def _gigabytes(text: str) -> float:
    try:
        number = float(text.lower().removesuffix("gb"))
    except ValueError:
        number = 0.0
    if not 0 < number < 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size in GB")
    return number


def _address(text: str) -> str:
    if not re.match(r"https?://[^/\s]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an address that begins with https://")
    return text.rstrip("/")
