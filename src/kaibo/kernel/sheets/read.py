"""Read a table that a person made: CSV in the encodings Excel writes, or .xlsx. Pure."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import openpyxl

from kaibo.kernel.sheets.cells import read_text

XLSX = b"PK\x03\x04"
UNPACKED_BYTES_MAX = 100 << 20
EXACT_DIGITS_MAX = 15
ROUNDED = "\ufffd"
"""Stands in a cell whose number Excel has rounded; nothing can be read from it."""


class NotText(Exception):
    """Neither UTF-8 nor GB 18030."""


class NotCsv(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class NotXlsx(Exception):
    """Damaged, locked with a password, or unpacked larger than UNPACKED_BYTES_MAX."""


def lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of every row that is not blank; lines count from 1. Raises NotText, NotCsv, NotXlsx."""
    found = _xlsx(content) if content.startswith(XLSX) else _csv(decode(content))
    for line, cells in found:
        if any(cells):
            yield line, cells


def decode(content: bytes) -> str:
    """UTF-8, with or without BOM, or GB 18030 (what Excel writes on a Chinese Windows). Raises NotText."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text or any("\ue000" <= c <= "\uf8ff" for c in text):
            # NUL: UTF-16 or a binary file; private use: bytes of another encoding that GB 18030 happens to accept
            raise NotText()
        return text
    raise NotText()


def _csv(text: str) -> Iterator[tuple[int, list[str]]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begun = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            raise NotCsv(max(begun, reader.line_num)) from wrong
        line, begun = begun, reader.line_num + 1
        yield line, [read_text(cell) for cell in cells]


def _xlsx(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The first sheet; formulas count as what Excel last made of them."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > UNPACKED_BYTES_MAX:
                raise NotXlsx("too large")
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except NotXlsx:
        raise
    except Exception as wrong:  # the library raises whatever the damaged part makes it raise
        raise NotXlsx(repr(wrong)) from wrong
    try:
        for line, row in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
            yield line, [_text(value) for value in row]
    except Exception as wrong:
        raise NotXlsx(repr(wrong)) from wrong
    finally:
        book.close()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, int | float):
        # a double holds fifteen digits for certain; what is longer was typed as something else
        if abs(value) >= 10**EXACT_DIGITS_MAX:
            return ROUNDED
        return str(int(value)) if value == int(value) else f"{value:.12g}"
    return str(value).strip()
