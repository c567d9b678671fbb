"""Add, change and remove an address. The person's row is locked first, so that there is one default at any time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from uuid import UUID

from sqlalchemy import delete, func, select, update

from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.people.accounts.rules import phone_number
from kaibo.people.accounts.tables import persons
from kaibo.people.addresses.divisions import full_city, full_province
from kaibo.people.addresses.lookup import address_of
from kaibo.people.addresses.tables import addresses
from kaibo.people.contracts import AddressesFull, AddressInvalid, AddressView, PhoneMalformed

ADDRESSES_PER_PERSON_MAX = 20


@dataclass(frozen=True)
class AddressChange:
    """The members to write; None leaves one as it is."""

    name: str | None = None
    phone: str | None = None
    province: str | None = None
    city: str | None = None
    district: str | None = None
    detail: str | None = None
    is_default: bool | None = None


async def add_address(db: Db, person_id: UUID, wanted: AddressChange) -> AddressView:
    """Raises AddressesFull, PhoneMalformed, AddressInvalid. A first address is the default whatever was asked."""
    await _lock(db, person_id)
    mine = addresses.c.person_id == person_id
    count: int = await db.scalar(select(func.count()).select_from(addresses).where(mine)) or 0
    if count >= ADDRESSES_PER_PERSON_MAX:
        raise AddressesFull(addresses_max=ADDRESSES_PER_PERSON_MAX)
    is_default = bool(wanted.is_default) or count == 0
    if is_default:
        await db.execute(update(addresses).where(mine).values(is_default=False))
    address_id = new_id()
    values = _checked(wanted, None) | {"is_default": is_default}
    await db.execute(addresses.insert().values(id=address_id, person_id=person_id, **values))
    return await address_of(db, person_id, address_id)


async def change_address(db: Db, person_id: UUID, address_id: UUID, wanted: AddressChange) -> AddressView:
    """Raises AddressMissing, PhoneMalformed, AddressInvalid. The default is moved, never just dropped."""
    await _lock(db, person_id)
    before = await address_of(db, person_id, address_id)
    values = _checked(wanted, before)
    if wanted.is_default and not before.is_default:
        await db.execute(update(addresses).where(addresses.c.person_id == person_id).values(is_default=False))
        values["is_default"] = True
    if values:
        await db.execute(update(addresses).where(addresses.c.id == address_id).values(**values))
    return await address_of(db, person_id, address_id)


async def remove_address(db: Db, person_id: UUID, address_id: UUID) -> None:
    """Raises AddressMissing. The newest other one becomes the default where the default goes."""
    await _lock(db, person_id)
    before = await address_of(db, person_id, address_id)
    await db.execute(delete(addresses).where(addresses.c.id == address_id))
    if before.is_default:
        newest = select(func.max(addresses.c.created_at)).where(addresses.c.person_id == person_id)
        heir = (
            select(addresses.c.id)
            .where(addresses.c.person_id == person_id, addresses.c.created_at == newest.scalar_subquery())
            .limit(1)
        )
        await db.execute(update(addresses).where(addresses.c.id == heir.scalar_subquery()).values(is_default=True))


async def _lock(db: Db, person_id: UUID) -> None:
    await db.execute(select(persons.c.id).where(persons.c.id == person_id).with_for_update())


def _checked(wanted: AddressChange, before: AddressView | None) -> dict[str, str | bool]:
    """The values to write, with phone, province and city in their canonical form."""
    values: dict[str, str | bool] = {
        f.name: value
        for f in fields(wanted)
        if f.name != "is_default" and (value := getattr(wanted, f.name)) is not None
    }
    if wanted.phone is not None:
        phone = phone_number(wanted.phone)
        if phone is None:
            raise PhoneMalformed()
        values["phone"] = phone
    if wanted.province is not None or wanted.city is not None:
        asked = wanted.province if wanted.province is not None else before.province if before else ""
        province = full_province(asked)
        if province is None:
            raise AddressInvalid(field="province", value=asked)
        asked = wanted.city if wanted.city is not None else before.city if before else ""
        city = full_city(province, asked)
        if city is None:
            raise AddressInvalid(field="city", value=asked)
        values |= {"province": province, "city": city}
    return values
