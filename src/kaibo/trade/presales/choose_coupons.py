"""The buyer chooses coupons for the balance, as often as they like until it is paid."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import update

from kaibo.goods import facade as goods
from kaibo.goods.contracts import QuotedLine
from kaibo.kernel.db import Db
from kaibo.trade.contracts import OrderState, PaymentClosing, WrongState
from kaibo.trade.orders.lookup import lock_order, require_buyer
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.record import change_order
from kaibo.trade.orders.tables import order_lines
from kaibo.trade.payment.lookup import live_charge
from kaibo.trade.payment.model import ChargeId
from kaibo.trade.presales import rules
from kaibo.trade.presales.lookup import part_of
from kaibo.trade.pricing import coupons
from kaibo.trade.pricing.model import Priced
from kaibo.trade.pricing.price import price, price_quote

_AMOUNTS = ("discount_fen", "platform_discount_fen", "freight_fen", "total_fen", "commission_fen", "platform_fee_fen")


async def quote_balance(
    db: Db, order_id: UUID, *, buyer_id: UUID, coupon_ids: Sequence[UUID] | None
) -> tuple[Order, Priced]:
    """What the order would come to with these coupons; None: with the best ones. Nothing changes.

    Raises OrderMissing, WrongState, CouponMissing, CouponUnusable.
    """
    order = _reserved(require_buyer(await lock_order(db, order_id), buyer_id))
    line, found = await _balance_line(db, order), list[Priced]()
    try:
        async with db.begin_nested():
            await coupons.forget(db, order.checkout_id)
            found.append((await price_quote(db, buyer_id, [line], coupon_ids=coupon_ids))[0])
            raise _OnlyAsIf
    except _OnlyAsIf:
        return rules.with_coupons(order, found[0]), found[0]


class _OnlyAsIf(Exception):
    """Ends a savepoint in which the coupons that the order holds were free."""


async def choose_coupons(
    db: Db, order_id: UUID, *, buyer_id: UUID, coupon_ids: Sequence[UUID]
) -> tuple[Order, ChargeId | None]:
    """Hold these coupons for the balance, and no others; an empty choice is none. Saying it again changes nothing.

    Where a charge of the old amount can still be paid nothing is done and its id comes second: it must be closed first.
    Raises OrderMissing, WrongState, PaymentClosing, CouponMissing, CouponUnusable.
    """
    order = _reserved(require_buyer(await lock_order(db, order_id), buyer_id))
    if order.closing is not None:
        raise PaymentClosing(number=order.number)
    if set(coupon_ids) == await coupons.held_by(db, order.checkout_id):
        return order, None
    charge = await live_charge(db, order.checkout_id)
    if charge is not None:
        return order, charge.id
    await coupons.forget(db, order.checkout_id)
    priced = await price(db, buyer_id, [await _balance_line(db, order)], coupon_ids=coupon_ids)
    await coupons.use(db, order.checkout_id, priced.used, buyer_id)
    cheaper = rules.with_coupons(order, priced)
    await change_order(db, cheaper, *_AMOUNTS, "explanation")
    (line,) = cheaper.lines
    names = ("discount_fen", "platform_discount_fen", "paid_fen", "freight_paid_fen")
    values = {name: getattr(line, name) for name in names}
    await db.execute(update(order_lines).where(order_lines.c.id == line.id).values(values))
    return cheaper, None


def _reserved(order: Order) -> Order:
    if order.state is not OrderState.RESERVED:
        raise WrongState(state=order.state.value, action="pay_balance")
    return order


async def _balance_line(db: Db, order: Order) -> QuotedLine:
    sku_id = order.lines[0].sku_id
    quoted = (await goods.quotes_of(db, [sku_id]))[sku_id]
    return rules.balance_line(order, await part_of(db, order.id), quoted)
