"""Refunds: promised in a transaction, sent by a job, finished when the provider says so.

The money is promised (`refunds_payable`) the moment it is decided and leaves (`gateway`) only when it has really gone. An order
may be refunded in several parts; each is promised under a key of its own, and the database refuses more than was paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import get_args
from uuid import UUID

from sqlalchemy import func, select, update

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.money import yuan
from kaibo.trade.contracts import OrderState, WrongState
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post
from kaibo.trade.orders.lookup import find_order, lock_order, require_buyer
from kaibo.trade.orders.model import Actor, Order
from kaibo.trade.orders.record import note_history
from kaibo.trade.orders.refund import grant_refund
from kaibo.trade.orders.tables import orders
from kaibo.trade.payment import wiring
from kaibo.trade.payment.lookup import paid_charges, refunded_of, refunds_by_key
from kaibo.trade.payment.model import Charge, RefundId, RefundKind, RefundRow
from kaibo.trade.payment.tables import refunds
from kaibo.trade.points.give_back import lock_points, points_after_refund

REFUND = "trade.payment.refund"
SECOND = "#2"


async def refund_before_shipping(db: Db, order_id: UUID, *, buyer_id: UUID, reason: str) -> Order:
    """The buyer wants the money of an order that has not been shipped: granted at once, all that is still theirs.

    Raises OrderMissing, WrongState.
    """
    order = require_buyer(await lock_order(db, order_id), buyer_id)
    if order.state in (OrderState.REFUNDING, OrderState.REFUNDED):
        return order
    if order.state is not OrderState.PAID:
        raise WrongState(state=order.state.value, action="refund")
    left_fen = order.total_fen - order.refunded_fen
    key = f"before_shipping:{order.id}"
    await promise_refund(db, order, key=key, fen=left_fen, reason=reason, by="buyer", kind="before_shipping")
    return await find_order(db, order.id)


async def promise_refund(
    db: Db, order: Order, *, key: str, fen: int, reason: str, by: str, kind: RefundKind = "aftersales"
) -> RefundId:
    """Promise `fen` of a paid order to its buyer, once for each `key`; the provider is asked after the commit.

    The order is locked by the caller. The ledger moves the money from the order's escrow to what is owed to buyers; an order that
    is settled has had its shares taken back into escrow by the caller before. A paid order of which nothing is left goes to
    `refunding` and its pieces back to stock. `by` is an Actor, or whoever else decided ("operator", "system").
    Raises WrongState where the order is not paid or less than `fen` of it is left, ValueError for less than 1 fen and for a key
    that has promised something else before.
    """
    if fen < 1:
        raise ValueError(f"a refund of {fen} fen: it must be 1 fen or more")
    if earlier := await refunds_by_key(db, parts_of(key)):
        if (earlier[0].order_id, sum(one.fen for one in earlier)) != (order.id, fen):
            raise ValueError(f"the refund {key} was promised before, otherwise: {earlier}")
        return next(one.id for one in earlier if one.key == key)
    await lock_points(db, order)
    charges = await paid_charges(db, order.checkout_id)
    left_fen = await _take(db, order, fen)
    if not charges or left_fen is None:
        raise WrongState(state=order.state.value, action="refund")
    ids = []
    for part_key, (charge, part_fen) in zip(parts_of(key), await _over(db, charges, fen), strict=False):
        refund_id = await ask_refund(db, charge, order.id, key=part_key, fen=part_fen, kind=kind, reason=reason, by=by)
        entries = move(Account(AccountKind.ESCROW, order.shop_id), (Account(AccountKind.REFUNDS_PAYABLE), part_fen))
        posted, why = f"refund_promised:{refund_id}", "trade.why.ledger_refund_promised"
        await post(db, Posting(PostingKind.REFUND_PROMISED, posted, order.id, why, by, entries))
        ids.append(refund_id)
    now_order = await find_order(db, order.id)
    if now_order.state in (OrderState.PAID, OrderState.RESERVED) and left_fen == 0:
        await grant_refund(db, now_order, reason=reason, actor=_actor(by))
    else:
        said = f"¥{yuan(fen)} {reason}".rstrip()
        why = "trade.why.refund_promised"
        await note_history(db, now_order, at=clock.now(), actor=_actor(by), why=why, said=said)
    await points_after_refund(db, now_order)
    return ids[0]


def parts_of(key: str) -> tuple[str, str]:
    """The keys of the refunds that keep one promise: a second one where the first charge does not suffice (a presale's two)."""
    return key, f"{key}{SECOND}"


async def _over(db: Db, charges: Sequence[Charge], fen: int) -> list[tuple[Charge, int]]:
    """Which charge gives back how much: the balance first, then the deposit, each at most what is left of it."""
    if len(charges) == 1:
        return [(charges[0], fen)]
    gone = await refunded_of(db, [charge.id for charge in charges])
    parts = []
    for charge in charges:
        part = min(fen, charge.amount_fen - gone.get(charge.id, 0))
        if part:
            parts.append((charge, part))
        fen -= part
    assert fen == 0, "an order never takes in more than its charges"
    return parts


async def _take(db: Db, order: Order, fen: int) -> int | None:
    """Count `fen` as given back. What is left of the order afterwards; None, and nothing counted, where it is not enough."""
    o = orders
    counted = (
        update(o)
        .where(o.c.id == order.id, o.c.refunded_fen + fen <= order.paid_in_fen)
        .values(refunded_fen=o.c.refunded_fen + fen)
        .returning(o.c.refunded_fen)
    )
    refunded_fen = (await db.execute(counted)).scalar_one_or_none()
    return None if refunded_fen is None else order.paid_in_fen - int(refunded_fen)


def _actor(by: str) -> Actor:
    found: Actor = next((actor for actor in get_args(Actor) if actor == by), "system")
    return found


async def ask_refund(
    db: Db,
    charge: Charge,
    order_id: UUID,
    *,
    key: str,
    fen: int,
    kind: RefundKind,
    reason: str,
    by: str,
    due_at: datetime | None = None,
) -> RefundId:
    """Write down that `fen` of `charge` is to be refunded for the order, and have it sent at `due_at` (default: now)."""
    numbered = select(func.coalesce(func.max(refunds.c.attempt), 0)).where(refunds.c.charge_id == charge.id)
    attempt = 1 + int(await db.scalar(numbered) or 0)
    refund_id = RefundId(new_id())
    await db.execute(
        refunds.insert().values(
            id=refund_id,
            order_id=order_id,
            charge_id=charge.id,
            key=key,
            out_refund_no=f"{charge.out_trade_no}R{attempt:02d}",
            attempt=attempt,
            kind=kind,
            state=RefundRow.ASKED.value,
            fen=fen,
            reason=reason,
            promised_by=by,
            notify_url=wiring.notify_url(charge.provider),
            tries=0,
        )
    )
    await timers.set_timer(db, kind=REFUND, key=str(refund_id), due_at=due_at or clock.now())
    return refund_id
