"""Who works in a shop. For people only: no token lets anybody in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import StringConstraints

from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, Instant, Wire, auth, limited
from kaibo.kernel.web.wire import Text
from kaibo.people.contracts import ShopRole
from kaibo.people.teams.shop_staff import GivenRole, ShopStaff, add_shop_staff, remove_shop_staff, shop_staff_of

router = APIRouter(tags=["shop staff"])


class ShopStaffBody(Wire):
    """`manager` may also let others in; only the owner makes managers."""

    phone: Annotated[Text, StringConstraints(min_length=1, max_length=24)]
    role: GivenRole = "staff"


class ShopStaffWire(Wire):
    person_id: Id
    nickname: str
    phone_masked: str
    role: ShopRole
    since: Instant


class ShopStaffList(Wire):
    items: list[ShopStaffWire]

    @classmethod
    def of(cls, found: list[ShopStaff]) -> ShopStaffList:
        return cls(items=[ShopStaffWire(**vars(one)) for one in found])


@router.get("/api/shops/{shop_id}/staff", dependencies=[auth.shop_staff])
async def list_shop_staff(shop_id: Id, db: DbDep) -> ShopStaffList:
    """Owner first."""
    return ShopStaffList.of(await shop_staff_of(db, shop_id))


@router.post("/api/shops/{shop_id}/staff", status_code=201, dependencies=[auth.shop_lead, limited("20/minute")])
async def add_shop_staff_member(
    shop_id: Id, body: ShopStaffBody, db: DbDep, caller: CallerDep, idem: Idempotent
) -> ShopStaffList:
    """Let a person in by their phone, or give a member another role."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return ShopStaffList.model_validate(seen.response)
        return seen.keep(ShopStaffList.of(await add_shop_staff(db, caller, shop_id, body.phone, body.role)))


@router.delete("/api/shops/{shop_id}/staff/{person_id}", status_code=204, dependencies=[auth.shop_lead])
async def remove_shop_staff_member(shop_id: Id, person_id: Id, db: DbDep, caller: CallerDep) -> None:
    """The owner cannot be removed."""
    await remove_shop_staff(db, caller, shop_id, person_id)
