"""The buyer sends the order somewhere else, while nothing of it is on its way.

Freight is the product's and not the region's, so another address costs the same and the total stays what it was.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from uuid import UUID

from sqlalchemy import func, select, update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.people import facade as people
from kaibo.trade.orders import rules
from kaibo.trade.orders.errors import AddressChangedTooOften, AddressFixed
from kaibo.trade.orders.lookup import lock_order, require_buyer
from kaibo.trade.orders.model import DeliveryAddress, Order
from kaibo.trade.orders.record import note_history
from kaibo.trade.orders.tables import order_history, orders

WHY = "trade.why.address_changed"


async def change_address(db: Db, order_id: UUID, *, buyer_id: UUID, address_id: UUID) -> Order:
    """The shop sees where it went before in the history. The same address again changes nothing.

    Raises OrderMissing, AddressMissing (people), AddressFixed, AddressChangedTooOften.
    """
    order = require_buyer(await lock_order(db, order_id), buyer_id)
    if not rules.may_change_address(order):
        raise AddressFixed(number=order.number)
    found = await people.address_of(db, buyer_id, address_id)
    names = ("name", "phone", "phone_masked", "province", "city", "district", "detail")
    to = DeliveryAddress(**{name: getattr(found, name) for name in names})
    if to == order.address:
        return order
    h = order_history
    before = select(func.count()).where(h.c.order_id == order.id, h.c.why == WHY)
    if int(await db.scalar(before) or 0) >= rules.ADDRESS_CHANGES_MAX:
        raise AddressChangedTooOften(times_max=rules.ADDRESS_CHANGES_MAX)
    await db.execute(update(orders).where(orders.c.id == order.id).values(address=asdict(to)))
    said = f"{_words(order.address)} → {_words(to)}"
    await note_history(db, order, at=clock.now(), actor="buyer", actor_id=buyer_id, why=WHY, said=said)
    return replace(order, address=to)


def _words(address: DeliveryAddress) -> str:
    """Without the whole phone number: histories are read by more people than labels."""
    place = f"{address.province}{address.city}{address.district}{address.detail}"
    return f"{address.name} {address.phone_masked} {place}"
