"""Write a table row by row into a file, in memory that does not grow with it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Protocol

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from kaibo.kernel.sheets.cells import BEIJING, Cell, csv_text

Format = Literal["csv", "xlsx"]
XLSX_ROWS_MAX = 1_048_576
XLSX_CELL_CHARS_MAX = 32_767
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class Sheet(Protocol):
    def add(self, row: Sequence[Cell]) -> None: ...

    def close(self) -> None: ...


def new_sheet(path: Path, format: Format, header: Sequence[str]) -> Sheet:
    """A file with its header; `close` makes it whole."""
    return _Csv(path, header) if format == "csv" else _Xlsx(path, header)


class _Csv:
    """UTF-8 with BOM and CRLF: Excel opens it as it is."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file, lineterminator="\r\n")
        self._writer.writerow(header)

    def add(self, row: Sequence[Cell]) -> None:
        self._writer.writerow([csv_text(cell) for cell in row])

    def close(self) -> None:
        self._file.close()


class _Xlsx:
    """Texts are text cells, also where they look like a formula or a number; money has two decimals."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self._path = path
        self._book = openpyxl.Workbook(write_only=True)
        self._sheet = self._book.create_sheet("Kaibo")
        self._sheet.freeze_panes = "A2"
        for place, name in enumerate(header, 1):
            self._sheet.column_dimensions[get_column_letter(place)].width = max(10, min(40, 2 * len(name) + 4))
        self._sheet.append([self._head(name) for name in header])

    def _head(self, name: str) -> Any:
        cell = WriteOnlyCell(self._sheet, value=name)
        cell.font = Font(bold=True)
        return cell

    def add(self, row: Sequence[Cell]) -> None:
        self._sheet.append([self._cell(value) for value in row])

    def _cell(self, value: Cell) -> Any:
        if value is None:
            return None
        if isinstance(value, datetime):
            cell = WriteOnlyCell(self._sheet, value=value.astimezone(BEIJING).replace(tzinfo=None))
            cell.number_format = "yyyy-mm-dd hh:mm:ss"
            return cell
        if isinstance(value, Decimal):
            cell = WriteOnlyCell(self._sheet, value=value)  # type: ignore[arg-type]  # the stubs forget Decimal
            cell.number_format = "0.00"
            return cell
        if isinstance(value, int):
            return value
        cell = WriteOnlyCell(self._sheet, value=_printable(value))
        cell.data_type = "s"
        cell.number_format = "@"
        return cell

    def close(self) -> None:
        self._book.save(self._path)


def _printable(text: str) -> str:
    """XML 1.0 knows no control characters but tab and line feed."""
    return "".join(c for c in text[:XLSX_CELL_CHARS_MAX] if c >= " " or c in "\t\n")
