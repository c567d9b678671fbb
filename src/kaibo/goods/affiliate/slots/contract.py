"""A slot contract from the proposal to its end. Money is trade's, pitches are the stage's: both hear events and report here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from kaibo.goods.affiliate.slots import rules
from kaibo.goods.affiliate.slots.tables import slot_contracts, slot_items
from kaibo.goods.catalog.lookup import product
from kaibo.goods.contracts.slots import (
    SlotDue,
    SlotMeasured,
    SlotMissing,
    SlotReleased,
    SlotSigned,
    SlotState,
    SlotStepNotAllowed,
)
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.outbox import publish
from kaibo.kernel.timers import cancel_timer, set_timer
from kaibo.people import facade as people
from kaibo.people.contracts import PersonId, ShopId
from kaibo.people.contracts.agencies import RealnameNeeded

DUE = "goods.slot.due"


@dataclass(frozen=True)
class Terms:
    """What both sign. A minimum of 0 promises nothing."""

    title: str
    fee_fen: int
    starts_at: datetime
    ends_at: datetime
    pitch_minutes_min: int
    gmv_fen_min: int


@dataclass(frozen=True)
class SlotContract:
    id: UUID
    shop_id: ShopId
    creator_id: PersonId
    title: str
    fee_fen: int
    starts_at: datetime
    ends_at: datetime
    pitch_minutes_min: int
    gmv_fen_min: int
    terms_sha256: str
    state: SlotState
    shop_signed_by: PersonId
    shop_signed_at: datetime
    creator_signed_at: datetime | None
    ended_by: PersonId | None
    pitch_seconds: int | None
    gmv_fen: int | None
    earned_fen: int | None
    settled_at: datetime | None
    changed_at: datetime


async def contract(db: Db, contract_id: UUID, *, lock: bool = False) -> SlotContract:
    """Raises SlotMissing."""
    query = select(slot_contracts).where(slot_contracts.c.id == contract_id)
    row = (await db.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        raise SlotMissing(id=str(contract_id))
    return SlotContract(**row._mapping)


async def contracts_of(
    db: Db, *, shop_id: UUID | None = None, creator_id: UUID | None = None, before: UUID | None, limit: int
) -> list[SlotContract]:
    """A shop's or a creator's contracts, newest first."""
    t = slot_contracts
    query = select(t).order_by(t.c.id.desc()).limit(limit)
    query = query.where(t.c.shop_id == shop_id) if shop_id else query.where(t.c.creator_id == creator_id)
    return [SlotContract(**r._mapping) for r in await db.execute(query.where(t.c.id < before) if before else query)]


async def products_of(db: Db, contract_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {}
    for row in await db.execute(select(slot_items).where(slot_items.c.contract_id.in_(contract_ids))):
        found.setdefault(row.contract_id, []).append(row.product_id)
    return found


async def propose_slot(
    db: Db, shop_id: UUID, creator_id: UUID, terms: Terms, product_ids: Sequence[UUID], *, by: UUID
) -> SlotContract:
    """Write the contract and sign it for the shop. Raises SlotTimesInvalid, ProductMissing."""
    now = clock.now()
    rules.check_times(terms.starts_at, terms.ends_at, now)
    wanted = list(dict.fromkeys(product_ids))
    for product_id in wanted:
        await product(db, product_id, shop_id=shop_id)
    contract_id = new_id()
    await db.execute(
        slot_contracts.insert().values(
            id=contract_id,
            shop_id=shop_id,
            creator_id=creator_id,
            **vars(terms),
            terms_sha256=rules.fingerprint({**vars(terms), "shop": shop_id, "creator": creator_id}, wanted),
            state="proposed",
            shop_signed_by=by,
            shop_signed_at=now,
            changed_at=now,
        )
    )
    await db.execute(slot_items.insert(), [{"contract_id": contract_id, "product_id": p} for p in wanted])
    await set_timer(db, kind=DUE, key=str(contract_id), due_at=terms.starts_at)
    return await contract(db, contract_id)


async def answer_slot(db: Db, creator_id: UUID, contract_id: UUID, *, sign: bool) -> SlotContract:
    """The creator signs, which has the fee held, or declines. Raises SlotMissing, SlotStepNotAllowed, RealnameNeeded."""
    found = await _mine(db, contract_id, creator_id=creator_id)
    if not sign:
        return await _move(db, found, "decline", ended_by=creator_id)
    if await people.realname_state(db, creator_id) != "verified":
        raise RealnameNeeded()
    signed = await _move(db, found, "sign", creator_signed_at=clock.now())
    await publish(db, SlotSigned(**_about(signed)))
    return signed


async def fund_slot(db: Db, shop_id: UUID, contract_id: UUID) -> SlotContract:
    """There was too little to hold; try again. Raises SlotMissing, SlotStepNotAllowed."""
    tried = await _move(db, await _mine(db, contract_id, shop_id=shop_id), "retry")
    await publish(db, SlotSigned(**_about(tried)))
    return tried


async def end_slot(
    db: Db, contract_id: UUID, *, by: UUID, shop_id: UUID | None = None, creator_id: UUID | None = None
) -> SlotContract:
    """Take the proposal back (the shop), or step back before it begins (either). The fee is released in full.

    Raises SlotMissing, SlotStepNotAllowed.
    """
    found = await _mine(db, contract_id, shop_id=shop_id, creator_id=creator_id)
    if found.state == "proposed" and shop_id is not None:
        return await _move(db, found, "withdraw", ended_by=by)
    if not rules.may_cancel(found.state, found.starts_at, clock.now()):
        raise SlotStepNotAllowed(state=found.state, step="cancel")
    ended = await _move(db, found, "cancel", ended_by=by)
    await publish(db, SlotReleased(**_about(ended)))
    return ended


async def note_slot_funding(db: Db, contract_id: UUID, *, covered: bool) -> bool:
    """Trade has held the fee, or found too little. False where the contract is no longer waiting for it."""
    found = await contract(db, contract_id, lock=True)
    if found.state != "signed":
        return False
    await _move(db, found, "hold" if covered else "fail")
    return True


async def report_pitch_seconds(db: Db, contract_id: UUID, seconds: int) -> None:
    """The stage has measured the pitches. Reporting again changes nothing."""
    found = await contract(db, contract_id, lock=True)
    if found.state != "measuring" or found.pitch_seconds is not None:
        return
    await _write(db, contract_id, pitch_seconds=seconds)
    await publish(db, SlotMeasured(**await _scope(db, found), pitch_seconds=seconds))


async def close_slot(db: Db, contract_id: UUID, *, gmv_fen: int) -> int | None:
    """Trade has measured the sales: how much of the fee was earned, in fen. None where the contract was closed before."""
    found = await contract(db, contract_id, lock=True)
    if found.state != "measuring" or found.pitch_seconds is None:
        return None
    earned = rules.earned(
        found.fee_fen,
        pitch_seconds=found.pitch_seconds,
        pitch_minutes_min=found.pitch_minutes_min,
        gmv_fen=gmv_fen,
        gmv_fen_min=found.gmv_fen_min,
    )
    await _move(db, found, "settle", gmv_fen=gmv_fen, earned_fen=earned, settled_at=clock.now())
    return earned


async def slot_due(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """The timer, twice: when it begins (what is not signed and held lapses) and when it is to be measured."""
    found, now = await contract(db, UUID(key), lock=True), clock.now()
    if found.state in {"proposed", "signed", "unfunded"}:
        lapsed = await _move(db, found, "lapse")
        await publish(db, SlotReleased(**_about(lapsed)))
    elif found.state == "held" and now >= found.ends_at + rules.MEASURE_AFTER:
        await _move(db, found, "measure")
        await publish(db, SlotDue(**await _scope(db, found)))
    elif found.state == "held":
        await set_timer(db, kind=DUE, key=key, due_at=found.ends_at + rules.MEASURE_AFTER)


async def _mine(
    db: Db, contract_id: UUID, *, shop_id: UUID | None = None, creator_id: UUID | None = None
) -> SlotContract:
    found = await contract(db, contract_id, lock=True)
    if (shop_id or found.shop_id) != found.shop_id or (creator_id or found.creator_id) != found.creator_id:
        raise SlotMissing(id=str(contract_id))
    return found


async def _move(db: Db, found: SlotContract, step: str, **values: Any) -> SlotContract:
    state = rules.after(found.state, step)
    await _write(db, found.id, state=state, **values)
    if state not in rules.TRANSITIONS:
        await cancel_timer(db, kind=DUE, key=str(found.id))
    return await contract(db, found.id)


async def _write(db: Db, contract_id: UUID, **values: Any) -> None:
    t = slot_contracts
    await db.execute(update(t).where(t.c.id == contract_id).values(**values, changed_at=clock.now()))


def _about(found: SlotContract) -> dict[str, Any]:
    about = {"contract_id": found.id, "shop_id": found.shop_id, "creator_id": found.creator_id}
    return {**about, "fee_fen": found.fee_fen}


async def _scope(db: Db, found: SlotContract) -> dict[str, Any]:
    """What is to be measured, and when."""
    products = (await products_of(db, [found.id]))[found.id]
    return {**_about(found), "product_ids": products, "starts_at": found.starts_at, "ends_at": found.ends_at}
