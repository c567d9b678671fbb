"""Who may ask for what, until when, and what may follow what."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from kaibo.goods.catalog.seven_days import no_return_because
from kaibo.kernel import i18n
from kaibo.people.contracts import ShopId
from kaibo.trade.aftersales import rulebook, rules
from kaibo.trade.aftersales.model import CaseKind, CaseState, Cover
from kaibo.trade.aftersales.refusals import EvidenceNeeded, NotOffered, ReasonUnfit, RuleUnknown
from kaibo.trade.contracts import OrderId, OrderState
from kaibo.trade.orders.model import Terms

HOUSE = Terms(900, 48 * 3600, 10 * 86400, 7 * 86400, 500)
# 23:50 in China
RECEIVED = datetime(2026, 11, 1, 15, 50, tzinfo=UTC)


def test_the_seven_days_count_from_the_day_after_receipt_to_the_end_of_the_seventh() -> None:
    # received on 1 November in China: the seventh day is the 8th, which ends at 16:00 UTC
    assert rules.no_reason_until(RECEIVED, HOUSE) == datetime(2026, 11, 8, 16, 0, tzinfo=UTC)
    rules.check_no_reason([None], RECEIVED, datetime(2026, 11, 8, 15, 59, tzinfo=UTC), HOUSE)
    with pytest.raises(NotOffered) as late:
        rules.check_no_reason([None], RECEIVED, datetime(2026, 11, 8, 16, 0, tzinfo=UTC), HOUSE)
    assert late.value.why == ["seven_days_over"]


@pytest.mark.parametrize(
    ("category", "attributes", "exclusion"),
    [
        ("fruit", [], "perishable"),
        ("plant", [], "perishable"),
        ("curtain", [("定制", "是")], "custom"),
        ("curtain", [("定制", "否")], None),
        ("toy", [("数字商品", "是")], "digital"),
        ("toy", [("Newspaper", "Yes")], "press"),
        ("women_clothing", [("层数", "是")], None),
    ],
)
def test_only_the_four_exclusions_of_the_law_exclude(
    category: str, attributes: list[tuple[str, str]], exclusion: str | None
) -> None:
    assert no_return_because(category, attributes, ["ship_48h"]) == exclusion
    assert no_return_because(category, attributes, ["seven_day_return"]) is None, "a better promise binds"
    if exclusion is None:
        rules.check_no_reason([None], RECEIVED, RECEIVED, HOUSE)
        return
    with pytest.raises(NotOffered) as wrong:
        rules.check_no_reason([None, exclusion], None, RECEIVED, HOUSE)
    assert wrong.value.why == [f"excluded_{exclusion}"]


def test_a_reason_fits_a_kind_and_brings_its_picture() -> None:
    assert rules.check_reason(CaseKind.RETURN_REFUND, "no_reason", 0, before_shipping=False).fault == "buyer"
    assert rules.check_reason(CaseKind.REPAIR, "quality", 1, before_shipping=False).fault == "merchant"
    with pytest.raises(EvidenceNeeded):
        rules.check_reason(CaseKind.RETURN_REFUND, "quality", 0, before_shipping=False)
    for kind, reason, before in (
        (CaseKind.EXCHANGE, "no_reason", False),
        (CaseKind.REFUND_ONLY, "not_wanted", False),
        (CaseKind.REFUND_ONLY, "quality", True),
        (CaseKind.REFUND_ONLY, "because", False),
    ):
        with pytest.raises(ReasonUnfit):
            rules.check_reason(kind, reason, 9, before_shipping=before)


def test_time_runs_out_by_kind() -> None:
    def why(kind: CaseKind, state: OrderState, days: int) -> list[str] | None:
        try:
            rules.check_time(kind, state, RECEIVED, RECEIVED + timedelta(days=days), HOUSE)
        except NotOffered as no:
            return no.why
        return None

    assert why(CaseKind.RETURN_REFUND, OrderState.PAID, 0) == ["not_shipped"]
    assert why(CaseKind.REFUND_ONLY, OrderState.PLACED, 0) == ["order_state"]
    assert why(CaseKind.REFUND_ONLY, OrderState.REFUNDED, 0) == ["order_state"]
    assert why(CaseKind.RETURN_REFUND, OrderState.SETTLED, 29) is None
    assert why(CaseKind.RETURN_REFUND, OrderState.SETTLED, 30) == ["window_over"]
    assert why(CaseKind.REPAIR, OrderState.SETTLED, 364) is None


def test_price_protection_lasts_as_long_as_the_shop_promised() -> None:
    until = rules.check_price_protection(7, RECEIVED, RECEIVED + timedelta(days=6), HOUSE)
    assert until == RECEIVED + timedelta(days=7)
    for days, at in ((0, 0), (7, 7)):
        with pytest.raises(NotOffered):
            rules.check_price_protection(days, RECEIVED, RECEIVED + timedelta(days=at), HOUSE)


def test_the_way_back_is_paid_by_who_is_at_fault_then_by_the_cover_then_by_the_buyer() -> None:
    cover = Cover(OrderId(uuid.uuid4()), ShopId(uuid.uuid4()), 100, 1200, 0)
    used = Cover(cover.order_id, cover.shop_id, 100, 1200, 1200)
    assert rules.return_freight("merchant", 900, cover) == ("merchant", 900)
    assert rules.return_freight("merchant", 90_000, None) == ("merchant", rulebook.RETURN_FREIGHT_FEN_MAX)
    assert rules.return_freight("buyer", 1500, cover) == ("cover", 1200)
    assert rules.return_freight("buyer", 1500, used) == ("buyer", 0)
    assert rules.return_freight("none", 1500, None) == ("buyer", 0)


def test_fraud_costs_three_times_at_least_five_hundred_yuan() -> None:
    assert rules.fraud_compensation(2990) == 50_000
    assert rules.fraud_compensation(100_000) == 300_000


def test_every_state_that_waits_has_somebody_it_waits_for_and_every_end_is_an_end() -> None:
    for state in CaseState:
        assert (rules.waits_for(state) is not None) == (state in rules.UNDECIDED)
        assert (not rules.TRANSITIONS[state]) == (state in rules.FINAL)
    reached = {following for found in rules.TRANSITIONS.values() for following in found}
    assert reached | {CaseState.ASKED} == set(CaseState)


def test_an_arbitration_rests_on_a_rule_of_the_book() -> None:
    rules.check_arbitration_rule("law_consumer_55")
    for rule in ("answer_48h", "because"):
        with pytest.raises(RuleUnknown):
            rules.check_arbitration_rule(rule)


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_every_rule_reason_refusal_and_state_has_words(locale: i18n.Locale) -> None:
    wanted = {f"trade.rule.{rule}" for rule in rulebook.RULES}
    wanted |= {f"trade.reason.{reason}" for reason in rules.REASONS}
    wanted |= {f"trade.refusal.{key}" for key in rules.REFUSALS} | {
        f"trade.refusal_text.{key}" for key in rules.REFUSALS
    }
    wanted |= {f"trade.case_state.{state.value}" for state in CaseState}
    assert wanted <= i18n.known(locale)
    periods = [value for value in vars(rulebook).values() if isinstance(value, rulebook.Period)]
    assert len(periods) == 10
    assert {period.rule for period in periods} <= set(rulebook.RULES)
