"""Read an import file (CSV or .xlsx), every cell of it. Pure; every bad cell is named by line and column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kaibo.goods.contracts import (
    FileTooLarge,
    ImportColumnsMissing,
    ImportColumnUnknown,
    ImportEmpty,
    ImportEncoding,
    ImportNotCsv,
    ImportTooLong,
)
from kaibo.goods.importing.columns import COLUMNS, BadCell, Column, column_named
from kaibo.goods.importing.refusals import ImportNotXlsx
from kaibo.kernel.sheets import read as sheets

FILE_BYTES_MAX = 2 << 20
ROWS_MAX = 5_000
CELL_CHARS_MAX = 10_000


@dataclass(frozen=True)
class Fault:
    """`line` counts from 1, the header's; `column` is the column's key, None where the whole row is meant."""

    line: int
    column: str | None
    code: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Row:
    """The cells that were not blank, read, by column key."""

    line: int
    cells: dict[str, Any]

    def of_product(self) -> dict[str, Any]:
        return {c.key: self.cells[c.key] for c in COLUMNS if c.of_product and c.key in self.cells}


@dataclass(frozen=True)
class ReadFile:
    rows: list[Row]
    faults: list[Fault]
    rows_in_file: int


def read_file(content: bytes) -> ReadFile:
    """Raises FileTooLarge, ImportEncoding, ImportEmpty, ImportNotCsv, ImportNotXlsx, ImportColumnsMissing, ImportColumnUnknown,
    ImportTooLong.
    """
    if len(content) > FILE_BYTES_MAX:
        raise FileTooLarge(bytes_max=FILE_BYTES_MAX)
    lines = _lines(content)
    header = next(lines, None)
    if header is None:
        raise ImportEmpty()
    columns = _columns(header[1])
    rows: list[Row] = []
    faults: list[Fault] = []
    count = 0
    for line, cells in lines:
        count += 1
        if count > ROWS_MAX:
            raise ImportTooLong(rows_max=ROWS_MAX)
        row, wrong = _row(line, cells, columns)
        faults += wrong
        if row is not None:
            rows.append(row)
    if count == 0:
        raise ImportEmpty()
    return ReadFile(rows, faults, count)


def _lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """(line at which the row begins, cells) of every row that is not blank."""
    try:
        yield from sheets.lines(content)
    except sheets.NotText as wrong:
        raise ImportEncoding() from wrong
    except sheets.NotCsv as wrong:
        raise ImportNotCsv(line=wrong.line) from wrong
    except sheets.NotXlsx as wrong:
        raise ImportNotXlsx() from wrong


def _columns(header: list[str]) -> list[Column | None]:
    columns: list[Column | None] = []
    for name in header:
        column = column_named(name) if name else None
        if name and (column is None or column in columns):
            raise ImportColumnUnknown(column=name[:40])
        columns.append(column)
    absent = [c.zh for c in COLUMNS if c.required and c not in columns]
    if absent:
        raise ImportColumnsMissing(columns=absent)
    return columns


def _row(line: int, cells: list[str], columns: list[Column | None]) -> tuple[Row | None, list[Fault]]:
    faults: list[Fault] = []
    read: dict[str, Any] = {}
    if any(cells[len(columns) :]):
        return None, [Fault(line, None, "goods.import.too_many_cells", {"count": len(cells), "most": len(columns)})]
    for column, cell in zip(columns, cells, strict=False):
        if column is None or not cell:
            continue
        try:
            if cell == sheets.ROUNDED:
                raise BadCell("rounded")
            if len(cell) > CELL_CHARS_MAX:
                raise BadCell("too_long", chars=len(cell), chars_max=CELL_CHARS_MAX)
            read[column.key] = column.read(cell)
        except BadCell as bad:
            faults.append(Fault(line, column.key, bad.code, bad.facts))
    refused = {fault.column for fault in faults}
    absent = [c.key for c in COLUMNS if c.required and c.key not in read and c.key not in refused]
    faults += [Fault(line, key, "goods.import.required", {}) for key in absent]
    return (None if faults else Row(line, read)), faults
