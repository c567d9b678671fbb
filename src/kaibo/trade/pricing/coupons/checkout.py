"""The life of coupons in a checkout: held while it waits for its payment, spent by it, released or returned.

Every step moves a use from one state to the next in one conditional UPDATE and then what hangs on it, so that a repeated call
finds nothing left to do.

Whoever changes the coupons of several checkouts locks all of them first, claims and then budgets, each in the order of their ids:
two batches that name the same coupons in different orders wait for one another in a row and never in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, exists, func, or_, select, update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.contracts import OrderState
from kaibo.trade.orders.tables import orders
from kaibo.trade.pricing.coupons import rules
from kaibo.trade.pricing.coupons.lookup import claims_by_id
from kaibo.trade.pricing.coupons.tables import coupon_claims, coupon_uses, coupons
from kaibo.trade.pricing.errors import CouponMissing, CouponUnusable
from kaibo.trade.pricing.model import Used


async def lock(db: Db, used: Iterable[Used]) -> None:
    """Have these claims and the budgets behind them for the rest of the transaction. Nothing is asked where there are none."""
    wanted = list(used)
    if not wanted:
        return
    await _lock_claims(db, {one.claim_id for one in wanted})
    await _lock_budgets(db, {one.coupon_id for one in wanted})


async def _lock_claims(db: Db, claim_ids: Iterable[UUID]) -> None:
    k = coupon_claims.c
    await db.execute(select(k.id).where(k.id.in_(list(claim_ids))).order_by(k.id).with_for_update(key_share=True))


async def _lock_budgets(db: Db, coupon_ids: Iterable[UUID]) -> None:
    """A coupon without a budget is left alone: its row must not become a bottleneck."""
    c = coupons.c
    budgeted = select(c.id).where(c.id.in_(list(coupon_ids)), c.budget_fen.is_not(None))
    await db.execute(budgeted.order_by(c.id).with_for_update(key_share=True))


async def use(db: Db, checkout_id: UUID, used: Sequence[Used], buyer_id: UUID) -> None:
    """Hold the coupons that lowered a checkout (`Priced.used`). Repeating the same call changes nothing.

    Raises CouponMissing for one that is not this buyer's, CouponUnusable where it has meanwhile been used, has run out of time or
    its budget is used up; then nothing of it is done, so that it may be called in a transaction that serves others too.
    """
    if not used:
        return
    now = clock.now()
    u = coupon_uses
    held = set((await db.execute(select(u.c.claim_id).where(u.c.checkout_id == checkout_id))).scalars())
    fresh = sorted((one for one in used if one.claim_id not in held), key=lambda one: one.claim_id)
    if not fresh:
        return
    async with db.begin_nested():
        await _hold(db, checkout_id, fresh, buyer_id, now)


async def _hold(db: Db, checkout_id: UUID, fresh: Sequence[Used], buyer_id: UUID, now: datetime) -> None:
    k = coupon_claims.c
    usable = and_(k.buyer_id == buyer_id, k.state == "usable", k.use_from <= now, k.use_until > now)
    ids = [one.claim_id for one in fresh]
    took = update(coupon_claims).where(k.id.in_(ids), usable).values(state="held").returning(k.id)
    taken = set((await db.execute(took)).scalars())
    for one in fresh:
        if one.claim_id not in taken:
            await _refuse(db, one.claim_id, buyer_id)
    for one in sorted(fresh, key=lambda one: one.coupon_id):
        if not await _commit_budget(db, one.coupon_id, one.fen):
            await _refuse(db, one.claim_id, buyer_id, "budget_gone")
    common = {"checkout_id": checkout_id, "buyer_id": buyer_id, "state": "held", "held_at": now, "changed_at": now}
    await db.execute(
        coupon_uses.insert(),
        [{"claim_id": one.claim_id, "coupon_id": one.coupon_id, "fen": one.fen} | common for one in fresh],
    )


async def _refuse(db: Db, claim_id: UUID, buyer_id: UUID, why: str | None = None) -> None:
    claim = (await claims_by_id(db, buyer_id, [claim_id])).get(claim_id)
    if claim is None:
        raise CouponMissing(coupon_id=str(claim_id))
    why = why or rules.why_unusable(claim, clock.now()) or "held"
    raise CouponUnusable(coupon_id=str(claim_id), title=claim.coupon.terms.title, why=[why], lack_fen=0)


async def _commit_budget(db: Db, coupon_id: UUID, fen: int) -> bool:
    """False where the budget does not suffice. A coupon without a budget is only read: its row must not become a bottleneck."""
    c = coupons.c
    budget = await db.scalar(select(c.budget_fen).where(c.id == coupon_id))
    if budget is None:
        return True
    fits = update(coupons).where(c.id == coupon_id, c.committed_fen + fen <= c.budget_fen)
    return (await db.execute(fits.values(committed_fen=c.committed_fen + fen).returning(c.id))).first() is not None


async def spent(db: Db, checkout_id: UUID) -> None:
    """The checkout is paid. Idempotent."""
    for row in await _move(db, [checkout_id], "held", "spent"):
        await db.execute(update(coupon_claims).where(coupon_claims.c.id == row.claim_id).values(state="spent"))


async def held_among(db: Db, checkout_ids: Iterable[UUID]) -> list[UUID]:
    """Those of these checkouts that hold a coupon, in the order of their ids."""
    u = coupon_uses.c
    query = select(u.checkout_id).where(u.checkout_id.in_(list(checkout_ids)), u.state == "held").distinct()
    return sorted((await db.execute(query)).scalars())


async def held_by(db: Db, checkout_id: UUID) -> set[UUID]:
    """The claims that this checkout holds."""
    u = coupon_uses.c
    return set((await db.execute(select(u.claim_id).where(u.checkout_id == checkout_id, u.state == "held"))).scalars())


async def forget(db: Db, checkout_id: UUID) -> None:
    """The buyer chooses anew before anything was paid with them: the coupons are free, as if they had never been chosen."""
    await release(db, checkout_id)
    gone = delete(coupon_uses).where(coupon_uses.c.checkout_id == checkout_id, coupon_uses.c.state == "released")
    await db.execute(gone)


async def release(db: Db, checkout_id: UUID) -> None:
    """The checkout was cancelled or ran out of time unpaid: its coupons can be used again. Idempotent."""
    await release_all(db, [checkout_id])


async def release_all(db: Db, checkout_ids: Sequence[UUID]) -> None:
    """Like release, for many checkouts."""
    if checkout_ids:
        await _free(db, await _move(db, checkout_ids, "held", "released"))


async def retake(db: Db, checkout_id: UUID) -> bool:
    """Paid although its coupons had been released: spend them after all. False, and nothing changed, where one has meanwhile
    been used elsewhere (then the payment is to be refunded). A coupon whose time ended in between still counts: the payment
    was begun in time. True for a checkout without coupons.
    """
    u, k = coupon_uses.c, coupon_claims.c
    rows = (
        await db.execute(
            select(u.claim_id, u.coupon_id, u.fen, k.state)
            .join(coupon_claims, k.id == u.claim_id)
            .where(u.checkout_id == checkout_id, u.state == "released")
            .order_by(u.claim_id)
            .with_for_update()
        )
    ).all()
    if any(row.state != "usable" for row in rows):
        return False
    await _lock_budgets(db, [row.coupon_id for row in rows])
    for row in rows:
        await db.execute(update(coupon_claims).where(k.id == row.claim_id).values(state="spent"))
        # Promised at placing: the budget may be passed by what was in flight, never silently refused to the payer.
        await db.execute(
            update(coupons)
            .where(coupons.c.id == row.coupon_id, coupons.c.budget_fen.is_not(None))
            .values(
                committed_fen=coupons.c.committed_fen + row.fen,
                budget_fen=func.greatest(coupons.c.budget_fen, coupons.c.committed_fen + row.fen),
            )
        )
    await _move(db, [checkout_id], "released", "spent")
    return True


async def give_back(db: Db, checkout_id: UUID) -> None:
    """An order of the checkout was refunded in full. A coupon returns to its buyer when every order that it could lower (a
    shop's: that shop's; the platform's: all) is refunded, and its time is not over. Idempotent.
    """
    now = clock.now()
    u, k, o = coupon_uses.c, coupon_claims.c, orders.c
    of_coupon = or_(coupons.c.shop_id.is_(None), o.shop_id == coupons.c.shop_id)
    standing = exists().where(o.checkout_id == u.checkout_id, of_coupon, o.state != OrderState.REFUNDED.value)
    rows = await db.execute(
        select(u.claim_id)
        .join(coupon_claims, k.id == u.claim_id)
        .join(coupons, coupons.c.id == u.coupon_id)
        .where(u.checkout_id == checkout_id, u.state == "spent", k.use_until > now, ~standing)
    )
    if ids := list(rows.scalars()):
        await _free(db, await _move(db, [checkout_id], "spent", "returned", ids))


async def _move(db: Db, checkout_ids: Sequence[UUID], state: str, to: str, only: Sequence[UUID] = ()) -> list[Any]:
    u = coupon_uses
    query = update(u).where(u.c.checkout_id.in_(checkout_ids), u.c.state == state)
    if only:
        query = query.where(u.c.claim_id.in_(only))
    moved = query.values(state=to, changed_at=clock.now()).returning(u.c.claim_id, u.c.coupon_id, u.c.fen)
    return sorted((await db.execute(moved)).all())


async def _free(db: Db, rows: Sequence[Any]) -> None:
    if not rows:
        return
    ids = [row.claim_id for row in rows]
    await _lock_claims(db, ids)
    await db.execute(update(coupon_claims).where(coupon_claims.c.id.in_(ids)).values(state="usable"))
    by_coupon: dict[UUID, int] = defaultdict(int)
    for row in rows:
        by_coupon[row.coupon_id] += row.fen
    for coupon_id, fen in sorted(by_coupon.items()):
        has_budget = update(coupons).where(coupons.c.id == coupon_id, coupons.c.budget_fen.is_not(None))
        await db.execute(has_budget.values(committed_fen=coupons.c.committed_fen - fen))
