"""What reconciliation refuses."""

from __future__ import annotations

from kaibo.kernel.errors import Conflict, Invalid, NotFound, Unavailable, refusal


@refusal
class DifferenceMissing(NotFound):
    code = "trade.difference_missing"
    difference_id: str


@refusal
class DifferenceDone(Conflict):
    code = "trade.difference_done"
    state: str


@refusal
class DayMissing(NotFound):
    """The day has not been compared yet."""

    code = "trade.reconciliation_day_missing"
    provider: str
    day: str


@refusal
class DayClosed(Conflict):
    code = "trade.reconciliation_day_closed"
    day: str


@refusal
class DayOpen(Conflict):
    """Differences are left: a day is closed when all are worked off."""

    code = "trade.reconciliation_day_open"
    left: int


@refusal
class DayNotOver(Invalid):
    code = "trade.reconciliation_day_not_over"
    day: str


@refusal
class NothingToPost(Invalid):
    """A difference without an amount cannot be accepted into the books: link it or compare again."""

    code = "trade.difference_without_amount"


@refusal
class NoStatements(Unavailable):
    """This house has nobody who fetches statements."""

    code = "trade.no_statements"
    provider: str
