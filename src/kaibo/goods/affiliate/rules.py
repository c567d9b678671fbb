"""Rates in time, and which of several plans counts. Pure.

A merchant may raise a rate at once. Whatever lowers what a creator earns (a lower rate, an earlier end, a product taken out, a
plan stopped, an exclusive given to somebody else) takes effect at the next midnight in China at the earliest: who goes live
tonight earns tonight what they saw this afternoon.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from uuid import UUID

from kaibo.goods.contracts.affiliate import PlanKind
from kaibo.kernel.money import bps_of

PLANS_PER_SHOP_MAX = 200
PRODUCTS_PER_PLAN_MAX = 500
PARTIES_PER_PLAN_MAX = 1_000
NAME_CHARS_MAX = 40
LEADER_BPS_MAX = 3_000

_CHINA = timezone(timedelta(hours=8))

TIER: dict[PlanKind, int] = {"exclusive": 0, "targeted": 1, "open": 2}
"""The lower number counts; the product's own rate comes after all of them."""


@dataclass(frozen=True)
class Segment:
    """A rate from `start` (included) to `end` (excluded; None: for good)."""

    bps: int
    start: datetime
    end: datetime | None

    def covers(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)


def next_midnight(now: datetime) -> datetime:
    """00:00 of the following day in Asia/Shanghai, which has no summer time."""
    there = now.astimezone(_CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return (there + timedelta(days=1)).astimezone(now.tzinfo)


def rate_at(timeline: Iterable[Segment], at: datetime) -> int | None:
    """The rate in force at an instant, or None where the plan has none for the product."""
    return next((s.bps for s in timeline if s.covers(at)), None)


def change(
    timeline: Sequence[Segment],
    bps: int | None,
    *,
    now: datetime,
    start: datetime | None = None,
    end: datetime | None = None,
    fallback_bps: int = -1,
) -> list[Segment]:
    """The timeline after somebody asks for `bps` (None: no rate) from `start` (default: now) to `end` (default: for good).

    Before `start` nothing changes; after `end` there is no rate. Before the next midnight no instant gets less than it was
    promised: there the better of the old and the new counts. `fallback_bps` is what a creator gets where the plan has no rate
    (the product's own, for an open plan). What lies before now is returned as it was.
    """
    begin = max(now, start) if start is not None else now
    midnight = next_midnight(now)

    def worth(rate: int | None) -> int:
        return fallback_bps if rate is None else rate

    def following(at: datetime) -> int | None:
        old = rate_at(timeline, at)
        if at < begin:
            return old
        wanted = bps if end is None or at < end else None
        if at >= midnight or worth(wanted) >= worth(old):
            return wanted
        return old

    edges = {now, begin, midnight} | ({end} if end is not None and end > now else set())
    for segment in timeline:
        edges |= {e for e in (segment.start, segment.end) if e is not None and e > now}
    past = [_clipped(s, now) for s in timeline if s.start < now]
    return _merged(past, [(at, following(at)) for at in sorted(edges)])


def _clipped(segment: Segment, now: datetime) -> Segment:
    return Segment(segment.bps, segment.start, now if segment.end is None else min(segment.end, now))


def _merged(past: list[Segment], steps: list[tuple[datetime, int | None]]) -> list[Segment]:
    """One segment for each run of equal rates; a run that goes on across now stays the segment it was."""
    made = sorted(past, key=lambda s: s.start)
    for place, (at, bps) in enumerate(steps):
        end = steps[place + 1][0] if place + 1 < len(steps) else None
        if bps is None:
            continue
        last = made[-1] if made else None
        if last is not None and last.end == at and last.bps == bps:
            made[-1] = Segment(bps, last.start, end)
        else:
            made.append(Segment(bps, at, end))
    return made


@dataclass(frozen=True)
class Offer:
    """A plan's rate for a product now. `mine`: the creator (or their agency) is an accepted party; `held`: somebody is."""

    plan_id: UUID
    kind: PlanKind
    bps: int
    mine: bool
    held: bool
    owner_id: UUID
    leader_id: UUID | None = None
    leader_bps: int = 0


@dataclass(frozen=True)
class Chosen:
    """`offer` None: the product's own rate counts."""

    may_sell: bool
    offer: Offer | None


def choose(offers: Iterable[Offer], creator_id: UUID) -> Chosen:
    """Exclusive before targeted before open before the product's own; of equal kinds the highest rate, then the oldest plan.

    An exclusive plan that somebody else has accepted bars everybody but the shop's own owner, for whom it does not exist.
    """
    found = list(offers)
    for offer in found:
        if offer.kind == "exclusive" and offer.held and not offer.mine and offer.owner_id != creator_id:
            return Chosen(may_sell=False, offer=None)
    open_to_me = [o for o in found if o.kind == "open" or o.mine]
    best = min(open_to_me, key=lambda o: (TIER[o.kind], -o.bps, o.plan_id), default=None)
    return Chosen(may_sell=True, offer=best)


def earns(price_fen: int, commission_bps: int, agency_bps: int) -> int:
    """What a creator keeps of a piece at this price, in fen, after the agency's share of the commission."""
    commission = bps_of(price_fen, commission_bps)
    return commission - bps_of(commission, agency_bps)
