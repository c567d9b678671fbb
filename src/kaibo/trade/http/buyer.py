"""What a buyer does: quote, place, pay, cancel, receive, refund."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from kaibo.goods import facade as goods
from kaibo.kernel import config
from kaibo.kernel.web import Caller, CallerDep, DbDep, Id, Idempotent, Page, PageQuery, State, StateDep, auth, limited
from kaibo.people import facade as people
from kaibo.trade.contracts import AlreadyPaid, BadReturnPath, OrderState, Source
from kaibo.trade.http.after_commit import AfterCommit, json_of
from kaibo.trade.http.present import present_order, present_page
from kaibo.trade.http.present_quote import quote_wire
from kaibo.trade.orders import rules
from kaibo.trade.orders.lookup import Which, counts, find_order, lock_order, require_buyer
from kaibo.trade.orders.model import Wanted, WantedLine
from kaibo.trade.orders.place import place_order
from kaibo.trade.orders.receive import receive_order
from kaibo.trade.payment.model import ChargeId
from kaibo.trade.payment.refund import refund_before_shipping
from kaibo.trade.payment.resolve import resolve_charge
from kaibo.trade.payment.start import ask_for_pay_url, start_charge
from kaibo.trade.payment.status import is_worth_asking, payment_status
from kaibo.trade.payment.withdraw import withdraw_order
from kaibo.trade.pricing.price import price
from kaibo.trade.wire import (
    BroadcastSource,
    ChargeRef,
    OrderCounts,
    OrderWire,
    PayIn,
    PaymentStarted,
    PaymentWire,
    PlaceIn,
    Quote,
    QuoteIn,
    QuoteLine,
    ReasonIn,
    ShowcaseSource,
    SourceIn,
)

router = APIRouter(tags=["orders"])

States = Annotated[list[OrderState], Query(max_length=len(OrderState))]


@router.post("/api/orders/quote", dependencies=[auth.public, limited("240/minute")])
async def quote(body: QuoteIn, db: DbDep, caller: CallerDep) -> Quote:
    """What these lines cost now, and why. Nothing is held. Freight is the dearest one among the products, once an order.

    Without `coupon_ids` the best choice among the buyer's coupons is made for them; an empty list is none. What is placed names
    the coupons in `coupons_used`.
    """
    quoted = await goods.quote(db, [(line.sku_id, line.quantity) for line in body.lines])
    rules.check_one_shop(quoted)
    if body.address_id is not None:
        await people.address_of(db, caller.id, body.address_id)
    priced = await price(db, caller.person_id, quoted, coupon_ids=body.coupon_ids)
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
    return quote_wire(lines, priced, {shop_id: shop.name for shop_id, shop in shops.items()}, caller.locale)


@router.post("/api/orders", status_code=201, dependencies=[auth.signed_in, limited("60/minute")])
async def place(body: PlaceIn, db: DbDep, caller: CallerDep, idem: Idempotent) -> OrderWire:
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return OrderWire.model_validate(seen.response)
        order = await place_order(db, caller, _wanted(body))
        return seen.keep(await present_order(db, order, "buyer", caller))


@router.get("/api/orders", dependencies=[auth.signed_in])
async def mine(db: DbDep, caller: CallerDep, page: PageQuery, state: States = []) -> Page[OrderWire]:  # noqa: B006
    """`state` may be repeated."""
    return await present_page(db, Which(buyer_id=caller.id, states=tuple(state)), page, "buyer", caller)


@router.get("/api/orders/counts", dependencies=[auth.signed_in])
async def how_many(db: DbDep, caller: CallerDep) -> OrderCounts:
    found = await counts(db, buyer_id=caller.id)
    return OrderCounts(**{name: found[OrderState(name)] for name in OrderCounts.model_fields})


@router.get("/api/orders/{order_id}", dependencies=[auth.signed_in])
async def one(order_id: Id, db: DbDep, caller: CallerDep) -> OrderWire:
    order = require_buyer(await find_order(db, order_id), caller.id)
    return await present_order(db, order, "buyer", caller)


@router.post(
    "/api/orders/{order_id}/payments",
    status_code=201,
    response_model=PaymentStarted,
    dependencies=[auth.signed_in, limited("60/minute")],
)
async def pay(
    order_id: Id, body: PayIn, request: Request, db: DbDep, caller: CallerDep, state: StateDep, idem: Idempotent
) -> Response:
    """Where the buyer pays. The same address for as long as it is good, however often it is asked for."""
    return_url = _return_url(request, body.return_path)
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            charge_id = ChargeId(ChargeRef.model_validate(seen.response).charge_id)
        else:
            order = require_buyer(await lock_order(db, order_id), caller.id)
            charge_id = await start_charge(
                db, order, method=body.method, return_url=return_url, payer_ip=caller.ip or "127.0.0.1"
            )
            seen.keep(ChargeRef(charge_id=charge_id))
    return AfterCommit(partial(_pay_url, state, charge_id))


async def _pay_url(state: State, charge_id: ChargeId) -> Response:
    charge = await ask_for_pay_url(state.database, charge_id)
    assert charge.pay_url is not None
    return json_of(PaymentStarted(pay_url=charge.pay_url, expires_at=charge.expires_at), 201)


@router.get("/api/orders/{order_id}/payment", response_model=PaymentWire, dependencies=[auth.signed_in])
async def payment(order_id: Id, db: DbDep, caller: CallerDep, state: StateDep) -> Response:
    """How the payment stands; asks the provider where its callback is late."""
    require_buyer(await find_order(db, order_id), caller.id)
    status = await payment_status(db, order_id)
    if status.charge is None or not is_worth_asking(status.charge):
        return json_of(PaymentWire(state=status.state, paid_at=status.paid_at))
    return AfterCommit(partial(_asked, state, status.charge.id, order_id))


async def _asked(state: State, charge_id: ChargeId, order_id: Id) -> Response:
    await resolve_charge(state.database, charge_id)
    async with state.database.transaction() as db:
        status = await payment_status(db, order_id)
    return json_of(PaymentWire(state=status.state, paid_at=status.paid_at))


@router.post("/api/orders/{order_id}/cancel", response_model=OrderWire, dependencies=[auth.signed_in])
async def cancel(order_id: Id, body: ReasonIn, db: DbDep, caller: CallerDep, state: StateDep) -> Response:
    """Cancel an unpaid order; repeating it changes nothing. A charge that exists is closed first: should the provider not
    answer, the order stays `placed` without actions and is cancelled as soon as it does."""
    order, charge_id = await withdraw_order(db, order_id, buyer_id=caller.id, reason=body.reason)
    if charge_id is None:
        return json_of(await present_order(db, order, "buyer", caller))
    return AfterCommit(partial(_withdrawn, state, caller, charge_id, order_id))


async def _withdrawn(state: State, caller: Caller, charge_id: ChargeId, order_id: Id) -> Response:
    await resolve_charge(state.database, charge_id)
    async with state.database.transaction() as db:
        order = await find_order(db, order_id)
        if order.paid_at is not None:
            raise AlreadyPaid(number=order.number)
        return json_of(await present_order(db, order, "buyer", caller))


@router.post("/api/orders/{order_id}/receive", dependencies=[auth.signed_in])
async def receive(order_id: Id, db: DbDep, caller: CallerDep) -> OrderWire:
    """The buyer has the goods; repeating it changes nothing."""
    order = await receive_order(db, order_id, by=caller.id)
    return await present_order(db, order, "buyer", caller)


@router.post("/api/orders/{order_id}/refund", dependencies=[auth.signed_in])
async def refund(order_id: Id, body: ReasonIn, db: DbDep, caller: CallerDep, idem: Idempotent) -> OrderWire:
    """The money back before anything was shipped: granted at once, in full."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return OrderWire.model_validate(seen.response)
        order = await refund_before_shipping(db, order_id, buyer_id=caller.id, reason=body.reason)
        return seen.keep(await present_order(db, order, "buyer", caller))


def _wanted(body: PlaceIn) -> Wanted:
    return Wanted(
        lines=tuple(WantedLine(line.sku_id, line.quantity, line.unit_price_fen) for line in body.lines),  # type: ignore[arg-type]
        address_id=body.address_id,
        source=_source(body.source),
        note=body.note,
        coupon_ids=tuple(body.coupon_ids),
    )


def _source(source: SourceIn) -> Source:
    if isinstance(source, BroadcastSource | ShowcaseSource):
        return Source(source.kind, source.id, source.item)
    return Source("shelf")


def _return_url(request: Request, return_path: str) -> str:
    """A path of this house only: anything else would make us a signpost for phishers. Raises BadReturnPath."""
    plain = return_path.isascii() and return_path.isprintable() and "\\" not in return_path
    if not plain or not return_path.startswith("/") or return_path.startswith("//"):
        raise BadReturnPath(return_path=return_path)
    base = config.current().public_url or str(request.base_url)
    return base.rstrip("/") + return_path
