"""The JSON of points."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kaibo.kernel.web import Fen, Id, Instant, Wire
from kaibo.trade.points import rules
from kaibo.trade.points.model import EntryKind

POINTS_MAX = 1_000_000_000
"""So many points may be named for one checkout."""


def _upto(most: int) -> Any:
    return Field(strict=True, ge=1, le=most)


class PointTermsIn(Wire):
    """`earn_fen_per_point` fen paid for goods earn a point when their order is settled; `spend_points_per_fen` points pay a fen;
    points pay at most `cap_bps` of a checkout's goods (100 % = 10000); a point lives `expire_months` months.
    """

    on: bool
    earn_fen_per_point: Annotated[int, _upto(rules.EARN_FEN_PER_POINT_MAX)]
    spend_points_per_fen: Annotated[int, _upto(rules.SPEND_POINTS_PER_FEN_MAX)]
    cap_bps: Annotated[int, _upto(rules.CAP_BPS_MAX)]
    expire_months: Annotated[int, _upto(rules.EXPIRE_MONTHS_MAX)]


class PointTermsSet(PointTermsIn):
    at: Instant
    actor_id: Id


class PointFigures(Wire):
    """`outstanding`: what buyers can still spend, worth `outstanding_fen` at today's rate; `debt`: what was taken back and had been
    spent. The rest is the last 30 days, in points."""

    outstanding: int
    outstanding_fen: Fen
    debt: int
    earned: int
    used: int
    given_back: int
    taken_back: int
    expired: int


class PointDesk(Wire):
    """`terms` hold now; `history` are all that were set, newest first."""

    terms: PointTermsIn
    history: list[PointTermsSet]
    figures: PointFigures


class PointsOfferWire(Wire):
    """`usable` of the `balance` points can pay `usable_fen` of this checkout; `used`: they do, and the total is without them."""

    balance: int
    usable: int
    usable_fen: Fen
    used: bool


class PointLotWire(Wire):
    points: int
    expires_at: Instant


class MyPoints(Wire):
    """`worth_fen`: what the balance pays. `debt`: was taken back and had been spent; new points fill it first. `ending`: what is
    lost when, soonest first. `terms` is null while points are off: nothing can be earned or spent then.
    """

    balance: int
    worth_fen: Fen
    debt: int
    ending: list[PointLotWire]
    terms: PointTermsIn | None


class PointHappening(Wire):
    """`points` is what it added or took. `what` is `kind` in words."""

    id: Id
    kind: EntryKind
    what: str
    points: int
    order_id: Id | None
    order_number: str | None
    at: Instant
