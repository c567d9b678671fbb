"""Reading charges and refunds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select

from kaibo.kernel.db import Db
from kaibo.trade.contracts import OrderId
from kaibo.trade.orders.model import Part
from kaibo.trade.orders.tables import orders
from kaibo.trade.payment.model import LIVE, Charge, ChargeId, ChargeRow, Refund, RefundId, RefundRow
from kaibo.trade.payment.tables import charges, refunds

_LIVE = [state.value for state in LIVE]


async def live_charge(db: Db, checkout_id: UUID, *, lock: bool = False) -> Charge | None:
    """The charge that can still be paid; a checkout has one at most."""
    query = select(charges).where(charges.c.checkout_id == checkout_id, charges.c.state.in_(_LIVE))
    return await _charge(db, query, lock)


async def charged_among(db: Db, checkout_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these checkouts that somebody may still be paying."""
    live = charges.c.checkout_id.in_(list(checkout_ids)) & charges.c.state.in_(_LIVE)
    return set((await db.execute(select(charges.c.checkout_id).where(live))).scalars())


async def charge_states(db: Db, checkout_id: UUID, part: Part) -> dict[ChargeRow, Charge]:
    """The newest charge of this part of the checkout in each state that occurs."""
    of_part = (charges.c.checkout_id == checkout_id) & (charges.c.part == part)
    rows = await db.execute(select(charges).where(of_part).order_by(charges.c.attempt))
    return {ChargeRow(row.state): _as_charge(row) for row in rows}


async def paid_charges(db: Db, checkout_id: UUID) -> list[Charge]:
    """The charge that paid the checkout, locked; of a presale first the one that paid the balance, then the deposit's."""
    query = select(charges).where(charges.c.checkout_id == checkout_id, charges.c.state == ChargeRow.PAID.value)
    rows = await db.execute(query.order_by(charges.c.attempt.desc()).with_for_update())
    return [_as_charge(row) for row in rows]


async def refunded_of(db: Db, charge_ids: Iterable[UUID]) -> dict[UUID, int]:
    """What is promised or given back of each of these charges, in fen."""
    r = refunds.c
    counted = (r.charge_id.in_(list(charge_ids))) & (r.state != RefundRow.CLOSED.value)
    query = select(r.charge_id, func.sum(r.fen)).where(counted).group_by(r.charge_id)
    return {charge_id: int(fen) for charge_id, fen in await db.execute(query)}


async def last_method(db: Db, buyer_id: UUID) -> str | None:
    """How this buyer paid last."""
    paid = (orders.c.buyer_id == buyer_id) & (charges.c.state == ChargeRow.PAID.value)
    theirs = select(charges.c.method).join(orders, orders.c.checkout_id == charges.c.checkout_id).where(paid)
    found: str | None = await db.scalar(theirs.order_by(charges.c.id.desc()).limit(1))
    return found


async def charge_by_id(db: Db, charge_id: UUID, *, lock: bool = False) -> Charge | None:
    return await _charge(db, select(charges).where(charges.c.id == charge_id), lock)


async def charge_by_number(db: Db, out_trade_no: str) -> Charge | None:
    return await _charge(db, select(charges).where(charges.c.out_trade_no == out_trade_no), False)


async def refund_by_id(db: Db, refund_id: UUID, *, lock: bool = False) -> Refund | None:
    return await _refund(db, select(refunds).where(refunds.c.id == refund_id), lock)


async def refund_by_number(db: Db, out_refund_no: str) -> Refund | None:
    return await _refund(db, select(refunds).where(refunds.c.out_refund_no == out_refund_no), False)


async def refunds_by_key(db: Db, keys: Iterable[str]) -> list[Refund]:
    """The refunds that keep these promises now; attempts that the provider gave up are left out."""
    query = select(refunds).where(refunds.c.key.in_(list(keys)), refunds.c.state != RefundRow.CLOSED.value)
    return [_as_refund(row) for row in await db.execute(query.order_by(refunds.c.id))]


async def list_refunds(db: Db, state: RefundRow | None, *, before: UUID | None, limit: int) -> list[Row[Any]]:
    """Refunds as their rows with the order's number and shop, newest first; `before` is the last id of the page before."""
    query = _refund_rows()
    if state is not None:
        query = query.where(refunds.c.state == state.value)
    if before is not None:
        query = query.where(refunds.c.id < before)
    return list((await db.execute(query.order_by(refunds.c.id.desc()).limit(limit))).all())


async def refund_row(db: Db, refund_id: UUID) -> Row[Any] | None:
    """One row of `list_refunds`."""
    found: Row[Any] | None = (await db.execute(_refund_rows().where(refunds.c.id == refund_id))).one_or_none()
    return found


def _refund_rows() -> Select[Any]:
    query = select(refunds, orders.c.number, orders.c.shop_name, charges.c.method)
    query = query.join_from(refunds, orders, orders.c.id == refunds.c.order_id)
    return query.join(charges, charges.c.id == refunds.c.charge_id)


async def refunds_of(db: Db, order_ids: Iterable[UUID]) -> dict[OrderId, Refund]:
    """The newest refund of each order that has one."""
    query = select(refunds).where(refunds.c.order_id.in_(list(order_ids))).order_by(refunds.c.id)
    return {OrderId(row.order_id): _as_refund(row) for row in await db.execute(query)}


async def _charge(db: Db, query: Select[Any], lock: bool) -> Charge | None:
    row = (await db.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else _as_charge(row)


def _as_charge(row: Any) -> Charge:
    return Charge(
        id=ChargeId(row.id),
        checkout_id=row.checkout_id,
        state=ChargeRow(row.state),
        **{name: getattr(row, name) for name in _CHARGE_PLAIN},
    )


async def _refund(db: Db, query: Select[Any], lock: bool) -> Refund | None:
    row = (await db.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else _as_refund(row)


def _as_refund(row: Any) -> Refund:
    return Refund(
        id=RefundId(row.id),
        order_id=OrderId(row.order_id),
        charge_id=ChargeId(row.charge_id),
        state=RefundRow(row.state),
        **{name: getattr(row, name) for name in _REFUND_PLAIN},
    )


_CHARGE_PLAIN = [
    "out_trade_no",
    "attempt",
    "method",
    "part",
    "amount_fen",
    "currency",
    "description",
    "payer_ip",
    "return_url",
    "notify_url",
    "pay_url",
    "provider_ref",
    "transaction_id",
    "expires_at",
    "created_at",
    "asked_at",
    "paid_at",
]
_REFUND_PLAIN = [
    "key",
    "out_refund_no",
    "attempt",
    "kind",
    "fen",
    "reason",
    "promised_by",
    "notify_url",
    "refund_id",
    "tries",
    "done_at",
]
