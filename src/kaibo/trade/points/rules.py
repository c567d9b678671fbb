"""What points are worth, which lot gives them, and what a refund moves. Values in, values out."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from kaibo.goods.contracts import PriceKind
from kaibo.kernel.money import bps_of
from kaibo.people.contracts import ShopId
from kaibo.trade.points.model import Lot, Part
from kaibo.trade.pricing.model import Priced, PricedLine
from kaibo.trade.pricing.stacking import ORDER_FEN_MIN, STAGE

EARN_FEN_PER_POINT_MAX = 100_000
SPEND_POINTS_PER_FEN_MAX = 1_000
CAP_BPS_MAX = 10_000
EXPIRE_MONTHS_MAX = 60
RETURNED_DAYS = 7
"""Points that come back after their time was over may be spent for so long."""


def earned(goods_fen: int, earn_fen_per_point: int) -> int:
    return max(0, goods_fen) // earn_fen_per_point


def expires_at(at: datetime, months: int) -> datetime:
    """The same day of the month, `months` later; the month's last day where it is shorter."""
    year, month = divmod(at.month - 1 + months, 12)
    year, month = at.year + year, month + 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))


def fen_by_line(explanation: Sequence[Mapping[str, Any]], lines: int) -> list[int]:
    """What points paid of each of an order's lines, out of the stored explanation of its prices."""
    found = [0] * lines
    for step in explanation:
        if step["kind"] == "points":
            found = [had + more for had, more in zip(found, step["lines"], strict=True)]
    return found


def fen_of(explanation: Sequence[Mapping[str, Any]]) -> int:
    """What points paid of an order; 0 for almost all."""
    return sum(step["fen"] for step in explanation if step["kind"] == "points")


def most_fen(priced: Priced, cap_bps: int) -> int:
    """What points may pay of a checkout that is priced without them, were there enough of them."""
    stage = STAGE["points"]
    left: dict[ShopId, int] = {}
    takes_part = 0
    for order in priced.orders:
        fen = sum(line.paid_fen for line in order.lines if _kind(line) in stage.prices)
        takes_part += fen
        whole = sum(line.paid_fen for line in order.lines)
        left[order.shop_id] = max(0, min(fen, whole - ORDER_FEN_MIN))
    return min(bps_of(takes_part, cap_bps), sum(left.values()))


def _kind(line: PricedLine) -> PriceKind:
    return line.quoted.price_kind


def take(lots: Sequence[Lot], points: int) -> list[Part]:
    """Which lots give `points`: what ends soonest goes first. Less than asked for where they have less."""
    parts = []
    for lot in sorted(lots, key=lambda one: (one.expires_at, one.id)):
        part = min(points, max(0, lot.left))
        if part:
            parts.append(Part(lot.id, part))
            points -= part
    return parts


def put_back(taken: Mapping[UUID, int], ends: Mapping[UUID, datetime], points: int) -> list[Part]:
    """To which of the lots that gave `taken` points go back: what lives longest first, so that a buyer loses least.

    Raises ValueError where more is to go back than was taken.
    """
    parts = []
    for lot_id in sorted(taken, key=lambda one: (ends[one], one), reverse=True):
        part = min(points, taken[lot_id])
        if part:
            parts.append(Part(lot_id, part))
            points -= part
    if points:
        raise ValueError(f"{points} points are to go back beyond what an order took")
    return parts


def to_take_back(*, had: int, gone: int, expired: int, keeps: int) -> int:
    """How many more of the points an order earned are to be taken back, when `keeps` is what it would earn now. Of `had` points
    `gone` were taken back before; those that expired unspent were nobody's gain."""
    return max(0, min(had - gone - keeps, had - gone - expired))


def offsets(debts: Sequence[Lot], lots: Sequence[Lot]) -> list[tuple[UUID, UUID, int]]:
    """(from lot, to lot, points): what was taken back and not there is paid from what is there now."""
    have = {lot.id: lot.left for lot in sorted(lots, key=lambda one: (one.expires_at, one.id)) if lot.left > 0}
    moves: list[tuple[UUID, UUID, int]] = []
    for debt in sorted(debts, key=lambda one: one.id):
        owed = -debt.left
        for lot_id, left in have.items():
            part = min(owed, left)
            if part > 0:
                moves.append((lot_id, debt.id, part))
                have[lot_id] = left - part
                owed -= part
    return moves
