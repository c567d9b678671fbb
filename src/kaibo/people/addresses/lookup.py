"""Reads of addresses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from kaibo.kernel.db import Db, among
from kaibo.people.accounts.rules import mask_phone
from kaibo.people.addresses.tables import addresses
from kaibo.people.contracts import AddressId, AddressMissing, AddressView, PersonId


def view(row: Any) -> AddressView:
    return AddressView(
        id=AddressId(row.id),
        name=row.name,
        phone=row.phone,
        phone_masked=mask_phone(row.phone),
        province=row.province,
        city=row.city,
        district=row.district,
        detail=row.detail,
        is_default=row.is_default,
    )


async def address_of(db: Db, person_id: UUID, address_id: UUID) -> AddressView:
    """Raises AddressMissing, also for somebody else's address: whether it exists is none of the caller's business."""
    found = select(addresses).where(addresses.c.id == address_id, addresses.c.person_id == person_id)
    row = (await db.execute(found)).first()
    if row is None:
        raise AddressMissing(id=str(address_id))
    return view(row)


async def addresses_of(db: Db, person_id: UUID) -> list[AddressView]:
    """All of a person's addresses, the default one first, then the newest."""
    rows = await db.execute(
        select(addresses)
        .where(addresses.c.person_id == person_id)
        .order_by(addresses.c.is_default.desc(), addresses.c.id.desc())
    )
    return [view(row) for row in rows]


async def parcel_labels(db: Db, address_ids: Iterable[UUID]) -> dict[tuple[PersonId, AddressId], dict[str, str]]:
    """What is written on parcels, many persons' in one statement, by whose and which: somebody else's address is not found
    under your id. Members: name, phone, phone_masked, province, city, district, detail.
    """
    a = addresses.c
    columns = (a.person_id, a.id, a.name, a.phone, a.province, a.city, a.district, a.detail)
    rows = await db.execute(select(*columns).where(among(a.id, address_ids)))
    return {
        (person_id, address_id): {
            "name": name,
            "phone": phone,
            "phone_masked": mask_phone(phone),
            "province": province,
            "city": city,
            "district": district,
            "detail": detail,
        }
        for person_id, address_id, name, phone, province, city, district, detail in rows
    }
