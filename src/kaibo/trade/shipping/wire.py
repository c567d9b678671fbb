"""The JSON of parcels."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from kaibo.kernel.web import Id, Instant, Wire
from kaibo.kernel.web.wire import Text
from kaibo.trade.shipping.carriers import TRACKING_CHARS_MAX
from kaibo.trade.shipping.model import ParcelState, PushOutcome

PIECES_MAX = 999
LINES_MAX = 50

CarrierKey = Annotated[str, StringConstraints(min_length=1, max_length=20)]
Number = Annotated[Text, StringConstraints(min_length=1, max_length=TRACKING_CHARS_MAX)]


class ShipIn(Wire):
    carrier: CarrierKey
    tracking_number: Number


class ParcelLineIn(Wire):
    line_id: Id
    quantity: Annotated[int, Field(strict=True, ge=1, le=PIECES_MAX)]


class ParcelIn(ShipIn):
    """`lines` go into this parcel; null is everything that is left."""

    lines: Annotated[list[ParcelLineIn], Field(min_length=1, max_length=LINES_MAX)] | None = None


class ParcelLineWire(Wire):
    line_id: Id
    quantity: int


class ParcelWire(Wire):
    """`last_*` is the newest step of the trace. `track_error` is why there is none; the shop's staff alone sees it.
    `correctable_until` is set for them while the number may still be mended."""

    id: Id
    position: int
    carrier: str
    carrier_name: str
    tracking_number: str
    state: ParcelState
    lines: list[ParcelLineWire]
    shipped_at: Instant
    last_at: Instant | None
    last_text: str | None
    delivered_at: Instant | None
    track_error: str | None
    correctable_until: Instant | None


class TraceStepWire(Wire):
    at: Instant
    state: ParcelState
    text: str
    place: str


class CorrectionWire(Wire):
    at: Instant
    was_carrier_name: str
    was_tracking_number: str
    carrier_name: str
    tracking_number: str


class TracedParcel(ParcelWire):
    """With its whole trace, newest step first."""

    steps: list[TraceStepWire]
    corrections: list[CorrectionWire]


class TracedParcels(Wire):
    items: list[TracedParcel]


class ShopParcelWire(ParcelWire):
    """One row of a shop's list. `quiet_hours`: how long nothing has moved; null once it has arrived."""

    order_id: Id
    order_number: str
    to_name: str
    to_city: str
    quiet_hours: int | None


class ParcelCountsWire(Wire):
    travelling: int
    exception: int
    quiet_24h: int
    quiet_48h: int


class CarrierWire(Wire):
    key: str
    name: str


class Carriers(Wire):
    items: list[CarrierWire]


class CarrierNoticeWire(Wire):
    """`answered` is the HTTP status it got."""

    id: Id
    received_at: Instant
    outcome: PushOutcome
    answered: int
    tracking_number: str | None
    detail: str
