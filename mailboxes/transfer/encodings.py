"""Reading a text file of unknown encoding line by line, in little memory."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from mailboxes.errors import Refused, gettext_noop

CHUNK = 65_536
MAX_LINE = 1_000_000
LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")
"""A carriage return at the end of a chunk may be half of a line end."""

BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
CONTAINERS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"%PDF")
"""How workbooks of Excel and LibreOffice begin, and compressed files."""

NOT_CSV = gettext_noop(
    "This is a workbook or a compressed file, not a CSV file. Open it in your spreadsheet program "
    "and save it as CSV."
)
HAS_NUL = gettext_noop(
    "The file contains NUL characters after line %(line)s, so it isn't a CSV file."
)
MIXED = gettext_noop(
    "The file can't be read after line %(line)s: it contains bytes that are neither UTF-8 nor "
    "Windows-1252. Save it as “CSV UTF-8”."
)
LONG_LINE = gettext_noop("The line after line %(line)s is longer than %(limit)s characters.")


class Utf8OrWindows:
    """Decodes UTF-8 or, if the first byte that isn't ASCII doesn't fit UTF-8, Windows-1252."""

    def __init__(self) -> None:
        self.decoder: codecs.IncrementalDecoder = codecs.getincrementaldecoder("utf-8")()
        self.is_open = True
        """Whether all bytes so far were ASCII."""

    def decode(self, data: bytes, final: bool) -> str:
        try:
            text = self.decoder.decode(data, final)
        except UnicodeDecodeError as error:
            if not self.is_open or not error.object[: error.start].isascii():
                raise
            self.decoder = codecs.getincrementaldecoder("cp1252")()
            text = self.decoder.decode(error.object, final)
        self.is_open = self.is_open and text.isascii()
        return text


def find_encoding(head: bytes) -> str:
    """Return the encoding that a file's first bytes name or suggest, or an empty string."""
    for bom, encoding in BOMS.items():
        if head.startswith(bom):
            return encoding
    pairs = len(head) // 2
    if pairs and head[1::2].count(0) > pairs / 2:
        return "utf-16-le"
    return "utf-16-be" if pairs and head[0::2].count(0) > pairs / 2 else ""


def read_chunks(file: BinaryIO) -> Iterator[bytes]:
    while data := file.read(CHUNK):
        yield data
    yield b""


def read_lines(file: BinaryIO) -> Iterator[str]:
    """Yield the lines with their ends; raise Refused for what is no text."""
    rest, number, decoder = "", 0, None
    for data in read_chunks(file):
        if decoder is None:
            if data.startswith(CONTAINERS):
                raise Refused(NOT_CSV)
            encoding = find_encoding(data)
            decoder = codecs.getincrementaldecoder(encoding)() if encoding else Utf8OrWindows()
        try:
            rest += decoder.decode(data, final=not data)
        except UnicodeError as error:
            raise Refused(MIXED, {"line": number}) from error
        if "\0" in rest:
            raise Refused(HAS_NUL, {"line": number})
        lines, rest = split_lines(rest)
        yield from lines
        number += len(lines)
        if len(rest) > MAX_LINE:
            raise Refused(LONG_LINE, {"line": number, "limit": MAX_LINE})
    if rest:
        yield rest


def split_lines(text: str) -> tuple[list[str], str]:
    """Return the complete lines, and what may go on; unlike splitlines(), only at line ends."""
    lines, start = [], 0
    for found in LINE_END.finditer(text):
        lines.append(text[start : found.end()])
        start = found.end()
    return lines, text[start:]
