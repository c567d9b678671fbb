"""The rules of parcels: what may go into one, what a trace means, when somebody should look. Values in, values out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from kaibo.trade.contracts import LineId
from kaibo.trade.orders.model import Order, OrderLine, Terms
from kaibo.trade.orders.rules import due
from kaibo.trade.shipping.errors import (
    CorrectionsUsedUp,
    CorrectionTooLate,
    LineNotInOrder,
    LineTwice,
    NothingToShip,
    TooManyParcels,
    TooManyPieces,
)
from kaibo.trade.shipping.model import Parcel, ParcelLine, ParcelState, TraceStep

PARCELS_MAX = 50
HOUR_SECONDS = 3600
CORRECT_HOURS = 24
CORRECTIONS_MAX = 3
QUIET_HOURS = (24, 48)
ASK_SECONDS = 12 * HOUR_SECONDS
"""A parcel of which nothing was heard for this long is asked about."""
FOLLOW_DAYS_MAX = 60
TRAVEL_DAYS_MAX = 30
"""How long receiving by time waits for a parcel that, says its trace, is still on its way."""
CARRIER_CLOCK_SECONDS_MAX = 300

FINAL = frozenset({ParcelState.DELIVERED, ParcelState.RETURNED})

Pieces = Sequence[tuple[LineId, int]]


def shipped_of(parcels: Iterable[Parcel]) -> Counter[LineId]:
    """How many pieces of each line lie in these parcels."""
    found: Counter[LineId] = Counter()
    for parcel in parcels:
        for line in parcel.lines:
            found[line.line_id] += line.quantity
    return found


def left_of(line: OrderLine, shipped: Mapping[LineId, int]) -> int:
    """How many pieces of a line may still be shipped: ordered, less shipped, less those refunded instead of being shipped."""
    return max(0, line.quantity - line.refunded_unshipped_quantity - shipped.get(line.id, 0))


def is_complete(order: Order, shipped: Mapping[LineId, int]) -> bool:
    return all(left_of(line, shipped) == 0 for line in order.lines)


def pack(order: Order, parcels: Sequence[Parcel], asked: Pieces | None) -> tuple[ParcelLine, ...]:
    """What goes into the next parcel: `asked`, or everything that is left.

    Raises LineNotInOrder, LineTwice, TooManyPieces, NothingToShip, TooManyParcels.
    """
    if len(parcels) >= PARCELS_MAX:
        raise TooManyParcels(parcels_max=PARCELS_MAX)
    shipped = shipped_of(parcels)
    left = {line.id: left_of(line, shipped) for line in order.lines}
    if asked is None:
        asked = [(line_id, pieces) for line_id, pieces in left.items() if pieces]
    titles = {line.id: line.title for line in order.lines}
    seen = set()
    for line_id, pieces in asked:
        if line_id not in left:
            raise LineNotInOrder(line_id=line_id)
        if line_id in seen:
            raise LineTwice(line_id=line_id)
        seen.add(line_id)
        if not 0 < pieces <= left[line_id]:
            raise TooManyPieces(title=titles[line_id], asked=pieces, left=left[line_id])
    if not asked:
        raise NothingToShip(number=order.number)
    return tuple(ParcelLine(line_id, pieces) for line_id, pieces in asked)


def correctable_until(parcel: Parcel) -> datetime:
    return parcel.shipped_at + timedelta(hours=CORRECT_HOURS)


def check_correctable(parcel: Parcel, corrections: int, now: datetime) -> None:
    """Raises CorrectionTooLate, CorrectionsUsedUp."""
    if parcel.state in FINAL or now >= correctable_until(parcel):
        raise CorrectionTooLate(hours=CORRECT_HOURS)
    if corrections >= CORRECTIONS_MAX:
        raise CorrectionsUsedUp(corrections_max=CORRECTIONS_MAX)


def newest(steps: Iterable[TraceStep]) -> TraceStep | None:
    """By the carrier's own time, whatever came in when; within one second by the carrier's order."""
    return max(steps, key=lambda step: (step.at, step.ordinal), default=None)


def delivered_at(steps: Sequence[TraceStep], parcel: Parcel, now: datetime) -> datetime | None:
    """When the parcel was signed for; None unless that is how it stands now. Never before shipping nor in the future."""
    last = newest(steps)
    if last is None or last.state is not ParcelState.DELIVERED:
        return None
    signed = min(step.at for step in steps if step.state is ParcelState.DELIVERED)
    return min(now, max(parcel.shipped_at, signed))


def is_believable(at: datetime, now: datetime) -> bool:
    """A step from the future is a wrong clock or a joke."""
    return at <= now + timedelta(seconds=CARRIER_CLOCK_SECONDS_MAX)


def receive_before(order: Order, parcels: Sequence[Parcel], terms: Terms) -> datetime | None:
    """When a shipped order counts as received: a period after its last parcel's delivery where the traces tell of all of
    them, else after shipping. An extension adds to either. None while the order has not been shipped."""
    if order.shipped_at is None:
        return None
    arrived = [parcel.delivered_at for parcel in parcels]
    start = max((at for at in arrived if at), default=order.shipped_at) if all(arrived) else order.shipped_at
    seconds = terms.receive_seconds + order.extended_seconds
    return due(max(start, order.shipped_at), seconds, terms)


def is_travelling(order: Order, parcels: Sequence[Parcel], now: datetime, terms: Terms) -> bool:
    """Whether the clock should not receive the order yet: the trace of a parcel says that it has not arrived."""
    if order.shipped_at is None or now >= due(order.shipped_at, TRAVEL_DAYS_MAX * 24 * HOUR_SECONDS, terms):
        return False
    return any(parcel.last_at is not None and parcel.state is not ParcelState.DELIVERED for parcel in parcels)


def quiet_since(parcel: Parcel) -> datetime:
    """Since when nothing has moved."""
    return max(parcel.shipped_at, parcel.last_at) if parcel.last_at else parcel.shipped_at
