"""Reads of merchants and shops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, select

from kaibo.kernel.db import Db
from kaibo.people.contracts import MerchantId, MerchantMissing, MerchantState, PersonId, ShopId, ShopMissing, ShopView
from kaibo.people.merchants.tables import merchants, shops

PictureUrls = Callable[[Db, list[UUID]], Awaitable[dict[UUID, str]]]


@dataclass(frozen=True)
class Merchant:
    """An application or an approved merchant, in full: for its owner and for reviewers."""

    id: MerchantId
    owner_id: PersonId
    legal_name: str
    licence_number: str
    licence_picture_url: str | None
    legal_person: str
    contact_phone: str
    shop_name: str
    province: str
    city: str
    address: str
    category_keys: tuple[str, ...]
    state: MerchantState
    reason: str | None
    created_at: datetime
    decided_at: datetime | None
    shop_id: ShopId | None


_resolvers: list[PictureUrls] = []


def register_picture_resolver(urls: PictureUrls) -> None:
    """Goods owns pictures and stands above people; it says here how picture ids become URLs."""
    _resolvers[:] = [urls]


async def picture_urls(db: Db, ids: Iterable[UUID]) -> dict[UUID, str]:
    wanted = list(ids)
    return await _resolvers[0](db, wanted) if _resolvers and wanted else {}


def _merchants() -> Select[Any]:
    return select(merchants, shops.c.id.label("shop_id")).outerjoin(shops, shops.c.merchant_id == merchants.c.id)


async def merchant(db: Db, merchant_id: UUID) -> Merchant:
    """Raises MerchantMissing."""
    found = await _read(db, _merchants().where(merchants.c.id == merchant_id))
    if not found:
        raise MerchantMissing(id=str(merchant_id))
    return found[0]


async def merchants_of(db: Db, owner_id: UUID) -> list[Merchant]:
    """A person's applications, newest first."""
    return await _read(
        db, _merchants().where(merchants.c.owner_id == owner_id).order_by(merchants.c.id.desc()).limit(100)
    )


async def merchants_in(db: Db, state: MerchantState, after: UUID | None, limit: int) -> list[Merchant]:
    """Applications in a state, oldest first, so that the longest wait is decided first."""
    found = _merchants().where(merchants.c.state == state).order_by(merchants.c.id).limit(limit)
    return await _read(db, found.where(merchants.c.id > after) if after else found)


async def _read(db: Db, query: Select[Any]) -> list[Merchant]:
    rows = (await db.execute(query)).all()
    urls = await picture_urls(db, [row.licence_picture_id for row in rows if row.licence_picture_id])
    return [
        Merchant(
            id=MerchantId(row.id),
            owner_id=PersonId(row.owner_id),
            legal_name=row.legal_name,
            licence_number=row.licence_number,
            licence_picture_url=urls.get(row.licence_picture_id),
            legal_person=row.legal_person,
            contact_phone=row.contact_phone,
            shop_name=row.shop_name,
            province=row.province,
            city=row.city,
            address=row.address,
            category_keys=tuple(row.category_keys),
            state=row.state,
            reason=row.reason,
            created_at=row.created_at,
            decided_at=row.decided_at,
            shop_id=row.shop_id,
        )
        for row in rows
    ]


async def has_living_merchant(db: Db, owner_id: UUID) -> bool:
    living = exists().where(merchants.c.owner_id == owner_id, merchants.c.state != "refused")
    return bool(await db.scalar(select(living)))


async def shop_view(db: Db, shop_ids: Iterable[UUID]) -> dict[ShopId, ShopView]:
    """The shops that exist among `shop_ids`, each with the legal person behind it."""
    m = merchants
    rows = await db.execute(
        select(shops, m.c.owner_id, m.c.legal_name, m.c.licence_number, m.c.province, m.c.city, m.c.address)
        .join(m, m.c.id == shops.c.merchant_id)
        .where(shops.c.id.in_(set(shop_ids)))
    )
    return {
        ShopId(row.id): ShopView(
            id=ShopId(row.id),
            name=row.name,
            avatar_url=row.avatar_url,
            description=row.description,
            merchant_id=MerchantId(row.merchant_id),
            owner_id=PersonId(row.owner_id),
            legal_name=row.legal_name,
            licence_number=row.licence_number,
            address=_whole(row.province, row.city, row.address),
        )
        for row in rows
    }


async def shops_named(db: Db, words: str, limit: int) -> list[ShopId]:
    """Shops whose name contains these words, in the order of their names."""
    query = select(shops.c.id).where(shops.c.name.icontains(words, autoescape=True)).order_by(shops.c.name).limit(limit)
    return [ShopId(found) for found in (await db.execute(query)).scalars()]


def _whole(province: str, city: str, address: str) -> str:
    place = province if province == city else province + city
    return address if address.startswith(province) else place + address


async def shop(db: Db, shop_id: UUID) -> ShopView:
    """Raises ShopMissing."""
    found = (await shop_view(db, [shop_id])).get(ShopId(shop_id))
    if found is None:
        raise ShopMissing(id=str(shop_id))
    return found
