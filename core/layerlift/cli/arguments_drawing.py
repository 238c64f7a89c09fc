"""What can be typed about changing and making pictures: edit, inpaint, extend, generate, harmonise, and how to draw.

Law: argparse and words only; imports nothing heavy, does nothing.
"""

from __future__ import annotations

import argparse
import re
from typing import Any

from layerlift.cli.arguments_server import CODES, AddCommand, add_json, add_server, positive
from layerlift.formats import FORMATS

_RESULT = """where the result goes (OUT):
  left out             beside FILE (see --out), as a PSD; a layered FILE keeps its format
  with a suffix        that file: .psd .psb .ora .zip .pptx with layers, .png flattened
  without a suffix     a folder that gets it; with --format png the folder of PNG files itself
  -                    standard output
Nothing that exists is overwritten without --overwrite. Results appear whole or not at all.
"""
EDIT = f"""examples:
  layerlift edit layers.psd "move the dog 30 px right and shrink it 15 %"
  layerlift edit layers.ora "recolour the star to #ff8800, then bring it to the front" -o new.ora
  layerlift edit layers.psd "把标题向左移动 20 像素"
  layerlift edit layers.psd "give it a straw hat" --layer Dog
  layerlift edit photo.jpg "make it a winter evening" -o evening.png
  layerlift edit photo.jpg "flip" -o mirrored.png

Exact commands (move, centre, scale, resize, rotate, flip, recolour, opacity, hide, show, delete, to the front or back;
in English or Chinese, several joined by "and", "then" or commas) are done exactly and need no model. Anything else is
drawn by an engine; pixels it does not change keep their values. Which layer is meant is found by its name, by what it
says, or by what it is ("the title", "背景"); --layer settles it. The grammar stands in docs/operations.md.

{_RESULT}
{CODES}"""
INPAINT = f"""examples:
  layerlift inpaint photo.jpg --box 900,400,200,300           remove what is in that rectangle
  layerlift inpaint photo.jpg --mask selection.png            white is made anew, black is kept
  layerlift inpaint photo.jpg --mask selection.png --prompt "a red door"
  layerlift inpaint photo.jpg --polygon "10,10 200,30 120,180" -o clean.png

Without --prompt what is selected goes, as if it had never been there. The result is FILE's own pixels with one layer
above them; nothing outside the selection changes.

{_RESULT}
{CODES}"""
EXTEND = f"""examples:
  layerlift extend photo.jpg --left 200 --right 200
  layerlift extend photo.jpg --to 16:9                        as much as the aspect needs, evenly
  layerlift extend photo.jpg --to 1920x1080 -o wide.png       to that canvas, evenly
  layerlift extend photo.jpg --top 500 --prompt "a starry sky"

FILE's own pixels stay as they are, at their place on the larger canvas; the new part is a layer of its own.

{_RESULT}
{CODES}"""
GENERATE = f"""examples:
  layerlift generate "a red fox in the snow, flat poster" --size 1024x768
  layerlift generate "同一张海报，节日气氛" --from poster.png --strength 0.5 -o festive.psd
  layerlift generate "a birthday card" --size 1024x1024 --layers auto -o card.psd

Needs an engine that draws: "layerlift models" says which this machine can run. OUT left out: NAME.psd here, NAME from
the prompt.

{_RESULT}
{CODES}"""
HARMONISE = f"""examples:
  layerlift harmonise collage.psd                              one light for all its parts
  layerlift harmonise collage.psd --layer Dog                  for what was put in, and close around it
  layerlift harmonise photo.png --mask pasted.png -o better.png

Only light and colour change, by a layer of corrections on top; shapes, text and details stay.

{_RESULT}
{CODES}"""


def add_drawing_commands(commands: Any, add_command: AddCommand) -> None:
    """edit, inpaint, extend, generate, harmonise."""
    _add_edit(add_command(commands, "edit", "change a picture or a layer, in words", EDIT))
    _add_inpaint(add_command(commands, "inpaint", "remove or replace part of a picture", INPAINT))
    _add_extend(add_command(commands, "extend", "continue a picture beyond its edges", EXTEND))
    _add_generate(add_command(commands, "generate", "draw a new picture from words", GENERATE))
    _add_harmonise(add_command(commands, "harmonise", "give one light to what was put together", HARMONISE))


def add_sampling(parser: argparse.ArgumentParser) -> None:
    """How an engine draws; others ignore it."""
    add = parser.add_argument_group("for engines that draw (others ignore these)").add_argument
    add("--steps", type=positive, metavar="N", help="denoising steps, 1 to 200 (default: the model card's)")
    add("--guidance", type=_guidance, metavar="G", help="how closely to follow the words, 0 to 20 (1: off)")
    add("--negative", metavar="TEXT", help="what not to draw")
    add("--fast", action="store_true", help="trade some exactness for time")
    add("--resolution", type=int, choices=(640, 1024), help="side of the square whose area they work at")
    add("--seed", type=_seed, default=0, metavar="N", help="same seed, same machine, same result (default: 0)")


