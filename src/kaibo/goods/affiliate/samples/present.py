"""Samples as the wire shows them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from kaibo.goods.affiliate.samples import rules
from kaibo.goods.affiliate.samples.lookup import Offer, Sample, sample_history
from kaibo.goods.affiliate.samples.wire import SampleAddress, SampleEntryWire, SampleOfferWire, SampleWire
from kaibo.goods.catalog.tables import skus
from kaibo.goods.shelf.cards import product_cards
from kaibo.goods.wire import ProductCardWire
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.people import facade as people

SHOP_SEES_ADDRESS = ("approved", "shipped", "received", "returning")


async def offer_wires(db: Db, offers: Sequence[Offer]) -> list[SampleOfferWire]:
    cards = await product_cards(db, [o.product_id for o in offers])
    names = await _sku_names(db, [o.sku_id for o in offers])
    return [
        SampleOfferWire(
            product=ProductCardWire.of(cards[o.product_id]),
            sku_id=o.sku_id,
            sku_name=names[o.sku_id],
            monthly_max=o.monthly_max,
            return_days=o.return_days,
            note=o.note,
        )
        for o in offers
    ]


async def sample_wires(db: Db, found: Sequence[Sample], viewer: rules.Actor) -> list[SampleWire]:
    now = clock.now()
    cards = await product_cards(db, [s.product_id for s in found])
    names = await _sku_names(db, [s.sku_id for s in found])
    persons = await people.person_view(db, {s.creator_id for s in found})
    histories = await sample_history(db, [s.id for s in found])
    made = []
    for s in found:
        sees = s.address is not None and (viewer == "creator" or s.state in SHOP_SEES_ADDRESS)
        made.append(
            SampleWire(
                id=s.id,
                product=ProductCardWire.of(cards[s.product_id]),
                sku_name=names[s.sku_id],
                shop_name=cards[s.product_id].shop_name,
                creator_id=s.creator_id,
                creator_name=persons[s.creator_id].nickname,
                state=s.state,
                steps=rules.steps(s.state, viewer),
                overdue=s.state == "received" and s.due_at is not None and s.due_at < now,
                message=s.message,
                address=SampleAddress(**s.address) if sees and s.address else None,
                return_days=s.return_days,
                reason=s.reason,
                carrier=s.carrier,
                tracking_number=s.tracking_number,
                return_carrier=s.return_carrier,
                return_tracking_number=s.return_tracking_number,
                asked_at=s.asked_at,
                due_at=s.due_at,
                history=[
                    SampleEntryWire(step=e.step, state=e.state, actor=e.actor, said=e.said, at=e.at)
                    for e in histories.get(s.id, [])
                ],
            )
        )
    return made


async def _sku_names(db: Db, sku_ids: Sequence[object]) -> dict[object, str]:
    rows = await db.execute(select(skus.c.id, skus.c.name).where(skus.c.id.in_(sku_ids)))
    return {row.id: row.name for row in rows}
