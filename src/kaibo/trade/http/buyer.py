"""What a buyer does: quote, place, pay, cancel, receive, refund."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from kaibo.kernel import config
from kaibo.kernel.web import Caller, CallerDep, DbDep, Id, Idempotent, Page, PageQuery, State, StateDep, auth, limited
from kaibo.trade.contracts import AlreadyPaid, BadReturnPath, OrderState
from kaibo.trade.http.after_commit import AfterCommit, json_of
from kaibo.trade.http.present import present_order, present_page
from kaibo.trade.orders.lookup import Which, counts, find_order, lock_order, require_buyer
from kaibo.trade.orders.receive import receive_order
from kaibo.trade.payment.model import ChargeId
from kaibo.trade.payment.refund import refund_before_shipping
from kaibo.trade.payment.resolve import resolve_charge
from kaibo.trade.payment.start import ask_for_pay_url, start_charge
from kaibo.trade.payment.status import is_worth_asking, payment_status
from kaibo.trade.payment.withdraw import withdraw_order
from kaibo.trade.wire import (
    ChargeRef,
    OrderCounts,
    OrderWire,
    PayIn,
    PaymentStarted,
    PaymentWire,
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


def _return_url(request: Request, return_path: str) -> str:
    """A path of this house only: anything else would make us a signpost for phishers. Raises BadReturnPath."""
    plain = return_path.isascii() and return_path.isprintable() and "\\" not in return_path
    if not plain or not return_path.startswith("/") or return_path.startswith("//"):
        raise BadReturnPath(return_path=return_path)
    base = config.current().public_url or str(request.base_url)
    return base.rstrip("/") + return_path
