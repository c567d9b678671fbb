"""Refusals of the small verbs of an order."""

from __future__ import annotations

from datetime import datetime

from kaibo.kernel.errors import Conflict, refusal


@refusal
class AddressFixed(Conflict):
    """Something is on its way already, or the order is over."""

    code = "trade.address_fixed"
    number: str


@refusal
class AddressChangedTooOften(Conflict):
    code = "trade.address_changed_too_often"
    times_max: int


@refusal
class ExtendTooEarly(Conflict):
    """`opens_at`: from when on the time for receiving can be extended."""

    code = "trade.extend_too_early"
    days: int
    opens_at: datetime


@refusal
class ExtendedAlready(Conflict):
    code = "trade.extended_already"
    days: int


@refusal
class TooManyNotes(Conflict):
    code = "trade.too_many_notes"
    notes_max: int


@refusal
class RemindedAlready(Conflict):
    """The merchant has been reminded of this order within the last `hours`."""

    code = "trade.reminded_already"
    hours: int
