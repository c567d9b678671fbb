"""How a shop's after-sales go: how often, how fast, how they end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Date, cast, func, select

from kaibo.kernel.db import Db
from kaibo.trade.aftersales import rules
from kaibo.trade.aftersales.model import CaseState
from kaibo.trade.aftersales.tables import cases
from kaibo.trade.orders.tables import orders

DAYS = 30
URGENT_HOURS = 12


@dataclass(frozen=True)
class Day:
    day: str
    opened: int
    closed: int


@dataclass(frozen=True)
class Figures:
    """Of the last DAYS days. `rate_bps`: cases for each 10,000 paid orders. Times in seconds; None where nothing was timed."""

    waiting_for_shop: int
    urgent: int
    opened: int
    rate_bps: int
    answer_seconds: int | None
    close_seconds: int | None
    refused: int
    arbitrated: int
    refund_fen: int
    days: tuple[Day, ...]


async def figures(db: Db, shop_id: UUID, now: datetime) -> Figures:
    c, since = cases.c, now - timedelta(days=DAYS)
    mine, recent = c.shop_id == shop_id, c.created_at >= since
    shops_turn = [state.value for state in CaseState if rules.waits_for(state) == "shop"]
    urgent_at = now + timedelta(hours=URGENT_HOURS)
    waiting, urgent = (
        await db.execute(
            select(func.count(), func.count().filter(c.deadline < urgent_at)).where(mine, c.state.in_(shops_turn))
        )
    ).one()
    row = (
        await db.execute(
            select(
                func.count().label("opened"),
                func.avg(func.extract("epoch", c.answered_at - c.created_at)).label("answer"),
                func.avg(func.extract("epoch", c.closed_at - c.created_at)).label("close"),
                func.count().filter(c.state == CaseState.REFUSED.value).label("refused"),
                func.count().filter(c.outcome.is_not(None)).label("arbitrated"),
                func.sum(c.refund_fen).filter(c.state.in_(("refunding", "done"))).label("fen"),
            ).where(mine, recent)
        )
    ).one()
    paid = select(func.count()).select_from(orders).where(orders.c.shop_id == shop_id, orders.c.paid_at >= since)
    sold = int(await db.scalar(paid) or 0)
    return Figures(
        waiting_for_shop=waiting,
        urgent=urgent,
        opened=row.opened,
        rate_bps=row.opened * 10_000 // sold if sold else 0,
        answer_seconds=None if row.answer is None else int(row.answer),
        close_seconds=None if row.close is None else int(row.close),
        refused=row.refused,
        arbitrated=row.arbitrated,
        refund_fen=int(row.fen or 0),
        days=await _days(db, mine, since, now),
    )


async def _days(db: Db, mine: Any, since: datetime, now: datetime) -> tuple[Day, ...]:
    """Opened and closed cases for each day in China, the days without any included."""

    async def count(column: Any) -> dict[str, int]:
        day = cast(func.timezone("Asia/Shanghai", column), Date)
        query = select(day, func.count()).where(mine, column >= since).group_by(day)
        return {str(at): int(number) for at, number in await db.execute(query)}

    opened, closed = await count(cases.c.created_at), await count(cases.c.closed_at)
    east = timedelta(hours=8)
    names = [str((now + east - timedelta(days=back)).date()) for back in range(DAYS - 1, -1, -1)]
    return tuple(Day(name, opened.get(name, 0), closed.get(name, 0)) for name in names)
