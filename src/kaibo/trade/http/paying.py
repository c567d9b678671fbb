"""How a buyer pays: the ways to pay, where to go, how it stands.

An order stands for its checkout: what is ordered at once is paid at once.
"""

from __future__ import annotations

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request, Response

from kaibo.kernel import config
from kaibo.kernel.db import Db
from kaibo.kernel.i18n import say
from kaibo.kernel.web import Caller, CallerDep, DbDep, Id, Idempotent, State, StateDep, auth, limited
from kaibo.kernel.web.deps import Guard
from kaibo.trade.contracts import BadReturnPath
from kaibo.trade.http.after_commit import AfterCommit, json_of
from kaibo.trade.orders.lookup import checkout_orders, find_order, lock_checkout, require_buyer
from kaibo.trade.orders.model import Order
from kaibo.trade.payment import wiring
from kaibo.trade.payment.lookup import last_method
from kaibo.trade.payment.methods import Method, methods_of
from kaibo.trade.payment.model import ChargeId
from kaibo.trade.payment.resolve import change_method, resolve_charge
from kaibo.trade.payment.start import ask_for_pay_url, start_charge
from kaibo.trade.payment.status import is_worth_asking, payment_status
from kaibo.trade.wire_payment import (
    ChargeRef,
    PayIn,
    PaymentMethods,
    PaymentMethodWire,
    PaymentStarted,
    PaymentWire,
)

router = APIRouter(tags=["payments"])


@router.get("/api/payment-methods", dependencies=[auth.public])
async def payment_methods(db: DbDep, caller: CallerDep, wide: bool = False) -> PaymentMethods:
    """The ways to pay here, the one used last first. `wide` is a desktop's screen, where Alipay shows another page."""
    found = methods_of(wiring.available(), wide=wide)
    last = await last_method(db, caller.id) if caller.person_id is not None else None
    order: list[Method] = sorted(found, key=lambda method: method != last)
    items = [
        PaymentMethodWire(
            method=method, name=say(f"trade.method.{method}", caller.locale, {}), used_last=method == last
        )
        for method in order
    ]
    return PaymentMethods(items=items)


@router.post(
    "/api/checkouts/{checkout_id}/payments",
    status_code=201,
    response_model=PaymentStarted,
    dependencies=[auth.signed_in, limited("60/minute")],
)
async def pay_checkout(
    checkout_id: Id, body: PayIn, request: Request, db: DbDep, caller: CallerDep, state: StateDep, idem: Idempotent
) -> Response:
    """Where the buyer pays for all orders of the checkout. The same address for as long as it is good; another method closes what
    was begun with the one before."""
    return await _pay(_Asked(request, body, caller, state), checkout_id, db, idem)


@router.post(
    "/api/orders/{order_id}/payments",
    status_code=201,
    response_model=PaymentStarted,
    dependencies=[auth.signed_in, limited("60/minute")],
)
async def pay(
    order_id: Id, body: PayIn, request: Request, db: DbDep, caller: CallerDep, state: StateDep, idem: Idempotent
) -> Response:
    """Where the buyer pays for the order, and for the others of its checkout."""
    asked = _Asked(request, body, caller, state)
    order = require_buyer(await find_order(db, order_id), caller.id)
    return await _pay(asked, order.checkout_id, db, idem)


@router.get("/api/checkouts/{checkout_id}/payment", response_model=PaymentWire, dependencies=[auth.signed_in])
async def checkout_payment(checkout_id: Id, db: DbDep, caller: CallerDep, state: StateDep) -> Response:
    """How the payment of the checkout stands; asks the provider where its callback is late."""
    require_buyer((await checkout_orders(db, checkout_id))[0], caller.id)
    return await _look(checkout_id, db, state)


@router.get("/api/orders/{order_id}/payment", response_model=PaymentWire, dependencies=[auth.signed_in])
async def payment(order_id: Id, db: DbDep, caller: CallerDep, state: StateDep) -> Response:
    """How the payment of the order's checkout stands; asks the provider where its callback is late."""
    order = require_buyer(await find_order(db, order_id), caller.id)
    return await _look(order.checkout_id, db, state)


class _Asked:
    """What the buyer asked for, and what is needed to do it after the commit. Raises BadReturnPath."""

    def __init__(self, request: Request, body: PayIn, caller: Caller, state: State) -> None:
        self.body, self.caller, self.state = body, caller, state
        self.return_url = _return_url(request, body.return_path)

    async def start(self, db: Db, orders: list[Order]) -> tuple[ChargeId, ChargeId | None]:
        ip = self.caller.ip or "127.0.0.1"
        return await start_charge(db, orders, method=self.body.method, return_url=self.return_url, payer_ip=ip)


async def _pay(asked: _Asked, checkout_id: UUID, db: Db, idem: Guard) -> Response:
    in_the_way: ChargeId | None = None
    async with idem.guard(db, asked.caller, asked.body) as seen:
        if seen.response is not None:
            charge_id = ChargeId(ChargeRef.model_validate(seen.response).charge_id)
        else:
            orders = await lock_checkout(db, checkout_id)
            require_buyer(orders[0], asked.caller.id)
            charge_id, in_the_way = await asked.start(db, orders)
            if in_the_way is None:
                seen.keep(ChargeRef(charge_id=charge_id))
    if in_the_way is not None:
        return AfterCommit(partial(_pay_otherwise, asked, checkout_id, in_the_way))
    return AfterCommit(partial(_pay_url, asked.state, charge_id))


async def _pay_otherwise(asked: _Asked, checkout_id: UUID, in_the_way: ChargeId) -> Response:
    await change_method(asked.state.database, in_the_way)
    async with asked.state.database.transaction() as db:
        charge_id, _ = await asked.start(db, await lock_checkout(db, checkout_id))
    return await _pay_url(asked.state, charge_id)


async def _pay_url(state: State, charge_id: ChargeId) -> Response:
    charge = await ask_for_pay_url(state.database, charge_id)
    assert charge.pay_url is not None
    return json_of(PaymentStarted(pay_url=charge.pay_url, expires_at=charge.expires_at), 201)


async def _look(checkout_id: UUID, db: Db, state: State) -> Response:
    status = await payment_status(db, await checkout_orders(db, checkout_id))
    if status.charge is None or not is_worth_asking(status.charge):
        return json_of(PaymentWire(state=status.state, paid_at=status.paid_at))
    return AfterCommit(partial(_resolved, state, status.charge.id, checkout_id))


async def _resolved(state: State, charge_id: ChargeId, checkout_id: UUID) -> Response:
    await resolve_charge(state.database, charge_id)
    async with state.database.transaction() as db:
        status = await payment_status(db, await checkout_orders(db, checkout_id))
    return json_of(PaymentWire(state=status.state, paid_at=status.paid_at))


def _return_url(request: Request, return_path: str) -> str:
    """A path of this house only: anything else would make us a signpost for phishers. Raises BadReturnPath."""
    plain = return_path.isascii() and return_path.isprintable() and "\\" not in return_path
    if not plain or not return_path.startswith("/") or return_path.startswith("//"):
        raise BadReturnPath(return_path=return_path)
    base = config.current().public_url or str(request.base_url)
    return base.rstrip("/") + return_path
