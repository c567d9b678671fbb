"""Order from a presale: the pieces are held until the deposit is paid, or its time is over."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from kaibo.goods import facade as goods
from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.web import Caller
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.place_one import Where, place_one
from kaibo.trade.orders.record import change_order
from kaibo.trade.presales import rules
from kaibo.trade.presales.errors import PresaleNotOpen, PresaleTooMany
from kaibo.trade.presales.lookup import presale
from kaibo.trade.presales.tables import presale_orders


async def place_presale(db: Db, buyer: Caller, presale_id: UUID, *, quantity: int, where: Where) -> Order:
    """An order whose deposit is to be paid first. Its terms are kept with it.

    Raises PresaleMissing, PresaleNotOpen, PresaleTooMany, and whatever place_one raises.
    """
    found, now = await presale(db, presale_id), clock.now()
    terms = found.terms
    if (stage := rules.stage_of(found, now)) != "deposit":
        raise PresaleNotOpen(stage=[stage])
    if quantity > terms.pieces_max:
        raise PresaleTooMany(pieces_max=terms.pieces_max)
    (quoted,) = await goods.quote(db, [(terms.sku_id, quantity)])
    order = await place_one(db, buyer, rules.priced_line(terms, quoted, quantity, found), where)
    deposit_fen = terms.deposit_fen * quantity
    placed = replace(order, deposit_fen=deposit_fen, pay_before=min(order.pay_before, terms.deposit_until))
    await change_order(db, placed, "deposit_fen", "pay_before")
    part = {"order_id": order.id, "presale_id": found.id, "shop_id": found.shop_id, "buyer_id": order.buyer_id}
    promised = {"balance_from": terms.balance_from, "balance_until": terms.balance_until, "ship_days": terms.ship_days}
    money = {"deposit_fen": deposit_fen, "counts_as_fen": terms.counts_as_fen * quantity}
    await db.execute(presale_orders.insert().values(part | promised | money | {"quantity": quantity}))
    return placed
