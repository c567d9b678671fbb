"""How the money of an order is divided, and how a refund takes it back. Values in, values out; every fen is somebody's.

A line's goods are divided by the rates frozen on it, by largest remainder over what is left of them; freight is the merchant's;
what the platform gave as a discount is paid to the merchant. A refund after the settlement is divided by largest remainder over
what everybody *still has* of the line: dividing anew what is left and taking the difference can ask somebody for less than nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

from kaibo.kernel.money import BPS, split
from kaibo.trade.contracts import LineId
from kaibo.trade.orders.model import Order, OrderLine
from kaibo.trade.points.rules import fen_by_line


@dataclass(frozen=True)
class Shares:
    """Who has how much of a line, in fen.

    `merchant_fen` is the merchant's of what the buyer paid for the goods; `freight_fen` and `subsidy_fen` (what the platform gave
    as a discount) are the merchant's too. `points_fen` is of `subsidy_fen`: what points paid.
    """

    merchant_fen: int = 0
    creator_fen: int = 0
    agency_fen: int = 0
    leader_fen: int = 0
    platform_fen: int = 0
    freight_fen: int = 0
    subsidy_fen: int = 0
    points_fen: int = 0

    @property
    def goods_fen(self) -> int:
        return self.merchant_fen + self.creator_fen + self.agency_fen + self.leader_fen + self.platform_fen

    @property
    def buyer_fen(self) -> int:
        """What of it the buyer paid."""
        return self.goods_fen + self.freight_fen

    @property
    def shop_fen(self) -> int:
        """What of it is the merchant's, from the buyer and from the platform."""
        return self.merchant_fen + self.freight_fen + self.subsidy_fen

    def __add__(self, other: Shares) -> Shares:
        return Shares(*(mine + theirs for mine, theirs in zip(_parts(self), _parts(other), strict=True)))

    def __sub__(self, other: Shares) -> Shares:
        return Shares(*(mine - theirs for mine, theirs in zip(_parts(self), _parts(other), strict=True)))


SHARES = tuple(field.name for field in fields(Shares))
_parts = attrgetter(*SHARES)


def divide_line(line: OrderLine, *, has_creator: bool, agency_bps: int, leader_bps: int, points_fen: int = 0) -> Shares:
    """What everybody gets of a line when its order is settled: of what is left of it after refunds.

    Refunds count against the goods first and against the freight afterwards. Without a creator the commission stays with the
    merchant; agency and leader rates are 0 where there is none. The leader's rate yields where the rates exceed the whole.
    Of the line's `platform_discount_fen` points paid `points_fen`.
    """
    goods_back = min(line.refunded_fen, line.paid_fen)
    left = line.paid_fen - goods_back
    commission = line.commission_bps if has_creator else 0
    leader = min(leader_bps, BPS - commission - line.platform_fee_bps)
    weights = [commission, line.platform_fee_bps, leader, BPS - commission - line.platform_fee_bps - leader]
    earned, platform, lead, merchant = split(left, weights)
    agency = split(earned, [agency_bps, BPS - agency_bps])[0] if has_creator else 0
    return Shares(
        merchant_fen=merchant,
        creator_fen=earned - agency,
        agency_fen=agency,
        leader_fen=lead,
        platform_fen=platform,
        freight_fen=line.freight_paid_fen - (line.refunded_fen - goods_back),
        subsidy_fen=_standing(line, left, line.platform_discount_fen),
        points_fen=_standing(line, left, points_fen),
    )


def _standing(line: OrderLine, left: int, given_fen: int) -> int:
    """The part of what the platform gave that still stands: like the payment, or the pieces where nothing was paid."""
    if line.paid_fen:
        return given_fen * left // line.paid_fen
    return given_fen * (line.quantity - line.refunded_quantity) // line.quantity


def divide_order(order: Order) -> dict[LineId, Shares]:
    agency_bps = order.agency_bps if order.agency_id is not None else 0
    leader_bps = order.leader_bps if order.leader_id is not None else 0
    creator = order.creator_id is not None
    points = fen_by_line(order.explanation, len(order.lines))
    return {
        line.id: divide_line(line, has_creator=creator, agency_bps=agency_bps, leader_bps=leader_bps, points_fen=fen)
        for line, fen in zip(order.lines, points, strict=True)
    }


def total(shares: Sequence[Shares]) -> Shares:
    return sum(shares, Shares())


def take(had: Shares, goods_fen: int) -> Shares:
    """What everybody gives back when `goods_fen` of a line's goods are refunded. Between nothing and all they have.

    Raises ValueError where the line has less than that left.
    """
    if not 0 <= goods_fen <= had.goods_fen:
        raise ValueError(f"a refund of {goods_fen} fen for goods of which {had.goods_fen} fen are left")
    if goods_fen == 0:
        return Shares()
    weights = [had.merchant_fen, had.creator_fen, had.agency_fen, had.leader_fen, had.platform_fen]
    merchant, creator, agency, leader, platform = split(goods_fen, weights)
    subsidy, points = (fen * goods_fen // had.goods_fen for fen in (had.subsidy_fen, had.points_fen))
    return Shares(merchant, creator, agency, leader, platform, 0, subsidy, points)


def take_refunds(
    had: Mapping[LineId, Shares], line_refunds: Sequence[tuple[LineId, int]], freight_fen: int
) -> dict[LineId, Shares]:
    """What everybody gives back of each line. A line's refund beyond its goods counts as freight; freight is taken line by line.

    Raises ValueError where more is to go back than is left, or for a line that is not the order's.
    """
    back: dict[LineId, Shares] = {}
    for line_id, fen in line_refunds:
        if line_id not in had or fen < 0:
            raise ValueError(f"a refund of {fen} fen for line {line_id}, which the order has not or which is below 0")
        left = had[line_id] - back.get(line_id, Shares())
        goods_fen = min(fen, left.goods_fen)
        freight_fen += fen - goods_fen
        back[line_id] = back.get(line_id, Shares()) + take(left, goods_fen)
    for line_id, left in had.items():
        part = min(freight_fen, left.freight_fen)
        if part:
            back[line_id] = back.get(line_id, Shares()) + Shares(freight_fen=part)
            freight_fen -= part
    if freight_fen:
        raise ValueError(f"{freight_fen} fen are to go back beyond what is left of goods and freight")
    return {line_id: shares for line_id, shares in back.items() if shares != Shares()}
