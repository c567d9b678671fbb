"""The days of a month, and the lines of a day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.funds.rules import BEIJING
from kaibo.trade.ledger.balances import balance_at
from kaibo.trade.ledger.post import Account, AccountKind
from kaibo.trade.ledger.write import account_ids

LINES_A_TIME = 2_000


@dataclass(frozen=True)
class DayBill:
    """`opening_fen + income_fen - expense_fen == closing_fen`; `by_kind` sums each kind of transaction."""

    day: date
    opening_fen: int
    income_fen: int
    expense_fen: int
    closing_fen: int
    entries: int
    by_kind: dict[str, int]


@dataclass(frozen=True)
class BillLine:
    """One entry. The order's figures are there for settlements: what the buyer paid, and who got what of it."""

    position: int
    at: datetime
    kind: str
    why: str
    order_number: str | None
    amount_fen: int
    order_total_fen: int | None
    commission_fen: int | None
    platform_fee_fen: int | None
    subsidy_fen: int | None


_DAYS = """
    SELECT CAST(t.at AT TIME ZONE 'Asia/Shanghai' AS date) AS day, t.kind, count(*) AS entries,
        coalesce(sum(e.fen) FILTER (WHERE e.fen > 0), 0)::bigint AS income,
        coalesce(-sum(e.fen) FILTER (WHERE e.fen < 0), 0)::bigint AS expense
    FROM trade.ledger_entries e JOIN trade.ledger_transactions t ON t.id = e.transaction_id
    WHERE e.account_id = :account AND t.at >= :since AND t.at < :until GROUP BY 1, 2 ORDER BY 1, 2
"""
_LINES = """
    SELECT e.position, t.at, t.kind, t.why, o.number AS order_number, e.fen AS amount_fen, s.total_fen AS order_total_fen,
        s.creator_fen + s.agency_fen + s.leader_fen AS commission_fen, s.platform_fen AS platform_fee_fen, s.subsidy_fen
    FROM trade.ledger_entries e JOIN trade.ledger_transactions t ON t.id = e.transaction_id
    LEFT JOIN trade.orders o ON o.id = t.order_id
    LEFT JOIN trade.settlements s ON s.order_id = t.order_id AND t.kind = 'settlement'
    WHERE e.account_id = :account AND t.at >= :since AND t.at < :until AND e.position > :after
    ORDER BY e.position LIMIT :limit
"""


def bounds(day: date) -> tuple[datetime, datetime]:
    """When a day begins and ends in Beijing."""
    begin = datetime.combine(day, time(), BEIJING).astimezone(UTC)
    return begin, begin + timedelta(days=1)


def today() -> date:
    return clock.now().astimezone(BEIJING).date()


async def month_bills(db: Db, shop_id: UUID, year: int, month: int) -> list[DayBill]:
    """Every day of the month that has begun, newest first, days without an entry too."""
    first = date(year, month, 1)
    last = min((first + timedelta(days=32)).replace(day=1) - timedelta(days=1), today())
    if last < first:
        return []
    account = Account(AccountKind.MERCHANT_PAYABLE, shop_id)
    since, until = bounds(first)[0], bounds(last)[1]
    moved: dict[date, list[Any]] = {}
    account_id = (await account_ids(db, [account])).get(account)
    for row in await db.execute(text(_DAYS), {"account": account_id, "since": since, "until": until}):
        moved.setdefault(row.day, []).append(row)
    balance = await balance_at(db, account, since - timedelta(microseconds=1))
    bills = []
    for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
        kinds = moved.get(day, [])
        income, expense = sum(k.income for k in kinds), sum(k.expense for k in kinds)
        closing, entries = balance + income - expense, sum(k.entries for k in kinds)
        by_kind = {k.kind: k.income - k.expense for k in kinds}
        bills.append(DayBill(day, balance, income, expense, closing, entries, by_kind))
        balance = closing
    return bills[::-1]


async def day_lines(db: Db, shop_id: UUID, day: date, *, after: int, limit: int) -> list[BillLine]:
    """The entries of a day, oldest first; `after` is the position of the last line of the page before, 0 at first."""
    account = Account(AccountKind.MERCHANT_PAYABLE, shop_id)
    account_id = (await account_ids(db, [account])).get(account)
    since, until = bounds(day)
    values = {"account": account_id, "since": since, "until": until, "after": after, "limit": limit}
    return [BillLine(**row._mapping) for row in await db.execute(text(_LINES), values)]


async def all_lines(db: Db, shop_id: UUID, day: date) -> AsyncIterator[BillLine]:
    after = 0
    while lines := await day_lines(db, shop_id, day, after=after, limit=LINES_A_TIME):
        for line in lines:
            yield line
        after = lines[-1].position
