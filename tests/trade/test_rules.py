"""The pure rules of an order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.goods.contracts import NotOnSale, PriceChanged, ProductId, QuotedLine, SkuId
from kaibo.kernel.money import BPS
from kaibo.people.contracts import PersonId, ShopId
from kaibo.trade.contracts import (
    LineId,
    NothingToPay,
    OrderId,
    OrderState,
    PaymentClosing,
    SkuTwice,
    TotalTooLarge,
    WrongState,
)
from kaibo.trade.orders import rules
from kaibo.trade.orders.model import DeliveryAddress, Order, OrderLine, Terms, WantedLine

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
TERMS = Terms(
    pay_seconds=900, ship_seconds=172_800, receive_seconds=864_000, after_sales_seconds=604_800, platform_fee_bps=500
)
SHOP = ShopId(uuid4())


def quoted(**changes: object) -> QuotedLine:
    line = QuotedLine(
        sku_id=SkuId(uuid4()),
        product_id=ProductId(uuid4()),
        shop_id=SHOP,
        title="紫皮独头蒜",
        sku_name="5 斤",
        picture_url=None,
        quantity=1,
        unit_price_fen=2990,
        freight_fen=0,
        commission_bps=2000,
        limit_per_buyer=None,
        stock_left=10,
        approved=True,
    )
    return replace(line, **changes)  # type: ignore[arg-type]


def line(fen: int = 2990, commission_bps: int = 2000, platform_fee_bps: int = 500) -> OrderLine:
    return OrderLine(
        id=LineId(uuid4()),
        sku_id=SkuId(uuid4()),
        product_id=ProductId(uuid4()),
        title="紫皮独头蒜",
        sku_name="5 斤",
        picture_url=None,
        unit_price_fen=fen,
        quantity=1,
        line_fen=fen,
        paid_fen=fen,
        freight_fen=0,
        freight_paid_fen=0,
        commission_bps=commission_bps,
        platform_fee_bps=platform_fee_bps,
    )


def order(state: OrderState = OrderState.PLACED, **changes: object) -> Order:
    order_id = OrderId(uuid4())
    made = Order(
        id=order_id,
        checkout_id=order_id,
        number="26112357600000123456",
        buyer_id=PersonId(uuid4()),
        buyer_nickname="李**",
        shop_id=SHOP,
        shop_name="宾川蒜铺",
        state=state,
        lines=(line(),),
        goods_fen=2990,
        freight_fen=0,
        total_fen=2990,
        commission_fen=598,
        platform_fee_fen=149,
        address=DeliveryAddress("李小明", "13800138000", "138****8000", "云南省", "大理州", "宾川县", "1 号"),
        source=None,
        source_title=None,
        creator_id=None,
        note=None,
        created_at=NOW,
        pay_before=NOW + timedelta(seconds=900),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_every_state_has_its_transitions_and_every_order_can_end() -> None:
    assert set(rules.TRANSITIONS) == set(OrderState)
    for start in OrderState:
        seen, frontier = set(), {start}
        while frontier:
            seen |= frontier
            frontier = {after for state in frontier for after in rules.TRANSITIONS[state]} - seen
        assert seen & rules.FINAL, f"{start} never ends"


@given(st.sampled_from(OrderState))
def test_only_what_waits_for_money_can_become_paid_or_close(state: OrderState) -> None:
    for following in (OrderState.PAID, OrderState.EXPIRED):
        assert rules.may_become(state, following) == (state in rules.UNPAID)
    assert rules.may_become(state, OrderState.CANCELLED) == (state is OrderState.PLACED)


def test_a_shipped_order_cannot_be_refunded_before_shipping() -> None:
    with pytest.raises(WrongState) as refused:
        rules.require(order(OrderState.SHIPPED), OrderState.REFUNDING, "refund")
    assert refused.value.facts() == {"state": "shipped", "action": "refund"}


def test_an_order_on_its_way_out_cannot_be_paid() -> None:
    with pytest.raises(PaymentClosing):
        rules.require_payable(order(closing="cancelled"), NOW)


def test_an_order_whose_time_is_over_cannot_be_paid_even_before_the_clock_came_by() -> None:
    rules.require_payable(order(), NOW + timedelta(seconds=899))
    with pytest.raises(WrongState):
        rules.require_payable(order(), NOW + timedelta(seconds=900))


def test_a_rehearsal_shortens_every_period_alike_but_to_no_less_than_a_second() -> None:
    fast = replace(TERMS, scale=0.001)
    assert rules.due(NOW, 864_000, fast) == NOW + timedelta(seconds=864)
    assert rules.due(NOW, 900, fast) == NOW + timedelta(seconds=1)
    assert rules.due(NOW, 0, fast) == NOW


@given(st.integers(946_684_800, 4_070_908_800).map(lambda at: datetime.fromtimestamp(at, UTC)), st.integers(0, 10**9))
def test_an_order_number_has_twenty_digits_and_fits_the_providers_numbers(at: datetime, salt: int) -> None:
    number = rules.order_number(at, salt)
    assert len(number) == 20
    assert number.isdigit()
    assert len(f"{number}P01R01") <= 32


def test_order_numbers_sort_by_time_and_begin_with_the_day_in_china() -> None:
    late = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # midnight in Shanghai
    assert rules.order_number(late, 7) == "26112300000000000007"
    assert rules.order_number(late - timedelta(milliseconds=1), 7).startswith("26112286399999")


def test_a_nickname_is_masked_so_that_a_room_does_not_learn_who_bought() -> None:
    assert rules.masked("李小明") == "李**"
    assert rules.masked("") == "**"


def test_a_price_that_changed_between_tap_and_place_is_told_with_both_prices() -> None:
    now = quoted(unit_price_fen=3290)
    with pytest.raises(PriceChanged) as refused:
        rules.check_wanted([WantedLine(now.sku_id, 1, 2990)], [now])
    assert refused.value.facts() == {"sku_id": now.sku_id, "was_fen": 2990, "now_fen": 3290}


def test_what_cannot_be_one_order_is_refused() -> None:
    first = quoted()
    with pytest.raises(SkuTwice):
        rules.check_wanted([WantedLine(first.sku_id, 1, 2990)] * 2, [first, first])
    withdrawn = quoted(approved=False)
    with pytest.raises(NotOnSale):
        rules.check_wanted([WantedLine(withdrawn.sku_id, 1, 2990)], [withdrawn])


def test_totals_outside_the_limits_are_refused() -> None:
    rules.check_total(1)
    rules.check_total(rules.TOTAL_FEN_MAX)
    with pytest.raises(NothingToPay):
        rules.check_total(0)
    with pytest.raises(TotalTooLarge):
        rules.check_total(rules.TOTAL_FEN_MAX + 1)


rates = st.integers(0, BPS)


@given(
    st.lists(st.tuples(st.integers(0, 10**9), rates), min_size=1, max_size=50),
    rates,
    st.integers(0, 10**6),
    st.booleans(),
)
def test_the_parts_of_a_settlement_sum_to_the_total_to_the_fen(
    lines: list[tuple[int, int]], fee_bps: int, freight_fen: int, has_creator: bool
) -> None:
    terms = replace(TERMS, platform_fee_bps=fee_bps)
    made = []
    for fen, commission_bps in lines:
        commission, fee = rules.frozen_rates(commission_bps, terms)
        made.append(line(fen, commission, fee))
    parts = rules.divide(made, freight_fen, has_creator=has_creator)
    assert (
        parts.merchant_fen + parts.creator_fen + parts.platform_fen == sum(one.line_fen for one in made) + freight_fen
    )
    assert min(parts.merchant_fen - freight_fen, parts.creator_fen, parts.platform_fen) >= 0
    assert has_creator or parts.creator_fen == 0
    # Largest remainder: no part is off its exact share by a fen or more on any line.
    exact = sum(one.line_fen * one.commission_bps for one in made) / BPS if has_creator else 0
    assert abs(parts.creator_fen - exact) < len(made)


def test_without_a_creator_the_commission_stays_with_the_merchant() -> None:
    with_one = rules.divide([line(10_000)], 500, has_creator=True)
    without = rules.divide([line(10_000)], 500, has_creator=False)
    assert (with_one.merchant_fen, with_one.creator_fen, with_one.platform_fen) == (8_000, 2_000, 500)
    assert (without.merchant_fen, without.creator_fen, without.platform_fen) == (10_000, 0, 500)


@pytest.mark.parametrize(
    ("state", "viewer", "expected"),
    [
        (OrderState.PLACED, "buyer", ["pay", "cancel", "change_address"]),
        (OrderState.PAID, "buyer", ["refund", "remind", "change_address"]),
        (OrderState.SHIPPED, "buyer", ["receive"]),
        (OrderState.RECEIVED, "buyer", []),
        (OrderState.PLACED, "shop", []),
        (OrderState.PAID, "shop", ["ship"]),
        (OrderState.PAID, "operator", []),
    ],
)
def test_an_order_offers_what_its_viewer_may_do(state: OrderState, viewer: str, expected: list[str]) -> None:
    assert rules.actions(order(state), viewer, NOW) == expected  # type: ignore[arg-type]


def test_an_order_on_its_way_out_offers_nothing_and_one_that_is_too_late_only_cancels() -> None:
    assert rules.actions(order(closing="cancelled"), "buyer", NOW) == []
    assert rules.actions(order(), "buyer", NOW + timedelta(hours=1)) == ["cancel"]
