"""Apply to become a merchant."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from kaibo.kernel.db import Db
from kaibo.kernel.errors import Missing
from kaibo.kernel.ids import new_id
from kaibo.people.accounts.rules import phone_number
from kaibo.people.accounts.standing import note_standing
from kaibo.people.accounts.tables import persons
from kaibo.people.addresses.divisions import full_city, full_province
from kaibo.people.contracts import (
    AddressInvalid,
    LicenceMalformed,
    LicenceTaken,
    MerchantsFull,
    PhoneMalformed,
    ShopNameTaken,
)
from kaibo.people.merchants import rules
from kaibo.people.merchants.lookup import Merchant, merchant, picture_urls
from kaibo.people.merchants.tables import merchants, shops


@dataclass(frozen=True)
class Application:
    legal_name: str
    licence_number: str
    licence_picture_id: UUID | None
    legal_person: str
    contact_phone: str
    shop_name: str
    province: str
    city: str
    address: str
    category_keys: tuple[str, ...]


async def apply_as_merchant(db: Db, owner_id: UUID, wanted: Application) -> Merchant:
    """Record an application for a reviewer.

    Raises LicenceMalformed, PhoneMalformed, AddressInvalid, LicenceTaken, ShopNameTaken, MerchantsFull, Missing (the picture).
    """
    licence, phone = rules.licence_number(wanted.licence_number), phone_number(wanted.contact_phone)
    if licence is None:
        raise LicenceMalformed(licence_number=wanted.licence_number)
    if phone is None:
        raise PhoneMalformed()
    province = full_province(wanted.province)
    if province is None:
        raise AddressInvalid(field="province", value=wanted.province)
    city = full_city(province, wanted.city)
    if city is None:
        raise AddressInvalid(field="city", value=wanted.city)
    picture_id = wanted.licence_picture_id
    if picture_id is not None and picture_id not in await picture_urls(db, [picture_id]):
        raise Missing(what="picture", id=str(picture_id))
    await _refuse_one_too_many(db, owner_id)
    await refuse_taken_name(db, wanted.shop_name)
    merchant_id = new_id()
    made = await db.execute(
        insert(merchants)
        .values(
            id=merchant_id,
            owner_id=owner_id,
            legal_name=wanted.legal_name,
            licence_number=licence,
            licence_picture_id=wanted.licence_picture_id,
            legal_person=wanted.legal_person,
            contact_phone=phone,
            shop_name=wanted.shop_name,
            province=province,
            city=city,
            address=wanted.address,
            category_keys=list(dict.fromkeys(wanted.category_keys)),
            state="pending",
        )
        .on_conflict_do_nothing()
        .returning(merchants.c.id)
    )
    if made.first() is None:
        raise LicenceTaken(licence_number=licence)
    await note_standing(db, owner_id, "merchant applied", actor_id=owner_id, merchant_id=merchant_id)
    return await merchant(db, merchant_id)


async def _refuse_one_too_many(db: Db, owner_id: UUID) -> None:
    await db.execute(select(persons.c.id).where(persons.c.id == owner_id).with_for_update())
    living = select(func.count()).select_from(merchants)
    count = await db.scalar(living.where(merchants.c.owner_id == owner_id, merchants.c.state != "refused"))
    if (count or 0) >= rules.MERCHANTS_PER_PERSON_MAX:
        raise MerchantsFull(merchants_max=rules.MERCHANTS_PER_PERSON_MAX)


async def refuse_taken_name(db: Db, name: str, *, besides: UUID | None = None) -> None:
    """Raises ShopNameTaken where a shop, or an application before this one, has the name."""
    m = merchants
    pending = select(m.c.id).where(m.c.shop_name == name, m.c.state == "pending", m.c.id.is_distinct_from(besides))
    taken = select(or_(pending.exists(), select(shops.c.id).where(shops.c.name == name).exists()))
    if await db.scalar(taken):
        raise ShopNameTaken(shop_name=name)
