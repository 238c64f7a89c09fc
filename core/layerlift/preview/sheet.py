"""The contact sheet: the picture first, then every layer from the top down, each on a checkerboard with its name.

Law: layout only; drawing bits are in `palette`, `lettering` and `miniature`. Sizes are in units of the sheet's width.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw

from layerlift.imaging.geometry import Extent
from layerlift.imaging.layer import Layer, LayerStack
from layerlift.preview.lettering import write
from layerlift.preview.miniature import fitting, flattened, miniature
from layerlift.preview.palette import CARD, FAINT, INK, PAPER, checkerboard, chip

_MIN_WIDTH = 320


@dataclass(frozen=True)
class _Grid:
    """Where cards go: `columns` of cards `card` pixels wide and `tall` high, `gap` apart; `unit` is the text's size."""

    width: int
    columns: int
    unit: int
    gap: int
    tall: int

    @property
    def card(self) -> int:
        return (self.width - self.gap * (self.columns + 1)) // self.columns

    @property
    def picture(self) -> int:
        """Height of the picture's part of a card."""
        return self.tall - round(self.unit * 4.2)

    def place(self, index: int) -> tuple[int, int]:
        """Top left corner of card `index`."""
        row, column = divmod(index, self.columns)
        return self.gap + column * (self.card + self.gap), self.head + row * (self.tall + self.gap)

    @property
    def head(self) -> int:
        return round(self.unit * 5.2)

    def height(self, cards: int) -> int:
        return self.head + -(-cards // self.columns) * (self.tall + self.gap)


def contact_sheet(stack: LayerStack, *, width: int = 1600) -> Image.Image:
    """Draw the sheet: RGB, `width` pixels wide (at least 320), as high as it needs to be."""
    grid = _grid(stack, max(_MIN_WIDTH, width))
    cards = len(stack.layers) + 1
    sheet = Image.new("RGB", (grid.width, grid.height(cards)), PAPER)
    drawing = ImageDraw.Draw(sheet)
    _draw_head(drawing, stack, grid)
    size = fitting(stack.extent, grid.card, grid.picture)
    _draw_card(sheet, grid, 0, flattened(stack, size), "All layers together", None)
    for index, layer in enumerate(reversed(stack.layers), 1):
        _draw_card(sheet, grid, index, miniature(layer, stack, size), layer.name, layer)
    return sheet


def _grid(stack: LayerStack, width: int) -> _Grid:
    """Three to six columns; cards as high as the picture's shape asks, within reason."""
    cards = len(stack.layers) + 1
    columns = max(1, min(cards, width // 180, 3 if cards <= 6 else 4 if cards <= 12 else 5 if cards <= 30 else 6))
    unit = max(10, round(width / 1600 * 20))
    gap = max(8, width // 66)
    card = (width - gap * (columns + 1)) // columns
    shape = min(1.6, max(0.3, stack.extent.height / stack.extent.width))
    return _Grid(width, columns, unit, gap, round(card * shape) + round(unit * 4.2))


def _draw_head(drawing: ImageDraw.ImageDraw, stack: LayerStack, grid: _Grid) -> None:
    middle, count = grid.head * 0.53, len(stack.layers)
    room = grid.width - 2 * grid.gap
    used = write(drawing, (grid.gap, middle), stack.name, round(grid.unit * 1.7), INK, room * 0.6)
    facts = f"{count} layer{'s' if count != 1 else ''}  ·  {stack.extent.width} × {stack.extent.height}"
    facts += f"  ·  {stack.depth} bit"
    at = (grid.gap + used + grid.unit * 1.2, middle + grid.unit * 0.2)
    write(drawing, at, facts, grid.unit, FAINT, room - used - grid.unit)


def _draw_card(sheet: Image.Image, grid: _Grid, index: int, image: Image.Image, name: str, layer: Layer | None) -> None:
    x, y = grid.place(index)
    drawing = ImageDraw.Draw(sheet)
    drawing.rounded_rectangle((x, y, x + grid.card - 1, y + grid.tall - 1), radius=grid.unit * 0.7, fill=CARD)
    backed = checkerboard(image, max(4, grid.unit // 2))
    board = Image.new("RGB", (grid.card, grid.picture), CARD)
    board.paste(backed, ((grid.card - image.width) // 2, (grid.picture - image.height) // 2))
    sheet.paste(board, (x, y), _rounded_top(board.size, round(grid.unit * 0.7)))
    middle, inner = y + grid.picture + grid.unit * 1.35, grid.card - 2 * grid.unit
    write(drawing, (x + grid.unit, middle), name or "(no name)", round(grid.unit * 1.05), INK, inner)
    line = middle + grid.unit * 1.65
    small = round(grid.unit * 0.8)
    if layer is None:
        write(drawing, (x + grid.unit, line), "their composite", small, FAINT, inner)
        return
    used = chip(drawing, (x + grid.unit, line), layer.role, small)
    write(drawing, (x + grid.unit * 1.5 + used, line), _facts(layer), small, FAINT, inner - used - grid.unit * 0.5)


def _facts(layer: Layer) -> str:
    size = Extent(layer.bounds.width, layer.bounds.height)
    opacity = f"  ·  {layer.opacity:.0%}" if layer.opacity < 1 else ""
    return f"{size.width} × {size.height}{opacity}"


def _rounded_top(size: tuple[int, int], radius: int) -> Image.Image:
    """The mask of a card's picture: round where the card is."""
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, size[0] - 1, size[1] - 1), radius, 255, corners=(True, True, False, False)
    )
    return mask