def _add_edit(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    _add_file(parser, "a picture, or a layered file (PSD, PSB, ORA, ZIP, PNG folder)")
    add("prompt", metavar="PROMPT", help="what to change, in your own words")
    add("--layer", metavar="NAME|N", help="which layer of a layered FILE: its name, or its number (0: the bottom one)")
    add("--alpha", choices=("keep", "matte"), default="keep", help="keep its outline (default), or find it anew")
    _add_rest(parser, "NAME-edited.psd")


def _add_inpaint(parser: argparse.ArgumentParser) -> None:
    _add_file(parser, "a picture, or a layered file")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--mask", metavar="PICTURE", help="of FILE's size: white is made anew, black kept, grey partly")
    where.add_argument("--box", type=_box, metavar="X,Y,W,H", help="a rectangle, in pixels from the top left")
    where.add_argument("--polygon", type=_polygon, metavar='"X,Y X,Y X,Y"', help="a polygon's corners, in pixels")
    parser.add_argument("--prompt", metavar="TEXT", help="what shall be there (default: what is around it)")
    parser.add_argument("--feather", type=_length, default=0, metavar="PX", help="soften its edge inwards")
    _add_rest(parser, "NAME-filled.psd")


def _add_extend(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    _add_file(parser, "a picture, or a layered file")
    for side in ("left", "top", "right", "bottom"):
        add(f"--{side}", type=_length, default=0, metavar="PX", help=f"pixels to add at the {side}")
    add("--to", type=_canvas, metavar="W:H|WxH", help="instead: an aspect (16:9) or a canvas (1920x1080)")
    add("--prompt", metavar="TEXT", help="what shall be there (default: what lies along the edges)")
    _add_rest(parser, "NAME-extended.psd")


def _add_generate(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("prompt", metavar="PROMPT", help="what to draw, in English or Chinese")
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--size", type=_size, metavar="WxH", help="size of the new picture in pixels")
    size.add_argument("--from", dest="start", metavar="PICTURE", help="draw over this picture; the size is its own")
    add("--strength", type=_fraction, metavar="S", help="with --from: 0 leaves it, 1 forgets it (default: 0.6)")
    add("--layers", type=_layers, metavar="auto|N", help="also take it apart into so many layers")
    _add_rest(parser, "NAME.psd here")


def _add_harmonise(parser: argparse.ArgumentParser) -> None:
    _add_file(parser, "a layered file, or a picture")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--mask", metavar="PICTURE", help="white is what was put in (default: everything)")
    where.add_argument("--layer", metavar="NAME|N", help="the layer of a layered FILE that was put in")
    parser.add_argument("--prompt", metavar="TEXT", help="how it shall look (default: as if photographed together)")
    _add_rest(parser, "NAME-harmonised.psd")


def _add_file(parser: argparse.ArgumentParser, words: str) -> None:
    parser.add_argument("file", metavar="FILE", help=f"{words}; - for a picture from standard input")


def _add_rest(parser: argparse.ArgumentParser, default: str) -> None:
    """Result, engine, reporting, server and sampling: the same for all."""
    add = parser.add_argument
    add("-o", "--out", metavar="OUT", help=f"file, folder or - (see below); default: {default}")
    add("--format", choices=tuple(FORMATS), help="default: by OUT's suffix")
    add("--engine", metavar="NAME", help='who does it; see "layerlift engines" (default: one that can)')
    add_json(parser)
    add("--quiet", "-q", action="store_true", help="print errors only")
    add("--overwrite", action="store_true", help="replace a result that exists already")
    add_server(parser, "let a server do it: the one that runs here, or at ADDRESS (host:port)")
    add_sampling(parser)


def _length(text: str) -> int:
    if not re.fullmatch(r"\d{1,6}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of pixels")
    return int(text)


def _seed(text: str) -> int:
    if not re.fullmatch(r"\d{1,10}", text) or int(text) >= 1 << 32:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to {(1 << 32) - 1}")
    return int(text)


def _guidance(text: str) -> float:
    return _number(text, 20)


def _fraction(text: str) -> float:
    return _number(text, 1)


def _number(text: str, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to {most:g}")
    return value


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,6}) ?[x×*] ?(\d{1,6})", text)
    if found is None or 0 in (int(found[1]), int(found[2])):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write it like 1024x768")
    return int(found[1]), int(found[2])


def _canvas(text: str) -> tuple[str, int, int]:
    """("aspect" or "size", width, height)."""
    found = re.fullmatch(r"(\d{1,6}):(\d{1,6})", text)
    if found is None:
        return "size", *_size(text)
    if 0 in (int(found[1]), int(found[2])):
        raise argparse.ArgumentTypeError(f"{text!r} is no aspect; write it like 16:9")
    return "aspect", int(found[1]), int(found[2])


def _box(text: str) -> tuple[int, int, int, int]:
    found = re.fullmatch(r"(\d{1,6}), ?(\d{1,6}), ?(\d{1,6}), ?(\d{1,6})", text)
    if found is None or 0 in (int(found[3]), int(found[4])):
        raise argparse.ArgumentTypeError(f"{text!r} is no rectangle; write x,y,width,height like 90,40,20,30")
    x, y, width, height = (int(part) for part in found.groups())
    return x, y, width, height


def _polygon(text: str) -> tuple[tuple[int, int], ...]:
    corners = re.findall(r"(-?\d{1,6}),(-?\d{1,6})", text)
    if len(corners) < 3 or re.sub(r"-?\d{1,6},-?\d{1,6}", "", text).strip():
        raise argparse.ArgumentTypeError(f'{text!r} is no polygon; write it like "10,10 200,30 120,180"')
    return tuple((int(x), int(y)) for x, y in corners)


def _layers(text: str) -> int:
    return 0 if text == "auto" else positive(text)
