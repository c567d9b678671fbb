"""The crew's bag and pitches."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, Page, PageQuery, Wire, auth
from kaibo.kernel.web.wire import Text
from kaibo.people.contracts import PersonId
from kaibo.stage.bag import lookup as bag
from kaibo.stage.bag.fill_bag import fill_bag
from kaibo.stage.bag.order_bag import order_bag
from kaibo.stage.bag.rules import BAG_ITEMS_MAX
from kaibo.stage.bag.take_out import take_out
from kaibo.stage.broadcasts.lookup import Broadcast, open_broadcast
from kaibo.stage.contracts import BroadcastOver
from kaibo.stage.http.console import held
from kaibo.stage.pitches.end_pitch import end_pitch
from kaibo.stage.pitches.start_pitch import start_pitch
from kaibo.stage.rooms.lookup import room
from kaibo.stage.wire import BagWire, NamedWire, PickableWire, PitchWire

router = APIRouter(tags=["stage"])

SELLS = ("host", "cohost", "runner")
QUERY_CHARS_MAX = 60


class FillBody(Wire):
    product_ids: Annotated[list[Id], Field(min_length=1, max_length=BAG_ITEMS_MAX)]


class OrderBody(Wire):
    item_ids: Annotated[list[Id], Field(max_length=BAG_ITEMS_MAX * 2)]


class PitchBody(Wire):
    item_id: Id


async def _bag(db: Db, on: Broadcast) -> BagWire:
    return BagWire(items=await bag.shown(db, on.id))


def _require_open(on: Broadcast) -> Broadcast:
    if on.state == "ended":
        raise BroadcastOver()
    return on


@router.get("/api/broadcasts/{broadcast_id}/bag", dependencies=[auth.checked_in_handler, auth.scope("room:read")])
async def show_bag(broadcast_id: Id, db: DbDep, caller: CallerDep) -> BagWire:
    return await _bag(db, await held(db, broadcast_id, caller, lock=False))


@router.post(
    "/api/broadcasts/{broadcast_id}/bag",
    status_code=201,
    dependencies=[auth.checked_in_handler, auth.scope("room:write")],
)
async def add_to_bag(broadcast_id: Id, body: FillBody, db: DbDep, caller: CallerDep, idem: Idempotent) -> BagWire:
    """All of the products or none; they must be approved."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return BagWire.model_validate(seen.response)
        on = _require_open(await held(db, broadcast_id, caller, *SELLS))
        await fill_bag(db, on, body.product_ids, caller.id)
        return seen.keep(await _bag(db, on))


@router.put(
    "/api/broadcasts/{broadcast_id}/bag/order", dependencies=[auth.checked_in_handler, auth.scope("room:write")]
)
async def sort_bag(broadcast_id: Id, body: OrderBody, db: DbDep, caller: CallerDep) -> BagWire:
    """The whole list in its new order; refused where it is not exactly what is in the bag."""
    on = _require_open(await held(db, broadcast_id, caller, *SELLS))
    await order_bag(db, on, body.item_ids)
    return await _bag(db, on)


@router.delete(
    "/api/broadcasts/{broadcast_id}/bag/{item_id}",
    status_code=204,
    dependencies=[auth.checked_in_handler, auth.scope("room:write")],
)
async def remove_from_bag(broadcast_id: Id, item_id: Id, db: DbDep, caller: CallerDep) -> None:
    await take_out(db, _require_open(await held(db, broadcast_id, caller, *SELLS)), item_id)


@router.get("/api/rooms/{room_id}/pickable", dependencies=[auth.room_crew(), auth.scope("room:read")])
async def pickable(
    room_id: Id, db: DbDep, page: PageQuery, q: Annotated[Text, Field(max_length=QUERY_CHARS_MAX)] = ""
) -> Page[PickableWire]:
    """Approved products with what the host would earn on each; somebody else's exclusive ones are marked."""
    found = await goods.search_cards(db, q, page)
    host_id = PersonId((await room(db, room_id)).host_id)
    terms = await goods.commission_terms(
        db, creator_id=host_id, product_ids=[card.id for card in found.items], at=clock.now()
    )
    on = await open_broadcast(db, room_id)
    there = {i.product_id for i in await bag.items(db, on.id)} if on else set()
    return Page(
        items=[
            PickableWire(
                id=card.id,
                title=card.title,
                picture_url=card.picture_url,
                price_fen_min=card.price_fen_min,
                price_fen_max=card.price_fen_max,
                shop=NamedWire(id=card.shop_id, name=card.shop_name),
                service_tags=list(card.service_tags),
                sold_count=card.sold_count,
                stock_state=card.stock_state,
                commission_bps=terms[card.id].commission_bps,
                keep_fen=goods.earns(card.price_fen_min, terms[card.id].commission_bps, terms[card.id].agency_bps),
                may_sell=terms[card.id].may_sell,
                in_bag=card.id in there,
            )
            for card in found.items
        ],
        next_cursor=found.next_cursor,
    )


@router.post(
    "/api/broadcasts/{broadcast_id}/pitches",
    status_code=201,
    dependencies=[auth.checked_in_handler, auth.scope("room:write")],
)
async def pitch_item(broadcast_id: Id, body: PitchBody, db: DbDep, caller: CallerDep, idem: Idempotent) -> PitchWire:
    """Start a pitch; the running one ends."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return PitchWire.model_validate(seen.response)
        on = await held(db, broadcast_id, caller, *SELLS)
        return seen.keep((await start_pitch(db, on, body.item_id, caller.id)).wire())


@router.post(
    "/api/broadcasts/{broadcast_id}/pitches/end",
    status_code=204,
    dependencies=[auth.checked_in_handler, auth.scope("room:write")],
)
async def stop_pitch(broadcast_id: Id, db: DbDep, caller: CallerDep) -> None:
    await end_pitch(db, await held(db, broadcast_id, caller, *SELLS))
