"""Rates in time: exactly one at any instant, and no promise broken before midnight."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.goods.affiliate import rules
from kaibo.goods.affiliate.limits import rate_limits
from kaibo.goods.affiliate.rules import Offer, Segment, change, choose, next_midnight, rate_at
from kaibo.goods.catalog.categories import categories

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # 12:00 in China
MIDNIGHT = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)

minutes = st.integers(-3 * 1440, 3 * 1440)
rates = st.one_of(st.none(), st.integers(0, 5000))


@st.composite
def edits(draw: st.DrawFn) -> list[tuple[int, int | None, int | None, int | None]]:
    """(minutes since the last edit, bps, start and end in minutes from then)."""
    made = []
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.one_of(st.none(), st.integers(-60, 3000)))
        end = draw(st.one_of(st.none(), st.integers(max(start or 0, 0) + 1, 6000)))
        made.append((draw(st.integers(0, 2000)), draw(rates), start, end))
    return made


def apply(
    edits_: list[tuple[int, int | None, int | None, int | None]], fallback: int
) -> list[tuple[datetime, list[Segment]]]:
    """The timeline after each edit."""
    now, timeline, steps = NOON, [], []
    for wait, bps, start, end in edits_:
        now += timedelta(minutes=wait)
        timeline = change(
            timeline,
            bps,
            now=now,
            start=None if start is None else now + timedelta(minutes=start),
            end=None if end is None else now + timedelta(minutes=end),
            fallback_bps=fallback,
        )
        steps.append((now, timeline))
    return steps


@given(edits(), st.integers(-1, 3000))
def test_a_product_has_at_most_one_rate_at_any_instant(history: list, fallback: int) -> None:  # type: ignore[type-arg]
    for _, timeline in apply(history, fallback):
        for earlier, later in itertools.pairwise(timeline):
            assert earlier.end is not None
            assert earlier.start < earlier.end <= later.start


@given(edits(), st.integers(-1, 3000), minutes)
def test_before_midnight_nobody_gets_less_than_promised(history: list, fallback: int, offset: int) -> None:  # type: ignore[type-arg]
    before: list[Segment] = []
    for now, timeline in apply(history, fallback):
        at = now + timedelta(minutes=offset)
        if now <= at < next_midnight(now):
            old, new = rate_at(before, at), rate_at(timeline, at)
            assert (fallback if new is None else new) >= (fallback if old is None else old)
        before = timeline


@given(edits(), minutes)
def test_what_has_been_stays_as_it_was(history: list, offset: int) -> None:  # type: ignore[type-arg]
    before: list[Segment] = []
    for now, timeline in apply(history, -1):
        at = now - timedelta(minutes=abs(offset) + 1)
        assert rate_at(before, at) == rate_at(timeline, at)
        before = timeline


@given(edits())
def test_after_midnight_the_merchant_has_what_they_asked_for(history: list) -> None:  # type: ignore[type-arg]
    _wait, bps, start, end = history[-1]
    now, timeline = apply(history, -1)[-1]
    at = max(next_midnight(now), now + timedelta(minutes=max(start or 0, 0)))
    assert rate_at(timeline, at) == (bps if end is None or at < now + timedelta(minutes=end) else None)


def test_a_rise_counts_at_once_a_cut_from_midnight() -> None:
    timeline = change([], 1000, now=NOON)
    timeline = change(timeline, 2000, now=NOON + timedelta(hours=1))
    timeline = change(timeline, 500, now=NOON + timedelta(hours=2))
    assert rate_at(timeline, NOON + timedelta(minutes=30)) == 1000
    assert rate_at(timeline, NOON + timedelta(hours=2)) == 2000
    assert rate_at(timeline, MIDNIGHT - timedelta(seconds=1)) == 2000
    assert rate_at(timeline, MIDNIGHT) == 500


def test_an_open_plan_below_the_products_own_rate_waits_for_midnight() -> None:
    timeline = change([], 1000, now=NOON, fallback_bps=2000)
    assert rate_at(timeline, NOON) is None
    assert rate_at(timeline, MIDNIGHT) == 1000


def test_a_cut_taken_back_before_midnight_never_counts() -> None:
    timeline = change([], 2000, now=NOON)
    timeline = change(timeline, 500, now=NOON + timedelta(hours=1))
    timeline = change(timeline, 2000, now=NOON + timedelta(hours=2))
    assert timeline == [Segment(2000, NOON, None)]


def test_midnight_is_chinas() -> None:
    assert next_midnight(NOON) == MIDNIGHT
    assert next_midnight(MIDNIGHT) == MIDNIGHT + timedelta(days=1)
    assert next_midnight(MIDNIGHT - timedelta(seconds=1)) == MIDNIGHT


def offer(number: int, kind: str, bps: int, *, mine: bool = False, held: bool = False) -> Offer:
    return Offer(UUID(int=number), kind, bps, mine, held, UUID(int=99))  # type: ignore[arg-type]


ME = UUID(int=7)


@pytest.mark.parametrize(
    ("offers", "plan", "may_sell"),
    [
        ([], None, True),
        ([offer(1, "open", 900)], 1, True),
        ([offer(1, "open", 900), offer(2, "targeted", 500, mine=True)], 2, True),
        ([offer(1, "open", 900), offer(2, "targeted", 1500, held=True)], 1, True),
        ([offer(1, "targeted", 900, mine=True), offer(2, "exclusive", 500, mine=True, held=True)], 2, True),
        ([offer(1, "open", 900), offer(2, "exclusive", 500, held=True)], None, False),
        ([offer(1, "open", 900), offer(2, "exclusive", 500)], 1, True),
        ([offer(1, "open", 900), offer(2, "open", 1000)], 2, True),
        ([offer(2, "open", 900), offer(1, "open", 900)], 1, True),
    ],
    ids=[
        "no plan: the product's own",
        "open before own",
        "targeted before open, even where it is lower",
        "another's targeted plan does not count",
        "exclusive before targeted",
        "another's exclusive bars",
        "an exclusive nobody has accepted bars nobody",
        "the higher of two open plans",
        "the older of two equal ones",
    ],
)
def test_which_plan_counts(offers: list[Offer], plan: int | None, may_sell: bool) -> None:
    for order in (offers, offers[::-1]):
        chosen = choose(order, ME)
        assert chosen.may_sell is may_sell
        assert (chosen.offer.plan_id.int if chosen.offer else None) == plan


def test_an_exclusive_does_not_shut_out_the_shops_own_owner() -> None:
    chosen = choose([offer(1, "open", 900), offer(2, "exclusive", 500, held=True)], UUID(int=99))
    assert chosen.may_sell
    assert chosen.offer is not None
    assert chosen.offer.plan_id.int == 1


def test_every_category_has_limits() -> None:
    for key in categories():
        low, high = rate_limits(key)
        assert 0 <= low <= high <= 10_000
    assert rate_limits("garlic_ginger") == (100, 3000)
    assert rate_limits("nothing of the kind") == (100, 5000)


@given(st.integers(0, 10**9), st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_creator_keeps_between_nothing_and_the_whole_commission(price: int, bps: int, share: int) -> None:
    assert 0 <= rules.earns(price, bps, share) <= price * bps // 10_000
