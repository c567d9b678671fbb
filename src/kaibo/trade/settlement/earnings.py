"""What shops, creators and agencies have earned: settled out of the ledger, not yet settled out of the orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Numeric, cast, func, select

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.money import BPS
from kaibo.trade.ledger.balances import balance
from kaibo.trade.ledger.post import Account, AccountKind
from kaibo.trade.orders import rules
from kaibo.trade.orders.tables import orders
from kaibo.trade.settlement.tables import settlements, take_backs

RECENT_SETTLEMENTS = 20
FEES_DAYS = 30
CREATORS_MAX = 200


@dataclass(frozen=True)
class SettlementLine:
    order_number: str
    at: datetime
    total_fen: int
    goods_fen: int
    merchant_fen: int
    commission_fen: int
    platform_fee_fen: int


@dataclass(frozen=True)
class ShopMoney:
    """`receivable_fen` is settled and may be withdrawn; `in_transit_fen` is paid and waits for its settlement."""

    receivable_fen: int
    in_transit_fen: int
    platform_fee_fen_30d: int
    commission_fen_30d: int
    settlements: tuple[SettlementLine, ...]


async def shop_money(db: Db, shop_id: UUID) -> ShopMoney:
    s = settlements
    since = clock.now() - timedelta(days=FEES_DAYS)
    fees = (
        await db.execute(
            select(_sum(s.c.platform_fen).label("platform"), _sum(s.c.creator_fen).label("creator")).where(
                s.c.shop_id == shop_id, s.c.at >= since
            )
        )
    ).one()
    rows = await db.execute(
        select(s, orders.c.number, orders.c.goods_fen)
        .join(orders, orders.c.id == s.c.order_id)
        .where(s.c.shop_id == shop_id)
        .order_by(s.c.at.desc())
        .limit(RECENT_SETTLEMENTS)
    )
    recent = (
        SettlementLine(r.number, r.at, r.total_fen, r.goods_fen, r.merchant_fen, r.creator_fen, r.platform_fen)
        for r in rows
    )
    return ShopMoney(
        receivable_fen=await balance(db, Account(AccountKind.MERCHANT_PAYABLE, shop_id)),
        in_transit_fen=await balance(db, Account(AccountKind.ESCROW, shop_id)),
        platform_fee_fen_30d=int(fees.platform),
        commission_fen_30d=int(fees.creator),
        settlements=tuple(recent),
    )


async def creator_balances(db: Db, person_id: UUID) -> tuple[int, int]:
    """(payable, frozen) in fen: settled commission, and what the agency leaves of that of paid orders not settled yet."""
    payable = await balance(db, Account(AccountKind.CREATOR_COMMISSION, person_id))
    waiting = orders.c.state.in_([state.value for state in rules.UNSETTLED_PAID])
    own = orders.c.commission_fen - orders.c.commission_fen * orders.c.agency_bps / BPS
    query = select(_sum(cast(func.ceil(own), BigInteger))).where(orders.c.creator_id == person_id, waiting)
    return payable, int(await db.scalar(query) or 0)


@dataclass(frozen=True)
class CreatorsPart:
    creator_id: UUID
    orders: int
    commission_fen: int
    agency_fen: int


async def agency_balances(db: Db, agency_id: UUID) -> tuple[int, int]:
    """(payable, frozen) in fen: the agency's settled share, and its share of paid orders not settled yet."""
    payable = await balance(db, Account(AccountKind.AGENCY_COMMISSION, agency_id))
    waiting = orders.c.state.in_([state.value for state in rules.UNSETTLED_PAID])
    share = func.floor(cast(orders.c.commission_fen, Numeric) * orders.c.agency_bps / BPS)
    query = select(_sum(cast(share, BigInteger))).where(orders.c.agency_id == agency_id, waiting)
    return payable, int(await db.scalar(query) or 0)


async def agency_parts(db: Db, agency_id: UUID) -> list[CreatorsPart]:
    """What each of the agency's creators brought it by orders settled in the last FEES_DAYS, less what refunds took back."""
    s, t = settlements, take_backs
    mine = (s.c.agency_id == agency_id) & (s.c.at >= clock.now() - timedelta(days=FEES_DAYS))
    gone = (
        select(t.c.order_id, _sum(t.c.creator_fen).label("creator"), _sum(t.c.agency_fen).label("agency"))
        .where(t.c.order_id.in_(select(s.c.order_id).where(mine)))
        .group_by(t.c.order_id)
        .subquery()
    )
    creators = s.c.creator_fen - func.coalesce(gone.c.creator, 0)
    agencys = s.c.agency_fen - func.coalesce(gone.c.agency, 0)
    query = (
        select(
            s.c.creator_id,
            func.count().label("orders"),
            _sum(creators + agencys).label("commission"),
            _sum(agencys).label("agency"),
        )
        .select_from(s.outerjoin(gone, gone.c.order_id == s.c.order_id))
        .where(mine)
        .group_by(s.c.creator_id)
        .order_by(_sum(agencys).desc(), s.c.creator_id)
        .limit(CREATORS_MAX)
    )
    rows = await db.execute(query)
    return [CreatorsPart(row.creator_id, row.orders, int(row.commission), int(row.agency)) for row in rows]


def _sum(column: Any) -> Any:
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


async def settled_shares(db: Db, order_ids: Sequence[UUID]) -> dict[UUID, tuple[int, int]]:
    """(the creator's, the agency's) fen of settled orders, less what refunds after the settlement took back."""
    s, t = settlements, take_backs
    gone = (
        select(t.c.order_id, _sum(t.c.creator_fen).label("creator"), _sum(t.c.agency_fen).label("agency"))
        .where(t.c.order_id.in_(order_ids))
        .group_by(t.c.order_id)
        .subquery()
    )
    query = select(
        s.c.order_id,
        s.c.creator_fen - func.coalesce(gone.c.creator, 0),
        s.c.agency_fen - func.coalesce(gone.c.agency, 0),
    ).select_from(s.outerjoin(gone, gone.c.order_id == s.c.order_id))
    rows = await db.execute(query.where(s.c.order_id.in_(order_ids)))
    return {order_id: (int(mine), int(agencys)) for order_id, mine, agencys in rows}
