"""A buyer opened a product through a creator: remembered for the window of attribution (docs/attribution.md)."""

from __future__ import annotations

from fastapi import APIRouter

from kaibo.goods import facade as goods
from kaibo.goods.contracts.affiliate import Touch
from kaibo.kernel import clock
from kaibo.kernel.web import CallerDep, DbDep, auth, limited
from kaibo.trade.contracts import Source
from kaibo.trade.orders.sources import resolve
from kaibo.trade.wire import TouchIn

router = APIRouter(tags=["orders"])


@router.post("/api/touches", status_code=204, dependencies=[auth.public, limited("240/minute")])
async def touch_product(body: TouchIn, db: DbDep, caller: CallerDep) -> None:
    """Nothing is kept of somebody who is not signed in, nor where the source is not selling the product."""
    if caller.person_id is None:
        return
    facts = await resolve(db, Source(body.source.kind, body.source.id, body.source.item))
    if facts is None or not facts.allowed or facts.creator_id is None or facts.product_id is None:
        return
    touch = Touch(
        product_id=facts.product_id,
        creator_id=facts.creator_id,
        kind=body.source.kind,
        source_id=body.source.id,
        source_item=body.source.item,
        title=facts.title,
        at=clock.now(),
    )
    await goods.record_touch(db, caller.person_id, touch)
