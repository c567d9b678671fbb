"""Submit, decide, withdraw: a product's way through the review."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from kaibo.goods.catalog import rules
from kaibo.goods.catalog.listing import require_may_list
from kaibo.goods.catalog.lookup import product
from kaibo.goods.catalog.model import Product
from kaibo.goods.catalog.record import note_review
from kaibo.goods.catalog.tables import products
from kaibo.goods.contracts import ProductChanged, ProductIncomplete, ReasonMissing
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.errors import NotAllowed
from kaibo.kernel.outbox import publish
from kaibo.kernel.web import Caller


async def submit_product(db: Db, shop_id: UUID, product_id: UUID, actor_id: UUID) -> Product:
    """Hand a product to the reviewers.

    Raises ProductMissing, StepNotAllowed, ProductIncomplete naming what is missing, and what a listing check refuses.
    """
    before = await product(db, product_id, shop_id=shop_id, lock=True)
    lacking = rules.missing(before.content())
    if lacking:
        raise ProductIncomplete(missing=lacking)
    await require_may_list(db, shop_id)
    return await _step(db, before, "submit", actor_id, "")


async def withdraw_product(db: Db, shop_id: UUID, product_id: UUID, actor_id: UUID) -> Product:
    """Take a product off sale, or out of the review. Raises ProductMissing, StepNotAllowed."""
    before = await product(db, product_id, shop_id=shop_id, lock=True)
    return await _step(db, before, "withdraw", actor_id, "")


async def decide_product(db: Db, reviewer: Caller, product_id: UUID, *, approve: bool, reason: str) -> Product:
    """Approve, or refuse with a reason. Raises ProductMissing, StepNotAllowed, ReasonMissing, NotAllowed (one's own)."""
    before = await product(db, product_id, lock=True)
    if reviewer.has("shop", before.shop_id):
        raise NotAllowed(needs="platform:another reviewer")
    if not approve and not reason:
        raise ReasonMissing()
    return await _step(db, before, "approve" if approve else "refuse", reviewer.id, reason)


async def _step(db: Db, before: Product, step: rules.Step, actor_id: UUID, reason: str) -> Product:
    state = rules.after(before.state, step)
    now = clock.now()
    await db.execute(
        update(products)
        .where(products.c.id == before.id)
        .values(
            state=state,
            refusal_reason=reason if state == "refused" else None,
            updated_at=now,
            submitted_at=now if step == "submit" else before.submitted_at,
        )
    )
    await note_review(db, before.id, step, before.state, state, actor_id, reason)
    if "approved" in (state, before.state):
        await publish(db, ProductChanged(product_id=before.id, shop_id=before.shop_id, approved=state == "approved"))
    return await product(db, before.id)
