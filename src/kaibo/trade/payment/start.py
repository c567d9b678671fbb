"""Start a payment: write the charge down, then ask the provider for the address where the buyer pays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Database, Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.telemetry import get_logger
from kaibo.trade.contracts import ChargeRefused, CurrencyRefused, GatewayUnavailable, WrongState
from kaibo.trade.orders import rules
from kaibo.trade.orders.lookup import checkout_orders, lock_checkout
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.terms import terms
from kaibo.trade.payment import wiring
from kaibo.trade.payment.gateway import ChargeCreated, ChargeRequest, GatewayRefused, GatewayTimeout
from kaibo.trade.payment.lookup import charge_by_id, live_charge
from kaibo.trade.payment.methods import CURRENCIES, Method, provider_of
from kaibo.trade.payment.model import Charge, ChargeId, ChargeRow
from kaibo.trade.payment.tables import charges

log = get_logger(__name__)

QUERY = "trade.payment.query"
FIRST_QUERY_SECONDS = 15
DESCRIPTION_CHARS_MAX = 60
ERROR_CHARS_MAX = 500
TOO_OFTEN = 429


async def start_charge(
    db: Db, orders: Sequence[Order], *, method: Method, return_url: str, payer_ip: str
) -> tuple[ChargeId, ChargeId | None]:
    """The live charge of a checkout whose orders are locked, a new one where there is none. The provider is not asked yet.

    Where the live one is of another method, that comes second: it must be closed before this method can begin (`change_method`).
    Raises WrongState, PaymentClosing, GatewayNotConfigured, CurrencyRefused.
    """
    now, first = clock.now(), orders[0]
    provider = provider_of(method)
    wiring.gateway(provider)
    for order in orders:
        rules.require_payable(order, now)
        if order.currency not in CURRENCIES[provider] or order.currency != first.currency:
            raise CurrencyRefused(method=method, currency=order.currency)
    found = await live_charge(db, first.checkout_id)
    if found is not None:
        return found.id, None if found.method == method else found.id
    numbered = select(func.coalesce(func.max(charges.c.attempt), 0)).where(charges.c.checkout_id == first.checkout_id)
    attempt = 1 + int(await db.scalar(numbered) or 0)
    charge_id = ChargeId(new_id())
    await db.execute(
        charges.insert().values(
            id=charge_id,
            checkout_id=first.checkout_id,
            out_trade_no=f"{first.number}P{attempt:02d}",
            attempt=attempt,
            method=method,
            state=ChargeRow.CREATING.value,
            part=rules.part_due(first),
            amount_fen=sum(rules.due_fen(order) for order in orders),
            currency=first.currency,
            description=_description(orders),
            payer_ip=payer_ip,
            return_url=return_url,
            notify_url=wiring.notify_url(provider),
            expires_at=min(_minutes(now), *(order.pay_before for order in orders)),
            created_at=now,
        )
    )
    # Whatever happens to this process from here on, this row asks the provider how the charge stands.
    await timers.set_timer(db, kind=QUERY, key=str(charge_id), due_at=now + timedelta(seconds=FIRST_QUERY_SECONDS))
    return charge_id, None


async def ask_for_pay_url(database: Database, charge_id: ChargeId) -> Charge:
    """The charge with its `pay_url`. Asking again gives the same address. Holds no transaction while it waits.

    Raises GatewayUnavailable (nothing is lost, call again), ChargeRefused, WrongState, PaymentClosing.
    """
    async with database.transaction() as db:
        charge = await _payable(db, charge_id)
    if charge.pay_url is not None:
        return charge
    request = ChargeRequest(
        out_trade_no=charge.out_trade_no,
        description=charge.description,
        amount_fen=charge.amount_fen,
        notify_url=charge.notify_url,
        payer_ip=charge.payer_ip,
        expires_at=wiring.provider_time(charge.expires_at),
        return_url=charge.return_url,
        currency=charge.currency,
        method=charge.method,
    )
    try:
        created = await wiring.gateway(charge.provider).create(request)
    except GatewayTimeout as silence:
        log.warning("charge.create_unknown", out_trade_no=charge.out_trade_no, error=str(silence))
        raise GatewayUnavailable() from silence
    except GatewayRefused as refusal:
        log.warning("charge.create_refused", out_trade_no=charge.out_trade_no, error=str(refusal))
        if refusal.http_status == TOO_OFTEN:
            raise GatewayUnavailable() from refusal
        await _refused(database, charge, refusal)
        raise ChargeRefused(why=refusal.code) from refusal
    async with database.transaction() as db:
        return await _keep_pay_url(db, charge, created)


async def _payable(db: Db, charge_id: ChargeId) -> Charge:
    charge = await charge_by_id(db, charge_id)
    assert charge is not None
    for order in await checkout_orders(db, charge.checkout_id):
        rules.require_payable(order, clock.now())
    if charge.state not in (ChargeRow.CREATING, ChargeRow.PENDING):
        raise WrongState(state=charge.state.value, action="pay")
    return charge


async def _keep_pay_url(db: Db, charge: Charge, created: ChargeCreated) -> Charge:
    orders = await lock_checkout(db, charge.checkout_id)
    now_charge = await charge_by_id(db, charge.id, lock=True)
    assert now_charge is not None
    for order in orders:
        rules.require_payable(order, clock.now())
    if now_charge.state is ChargeRow.CREATING:
        given = {"pay_url": created.pay_url, "provider_ref": created.provider_ref}
        await _set(db, charge.id, state=ChargeRow.PENDING.value, **given)
    refreshed = await charge_by_id(db, charge.id)
    assert refreshed is not None
    return refreshed


async def _refused(database: Database, charge: Charge, refusal: GatewayRefused) -> None:
    """Decided by the provider. ORDERPAID and ORDER_CLOSED tell about an earlier call with this number: the query decides."""
    async with database.transaction() as db:
        await lock_checkout(db, charge.checkout_id)
        now_charge = await charge_by_id(db, charge.id, lock=True)
        assert now_charge is not None
        if now_charge.state is not ChargeRow.CREATING:
            return
        if refusal.code in {"ORDERPAID", "ORDER_CLOSED", "ORDERCLOSED"}:
            await timers.set_timer(db, kind=QUERY, key=str(charge.id), due_at=clock.now())
            return
        await _set(db, charge.id, state=ChargeRow.FAILED.value, last_error=str(refusal)[:ERROR_CHARS_MAX])
        await timers.cancel_timer(db, kind=QUERY, key=str(charge.id))


async def _set(db: Db, charge_id: ChargeId, **values: Any) -> None:
    await db.execute(update(charges).where(charges.c.id == charge_id).values(values))


def _minutes(now: datetime) -> datetime:
    """A balance may be paid for weeks, but not by one charge: a provider's page is good for as long as any other's."""
    house = terms()
    return rules.due(now, house.pay_seconds, house)


def _description(orders: Sequence[Order]) -> str:
    """What the buyer reads at the provider's cashier."""
    order, count = orders[0], sum(len(order.lines) for order in orders)
    more = f" 等 {count} 件商品" if count > 1 else ""
    return f"{order.shop_name}-{order.lines[0].title[:DESCRIPTION_CHARS_MAX]}{more}"[:120]
