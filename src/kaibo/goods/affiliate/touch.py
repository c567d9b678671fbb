"""Remember through whom a buyer opened a product, for as long as the window of attribution lasts and no longer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from kaibo.goods.affiliate.showcase_tables import touches
from kaibo.goods.contracts import ProductId
from kaibo.goods.contracts.affiliate import Touch
from kaibo.kernel import clock, config
from kaibo.kernel.db import Db, among
from kaibo.kernel.timers import set_timer
from kaibo.people.contracts import PersonId

FORGET = "goods.touch.forget"


def window() -> timedelta:
    return timedelta(hours=config.current().attribution_hours)


async def record_touch(db: Db, buyer_id: UUID, touch: Touch) -> None:
    """A later touch through the same creator replaces the earlier one. Nothing is kept where the window is 0 hours."""
    if not window() or touch.creator_id == buyer_id:
        return
    row = insert(touches).values(buyer_id=buyer_id, **vars(touch))
    later = {name: row.excluded[name] for name in ("kind", "source_id", "source_item", "title", "at")}
    await db.execute(row.on_conflict_do_update(index_elements=["buyer_id", "product_id", "creator_id"], set_=later))
    hour = touch.at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    await set_timer(db, kind=FORGET, key=hour.isoformat(), due_at=hour + window())


async def touches_of(
    db: Db, buyer_ids: Iterable[UUID], product_ids: Iterable[UUID], at: datetime
) -> dict[PersonId, list[Touch]]:
    """Each buyer's touches of these products within the window before `at`, the latest first. One query for all."""
    t = touches
    query = select(t).where(
        among(t.c.buyer_id, buyer_ids),
        among(t.c.product_id, product_ids),
        t.c.at > at - window(),
        t.c.at <= at,
    )
    found: dict[PersonId, list[Touch]] = {}
    for row in await db.execute(query.order_by(t.c.at.desc(), t.c.creator_id)):
        found.setdefault(PersonId(row.buyer_id), []).append(
            Touch(
                product_id=ProductId(row.product_id),
                creator_id=PersonId(row.creator_id),
                kind=row.kind,
                source_id=row.source_id,
                source_item=row.source_item,
                title=row.title,
                at=row.at,
            )
        )
    return found


async def forget_touches(db: Db, _key: str, _payload: dict[str, Any]) -> None:
    """The timer: what lies outside the window is of no use and is deleted."""
    await db.execute(delete(touches).where(touches.c.at <= clock.now() - window()))


async def forget_person(db: Db, person_id: UUID) -> None:
    """An account was closed: neither as buyer nor as creator is anything remembered."""
    await db.execute(delete(touches).where((touches.c.buyer_id == person_id) | (touches.c.creator_id == person_id)))
