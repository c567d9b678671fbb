"""Quote and place. Placing has a thin entry (thin_place.py); the route here documents it and answers whatever is not plain."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request, Response

from kaibo.goods import facade as goods
from kaibo.goods.contracts import SkuId
from kaibo.kernel.errors import Refused
from kaibo.kernel.i18n import Locale
from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, State, StateDep, auth, limited
from kaibo.people import facade as people
from kaibo.people.contracts import PersonId
from kaibo.people.contracts.buyers import BuyerView
from kaibo.trade.contracts import Source
from kaibo.trade.http.after_commit import AfterCommit
from kaibo.trade.http.present_checkout import checkout_of, placed_json
from kaibo.trade.http.present_quote import quote_wire
from kaibo.trade.orders import rules
from kaibo.trade.orders.asked_prices import room_of
from kaibo.trade.orders.lookup import checkout_orders, require_buyer
from kaibo.trade.orders.model import Wanted, WantedLine
from kaibo.trade.orders.place import Placed
from kaibo.trade.orders.till import Arrival, Served, Till
from kaibo.trade.pricing.price import price_quote
from kaibo.trade.wire import BroadcastSource, CheckoutWire, PlaceIn, Quote, QuoteIn, QuoteLine, ShowcaseSource, SourceIn

router = APIRouter(tags=["orders"])


@router.post("/api/orders/quote", dependencies=[auth.public, limited("240/minute")])
async def quote(body: QuoteIn, db: DbDep, caller: CallerDep) -> Quote:
    """What these lines cost now, and why. Nothing is held. Freight is the dearest one among the products, once a shop.

    Without `coupon_ids` the best choice among the buyer's coupons is made for them; an empty list is none. What is placed names
    the coupons in `coupons_used`. `source` is where the buyer is: a room may have prices of its own.
    `use_points` lets the buyer's points pay what they may; what is placed names `points.usable` then.
    """
    room_id = None if body.source is None else await room_of(db, source_of(body.source))
    shelf = await goods.quote(db, [(line.sku_id, line.quantity) for line in body.lines])
    quoted = [goods.in_room(line, room_id) for line in shelf]
    rules.check_sold(quoted)
    if body.address_id is not None:
        await people.address_of(db, caller.id, body.address_id)
    priced, points = await price_quote(
        db, caller.person_id, quoted, coupon_ids=body.coupon_ids, use_points=body.use_points
    )
    rules.check_total(priced.total_fen)
    lines = [
        QuoteLine(
            sku_id=line.sku_id,
            product_id=line.product_id,
            title=line.title,
            sku_name=line.sku_name,
            picture_url=line.picture_url,
            unit_price_fen=line.unit_price_fen,
            quantity=line.quantity,
            line_fen=line.unit_price_fen * line.quantity,
        )
        for line in quoted
    ]
    shops = await people.shop_view(db, {order.shop_id for order in priced.orders})
    names = {shop_id: shop.name for shop_id, shop in shops.items()}
    return quote_wire(lines, priced, points, names, caller.locale)


@router.post("/api/orders", status_code=201, response_model=CheckoutWire, dependencies=[auth.signed_in])
async def place(body: PlaceIn, request: Request, caller: CallerDep, state: StateDep, idem: Idempotent) -> Response:
    """One checkout: an order for each shop, all or nothing, one payment. The stock is held until `pay_before`.

    At most 60 a minute by one person. 429 `trade.till_full` when more are ordering at this moment than can wait.
    """
    buyer = BuyerView(PersonId(caller.id), caller.nickname, caller.locale)
    # After the commit: who waits at the till must not hold a connection of those who are served.
    return AfterCommit(partial(_placed, state, Arrival(wanted_of(body), idem.require(), buyer=buyer), caller.locale))


async def _placed(state: State, arrival: Arrival, locale: Locale) -> Response:
    served = await state.parts[Till].place(arrival)
    if isinstance(served.outcome, Refused):
        raise served.outcome
    return Response(await answer_of(state, served, locale), 201, media_type="application/json")


async def answer_of(state: State, served: Served, locale: Locale) -> bytes:
    """The checkout as JSON, for one who was not refused."""
    assert not isinstance(served.outcome, Refused)
    if isinstance(served.outcome, Placed):
        return placed_json(served.outcome, locale)
    async with state.database.transaction() as db:
        found = await checkout_orders(db, served.outcome.checkout_id)
        return (await checkout_of(db, found, locale)).model_dump_json().encode()


@router.get("/api/checkouts/{checkout_id}", dependencies=[auth.signed_in])
async def checkout(checkout_id: Id, db: DbDep, caller: CallerDep) -> CheckoutWire:
    """What was confirmed at once and is paid at once."""
    found = [require_buyer(order, caller.id) for order in await checkout_orders(db, checkout_id)]
    return await checkout_of(db, found, caller.locale)


def wanted_of(body: PlaceIn) -> Wanted:
    return Wanted(
        lines=tuple(WantedLine(SkuId(line.sku_id), line.quantity, line.unit_price_fen) for line in body.lines),
        address_id=body.address_id,
        source=source_of(body.source),
        note=body.note,
        coupon_ids=tuple(body.coupon_ids),
        points=body.points,
    )


def source_of(source: SourceIn) -> Source:
    if isinstance(source, BroadcastSource | ShowcaseSource):
        return Source(source.kind, source.id, source.item)
    return Source("shelf")
