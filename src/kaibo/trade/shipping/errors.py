"""Refusals of shipping."""

from __future__ import annotations

from kaibo.kernel.errors import Conflict, Invalid, NotFound, Unavailable, refusal
from kaibo.trade.contracts import LineId


@refusal
class ParcelMissing(NotFound):
    code = "trade.parcel_missing"
    parcel_id: str


@refusal
class LineNotInOrder(Invalid):
    code = "trade.line_not_in_order"
    line_id: LineId


@refusal
class LineTwice(Invalid):
    code = "trade.line_twice"
    line_id: LineId


@refusal
class TooManyPieces(Invalid):
    """More than was ordered, less what was refunded and what has been shipped."""

    code = "trade.too_many_pieces"
    title: str
    asked: int
    left: int


@refusal
class NothingToShip(Conflict):
    code = "trade.nothing_to_ship"
    number: str


@refusal
class TooManyParcels(Conflict):
    code = "trade.too_many_parcels"
    parcels_max: int


@refusal
class NumberTwice(Conflict):
    """The order has a parcel of this number already."""

    code = "trade.number_twice"
    tracking_number: str


@refusal
class CorrectionTooLate(Conflict):
    code = "trade.correction_too_late"
    hours: int


@refusal
class CorrectionsUsedUp(Conflict):
    code = "trade.corrections_used_up"
    corrections_max: int


@refusal
class CarrierNotConfigured(Unavailable):
    code = "trade.carrier_not_configured"
    why: str


@refusal
class NoticeMissing(NotFound):
    code = "trade.notice_missing"
    notice_id: str


@refusal
class NoticeNotOpen(Conflict):
    """Only a push of a number that nobody knew can be heard again."""

    code = "trade.notice_not_open"
    outcome: str
