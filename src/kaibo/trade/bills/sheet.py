"""A day's bill as a CSV or Excel file, in the reader's language. Written row by row, so its size does not matter to memory."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from uuid import UUID

from kaibo.kernel.db import Db
from kaibo.kernel.i18n import Locale, say
from kaibo.kernel.sheets.cells import Cell, yuan
from kaibo.kernel.sheets.write import Format, new_sheet
from kaibo.trade.bills.days import BillLine, all_lines

COLUMNS = (
    "at", "kind", "why", "order_number", "amount", "order_total", "commission", "platform_fee", "subsidy",
)  # fmt: skip


async def bill_file(db: Db, shop_id: UUID, day: date, format: Format, locale: Locale) -> Path:
    """The file; whoever sends it removes it."""
    path = Path(tempfile.mkdtemp(prefix="kaibo-bill-")) / f"bill.{format}"
    header = [say(f"trade.bill_column.{name}", locale, {}) for name in COLUMNS]
    sheet = new_sheet(path, format, header)
    async for line in all_lines(db, shop_id, day):
        sheet.add(_row(line, locale))
    sheet.close()
    return path


def _row(line: BillLine, locale: Locale) -> list[Cell]:
    def money(fen: int | None) -> Cell:
        return None if fen is None else yuan(fen)

    return [
        line.at,
        say(f"trade.entry.{line.kind}", locale, {}),
        say(line.why, locale, {}),
        line.order_number,
        yuan(line.amount_fen),
        money(line.order_total_fen),
        money(line.commission_fen),
        money(line.platform_fee_fen),
        money(line.subsidy_fen),
    ]
