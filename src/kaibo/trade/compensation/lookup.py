"""Reading claims and payouts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, select

from kaibo.kernel.db import Db
from kaibo.trade.compensation.owe_buyer import PayoutKind
from kaibo.trade.compensation.tables import claims, payouts
from kaibo.trade.ledger.balances import balance
from kaibo.trade.ledger.post import Account, AccountKind


@dataclass(frozen=True)
class Claim:
    """What a merchant owes the fund for one case."""

    id: UUID
    case_id: UUID
    order_id: UUID
    shop_id: UUID
    fen: int
    recovered_fen: int
    rule: str
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True)
class Payout:
    id: UUID
    case_id: UUID | None
    order_id: UUID
    person_id: UUID
    kind: PayoutKind
    fen: int
    created_at: datetime
    paid_at: datetime | None
    reference: str | None


@dataclass(frozen=True)
class Fund:
    """The fund's balance, and what merchants and the house still owe."""

    balance_fen: int
    advanced_fen: int
    recovered_fen: int
    owed_fen: int
    cover_balance_fen: int
    payouts_fen: int


async def fund(db: Db) -> Fund:
    def total(column: Any) -> Any:
        return cast(func.coalesce(func.sum(column), 0), BigInteger)

    advanced, recovered = (await db.execute(select(total(claims.c.fen), total(claims.c.recovered_fen)))).one()
    waiting = select(total(payouts.c.fen)).where(payouts.c.paid_at.is_(None))
    return Fund(
        balance_fen=await balance(db, Account(AccountKind.COMPENSATION_FUND)),
        advanced_fen=int(advanced),
        recovered_fen=int(recovered),
        owed_fen=int(advanced) - int(recovered),
        cover_balance_fen=await balance(db, Account(AccountKind.FREIGHT_COVER)),
        payouts_fen=int(await db.scalar(waiting) or 0),
    )


async def list_claims(
    db: Db, *, shop_id: UUID | None = None, open_only: bool = False, before: UUID | None = None, limit: int
) -> list[Claim]:
    """Newest first."""
    query = select(claims)
    if shop_id is not None:
        query = query.where(claims.c.shop_id == shop_id)
    if open_only:
        query = query.where(claims.c.closed_at.is_(None))
    if before is not None:
        query = query.where(claims.c.id < before)
    rows = await db.execute(query.order_by(claims.c.id.desc()).limit(limit))
    return [Claim(**{name: getattr(row, name) for name in Claim.__dataclass_fields__}) for row in rows]


async def debt_of(db: Db, shop_id: UUID) -> int:
    """What the shop owes the fund, in fen."""
    owed = func.coalesce(func.sum(claims.c.fen - claims.c.recovered_fen), 0)
    return int(await db.scalar(select(cast(owed, BigInteger)).where(claims.c.shop_id == shop_id)) or 0)


async def list_payouts(
    db: Db,
    *,
    person_id: UUID | None = None,
    case_id: UUID | None = None,
    waiting_only: bool = False,
    before: UUID | None = None,
    limit: int,
) -> list[Payout]:
    """Newest first."""
    query = select(payouts)
    if person_id is not None:
        query = query.where(payouts.c.person_id == person_id)
    if case_id is not None:
        query = query.where(payouts.c.case_id == case_id)
    if waiting_only:
        query = query.where(payouts.c.paid_at.is_(None))
    if before is not None:
        query = query.where(payouts.c.id < before)
    return [as_payout(row) for row in await db.execute(query.order_by(payouts.c.id.desc()).limit(limit))]


def as_payout(row: Any) -> Payout:
    return Payout(**{name: getattr(row, name) for name in Payout.__dataclass_fields__})
