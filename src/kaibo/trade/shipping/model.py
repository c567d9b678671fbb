"""A parcel as the rest of trade sees it: frozen values, never rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from kaibo.people.contracts import ShopId
from kaibo.trade.contracts import LineId, OrderId

ParcelId = NewType("ParcelId", UUID)


class ParcelState(StrEnum):
    """What the trace says. Without a trace a parcel stays `announced`: the merchant says that it was handed over."""

    ANNOUNCED = "announced"
    COLLECTED = "collected"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    EXCEPTION = "exception"
    RETURNED = "returned"


class PushOutcome(StrEnum):
    """What became of something that was delivered to the push address."""

    NEWS = "news"
    NOTHING_NEW = "nothing_new"
    UNKNOWN_PARCEL = "unknown_parcel"
    FORGED = "forged"
    MALFORMED = "malformed"


@dataclass(frozen=True)
class ParcelLine:
    line_id: LineId
    quantity: int


@dataclass(frozen=True)
class Parcel:
    """`last_text` and `last_at` are the newest step of its trace; `track_error` is why there is none."""

    id: ParcelId
    order_id: OrderId
    shop_id: ShopId
    position: int
    carrier: str
    tracking_number: str
    state: ParcelState
    lines: tuple[ParcelLine, ...]
    shipped_at: datetime
    last_at: datetime | None = None
    last_text: str | None = None
    delivered_at: datetime | None = None
    subscribed_at: datetime | None = None
    heard_at: datetime | None = None
    track_error: str | None = None


@dataclass(frozen=True)
class TraceStep:
    """One step as we keep it. `at` is the carrier's time; `ordinal` its place in the carrier's list, the oldest being 0."""

    at: datetime
    ordinal: int
    state: ParcelState
    code: str
    text: str
    place: str


@dataclass(frozen=True)
class Correction:
    """A tracking number that was mended."""

    at: datetime
    was_carrier: str
    was_tracking_number: str
    carrier: str
    tracking_number: str
