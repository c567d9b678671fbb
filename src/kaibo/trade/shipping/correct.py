"""A tracking number was typed wrong: mend it while that is still believable. What it was stays on record."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock, timers
from kaibo.kernel.db import Db
from kaibo.trade.orders.lookup import lock_order, require_shop
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.record import note_history
from kaibo.trade.shipping import carriers, rules
from kaibo.trade.shipping.errors import NumberTwice
from kaibo.trade.shipping.lookup import corrections_of, parcel_of_order, parcels_of_order
from kaibo.trade.shipping.model import Parcel, ParcelState
from kaibo.trade.shipping.tables import parcel_corrections, parcels
from kaibo.trade.shipping.track import TRACK


async def correct_parcel(
    db: Db, order_id: UUID, parcel_id: UUID, *, shop_id: UUID, by: UUID, carrier: str, tracking_number: str
) -> tuple[Order, Parcel]:
    """The parcel starts anew under the right number, without a trace. Saying what it is already changes nothing.

    Raises OrderMissing, ParcelMissing, UnknownCarrier, BadTrackingNumber, NumberTwice, CorrectionTooLate, CorrectionsUsedUp.
    """
    number = carriers.check(carrier, tracking_number)
    order = require_shop(await lock_order(db, order_id), shop_id)
    parcel = await parcel_of_order(db, order_id, parcel_id)
    if (parcel.carrier, parcel.tracking_number) == (carrier, number):
        return order, parcel
    for other in await parcels_of_order(db, order_id):
        if (other.carrier, other.tracking_number) == (carrier, number):
            raise NumberTwice(tracking_number=number)
    now = clock.now()
    rules.check_correctable(parcel, len((await corrections_of(db, [parcel.id])).get(parcel.id, [])), now)
    was = {"was_carrier": parcel.carrier, "was_tracking_number": parcel.tracking_number}
    row = {"parcel_id": parcel.id, "at": now, "by_id": by, "carrier": carrier, "tracking_number": number}
    await db.execute(parcel_corrections.insert().values(row | was))
    anew = dict.fromkeys(("last_at", "last_text", "delivered_at", "subscribed_at", "heard_at", "track_error"))
    values = anew | {"carrier": carrier, "tracking_number": number}
    this = parcels.c.id == parcel.id
    await db.execute(update(parcels).where(this).values(values | {"state": ParcelState.ANNOUNCED.value}))
    await timers.set_timer(db, kind=TRACK, key=str(parcel.id), due_at=now)
    said = f"{carriers.name(parcel.carrier)} {parcel.tracking_number} → {carriers.name(carrier)} {number}"
    await note_history(db, order, at=now, actor="shop", actor_id=by, why="trade.why.number_corrected", said=said)
    mended = replace(parcel, carrier=carrier, tracking_number=number, state=ParcelState.ANNOUNCED)
    return order, replace(
        mended, last_at=None, last_text=None, delivered_at=None, subscribed_at=None, heard_at=None, track_error=None
    )
