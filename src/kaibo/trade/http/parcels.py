"""Parcels: a shop ships and watches them, a buyer follows them, the carrier service pushes their news."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from kaibo.kernel import clock
from kaibo.kernel.web import (
    CallerDep,
    DbDep,
    Id,
    Idempotent,
    Page,
    PageQuery,
    State,
    StateDep,
    auth,
)
from kaibo.kernel.web.wire import Text
from kaibo.trade.contracts import LineId
from kaibo.trade.http.after_commit import AfterCommit
from kaibo.trade.http.present import present_order
from kaibo.trade.http.present_parcels import present_row, present_traces
from kaibo.trade.orders.lookup import find_order, require_buyer, require_shop
from kaibo.trade.shipping.carriers import CARRIERS, name
from kaibo.trade.shipping.correct import correct_parcel
from kaibo.trade.shipping.hear import hear_push
from kaibo.trade.shipping.lookup import WhichParcels, count_parcels, list_parcels, parcels_of_order
from kaibo.trade.shipping.model import ParcelState
from kaibo.trade.shipping.ship import ship_parcel
from kaibo.trade.shipping.wire import (
    Carriers,
    CarrierWire,
    ParcelCountsWire,
    ParcelIn,
    ShipIn,
    ShopParcelWire,
    TracedParcels,
)
from kaibo.trade.shipping.wiring import PUSH_PATH
from kaibo.trade.wire import OrderWire

router = APIRouter(tags=["parcels"])

States = Annotated[list[ParcelState], Query(max_length=len(ParcelState))]
Words = Annotated[Text, Query(max_length=60)]
ORDER = "/api/shops/{shop_id}/orders/{order_id}"


@router.get("/api/carriers", dependencies=[auth.public])
async def carriers(caller: CallerDep) -> Carriers:
    return Carriers(items=[CarrierWire(key=key, name=name(key, caller.locale)) for key in CARRIERS])


@router.post(ORDER + "/ship", dependencies=[auth.shop_staff, auth.scope("orders:write")])
async def ship(shop_id: Id, order_id: Id, body: ShipIn, db: DbDep, caller: CallerDep, idem: Idempotent) -> OrderWire:
    """Everything that is left goes into one parcel."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return OrderWire.model_validate(seen.response)
        order, _ = await ship_parcel(db, order_id, shop_id=shop_id, by=caller.id, **dict(body))
        return seen.keep(await present_order(db, order, "shop", caller))


@router.post(ORDER + "/parcels", status_code=201, dependencies=[auth.shop_staff, auth.scope("orders:write")])
async def add_parcel(
    shop_id: Id, order_id: Id, body: ParcelIn, db: DbDep, caller: CallerDep, idem: Idempotent
) -> OrderWire:
    """One more parcel, with these pieces. The order has been shipped when nothing is left."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return OrderWire.model_validate(seen.response)
        lines = None if body.lines is None else [(LineId(line.line_id), line.quantity) for line in body.lines]
        order, _ = await ship_parcel(
            db,
            order_id,
            shop_id=shop_id,
            by=caller.id,
            carrier=body.carrier,
            tracking_number=body.tracking_number,
            lines=lines,
        )
        return seen.keep(await present_order(db, order, "shop", caller))


@router.get(ORDER + "/parcels", dependencies=[auth.shop_staff, auth.scope("orders:read")])
async def shop_traces(shop_id: Id, order_id: Id, db: DbDep, caller: CallerDep) -> TracedParcels:
    """Every parcel with its trace and its corrections."""
    require_shop(await find_order(db, order_id), shop_id)
    return await present_traces(db, await parcels_of_order(db, order_id), "shop", caller.locale)


@router.post(ORDER + "/parcels/{parcel_id}/correct", dependencies=[auth.shop_staff, auth.scope("orders:write")])
async def correct_order_parcel(
    shop_id: Id, order_id: Id, parcel_id: Id, body: ShipIn, db: DbDep, caller: CallerDep
) -> OrderWire:
    """Mend a wrong tracking number, within 24 hours and three times at most. Repeating it changes nothing."""
    order, _ = await correct_parcel(db, order_id, parcel_id, shop_id=shop_id, by=caller.id, **dict(body))
    return await present_order(db, order, "shop", caller)


@router.get("/api/shops/{shop_id}/parcels", dependencies=[auth.shop_staff, auth.scope("orders:read")])
async def list_shop_parcels(
    shop_id: Id,
    db: DbDep,
    caller: CallerDep,
    page: PageQuery,
    state: States = [],  # noqa: B006
    quiet_hours: Annotated[Literal["24", "48"] | None, Query()] = None,
    q: Words = "",
) -> Page[ShopParcelWire]:
    """Newest first. `quiet_hours` keeps parcels under way that have not moved for as long; `q`: a tracking number or the
    beginning of an order number."""
    now = clock.now()
    since = None if quiet_hours is None else now - timedelta(hours=int(quiet_hours))
    which = WhichParcels(shop_id, tuple(state), since, q)
    rows = await list_parcels(db, which, before=page.uuid(0), limit=page.limit + 1)
    shown = rows[: page.limit]
    return Page[ShopParcelWire](
        items=[present_row(row, caller.locale, now) for row in shown],
        next_cursor=page.next(rows, lambda row: str(row.parcel.id)),
    )


@router.get("/api/shops/{shop_id}/parcels/counts", dependencies=[auth.shop_staff, auth.scope("orders:read")])
async def count_shop_parcels(shop_id: Id, db: DbDep) -> ParcelCountsWire:
    """Of the parcels under way."""
    found = await count_parcels(db, shop_id, clock.now())
    return ParcelCountsWire(
        travelling=found.travelling, exception=found.exception, quiet_24h=found.quiet[24], quiet_48h=found.quiet[48]
    )


@router.get("/api/orders/{order_id}/parcels", dependencies=[auth.signed_in])
async def my_traces(order_id: Id, db: DbDep, caller: CallerDep) -> TracedParcels:
    """The buyer's parcels with their traces, newest step first."""
    require_buyer(await find_order(db, order_id), caller.id)
    return await present_traces(db, await parcels_of_order(db, order_id), "buyer", caller.locale)


@router.post(PUSH_PATH, dependencies=[auth.machine], include_in_schema=False)
async def push(request: Request, state: StateDep) -> Response:
    """Verified by its signature and by nothing else; the answer is Kuaidi100's {result, returnCode, message}."""
    return AfterCommit(partial(_heard, state, await request.body()))


async def _heard(state: State, body: bytes) -> Response:
    answer = await hear_push(state.database, state.limiter, body)
    return JSONResponse(answer.body, answer.status)
