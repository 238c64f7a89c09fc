"""Where a picture comes from, and what a file is when it is not a picture.

Law: bytes and names only; decodes nothing. Every refusal is an InputError with a sentence and a remedy.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

from layerlift.errors import InputError
from layerlift.limits import MAX_PIXELS

MAX_FILE_BYTES = MAX_PIXELS * 8 + (64 << 20)
"""Most bytes taken from a stream without end: the largest document uncompressed at 16 bit, and 64 MiB of metadata."""


class _Foreign(NamedTuple):
    """A kind of file that is not for us: how it begins (at `offset`), what it is, what to do."""

    magic: bytes
    offset: int
    what: str
    remedy: str


_HEIC = "Convert it to PNG or JPEG first, or install pillow-heif and register it."
_FOREIGN = (
    _Foreign(b"ftypheic", 4, "an HEIC photo, which needs a decoder that is not installed", _HEIC),
    _Foreign(b"ftypheix", 4, "an HEIC photo, which needs a decoder that is not installed", _HEIC),
    _Foreign(b"ftyphevc", 4, "an HEIC sequence, which needs a decoder that is not installed", _HEIC),
    _Foreign(b"ftypmif1", 4, "an HEIF picture, which needs a decoder that is not installed", _HEIC),
    _Foreign(b"ftypmsf1", 4, "an HEIF sequence, which needs a decoder that is not installed", _HEIC),
    _Foreign(b"ftypavi", 4, "an AVIF picture, which this Pillow cannot decode", "Update Pillow or convert it to PNG."),
    _Foreign(b"ftypcrx", 4, "a camera's raw file", "Develop it first and save it as 16-bit TIFF or PNG."),
    _Foreign(b"ftyp", 4, "a film", "Save one frame of it as PNG."),
    _Foreign(b"\xff\x0a", 0, "a JPEG XL picture", "Convert it to PNG first."),
    _Foreign(b"\0\0\0\x0cJXL ", 0, "a JPEG XL picture", "Convert it to PNG first."),
    _Foreign(b"v/1\x01", 0, "a floating-point picture (OpenEXR)", "Save it as 16-bit PNG or TIFF first."),
    _Foreign(b"#?", 0, "a floating-point picture (Radiance HDR)", "Save it as 16-bit PNG or TIFF first."),
    _Foreign(b"8BPS\0\x02", 0, "a large Photoshop document (PSB)", "Save a flat copy of it as TIFF or PNG."),
    _Foreign(b"%PDF", 0, "a PDF document", "Export the page as PNG first."),
    _Foreign(b"%!PS", 0, "a PostScript document", "Export the page as PNG first."),
    _Foreign(b"gimp xcf", 0, "a GIMP document", "Export it from GIMP as PNG first."),
    _Foreign(b"<svg", 0, "a vector drawing (SVG)", "Export it as PNG first."),
    _Foreign(b"PK\x03\x04", 0, "an archive or layered document", "Export or unpack the picture first."),
)


def megapixels(pixels: int) -> str:
    """ "300 megapixels", with a decimal where it matters."""
    return f"{pixels / 1e6:.4g} megapixels"


@contextmanager
def opened(source: Path | str | BinaryIO | bytes) -> Iterator[tuple[IO[bytes], str, str]]:
    """Open `source` for reading: a seekable stream at 0, what to call it in sentences, and the document's name.

    Raises InputError if it is missing, a folder, empty, not ours to read, or a stream longer than MAX_FILE_BYTES.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        stream: IO[bytes] = io.BytesIO(source)
        yield _not_empty(stream, "The picture"), "The picture", "Picture"
    elif isinstance(source, str | Path):
        path = Path(source)
        with _open_file(path) as stream:
            yield _not_empty(stream, path.name), path.name, path.stem
    else:
        named = getattr(source, "name", None)
        label = Path(named).name if isinstance(named, str) and not named.startswith("<") else "The picture"
        stem = Path(label).stem if label != "The picture" else "Picture"
        yield _not_empty(_seekable(source, label), label), label, stem


def foreign(prefix: bytes, label: str) -> InputError:
    """What to say of a file that begins with `prefix` (64 bytes) and that no decoder of ours took."""
    for kind in _FOREIGN:
        if (prefix[kind.offset :] if kind.offset else prefix.lstrip()).startswith(kind.magic):
            return InputError(f"{label} is {kind.what}.", kind.remedy)
    if prefix.startswith(b"8BPS"):
        bits = int.from_bytes(prefix[22:24], "big")
        what = f"a Photoshop document of a kind that cannot be read flat ({bits} bits per channel)"
        return InputError(f"{label} is {what}.", "Save a flat copy of it as TIFF or PNG.")
    if known := next((name for magic, name in _PICTURES if prefix.startswith(magic)), None):
        return InputError(
            f"{label} begins like a {known} picture but is damaged.",
            "Fetch it again, or save it again from its program.",
        )
    what = "text" if _is_text(prefix) else "of a kind that Layerlift does not know"
    return InputError(f"{label} is not a picture: it is {what}.", "Give a PNG, JPEG, TIFF, WebP, GIF, BMP or PSD file.")


_PICTURES = (
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"RIFF", "WebP"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
)


def _is_text(prefix: bytes) -> bool:
    """Whether it decodes as UTF-8 (a character may be cut at the end) without control characters."""
    try:
        text = prefix.decode("utf-8")
    except UnicodeDecodeError as wrong:
        if wrong.start == 0 or wrong.start < len(prefix) - 3:
            return False
        text = prefix[: wrong.start].decode("utf-8")
    return all(character.isprintable() or character.isspace() for character in text)


def _open_file(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.", "Check the name and the folder.") from None
    except IsADirectoryError:
        raise _folder(path) from None
    except OSError as wrong:
        if path.is_dir():  # Windows answers a folder with "permission denied"
            raise _folder(path) from None
        raise InputError(f"{path} cannot be opened: {wrong.strerror}.", "Check that you may read it.") from wrong
    except ValueError:  # a NUL in the name
        raise InputError(f"{str(path)!r} is not a file name.", "Check the name.") from None


def _folder(path: Path) -> InputError:
    return InputError(f"{path} is a folder, not a picture.", "Name a picture in it.")


def _seekable(source: BinaryIO, label: str) -> IO[bytes]:
    """The stream itself if one can move in it, else all of its bytes."""
    if source.seekable():
        return source
    data = source.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise InputError(f"{label} is longer than {MAX_FILE_BYTES} bytes.", "Give a smaller picture.")
    return io.BytesIO(data)


def _not_empty(stream: IO[bytes], label: str) -> IO[bytes]:
    if stream.seek(0, io.SEEK_END) == 0:
        raise InputError(f"{label} is empty: it has 0 bytes.", "Fetch or save the file again.")
    stream.seek(0)
    return stream
