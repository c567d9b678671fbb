"""Prices for a period: set and stopped by merchants; their record is open to the merchant and to the platform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from kaibo.goods.catalog.lookup import product
from kaibo.goods.catalog.model import Product
from kaibo.goods.contracts.windows import WindowState
from kaibo.goods.windows import rules
from kaibo.goods.windows.lookup import Window, price_history, sold_at, windows_of_shop
from kaibo.goods.windows.rooms import room_names, rooms_selling
from kaibo.goods.windows.set_windows import set_windows, stop_window
from kaibo.goods.windows.traded import trades_before
from kaibo.goods.windows.wire import (
    PriceEntryWire,
    PriceRecord,
    PriceRooms,
    RoomNameWire,
    StruckBasis,
    Windows,
    WindowsIn,
    WindowWire,
)
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, Page, PageQuery, auth

router = APIRouter(tags=["price windows"])

CALENDAR_MAX = 1_000


@router.get("/api/shops/{shop_id}/price-windows", dependencies=[auth.shop_staff, auth.scope("products:read")])
async def list_price_windows(
    shop_id: Id, db: DbDep, page: PageQuery, state: WindowState | None = None
) -> Page[WindowWire]:
    """The shop's windows, newest first."""
    found = await windows_of_shop(db, shop_id, clock.now(), state=state, before=page.uuid(0), limit=page.limit + 1)
    items = await _wires(db, found[: page.limit])
    return Page(items=items, next_cursor=page.next(found))


@router.get("/api/shops/{shop_id}/price-calendar", dependencies=[auth.shop_staff, auth.scope("products:read")])
async def price_calendar(
    shop_id: Id,
    db: DbDep,
    since: Annotated[AwareDatetime, Query(description="From this moment,")],
    until: Annotated[AwareDatetime, Query(description="to before this one.")],
) -> Windows:
    """The windows that touch a period, the latest CALENDAR_MAX."""
    found = await windows_of_shop(db, shop_id, clock.now(), state=None, between=(since, until), limit=CALENDAR_MAX)
    return Windows(items=await _wires(db, found))


@router.get("/api/shops/{shop_id}/price-rooms", dependencies=[auth.shop_staff, auth.scope("products:read")])
async def list_price_rooms(shop_id: Id, db: DbDep) -> PriceRooms:
    """The rooms that have the shop's goods in the bag: where a price of the room makes sense."""
    return PriceRooms(items=[RoomNameWire(id=room.id, name=room.name) for room in await rooms_selling(db, shop_id)])


@router.post(
    "/api/shops/{shop_id}/price-windows",
    status_code=201,
    dependencies=[auth.shop_staff, auth.scope("products:write")],
)
async def set_price_windows(shop_id: Id, body: WindowsIn, db: DbDep, caller: CallerDep, idem: Idempotent) -> Windows:
    """All of the lines or none. What is set stays as it is; it can only be stopped."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return Windows.model_validate(seen.response)
        made = await set_windows(db, shop_id, body.campaign(), body.window_lines(), actor_id=caller.id)
        return seen.keep(Windows(items=await _wires(db, made)))


@router.post(
    "/api/shops/{shop_id}/price-windows/{window_id}/stop",
    dependencies=[auth.shop_staff, auth.scope("products:write")],
)
async def stop_price_window(shop_id: Id, window_id: Id, db: DbDep, caller: CallerDep) -> WindowWire:
    """It counts no longer, from now on; what was ordered at its price stays."""
    return (await _wires(db, [await stop_window(db, shop_id, window_id, actor_id=caller.id)]))[0]


@router.get(
    "/api/shops/{shop_id}/products/{product_id}/prices",
    dependencies=[auth.shop_staff, auth.scope("products:read")],
)
async def shop_price_record(shop_id: Id, product_id: Id, db: DbDep) -> PriceRecord:
    """What may stand struck beside a price that is set now, and the record of all prices."""
    return await _record(db, await product(db, product_id, shop_id=shop_id))


@router.get(
    "/api/operator/products/{product_id}/prices",
    dependencies=[auth.platform("operator", "reviewer"), auth.scope("platform:read")],
)
async def product_price_record(product_id: Id, db: DbDep) -> PriceRecord:
    """The same for the platform, of any shop's product."""
    return await _record(db, await product(db, product_id))


async def _record(db: Db, found: Product) -> PriceRecord:
    trades = await trades_before(db, [sku.id for sku in found.skus], clock.now())
    basis = [
        StruckBasis(
            sku_id=sku.id,
            sku_name=sku.name,
            price_fen=sku.price_fen,
            traded_7d_lowest_fen=trades[sku.id].lowest_fen,
            traded_last_fen=trades[sku.id].last_fen,
            struck_fen_max=rules.struck_fen_max(trades[sku.id]),
        )
        for sku in found.skus
    ]
    entries = [PriceEntryWire.of(one) for one in await price_history(db, found.id)]
    return PriceRecord(product_id=found.id, product_title=found.title, basis=basis, entries=entries)


async def _wires(db: Db, found: Sequence[Window]) -> list[WindowWire]:
    rooms: dict[UUID, str] = await room_names(db, {one.room_id for one in found if one.room_id is not None})
    sold, now = await sold_at(db, [one.id for one in found]), clock.now()
    return [WindowWire.of(one, now, rooms, sold) for one in found]
