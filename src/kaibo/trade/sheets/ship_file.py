"""Ship many orders out of a file: order number, carrier, tracking number. Every row that cannot be shipped is named by its line."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from kaibo.kernel.db import Db
from kaibo.kernel.errors import Invalid, Refused, refusal
from kaibo.kernel.i18n import Locale, say
from kaibo.kernel.sheets import read as sheets
from kaibo.trade.orders.tables import orders
from kaibo.trade.shipping.carriers import CARRIERS
from kaibo.trade.shipping.ship import ship_parcel

FILE_BYTES_MAX = 2 << 20
ROWS_MAX = 1_000
CELL_CHARS_MAX = 100
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?E\+[0-9]{1,3}", re.IGNORECASE)
_HEADERS = {
    "number": {"订单号", "订单编号", "ordernumber", "order", "number"},
    "carrier": {"快递公司", "物流公司", "承运商", "carrier"},
    "tracking_number": {"运单号", "快递单号", "物流单号", "trackingnumber", "tracking"},
}
_NAMES = tuple(_HEADERS)


@refusal
class ShipFileUnreadable(Invalid):
    """`because` lists one key: encoding, csv, xlsx, columns, empty, too_long or too_large."""

    code = "trade.ship_file_unreadable"
    because: list[str]


@dataclass(frozen=True)
class ShipFault:
    line: int
    column: str | None
    code: str
    message: str


@dataclass(frozen=True)
class ShipReport:
    """`rows` of the file = `shipped` + rows with faults."""

    rows: int
    shipped: int
    faults: list[ShipFault]


@dataclass(frozen=True)
class _Row:
    line: int
    number: str
    carrier: str
    tracking_number: str


async def ship_file(db: Db, shop_id: UUID, by: UUID, content: bytes, locale: Locale) -> ShipReport:
    """Ship what can be shipped; a row with a fault changes nothing. Raises ShipFileUnreadable: nothing was shipped."""
    rows = await asyncio.to_thread(_read, content)
    known = await _orders(db, shop_id, [row.number for row in rows])
    faults: list[ShipFault] = []
    # In the order of their ids: two files that share orders cannot wait for one another in a circle.
    for row in sorted(rows, key=lambda r: str(known.get(r.number, ""))):
        fault = _fault(row, known, locale) or await _ship(db, shop_id, by, row, known[row.number], locale)
        if fault is not None:
            faults.append(fault)
    return ShipReport(len(rows), len(rows) - len(faults), sorted(faults, key=lambda f: f.line))


def _read(content: bytes) -> list[_Row]:
    if len(content) > FILE_BYTES_MAX:
        raise ShipFileUnreadable(because=["too_large"])
    try:
        found = list(sheets.lines(content))
    except sheets.NotText as wrong:
        raise ShipFileUnreadable(because=["encoding"]) from wrong
    except sheets.NotCsv as wrong:
        raise ShipFileUnreadable(because=["csv"]) from wrong
    except sheets.NotXlsx as wrong:
        raise ShipFileUnreadable(because=["xlsx"]) from wrong
    if len(found) < 2:
        raise ShipFileUnreadable(because=["empty"])
    if len(found) - 1 > ROWS_MAX:
        raise ShipFileUnreadable(because=["too_long"])
    header = [re.sub(r"[\s_*（）()]+", "", unicodedata.normalize("NFKC", cell)).lower() for cell in found[0][1]]
    places = [next((at for at, name in enumerate(header) if name in _HEADERS[key]), None) for key in _NAMES]
    if None in places:
        raise ShipFileUnreadable(because=["columns"])
    return [_Row(line, *(_cell(cells, at) for at in places)) for line, cells in found[1:]]


def _cell(cells: list[str], at: int | None) -> str:
    return cells[at][:CELL_CHARS_MAX] if at is not None and at < len(cells) else ""


async def _orders(db: Db, shop_id: UUID, numbers: list[str]) -> dict[str, UUID]:
    o = orders
    rows = await db.execute(select(o.c.number, o.c.id).where(o.c.shop_id == shop_id, o.c.number.in_(set(numbers))))
    return {row.number: row.id for row in rows}


def _fault(row: _Row, known: dict[str, UUID], locale: Locale) -> ShipFault | None:
    def fault(column: str, code: str, **facts: Any) -> ShipFault:
        return ShipFault(row.line, column, code, say(code, locale, facts))

    for column in _NAMES:
        value = getattr(row, column)
        if not value:
            return fault(column, "trade.ship_row.blank")
        if value == sheets.ROUNDED or _SCIENTIFIC.fullmatch(value):
            return fault(column, "trade.ship_row.rounded")
    if row.number not in known:
        return fault("number", "trade.ship_row.no_order", number=row.number[:40])
    if _carrier(row.carrier) is None:
        return fault("carrier", "trade.ship_row.no_carrier", carrier=row.carrier[:40])
    return None


def _carrier(written: str) -> str | None:
    """The key of a carrier by key, name in either language, or the name's beginning (顺丰, 中通快递有限公司)."""
    plain = unicodedata.normalize("NFKC", written).replace(" ", "").lower()
    for key, carrier in CARRIERS.items():
        names = (key, carrier.zh.replace(" ", "").lower(), carrier.en.replace(" ", "").lower())
        if plain in names or plain == carrier.zh[:2] or plain.startswith(names[1]):
            return key
    return None


async def _ship(db: Db, shop_id: UUID, by: UUID, row: _Row, order_id: UUID, locale: Locale) -> ShipFault | None:
    """One row in a savepoint of its own."""
    carrier = _carrier(row.carrier)
    assert carrier is not None
    try:
        async with db.begin_nested():
            await ship_parcel(
                db, order_id, shop_id=shop_id, by=by, carrier=carrier, tracking_number=row.tracking_number
            )
    except Refused as wrong:
        column = "tracking_number" if "tracking_number" in wrong.facts() else "number"
        return ShipFault(row.line, column, wrong.code, say(wrong.code, locale, wrong.facts()))
    return None


def ship_template(locale: Locale) -> str:
    """The header and an example, for a spreadsheet."""
    header, example = (
        ("订单号,快递公司,运单号", "顺丰速运") if locale == "zh" else ("order number,carrier,tracking number", "sf")
    )
    return f"\ufeff{header}\r\n2611230000000001\t,{example},SF1234567890123\r\n"
