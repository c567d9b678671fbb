"""What a buyer does: quote, place, pay, cancel, receive, refund."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response

from kaibo.kernel.web import Caller, CallerDep, DbDep, Id, Idempotent, Page, PageQuery, State, StateDep, auth
from kaibo.trade.contracts import AlreadyPaid, OrderState
from kaibo.trade.http.after_commit import AfterCommit, json_of
from kaibo.trade.http.present import present_order, present_page
from kaibo.trade.orders.lookup import Which, counts, find_order, require_buyer
from kaibo.trade.orders.receive import receive_order
from kaibo.trade.payment.model import ChargeId
from kaibo.trade.payment.refund import refund_before_shipping
from kaibo.trade.payment.resolve import resolve_charge
from kaibo.trade.payment.withdraw import withdraw_order
from kaibo.trade.wire import (
    OrderCounts,
    OrderWire,
    ReasonIn,
)

router = APIRouter(tags=["orders"])

States = Annotated[list[OrderState], Query(max_length=len(OrderState))]


@router.get("/api/orders", dependencies=[auth.signed_in])
async def mine(db: DbDep, caller: CallerDep, page: PageQuery, state: States = []) -> Page[OrderWire]:  # noqa: B006
    """`state` may be repeated."""
    return await present_page(db, Which(buyer_id=caller.id, states=tuple(state), hidden=False), page, "buyer", caller)


@router.get("/api/orders/counts", dependencies=[auth.signed_in])
async def how_many(db: DbDep, caller: CallerDep) -> OrderCounts:
    found = await counts(db, buyer_id=caller.id)
    return OrderCounts(**{name: found[OrderState(name)] for name in OrderCounts.model_fields})


@router.get("/api/orders/{order_id}", dependencies=[auth.signed_in])
async def one(order_id: Id, db: DbDep, caller: CallerDep) -> OrderWire:
    order = require_buyer(await find_order(db, order_id), caller.id)
    return await present_order(db, order, "buyer", caller)


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
