"""The merchant has handed a parcel to a carrier. When everything lies in parcels the order has been shipped."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.kernel.outbox import publish
from kaibo.trade.contracts import LineId, OrderShipped, OrderState, ParcelPiece, ParcelShipped
from kaibo.trade.orders import rules as order_rules
from kaibo.trade.orders.lookup import lock_order, require_shop
from kaibo.trade.orders.model import Actor, Order
from kaibo.trade.orders.receive import RECEIVE
from kaibo.trade.orders.record import about, change_order, note_history
from kaibo.trade.orders.terms import terms
from kaibo.trade.shipping import carriers, rules
from kaibo.trade.shipping.errors import NumberTwice
from kaibo.trade.shipping.lookup import parcels_of_order
from kaibo.trade.shipping.model import Parcel, ParcelId, ParcelState
from kaibo.trade.shipping.tables import parcel_lines, parcels
from kaibo.trade.shipping.track import TRACK


async def ship_parcel(
    db: Db,
    order_id: UUID,
    *,
    shop_id: UUID,
    by: UUID,
    carrier: str,
    tracking_number: str,
    lines: list[tuple[LineId, int]] | None = None,
) -> tuple[Order, Parcel]:
    """`lines` go into this parcel; None is everything that is left.

    Raises OrderMissing, WrongState, UnknownCarrier, BadTrackingNumber, NumberTwice, and what `rules.pack` refuses.
    """
    number = carriers.check(carrier, tracking_number)
    order = require_shop(await lock_order(db, order_id), shop_id)
    order_rules.require(order, OrderState.SHIPPED, "ship")
    earlier = await parcels_of_order(db, order.id)
    if any((parcel.carrier, parcel.tracking_number) == (carrier, number) for parcel in earlier):
        raise NumberTwice(tracking_number=number)
    now = clock.now()
    parcel = Parcel(
        id=ParcelId(new_id()),
        order_id=order.id,
        shop_id=order.shop_id,
        position=len(earlier) + 1,
        carrier=carrier,
        tracking_number=number,
        state=ParcelState.ANNOUNCED,
        lines=rules.pack(order, earlier, lines),
        shipped_at=now,
    )
    await _insert(db, parcel)
    said = f"{carriers.name(carrier)} {number}"
    await publish(
        db,
        ParcelShipped(
            **about(order, now),
            parcel_id=parcel.id,
            carrier=carrier,
            tracking_number=number,
            pieces=[ParcelPiece(line.line_id, line.quantity) for line in parcel.lines],
        ),
    )
    everything = [*earlier, parcel]
    if rules.is_complete(order, rules.shipped_of(everything)):
        return await _complete(db, order, everything, by=by, said=said), parcel
    order = replace(order, first_shipped_at=order.first_shipped_at or now)
    await change_order(db, order, "first_shipped_at")
    await note_history(db, order, at=now, actor="shop", actor_id=by, why="trade.why.partly_shipped", said=said)
    return order, parcel


async def complete_shipping(db: Db, order: Order) -> Order:
    """For a locked order of which pieces were refunded: what is left may be on its way already, and then it is shipped.

    Nothing happens where there is no parcel, where something is left, or where the order is not waiting to be shipped.
    """
    found = await parcels_of_order(db, order.id)
    if order.state is not OrderState.PAID or not found:
        return order
    if not rules.is_complete(order, rules.shipped_of(found)):
        return order
    return await _complete(db, order, found, by=None, said="")


async def _complete(db: Db, order: Order, found: list[Parcel], *, by: UUID | None, said: str) -> Order:
    now, house, last = clock.now(), terms(), found[-1]
    shipped = replace(order, state=OrderState.SHIPPED, first_shipped_at=order.first_shipped_at or now, shipped_at=now)
    shipped = replace(shipped, receive_before=rules.receive_before(shipped, found, house))
    assert shipped.receive_before is not None
    await change_order(db, shipped, "first_shipped_at", "shipped_at", "receive_before")
    await timers.set_timer(db, kind=RECEIVE, key=str(shipped.id), due_at=shipped.receive_before)
    actor: Actor = "shop" if by else "system"
    await note_history(db, shipped, at=now, actor=actor, actor_id=by, why="trade.why.shipped", said=said)
    told = OrderShipped(**about(shipped, now), carrier=last.carrier, tracking_number=last.tracking_number)
    await publish(db, told)
    return shipped


async def _insert(db: Db, parcel: Parcel) -> None:
    row = {name: value for name, value in vars(parcel).items() if name != "lines"}
    await db.execute(parcels.insert().values(row | {"state": parcel.state.value}))
    lines = [{"parcel_id": parcel.id, "line_id": line.line_id, "quantity": line.quantity} for line in parcel.lines]
    await db.execute(parcel_lines.insert(), lines)
    await timers.set_timer(db, kind=TRACK, key=str(parcel.id), due_at=parcel.shipped_at)
