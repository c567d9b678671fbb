"""A merchant offers samples; a creator asks for one; both take it from step to step."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from kaibo.goods.affiliate.samples import rules
from kaibo.goods.affiliate.samples.lookup import Sample, offers_of, sample
from kaibo.goods.affiliate.samples.tables import sample_entries, sample_offers, samples
from kaibo.goods.affiliate.terms import require_may_sell
from kaibo.goods.catalog.lookup import product
from kaibo.goods.catalog.tables import products
from kaibo.goods.contracts import ProductId, SkuForeign
from kaibo.goods.contracts.samples import (
    SampleMissing,
    SampleNotOffered,
    SampleOverdue,
    SampleStep,
    SamplesUsedUp,
    SampleTwice,
    TooManySamples,
)
from kaibo.goods.inventory.adjust import adjust_stock
from kaibo.goods.shelf.cards import require_approved
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.timers import cancel_timer, set_timer
from kaibo.people import facade as people
from kaibo.people.contracts import PersonId
from kaibo.people.contracts.agencies import RealnameNeeded

DUE = "goods.sample.due"


async def offer_samples(
    db: Db,
    shop_id: UUID,
    product_id: UUID,
    *,
    sku_id: UUID,
    monthly_max: int,
    return_days: int | None,
    note: str,
    by: UUID,
) -> None:
    """Give samples of a product, or change how. What was asked for before keeps its terms. Raises ProductMissing, SkuForeign."""
    found = await product(db, product_id, shop_id=shop_id)
    if sku_id not in {sku.id for sku in found.skus}:
        raise SkuForeign(sku_id=str(sku_id))
    values = {"sku_id": sku_id, "monthly_max": monthly_max, "return_days": return_days, "note": note, "updated_by": by}
    row = insert(sample_offers).values(product_id=product_id, shop_id=shop_id, **values)
    await db.execute(
        row.on_conflict_do_update(index_elements=["product_id"], set_={**values, "updated_at": clock.now()})
    )


async def stop_samples(db: Db, shop_id: UUID, product_id: UUID) -> None:
    """No more samples of this product; those under way go on."""
    t = sample_offers
    await db.execute(delete(t).where(t.c.product_id == product_id, t.c.shop_id == shop_id))


async def ask_for_sample(db: Db, creator_id: PersonId, product_id: UUID, *, address_id: UUID, message: str) -> Sample:
    """Ask the merchant. Raises RealnameNeeded, AddressMissing, ProductMissing, NotOnSale, SoldExclusively, SampleNotOffered,
    SampleTwice, SamplesUsedUp, TooManySamples, SampleOverdue.
    """
    if await people.realname_state(db, creator_id) != "verified":
        raise RealnameNeeded()
    address = await people.address_of(db, creator_id, address_id)
    await require_approved(db, [product_id])
    now = clock.now()
    await require_may_sell(db, creator_id, [product_id], now)
    # The offer's row orders those who ask for the last one.
    row = select(sample_offers.c.product_id).where(sample_offers.c.product_id == product_id).with_for_update()
    if await db.scalar(row) is None:
        raise SampleNotOffered(product_id=ProductId(product_id))
    offer = (await offers_of(db, [product_id]))[ProductId(product_id)]
    await _check_limits(db, creator_id, product_id, offer.monthly_max, now)
    shop_id = await db.scalar(select(products.c.shop_id).where(products.c.id == product_id))
    sample_id = new_id()
    await db.execute(
        samples.insert().values(
            id=sample_id,
            product_id=product_id,
            sku_id=offer.sku_id,
            shop_id=shop_id,
            creator_id=creator_id,
            state="asked",
            message=message,
            address={k: str(v) for k, v in asdict(address).items() if k not in {"id", "is_default", "phone_masked"}},
            return_days=offer.return_days,
            asked_at=now,
            due_at=rules.due_at("asked", now, None),
            changed_at=now,
        )
    )
    made = await sample(db, sample_id)
    await _note(db, made, "ask", "creator", creator_id, message)
    return made


async def _check_limits(db: Db, creator_id: UUID, product_id: UUID, monthly_max: int, now: datetime) -> None:
    t = samples
    mine = t.c.creator_id == creator_id
    living = t.c.state.not_in(rules.FAILED)
    this_month = t.c.asked_at >= rules.month_start(now)

    async def count(*which: Any) -> int:
        return await db.scalar(select(func.count()).select_from(t).where(*which)) or 0

    overdue = (
        select(products.c.title)
        .join(t, t.c.product_id == products.c.id)
        .where(mine, t.c.state == "received", t.c.due_at < now)
    )
    late = await db.scalar(overdue.limit(1))
    if late is not None:
        raise SampleOverdue(title=late)
    if await count(mine, t.c.product_id == product_id, living):
        raise SampleTwice()
    if await count(t.c.product_id == product_id, living, this_month) >= monthly_max:
        raise SamplesUsedUp(monthly_max=monthly_max)
    under_way = await count(mine, t.c.state.in_(rules.OPEN))
    if under_way >= rules.OPEN_PER_CREATOR_MAX or await count(mine, this_month) >= rules.MONTHLY_PER_CREATOR_MAX:
        raise TooManySamples(open_max=rules.OPEN_PER_CREATOR_MAX, monthly_max=rules.MONTHLY_PER_CREATOR_MAX)


async def step_sample(
    db: Db,
    sample_id: UUID,
    step: SampleStep,
    actor: rules.Actor,
    *,
    actor_id: UUID | None,
    shop_id: UUID | None = None,
    creator_id: UUID | None = None,
    reason: str = "",
    carrier: str = "",
    tracking_number: str = "",
) -> Sample:
    """Take a sample one step on. An approved sample takes its piece out of the stock; what comes to nothing or comes back puts
    it back.

    Raises SampleMissing (also for another's), SampleStepNotAllowed, SampleFactMissing, StockTooLow.
    """
    found = await sample(db, sample_id, lock=True)
    if (shop_id or found.shop_id) != found.shop_id or (creator_id or found.creator_id) != found.creator_id:
        raise SampleMissing(id=str(sample_id))
    state = rules.after(found.state, step, actor, returns=found.return_days is not None)
    rules.check_facts(step, reason=reason, carrier=carrier, tracking_number=tracking_number)
    now = clock.now()
    values: dict[str, Any] = {"state": state, "due_at": rules.due_at(state, now, found.return_days), "changed_at": now}
    if step == "refuse":
        values |= {"reason": reason}
    if step == "ship":
        values |= {"carrier": carrier, "tracking_number": tracking_number, "shipped_at": now}
    if step == "receive":
        values |= {"received_at": now}
    if step == "send_back":
        values |= {"return_carrier": carrier, "return_tracking_number": tracking_number}
    if state not in rules.OPEN:
        values |= {"address": None}
    await db.execute(update(samples).where(samples.c.id == sample_id).values(**values))
    pieces = -1 if step == "approve" else 1 if (found.state == "approved" and state in rules.FAILED) else 0
    pieces = 1 if state == "returned" else pieces
    if pieces:
        by = actor_id or found.creator_id
        await adjust_stock(
            db, found.shop_id, found.sku_id, pieces, reason=f"sample {sample_id}", actor_id=by, kind="sample"
        )
    changed = await sample(db, sample_id)
    await _note(db, changed, step, actor, actor_id, reason or " ".join(filter(None, (carrier, tracking_number))))
    return changed


async def _note(db: Db, now: Sample, step: str, actor: rules.Actor, actor_id: UUID | None, said: str) -> None:
    """Write the step down and move the sample's timer to where the new state ends by itself."""
    row = {"sample_id": now.id, "step": step, "state": now.state, "actor": actor, "actor_id": actor_id, "said": said}
    await db.execute(sample_entries.insert().values(**row))
    if now.state in rules.BY_TIME and now.due_at is not None:
        await set_timer(db, kind=DUE, key=str(now.id), due_at=now.due_at)
    else:
        await cancel_timer(db, kind=DUE, key=str(now.id))


async def sample_due(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """The timer: a deadline has passed. A sample that was moved on meanwhile is left alone."""
    found = await sample(db, UUID(key), lock=True)
    step = rules.BY_TIME.get(found.state)
    if step is not None and found.due_at is not None and found.due_at <= clock.now():
        await step_sample(db, found.id, step, "system", actor_id=None)


async def forget_addresses(db: Db, person_id: UUID) -> None:
    """An account was closed."""
    await db.execute(update(samples).where(samples.c.creator_id == person_id).values(address=None))
