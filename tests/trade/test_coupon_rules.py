"""Which terms of a coupon make sense, when it can be claimed, and when a claim is good."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from kaibo.people.contracts import ShopId
from kaibo.trade.pricing.coupons import rules
from kaibo.trade.pricing.coupons.model import Claim, Coupon, Terms
from kaibo.trade.pricing.model import Funder

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TICK = timedelta(microseconds=1)
OFF = Terms("满100减10", "off", NOW - HOUR, NOW + DAY, 100, off_fen=1_000, threshold_fen=10_000, use_days=7)
PERCENT = replace(OFF, benefit="percent", off_fen=0, percent_bps=1_000)
FREIGHT = replace(OFF, benefit="freight")
EACH = replace(OFF, each_full=True, cap_fen=5_000)
FIXED = replace(OFF, use_days=None, use_from=NOW, use_until=NOW + 2 * DAY)


@pytest.mark.parametrize("funder", ["merchant", "platform"])
@pytest.mark.parametrize(
    "terms",
    [
        OFF,
        replace(OFF, threshold_fen=0),
        replace(OFF, threshold_fen=1_000),
        replace(OFF, off_fen=1, threshold_fen=0),
        replace(OFF, budget_fen=1_000),
        replace(OFF, per_buyer_limit=100),
        replace(OFF, stack_group="member"),
        replace(OFF, stack_group="campaign"),
        replace(OFF, scope="products", scope_ids=("p",)),
        EACH,
        replace(EACH, cap_fen=1_000),
        replace(EACH, cap_fen=None),
        PERCENT,
        replace(PERCENT, percent_bps=1),
        replace(PERCENT, percent_bps=9_999),
        replace(PERCENT, cap_fen=1),
        replace(PERCENT, budget_fen=1),
        FIXED,
        replace(FIXED, use_until=OFF.claim_until),
    ],
)
def test_terms_that_make_sense(terms: Terms, funder: Funder) -> None:
    assert rules.faults(terms, funder) == []


@pytest.mark.parametrize(
    ("terms", "faults"),
    [
        (replace(OFF, scope="products"), ["scope_ids"]),
        (replace(OFF, scope_ids=("p",)), ["scope_ids"]),
        (replace(OFF, scope="shops", scope_ids=("s",)), ["scope_shops"]),
        (replace(OFF, claim_until=OFF.claim_from), ["claim_window"]),
        (replace(OFF, claim_until=OFF.claim_from + TICK), []),
        (replace(OFF, use_days=None), ["use_window"]),
        (replace(OFF, use_days=None, use_from=NOW), ["use_window"]),
        (replace(OFF, use_days=None, use_until=NOW + 2 * DAY), ["use_window"]),
        (replace(FIXED, use_from=FIXED.use_until), ["use_window"]),
        (replace(FIXED, use_until=OFF.claim_until - TICK), ["use_ends_before_claim"]),
        (replace(OFF, use_from=NOW), ["use_window"]),
        (replace(OFF, use_until=NOW), ["use_window"]),
        (replace(OFF, stack_group="mine"), ["stack_group"]),
        (replace(OFF, per_buyer_limit=101), ["per_buyer_limit"]),
        (replace(OFF, budget_fen=999), ["budget"]),
        (replace(PERCENT, percent_bps=0), ["percent"]),
        (replace(PERCENT, percent_bps=10_000), ["percent"]),
        (replace(PERCENT, off_fen=1), ["percent"]),
        (replace(PERCENT, each_full=True), ["each_full"]),
        (replace(OFF, off_fen=0), ["off"]),
        (replace(OFF, percent_bps=1), ["off"]),
        (replace(FREIGHT, each_full=True), ["freight_plain"]),
        (replace(FREIGHT, cap_fen=1), ["freight_plain"]),
        (FREIGHT, []),
        (replace(FREIGHT, threshold_fen=1), []),
        (replace(OFF, threshold_fen=999), ["off_above_threshold"]),
        (replace(OFF, threshold_fen=1), ["off_above_threshold"]),
        (replace(EACH, threshold_fen=0), ["each_full"]),
        (replace(OFF, cap_fen=5_000), ["cap"]),
        (replace(EACH, cap_fen=999), ["cap"]),
        (
            replace(OFF, off_fen=0, scope="shops", claim_until=OFF.claim_from, use_days=None, stack_group="x", per_buyer_limit=101),
            ["off", "scope_ids", "scope_shops", "claim_window", "use_window", "stack_group", "per_buyer_limit"],
        ),
    ],
)  # fmt: skip
def test_every_fault_of_a_shops_coupon_is_named(terms: Terms, faults: list[str]) -> None:
    assert rules.faults(terms, "merchant") == faults


def test_the_platform_may_name_shops_and_gives_no_freight() -> None:
    assert rules.faults(replace(OFF, scope="shops", scope_ids=("s",)), "platform") == []
    assert rules.faults(FREIGHT, "platform") == ["freight_platform"]


def coupon(terms: Terms = OFF, **changes: Any) -> Coupon:
    return replace(Coupon(uuid4(), "merchant", ShopId(uuid4()), terms, 0, 0, None, NOW - DAY), **changes)


@pytest.mark.parametrize(
    ("changes", "now", "state"),
    [
        ({}, OFF.claim_from - TICK, "scheduled"),
        ({}, OFF.claim_from, "open"),
        ({"claimed": 99}, NOW, "open"),
        ({"claimed": 100}, NOW, "gone"),
        ({"claimed": 100}, OFF.claim_until, "ended"),
        ({}, OFF.claim_until - TICK, "open"),
        ({}, OFF.claim_until, "ended"),
        ({"stopped_at": NOW}, OFF.claim_until, "stopped"),
    ],
)
def test_when_a_coupon_can_be_claimed(changes: dict[str, Any], now: datetime, state: str) -> None:
    assert rules.state_of(coupon(**changes), now) == state


def test_a_claim_is_good_for_days_or_in_a_fixed_time() -> None:
    assert rules.use_window(OFF, NOW) == (NOW, NOW + 7 * DAY)
    assert rules.use_window(FIXED, NOW - HOUR) == (NOW, NOW + 2 * DAY)


def claim(state: Any = "usable", **changes: Any) -> Claim:
    return replace(Claim(uuid4(), coupon(), state, NOW, NOW + DAY, NOW), **changes)


BUDGETED = replace(OFF, budget_fen=5_000)


@pytest.mark.parametrize(
    ("claim", "now", "why"),
    [
        (claim(), NOW, None),
        (claim("spent"), NOW, "spent"),
        (claim("held"), NOW, "held"),
        (claim("held"), NOW + DAY, "held"),
        (claim(), NOW + DAY, "expired"),
        (claim(), NOW + DAY - TICK, None),
        (claim(), NOW - TICK, "not_yet"),
        (claim(coupon=coupon(BUDGETED, committed_fen=4_999)), NOW, None),
        (claim(coupon=coupon(BUDGETED, committed_fen=5_000)), NOW, "budget_gone"),
        (claim(coupon=coupon(OFF, committed_fen=10**9)), NOW, None),
    ],
)
def test_why_a_claim_cannot_be_used(claim: Claim, now: datetime, why: str | None) -> None:
    assert rules.why_unusable(claim, now) == why


@pytest.mark.parametrize(
    ("state", "now", "pocket"),
    [
        ("usable", NOW, "usable"),
        ("usable", NOW + DAY, "expired"),
        ("usable", NOW + DAY - TICK, "usable"),
        ("held", NOW + DAY, "used"),
        ("spent", NOW, "used"),
    ],
)
def test_where_my_coupons_shows_a_claim(state: str, now: datetime, pocket: str) -> None:
    assert rules.pocket_of(claim(state), now) == pocket
