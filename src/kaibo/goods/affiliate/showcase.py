"""A creator's showcase (橱窗): which products, in which order, with which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from kaibo.goods.affiliate.showcase_tables import showcase_items, showcases
from kaibo.goods.affiliate.terms import require_may_sell
from kaibo.goods.contracts import ProductId
from kaibo.goods.contracts.affiliate import ShowcaseFull, ShowcaseOrderStale
from kaibo.goods.shelf.cards import require_approved
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.people import facade as people
from kaibo.people.contracts import PersonId
from kaibo.people.contracts.agencies import RealnameNeeded

SHOWCASE_ITEMS_MAX = 200
INTRO_CHARS_MAX = 120


@dataclass(frozen=True)
class ShowcaseItem:
    product_id: ProductId
    position: int
    added_at: datetime


async def showcase_items_of(db: Db, creator_id: UUID) -> list[ShowcaseItem]:
    """What is in the showcase, in the creator's order."""
    t = showcase_items
    rows = await db.execute(select(t).where(t.c.creator_id == creator_id).order_by(t.c.position))
    return [ShowcaseItem(ProductId(r.product_id), r.position, r.added_at) for r in rows]


async def showcase_intro(db: Db, creator_id: UUID) -> str:
    return await db.scalar(select(showcases.c.intro).where(showcases.c.creator_id == creator_id)) or ""


async def in_showcase(db: Db, creator_id: UUID, product_id: UUID) -> bool:
    t = showcase_items
    query = select(t.c.product_id).where(t.c.creator_id == creator_id, t.c.product_id == product_id)
    return await db.scalar(query) is not None


async def describe_showcase(db: Db, creator_id: UUID, intro: str) -> None:
    """The words above the products."""
    await _lock(db, creator_id)
    await db.execute(
        update(showcases).where(showcases.c.creator_id == creator_id).values(intro=intro, updated_at=clock.now())
    )


async def add_to_showcase(db: Db, creator_id: PersonId, product_ids: Sequence[UUID]) -> None:
    """Put products first; those that are there already stay where they are.

    Raises RealnameNeeded, ShowcaseFull, ProductMissing, NotOnSale, SoldExclusively; adds all or none.
    """
    if await people.realname_state(db, creator_id) != "verified":
        raise RealnameNeeded()
    await _lock(db, creator_id)
    there = {item.product_id for item in await showcase_items_of(db, creator_id)}
    new = [p for p in dict.fromkeys(product_ids) if p not in there]
    if len(there) + len(new) > SHOWCASE_ITEMS_MAX:
        raise ShowcaseFull(items_max=SHOWCASE_ITEMS_MAX)
    await require_approved(db, new)
    await require_may_sell(db, creator_id, new, clock.now())
    if not new:
        return
    t = showcase_items
    await db.execute(update(t).where(t.c.creator_id == creator_id).values(position=t.c.position + len(new)))
    rows = [{"creator_id": creator_id, "product_id": p, "position": n} for n, p in enumerate(new, start=1)]
    await db.execute(insert(t), rows)


async def take_from_showcase(db: Db, creator_id: UUID, product_id: UUID) -> None:
    """The others move up. Taking out what is not there changes nothing."""
    await _lock(db, creator_id)
    t = showcase_items
    gone = await db.execute(
        delete(t).where(t.c.creator_id == creator_id, t.c.product_id == product_id).returning(t.c.position)
    )
    position = gone.scalar()
    if position is not None:
        below = (t.c.creator_id == creator_id) & (t.c.position > position)
        await db.execute(update(t).where(below).values(position=t.c.position - 1))


async def order_showcase(db: Db, creator_id: UUID, product_ids: Sequence[UUID]) -> None:
    """Number the products 1..n in this order. Raises ShowcaseOrderStale unless it is exactly what is there."""
    await _lock(db, creator_id)
    there = {item.product_id: item.position for item in await showcase_items_of(db, creator_id)}
    if len(product_ids) != len(there) or {ProductId(p) for p in product_ids} != set(there):
        raise ShowcaseOrderStale()
    t = showcase_items
    moved = [
        {"moved": product_id, "place": position}
        for position, product_id in enumerate(product_ids, start=1)
        if there[ProductId(product_id)] != position
    ]
    if moved:
        here = (t.c.creator_id == creator_id) & (t.c.product_id == bindparam("moved"))
        await db.execute(update(t).where(here).values(position=bindparam("place")), moved)


async def _lock(db: Db, creator_id: UUID) -> None:
    """The showcase's row, made on first use, orders those who change it."""
    row = insert(showcases).values(creator_id=creator_id, intro="")
    await db.execute(row.on_conflict_do_update(index_elements=["creator_id"], set_={"updated_at": func.now()}))
