"""Parcels as JSON, for the one who looks at them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.i18n import Locale
from kaibo.trade.orders.model import Viewer
from kaibo.trade.shipping import carriers, rules
from kaibo.trade.shipping.lookup import ShopParcel, corrections_of, steps_of
from kaibo.trade.shipping.model import Correction, Parcel
from kaibo.trade.shipping.wire import (
    CorrectionWire,
    ParcelLineWire,
    ParcelWire,
    ShopParcelWire,
    TracedParcel,
    TracedParcels,
    TraceStepWire,
)

HOUR_SECONDS = 3600


def present_parcel(parcel: Parcel, viewer: Viewer, locale: Locale, now: datetime) -> ParcelWire:
    return ParcelWire(**_members(parcel, viewer, locale, now))


async def present_traces(db: Db, parcels: Sequence[Parcel], viewer: Viewer, locale: Locale) -> TracedParcels:
    steps = await steps_of(db, parcels)
    corrections = {} if viewer == "buyer" else await corrections_of(db, [parcel.id for parcel in parcels])
    now = clock.now()
    return TracedParcels(
        items=[
            TracedParcel(
                **_members(parcel, viewer, locale, now),
                steps=[
                    TraceStepWire(at=s.at, state=s.state, text=s.text, place=s.place) for s in steps.get(parcel.id, [])
                ],
                corrections=[_correction(one, locale) for one in corrections.get(parcel.id, [])],
            )
            for parcel in parcels
        ]
    )


def present_row(row: ShopParcel, locale: Locale, now: datetime) -> ShopParcelWire:
    parcel = row.parcel
    quiet = None if parcel.state in rules.FINAL else now - rules.quiet_since(parcel)
    return ShopParcelWire(
        **_members(parcel, "shop", locale, now),
        order_id=parcel.order_id,
        order_number=row.order_number,
        to_name=row.to_name,
        to_city=row.to_city,
        quiet_hours=None if quiet is None else max(0, int(quiet.total_seconds() // HOUR_SECONDS)),
    )


def _members(parcel: Parcel, viewer: Viewer, locale: Locale, now: datetime) -> dict[str, Any]:
    until = rules.correctable_until(parcel)
    mendable = viewer == "shop" and parcel.state not in rules.FINAL and now < until
    return {
        "id": parcel.id,
        "position": parcel.position,
        "carrier": parcel.carrier,
        "carrier_name": carriers.name(parcel.carrier, locale),
        "tracking_number": parcel.tracking_number,
        "state": parcel.state,
        "lines": [ParcelLineWire(line_id=line.line_id, quantity=line.quantity) for line in parcel.lines],
        "shipped_at": parcel.shipped_at,
        "last_at": parcel.last_at,
        "last_text": parcel.last_text,
        "delivered_at": parcel.delivered_at,
        "track_error": None if viewer == "buyer" else parcel.track_error,
        "correctable_until": until if mendable else None,
    }


def _correction(one: Correction, locale: Locale) -> CorrectionWire:
    return CorrectionWire(
        at=one.at,
        was_carrier_name=carriers.name(one.was_carrier, locale),
        was_tracking_number=one.was_tracking_number,
        carrier_name=carriers.name(one.carrier, locale),
        tracking_number=one.tracking_number,
    )
