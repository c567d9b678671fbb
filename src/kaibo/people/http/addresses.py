"""One's own delivery addresses."""

from __future__ import annotations

from fastapi import APIRouter

from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, auth, limited
from kaibo.people.addresses.keep import AddressChange, add_address, change_address, remove_address
from kaibo.people.addresses.lookup import addresses_of
from kaibo.people.addresses.parse import parse_address
from kaibo.people.wire import Address, AddressBody, Addresses, AddressPatch, ParsedAddress, PastedAddress

router = APIRouter()


@router.get("/api/addresses", dependencies=[auth.signed_in])
async def list_addresses(db: DbDep, caller: CallerDep) -> Addresses:
    """All of them (at most 20), the default one first."""
    return Addresses(items=[Address.of(view) for view in await addresses_of(db, caller.id)])


@router.post("/api/addresses", status_code=201, dependencies=[auth.signed_in])
async def create_address(body: AddressBody, db: DbDep, caller: CallerDep, idem: Idempotent) -> Address:
    """Add an address; the first becomes the default."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return Address.model_validate(seen.response)
        view = await add_address(db, caller.id, AddressChange(**body.model_dump()))
        return seen.keep(Address.of(view))


@router.post("/api/addresses/parse", dependencies=[auth.signed_in, limited("60/minute")])
async def parse_pasted_address(body: PastedAddress) -> ParsedAddress:
    """Read name, phone and address out of pasted text, in any order; null for what was not found."""
    found = parse_address(body.text)
    return ParsedAddress(
        name=found.name,
        phone=found.phone,
        province=found.province,
        city=found.city,
        district=found.district,
        detail=found.detail,
    )


@router.patch("/api/addresses/{address_id}", dependencies=[auth.signed_in])
async def patch_address(address_id: Id, body: AddressPatch, db: DbDep, caller: CallerDep) -> Address:
    """Change the members that are sent."""
    return Address.of(await change_address(db, caller.id, address_id, AddressChange(**body.model_dump())))


@router.delete("/api/addresses/{address_id}", status_code=204, dependencies=[auth.signed_in])
async def delete_address(address_id: Id, db: DbDep, caller: CallerDep) -> None:
    """Remove an address; orders placed with it keep their own copy."""
    await remove_address(db, caller.id, address_id)
