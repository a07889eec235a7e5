"""In which encoding and with which separator a text file is written. What its rows mean is told elsewhere."""

import codecs
import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import IO

from tekup.errors import BadInput

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 20
# Lines with letters beyond ASCII are what tells encodings apart; so many of them are enough.
_TELLING_LINES = 2000
_RECORDS = 100
# Danish letters as old accounting systems write them, within a word, where Windows would have a quotation mark; and
# the same letters as Windows and ISO 8859-1 write them.
_DOS_LETTERS = re.compile(rb"(?<=[A-Za-z])[\x86\x8f\x91\x9b\x9d](?=[A-Za-z])")
_WINDOWS_LETTERS = re.compile(rb"[\xc5\xc6\xd8\xe5\xe6\xf8]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec's name; ``is_guess`` where another one could have written the same bytes."""

    name: str
    is_guess: bool = False


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked where its name ends in .gz.

    Raises:
        BadInput: it can't be opened or unpacked.
    """
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as stream:
            yield stream  # type: ignore[misc]  # GzipFile reads as a binary stream does
    except FileNotFoundError:
        raise BadInput(f"there is no file {path}", hint="check the path") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadInput(f"{path.name} can't be unpacked: {error}", hint="pack it again") from None
    except OSError as error:
        raise BadInput(f"{path.name} can't be read: {error.strerror or error}", hint="check the path") from None


@contextmanager
def opened_text(path: Path, encoding: str) -> Iterator[IO[str]]:
    """The file's text, line ends as they stand.

    Raises:
        BadInput: it can't be opened, or holds bytes that are not of this encoding; it is told where.
    """
    with opened(path) as stream:
        try:
            with TextIOWrapper(stream, encoding=encoding, newline="") as text:
                yield text
        except UnicodeError:
            raise _misencoded(path, encoding) from None


def known_codec(name: str) -> Encoding:
    """Return the encoding that a user named.

    Raises:
        BadInput: there is no such encoding of text.
    """
    try:
        codecs.lookup(name)
        "".encode(name)
    except (LookupError, ValueError):
        raise BadInput(
            f"there is no encoding {name!r}", hint="for example utf-8, utf-16, windows-1252, iso-8859-1"
        ) from None
    return Encoding(name.lower())


def detect_encoding(path: Path) -> Encoding:
    """Return how the file is encoded: by its mark, else UTF-8 where all of it is valid, else the likeliest old one.

    Raises:
        BadInput: it can't be read, or is UTF-8 but for some bytes: any other encoding would spoil all the rest.
    """
    with opened(path) as stream:
        head = stream.read(4096)
        for mark, name in _MARKS:
            if head.startswith(mark):
                return Encoding(name)
        if zeros := head.count(0):
            # Text without a mark that is half zeros: UTF-16, whose zeros stand first or second in each pair.
            if zeros * 3 < len(head):
                raise BadInput(
                    f"{path.name} is no text: it holds NUL bytes", hint="give .csv, .xlsx, .parquet or .jsonl"
                )
            return Encoding("utf-16-be" if head[0::2].count(0) > head[1::2].count(0) else "utf-16-le", is_guess=True)
    telling = _telling_lines(path)
    if not telling or _is_utf8(path):
        return Encoding("utf-8")
    if sum(map(_is_valid, telling)) * 2 > len(telling):
        raise _misencoded(path, "utf-8")
    sample = b"".join(telling)
    if len(_DOS_LETTERS.findall(sample)) > len(_WINDOWS_LETTERS.findall(sample)):
        return Encoding("cp850", is_guess=True)
    # The two differ only in 0x80 to 0x9f: signs such as dashes and the euro in the one, controls in the other.
    has_signs = any(0x80 <= byte <= 0x9F for byte in sample)
    return Encoding("windows-1252" if has_signs else "iso-8859-1", is_guess=True)


def detect_separator(path: Path, encoding: str) -> tuple[str, bool]:
    """Return the separator that splits the first records most evenly, and whether a line of its own says so (`sep=;`).

    Raises:
        BadInput: the file can't be read.
    """
    with opened_text(path, encoding) as text:
        lines = list(islice(text, _RECORDS))
    first = lines[0].strip() if lines else ""
    if first.lower().startswith("sep=") and len(first) == 5:
        return first[4], True
    if path.name.lower().removesuffix(".gz").endswith(".tsv"):
        return "\t", False
    return max(SEPARATORS, key=lambda separator: _evenness(lines, separator)), False


def _evenness(lines: list[str], separator: str) -> tuple[float, int]:
    try:
        records = [len(record) for record in csv.reader(lines, delimiter=separator) if record]
    except csv.Error:
        return 0.0, 0
    if not records or records[0] == 1:
        return 0.0, 0
    return sum(width == records[0] for width in records) / len(records), records[0]


def _telling_lines(path: Path) -> list[bytes]:
    found: list[bytes] = []
    with opened(path) as stream:
        for line in stream:
            if not line.isascii():
                found.append(line[:4096])
                if len(found) == _TELLING_LINES:
                    break
    return found


def _is_valid(line: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(line)  # a cut-off last letter is no fault
    except UnicodeDecodeError:
        return False
    return True


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with opened(path) as stream:
        try:
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _misencoded(path: Path, encoding: str) -> BadInput:
    """Name the first place that does not fit; lines can be told apart only where a line's end is one byte."""
    place = ""
    if not codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")):
        with opened(path) as stream:
            for number, line in enumerate(stream, 1):
                try:
                    line.decode(encoding)
                except UnicodeDecodeError as fault:
                    column = len(line[: fault.start].decode(encoding, errors="replace")) + 1
                    place = f", line {number}, column {column}"
                    break
    return BadInput(
        f"{path.name}{place}: bytes that are not {encoding}",
        hint="mend them, or name the file's encoding: --encoding windows-1252",
    )
