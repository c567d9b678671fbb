"""Spreadsheets: what goes in comes out, and Excel neither runs nor rounds a cell."""

from __future__ import annotations

import csv
import io
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.kernel.sheets import read
from kaibo.kernel.sheets.cells import csv_text, read_text, yuan
from kaibo.kernel.sheets.write import new_sheet

WRITTEN = ["=1+1", "'=1", "+86", "-", "@x", "00123", "753123456789012345", "大蒜,“新”\n第二行", "x" * 50]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_every_text_comes_back(text: str) -> None:
    assert read_text(csv_text(text.strip())) == text.strip()


@given(st.text(max_size=40))
def test_no_text_begins_a_formula(text: str) -> None:
    assert csv_text(text)[:1] not in {"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"}


def test_long_numbers_are_texts_to_excel() -> None:
    assert csv_text("75312345678901") == "75312345678901\t"
    assert csv_text("007") == "007\t"
    assert csv_text("12345678901") == "12345678901"
    assert csv_text(-5) == "-5"
    assert csv_text(yuan(2990)) == "29.90"


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_written_file_is_read_again(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"a.{format}"
    sheet = new_sheet(path, format, ["订单号", "金额"])  # type: ignore[arg-type]
    for text in WRITTEN:
        sheet.add([text, Decimal("29.90")])
    sheet.close()
    (_, header), *rows = read.lines(path.read_bytes())
    assert header == ["订单号", "金额"]
    assert [cells[0] for _, cells in rows] == WRITTEN
    assert {Decimal(cells[1]) for _, cells in rows} == {Decimal("29.9")}


def test_csv_has_a_bom_and_every_dangerous_cell_is_neutral(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    sheet = new_sheet(path, "csv", ["a"])
    sheet.add(["=cmd|' /C calc'!A0"])
    sheet.close()
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))[1] == ["'=cmd|' /C calc'!A0"]


def test_excel_sees_a_text_where_a_formula_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    sheet = new_sheet(path, "xlsx", ["a"])
    sheet.add(["=1+1"])
    sheet.close()
    cell = openpyxl.load_workbook(path).worksheets[0]["A2"]
    assert (cell.value, cell.data_type, cell.number_format) == ("=1+1", "s", "@")


def test_numbers_of_a_merchants_own_sheet_are_read_as_they_look() -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append([29.9, 5, 0.1 + 0.2, 75312345678901, 753123456789012345, True, None, " 大蒜 "])
    content = io.BytesIO()
    book.save(content)
    assert list(read.lines(content.getvalue())) == [
        (1, ["29.9", "5", "0.3", "75312345678901", read.ROUNDED, "TRUE", "", "大蒜"])
    ]


@pytest.mark.parametrize("content", [read.XLSX + b"not a zip", b"\x00\x01", "一".encode("utf-16")])
def test_what_is_no_table_is_refused(content: bytes) -> None:
    with pytest.raises((read.NotText, read.NotXlsx)):
        list(read.lines(content))


def test_a_zip_bomb_is_not_unpacked() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * (read.UNPACKED_BYTES_MAX + 1))
    with pytest.raises(read.NotXlsx):
        list(read.lines(content.getvalue()))
