"""What a cell may hold, and how a text is kept a text. Pure.

A text that begins like a formula gets an apostrophe before it (OWASP, "CSV Injection"); reading takes it off again. A long
number gets a tab behind it in CSV, or Excel would show 7.53E+13 and save it so; readers that strip blanks do not notice.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal

Cell = str | int | Decimal | datetime | None

EXACT_DIGITS_MAX = 11
"""Excel shows integers of up to eleven digits as they are, and keeps fifteen."""

BEIJING = timezone(timedelta(hours=8))
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_NUMBER = re.compile(rf"0[0-9]+|[0-9]{{{EXACT_DIGITS_MAX + 1},}}")


def csv_text(cell: Cell) -> str:
    """The cell as it stands in a CSV file. Times are Beijing's."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    if not isinstance(cell, str):
        return str(cell)
    if _FORMULA.match(cell):
        return f"'{cell}"
    return f"{cell}\t" if _NUMBER.fullmatch(cell) else cell


def read_text(cell: str) -> str:
    """The text behind what `csv_text` wrote."""
    plain = cell.strip()
    return plain[1:] if plain.startswith("'") and _FORMULA.match(plain) else plain


def yuan(fen: int) -> Decimal:
    """2990 -> Decimal("29.90")"""
    return Decimal(fen).scaleb(-2)
