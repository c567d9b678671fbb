"""Reads of samples and of what is offered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from kaibo.goods.affiliate.samples import rules
from kaibo.goods.affiliate.samples.tables import sample_entries, sample_offers, samples
from kaibo.goods.contracts import ProductId, SkuId
from kaibo.goods.contracts.samples import SampleMissing, SampleState
from kaibo.kernel.db import Db
from kaibo.people.contracts import PersonId, ShopId


@dataclass(frozen=True)
class Offer:
    """A merchant gives samples of this SKU; `return_days` None: the creator keeps it."""

    product_id: ProductId
    sku_id: SkuId
    monthly_max: int
    return_days: int | None
    note: str


@dataclass(frozen=True)
class Sample:
    id: UUID
    product_id: ProductId
    sku_id: SkuId
    shop_id: ShopId
    creator_id: PersonId
    state: SampleState
    message: str
    address: Mapping[str, str] | None
    return_days: int | None
    reason: str | None
    carrier: str | None
    tracking_number: str | None
    return_carrier: str | None
    return_tracking_number: str | None
    asked_at: datetime
    shipped_at: datetime | None
    received_at: datetime | None
    due_at: datetime | None
    changed_at: datetime


@dataclass(frozen=True)
class Entry:
    step: str
    state: SampleState
    actor: rules.Actor
    said: str
    at: datetime


async def offers_of(db: Db, product_ids: Iterable[UUID]) -> dict[ProductId, Offer]:
    t = sample_offers
    rows = await db.execute(select(t).where(t.c.product_id.in_(set(product_ids))))
    return {ProductId(r.product_id): _offer(r) for r in rows}


async def offers_of_shop(db: Db, shop_id: UUID) -> list[Offer]:
    """Everything a shop gives samples of, newest change first."""
    t = sample_offers
    rows = await db.execute(select(t).where(t.c.shop_id == shop_id).order_by(t.c.updated_at.desc()).limit(500))
    return [_offer(r) for r in rows]


def _offer(row: Any) -> Offer:
    return Offer(ProductId(row.product_id), SkuId(row.sku_id), row.monthly_max, row.return_days, row.note)


def _sample(row: Any) -> Sample:
    return Sample(**row._mapping)


async def sample(db: Db, sample_id: UUID, *, lock: bool = False) -> Sample:
    """Raises SampleMissing."""
    query = select(samples).where(samples.c.id == sample_id)
    row = (await db.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        raise SampleMissing(id=str(sample_id))
    return _sample(row)


async def list_samples(
    db: Db,
    *,
    shop_id: UUID | None = None,
    creator_id: UUID | None = None,
    states: Sequence[SampleState] = (),
    before: UUID | None,
    limit: int,
) -> list[Sample]:
    """A shop's or a creator's samples, newest first."""
    t = samples
    query = select(t).order_by(t.c.id.desc()).limit(limit)
    if shop_id is not None:
        query = query.where(t.c.shop_id == shop_id)
    if creator_id is not None:
        query = query.where(t.c.creator_id == creator_id)
    if states:
        query = query.where(t.c.state.in_(states))
    return [_sample(r) for r in await db.execute(query.where(t.c.id < before) if before else query)]


async def sample_history(db: Db, sample_ids: Sequence[UUID]) -> dict[UUID, list[Entry]]:
    t = sample_entries
    found: dict[UUID, list[Entry]] = {}
    for r in await db.execute(select(t).where(t.c.sample_id.in_(sample_ids)).order_by(t.c.id)):
        found.setdefault(r.sample_id, []).append(Entry(r.step, r.state, r.actor, r.said, r.at))
    return found
