"""Ask the provider how an unfinished charge stands, or have it closed, and act on the answer.

The timer `trade.payment.query` never gives up on a live charge: it defers this job and sets itself again, later each time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock, jobs, timers
from kaibo.kernel.db import Database, Db
from kaibo.kernel.errors import Unavailable
from kaibo.kernel.telemetry import get_logger
from kaibo.trade.contracts import GatewayUnavailable, OrderState
from kaibo.trade.orders import rules as order_rules
from kaibo.trade.orders.cancel import cancel_orders
from kaibo.trade.orders.expire import expire_orders
from kaibo.trade.orders.lookup import checkout_orders, lock_checkout
from kaibo.trade.payment import wiring
from kaibo.trade.payment.confirm import PaidFact, confirm_charge
from kaibo.trade.payment.gateway import ChargeState, ChargeStatus, GatewayError, GatewayRefused
from kaibo.trade.payment.lookup import charge_by_id
from kaibo.trade.payment.model import LIVE, Charge, ChargeId, ChargeRow
from kaibo.trade.payment.pace import wait_seconds
from kaibo.trade.payment.start import ERROR_CHARS_MAX, FIRST_QUERY_SECONDS, QUERY
from kaibo.trade.payment.tables import charges
from kaibo.trade.presales.close_unpaid import close_unpaid

log = get_logger(__name__)

RESOLVE = "trade.payment.resolve"
QUERY_SECONDS_MAX = 300.0
PAID_ALREADY = frozenset({"ORDERPAID", "ORDER_PAID"})


async def drive_charge(db: Db, key: str, payload: dict[str, Any]) -> None:
    """The timer `trade.payment.query`."""
    charge = await charge_by_id(db, UUID(key))
    if charge is None or charge.state not in LIVE:
        return
    tries = int(payload.get("tries", 0))
    wait = wait_seconds(tries, first=FIRST_QUERY_SECONDS, most=QUERY_SECONDS_MAX)
    due_at = clock.now() + timedelta(seconds=wait)
    await timers.set_timer(db, kind=QUERY, key=key, due_at=due_at, payload={"tries": tries + 1})
    await jobs.defer(db, RESOLVE, charge_id=key)


async def resolve_charge(database: Database, charge_id: ChargeId) -> None:
    """One look at the provider; no transaction is open meanwhile. A provider that does not answer changes nothing."""
    async with database.transaction() as db:
        charge = await charge_by_id(db, charge_id)
        if charge is None or charge.state not in LIVE:
            return
        orders = await checkout_orders(db, charge.checkout_id)
    try:
        if not all(order_rules.awaits(order, charge.part) for order in orders):
            await _close(database, charge)
        else:
            await _act(database, charge, await _query(charge))
    except (GatewayError, Unavailable) as silence:
        log.warning("charge.unresolved", out_trade_no=charge.out_trade_no, error=str(silence))
        async with database.transaction() as db:
            await _set(db, charge, last_error=str(silence)[:ERROR_CHARS_MAX], asked_at=clock.now())


async def _query(charge: Charge) -> ChargeState:
    return await wiring.gateway(charge.provider).query(charge.out_trade_no, provider_ref=charge.provider_ref)


async def _close(database: Database, charge: Charge) -> None:
    """Have the provider close it. When it has been paid already, that wins."""
    try:
        await wiring.gateway(charge.provider).close(charge.out_trade_no, provider_ref=charge.provider_ref)
    except GatewayRefused as refusal:
        if refusal.code not in PAID_ALREADY:
            raise
        await _act(database, charge, await _query(charge))
        return
    async with database.transaction() as db:
        await _closed(db, charge)


async def change_method(database: Database, charge_id: ChargeId) -> None:
    """The buyer wants to pay another way: close the charge that is open, so that only one can be paid. Raises GatewayUnavailable
    where the provider does not answer; where it says "paid", the orders are paid."""
    async with database.transaction() as db:
        charge = await charge_by_id(db, charge_id)
    if charge is None or charge.state not in LIVE:
        return
    try:
        await _close(database, charge)
    except (GatewayError, Unavailable) as silence:
        log.warning("charge.not_closed", out_trade_no=charge.out_trade_no, error=str(silence))
        raise GatewayUnavailable() from silence


async def _act(database: Database, charge: Charge, state: ChargeState) -> None:
    async with database.transaction() as db:
        if state.status is ChargeStatus.PAID:
            await confirm_charge(db, _fact(charge, state))
        elif state.status is ChargeStatus.CLOSED:
            await _closed(db, charge)
        else:
            if state.status is ChargeStatus.UNKNOWN:
                log.error("charge.unknown_state", out_trade_no=charge.out_trade_no, said=state.provider_state)
            await _set(db, charge, asked_at=clock.now())


def _fact(charge: Charge, state: ChargeState) -> PaidFact:
    assert state.transaction_id is not None
    assert state.amount_fen is not None
    assert state.currency is not None
    assert state.paid_at is not None
    said = (state.transaction_id, state.amount_fen, state.currency, state.paid_at)
    return PaidFact(charge.provider, state.out_trade_no, *said)


async def _closed(db: Db, charge: Charge) -> None:
    """Nobody can pay this charge any more: what the order waited for, cancellation or expiry, happens now."""
    orders = await lock_checkout(db, charge.checkout_id)
    now_charge = await charge_by_id(db, charge.id, lock=True)
    assert now_charge is not None
    if now_charge.state not in LIVE:
        return
    await _set(db, charge, state=ChargeRow.CLOSED.value, closed_at=clock.now())
    await timers.cancel_timer(db, kind=QUERY, key=str(charge.id))
    waiting = [order for order in orders if order.state is OrderState.PLACED]
    cancelled = [order for order in waiting if order.closing == "cancelled"]
    if cancelled:
        first = cancelled[0]
        await cancel_orders(db, cancelled, reason=first.closing_why or "", by=first.buyer_id)
    if expired := [order for order in waiting if order.closing == "expired"]:
        await expire_orders(db, expired)
    for order in orders:
        if order.state is OrderState.RESERVED and order.closing == "expired":
            await close_unpaid(db, order)


async def _set(db: Db, charge: Charge, **values: Any) -> None:
    await db.execute(update(charges).where(charges.c.id == charge.id).values(values))
