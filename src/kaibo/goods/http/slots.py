"""Slot fee contracts, from both sides."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from kaibo.goods.affiliate.invite import creator_named
from kaibo.goods.affiliate.slots import rules
from kaibo.goods.affiliate.slots.contract import (
    SlotContract,
    Terms,
    answer_slot,
    contracts_of,
    end_slot,
    fund_slot,
    products_of,
    propose_slot,
)
from kaibo.goods.affiliate.slots.wire import SlotAnswer, SlotBody, SlotWire
from kaibo.goods.contracts import ProductId
from kaibo.goods.shelf.cards import product_cards
from kaibo.goods.wire import ProductCardWire
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.web import CallerDep, Cursor, DbDep, Id, Idempotent, Page, PageQuery, auth, limited
from kaibo.people import facade as people

router = APIRouter(tags=["affiliate"])


@router.get("/api/shops/{shop_id}/slot-contracts", dependencies=[auth.shop_staff, auth.scope("affiliate:read")])
async def list_shop_slots(shop_id: Id, db: DbDep, page: PageQuery) -> Page[SlotWire]:
    """The shop's contracts, newest first."""
    found = await contracts_of(db, shop_id=shop_id, before=page.uuid(0), limit=page.limit + 1)
    return await _page(db, found, page)


@router.post(
    "/api/shops/{shop_id}/slot-contracts",
    status_code=201,
    dependencies=[auth.shop_staff, limited("60/minute")],
)
async def propose_slot_contract(
    shop_id: Id, body: SlotBody, db: DbDep, caller: CallerDep, idem: Idempotent
) -> SlotWire:
    """Write and sign for the shop; in force once the creator has signed and the fee is held."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return SlotWire.model_validate(seen.response)
        creator_id = await creator_named(db, phone=body.phone, creator_id=body.creator_id)
        terms = Terms(**body.model_dump(exclude={"phone", "creator_id", "product_ids"}))
        made = await propose_slot(db, shop_id, creator_id, terms, body.product_ids, by=caller.id)
        return seen.keep((await _wires(db, [made]))[0])


@router.post(
    "/api/shops/{shop_id}/slot-contracts/{contract_id}/fund",
    dependencies=[auth.shop_staff],
)
async def fund_slot_contract(shop_id: Id, contract_id: Id, db: DbDep) -> SlotWire:
    """There was too little to hold the fee; try again."""
    return (await _wires(db, [await fund_slot(db, shop_id, contract_id)]))[0]


@router.post(
    "/api/shops/{shop_id}/slot-contracts/{contract_id}/end",
    dependencies=[auth.shop_staff],
)
async def end_shop_slot(shop_id: Id, contract_id: Id, db: DbDep, caller: CallerDep) -> SlotWire:
    """Take the proposal back, or step back before it begins."""
    return (await _wires(db, [await end_slot(db, contract_id, by=caller.id, shop_id=shop_id)]))[0]


@router.get("/api/creators/me/contracts", dependencies=[auth.signed_in, auth.scope("affiliate:read")])
async def list_my_slots(db: DbDep, caller: CallerDep, page: PageQuery) -> Page[SlotWire]:
    """My contracts, newest first."""
    found = await contracts_of(db, creator_id=caller.id, before=page.uuid(0), limit=page.limit + 1)
    return await _page(db, found, page)


@router.post("/api/creators/me/contracts/{contract_id}", dependencies=[auth.signed_in])
async def answer_slot_contract(contract_id: Id, body: SlotAnswer, db: DbDep, caller: CallerDep) -> SlotWire:
    """Sign or decline."""
    return (await _wires(db, [await answer_slot(db, caller.id, contract_id, sign=body.sign)]))[0]


@router.post("/api/creators/me/contracts/{contract_id}/end", dependencies=[auth.signed_in])
async def end_my_slot(contract_id: Id, db: DbDep, caller: CallerDep) -> SlotWire:
    """Step back before it begins; the fee is released in full."""
    return (await _wires(db, [await end_slot(db, contract_id, by=caller.id, creator_id=caller.id)]))[0]


async def _page(db: Db, found: Sequence[SlotContract], page: Cursor) -> Page[SlotWire]:
    items = await _wires(db, found[: page.limit])
    return Page(items=items, next_cursor=page.next(found))


async def _wires(db: Db, found: Sequence[SlotContract]) -> list[SlotWire]:
    products = await products_of(db, [c.id for c in found])
    cards = await product_cards(db, {p for its in products.values() for p in its})
    shops = await people.shop_view(db, {c.shop_id for c in found})
    persons = await people.person_view(db, {p for c in found for p in (c.creator_id, c.shop_signed_by)})
    now = clock.now()
    return [
        SlotWire(
            **{k: v for k, v in vars(c).items() if k not in {"shop_signed_by", "ended_by", "changed_at"}},
            shop_name=shops[c.shop_id].name,
            creator_name=persons[c.creator_id].nickname,
            shop_signed_by=persons[c.shop_signed_by].nickname,
            may_cancel=rules.may_cancel(c.state, c.starts_at, now),
            products=[ProductCardWire.of(cards[ProductId(p)]) for p in products.get(c.id, []) if ProductId(p) in cards],
        )
        for c in found
    ]
