"""Orders, parcels and settlements: each rule at its edge."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import islice
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.goods.contracts import SkuId
from kaibo.people.contracts import PersonId
from kaibo.trade.contracts import LineId, OrderState, Source, WrongState
from kaibo.trade.orders import rules
from kaibo.trade.orders.model import Wanted, WantedLine
from kaibo.trade.settlement.rules import Shares, divide_line, divide_order, take_refunds
from kaibo.trade.shipping import rules as shipping
from kaibo.trade.shipping.errors import TooManyParcels, TooManyPieces
from tests.shipping.test_parcel_rules import line as parcel_line
from tests.shipping.test_parcel_rules import order_of, parcel
from tests.trade.test_rules import NOW, TERMS, line, order, quoted

TICK = timedelta(microseconds=1)
S = OrderState


# --- orders


@pytest.mark.parametrize("state", S)
def test_only_an_order_that_waits_for_its_money_can_be_paid_until_its_time_is_over(state: OrderState) -> None:
    made = order(state)
    if state in {S.PLACED, S.RESERVED}:  # all of it, or the balance of a presale
        rules.require_payable(made, made.pay_before - TICK)
        with pytest.raises(WrongState) as refused:
            rules.require_payable(made, made.pay_before)
        assert refused.value.facts() == {"state": "expired", "action": "pay"}
        return
    with pytest.raises(WrongState) as refused:
        rules.require_payable(made, NOW)
    assert refused.value.facts() == {"state": state.value, "action": "pay"}


def test_a_million_orders_of_one_millisecond_have_numbers_of_their_own() -> None:
    first = rules.order_number(NOW, 999_999)
    numbers = list(islice(rules.order_numbers(NOW, 999_999), 20_000))
    assert numbers[:2] == [first, rules.order_number(NOW, 999_999 + rules.NUMBER_STEP)]
    assert len(set(numbers)) == 20_000
    assert {(len(number), number[:14]) for number in numbers} == {(20, first[:14])}


WISH = Wanted(
    (WantedLine(SkuId(uuid4()), 2, 2_990), WantedLine(SkuId(uuid4()), 1, 100)),
    uuid4(), Source("broadcast", uuid4(), uuid4()), "放门口", (uuid4(), uuid4()),
)  # fmt: skip


def test_a_wish_has_one_digest_and_any_other_wish_another() -> None:
    first, second = WISH.lines
    others = [
        replace(WISH, address_id=uuid4()),
        replace(WISH, lines=(second, first)),
        replace(WISH, lines=(first,)),
        replace(WISH, lines=(replace(first, sku_id=SkuId(uuid4())), second)),
        replace(WISH, lines=(replace(first, quantity=3), second)),
        replace(WISH, lines=(replace(first, unit_price_fen=2_991), second)),
        replace(WISH, source=replace(WISH.source, kind="room")),
        replace(WISH, source=replace(WISH.source, id=uuid4())),
        replace(WISH, source=replace(WISH.source, item=uuid4())),
        replace(WISH, note=None),
        replace(WISH, coupon_ids=WISH.coupon_ids[:1]),
        replace(WISH, coupon_ids=WISH.coupon_ids[::-1]),
    ]
    found = {rules.digest(one) for one in (WISH, *others)}
    assert len(found) == 1 + len(others)
    assert rules.digest(replace(WISH)) == rules.digest(WISH)
    assert {len(one) for one in found} == {16}
    assert rules.digest(replace(WISH, note=None)) == rules.digest(replace(WISH, note=""))


def test_a_digest_is_the_same_after_an_upgrade() -> None:
    """A key is looked up for thirty days: were the digest reckoned otherwise, a repeated request would be taken for another."""
    ids = [UUID(int=number) for number in range(6)]
    lines = (WantedLine(SkuId(ids[0]), 2, 2_990), WantedLine(SkuId(ids[1]), 1, 100))
    wish = Wanted(lines, ids[2], Source("broadcast", ids[3], ids[4]), None, (ids[5],))
    assert rules.digest(wish).hex() == "e9da7ea4c3ccb7441ca4fb006326220c"


def test_a_wish_is_held_against_as_many_quotes() -> None:
    wanted = [WantedLine(SkuId(uuid4()), 1, 2_990)] * 1
    with pytest.raises(ValueError):
        rules.check_wanted(wanted, [quoted(), quoted()])


FINAL_STATES = (S.SETTLED, S.CANCELLED, S.EXPIRED, S.REFUNDED)


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("cases", [0, 1, 2])
def test_an_order_can_be_hidden_when_nothing_is_to_come(state: OrderState, cases: int) -> None:
    made = order(state, open_cases=cases)
    may = state in FINAL_STATES and cases == 0
    assert rules.may_hide(made) is may
    assert ("hide" in rules.actions(made, "buyer", NOW)) is may
    assert "hide" not in rules.actions(replace(made, hidden_at=NOW), "buyer", NOW)
    assert rules.actions(made, "operator", NOW) == []


def test_a_placed_order_offers_paying_up_to_its_last_instant_and_cancelling_after_it() -> None:
    made = order()
    assert rules.actions(made, "buyer", made.pay_before - TICK) == ["pay", "cancel", "change_address"]
    assert rules.actions(made, "buyer", made.pay_before) == ["cancel"]


def test_the_time_to_receive_may_be_extended_from_three_days_before_its_end() -> None:
    assert rules.extend_opens_at(NOW, TERMS) == NOW - timedelta(days=3)
    assert rules.extend_opens_at(NOW, replace(TERMS, scale=0.5)) == NOW - timedelta(days=1.5)


# --- parcels


def test_an_order_goes_into_at_most_so_many_parcels() -> None:
    made = order_of(parcel_line(1_000))
    lines = made.lines[0].id
    packed = [parcel((lines, 1)) for _ in range(shipping.PARCELS_MAX - 1)]
    assert shipping.pack(made, packed, [(lines, 1)])
    with pytest.raises(TooManyParcels) as refused:
        shipping.pack(made, [*packed, parcel((lines, 1))], [(lines, 1)])
    assert refused.value.facts() == {"parcels_max": shipping.PARCELS_MAX}


def test_a_parcel_may_take_all_that_is_left_and_no_piece_more() -> None:
    made = order_of(parcel_line(3))
    (one,) = made.lines
    assert [(line.line_id, line.quantity) for line in shipping.pack(made, [], [(one.id, 3)])] == [(one.id, 3)]
    for asked in (0, -1, 4):
        with pytest.raises(TooManyPieces) as refused:
            shipping.pack(made, [], [(one.id, asked)])
        assert refused.value.facts() == {"title": "抽纸", "asked": asked, "left": 3}


def test_a_trace_may_be_five_minutes_ahead_of_our_clock() -> None:
    assert shipping.is_believable(NOW + timedelta(minutes=5), NOW)
    assert not shipping.is_believable(NOW + timedelta(minutes=5) + TICK, NOW)


def test_a_parcel_is_quiet_since_it_last_moved_or_was_shipped() -> None:
    made = parcel()
    day = timedelta(days=1)
    for last_at, since in ((None, NOW), (NOW + day, NOW + day), (NOW - day, NOW)):
        assert shipping.quiet_since(replace(made, shipped_at=NOW, last_at=last_at)) == since


def test_an_order_without_parcels_counts_from_its_shipping() -> None:
    shipped = order_of(parcel_line(1), state=S.SHIPPED, shipped_at=NOW)
    assert shipping.receive_before(shipped, [], TERMS) == NOW + timedelta(seconds=TERMS.receive_seconds)


# --- settlement

SOLD = replace(
    line(10_000, commission_bps=2_000, platform_fee_bps=500), freight_paid_fen=700, platform_discount_fen=300
)


def test_creator_agency_and_leader_have_their_shares_of_a_line() -> None:
    found = divide_line(SOLD, has_creator=True, agency_bps=3_000, leader_bps=100)
    assert found == Shares(
        merchant_fen=7_400,
        creator_fen=1_400,
        agency_fen=600,
        leader_fen=100,
        platform_fen=500,
        freight_fen=700,
        subsidy_fen=300,
    )


def test_without_a_creator_the_commission_is_the_merchants_and_no_agency_has_any() -> None:
    found = divide_line(SOLD, has_creator=False, agency_bps=3_000, leader_bps=0)
    assert found == Shares(merchant_fen=9_500, platform_fen=500, freight_fen=700, subsidy_fen=300)


def test_an_order_is_divided_by_the_rates_of_those_it_names() -> None:
    other = replace(line(10_000_000, commission_bps=1_000), freight_paid_fen=0)
    named = {"creator_id": PersonId(uuid4()), "agency_id": uuid4(), "leader_id": PersonId(uuid4())}
    made = order(S.RECEIVED, lines=(SOLD, other), agency_bps=3_000, leader_bps=100, **named)

    def divided(**missing: None) -> dict[LineId, Shares]:
        return divide_order(replace(made, **missing))

    assert divided() == {
        one.id: divide_line(one, has_creator=True, agency_bps=3_000, leader_bps=100) for one in (SOLD, other)
    }
    assert divided(agency_id=None)[other.id].agency_fen == 0
    assert divided(leader_id=None)[other.id].leader_fen == 0
    assert divided(creator_id=None)[SOLD.id] == divide_line(SOLD, has_creator=False, agency_bps=3_000, leader_bps=100)


@given(st.integers(1, 9), st.data())
def test_where_the_platform_paid_all_its_discount_stands_by_the_piece(quantity: int, data: st.DataObject) -> None:
    back = data.draw(st.integers(0, quantity))
    given_away = replace(
        SOLD,
        quantity=quantity,
        paid_fen=0,
        platform_discount_fen=100 * quantity,
        refunded_quantity=back,
        freight_paid_fen=0,
    )
    found = divide_line(given_away, has_creator=True, agency_bps=0, leader_bps=0)
    assert found == Shares(subsidy_fen=100 * (quantity - back))


def test_a_refund_for_a_line_that_is_not_there_or_below_nothing_is_refused() -> None:
    had = {SOLD.id: divide_line(SOLD, has_creator=True, agency_bps=0, leader_bps=0)}
    stranger = LineId(uuid4())
    for refund, words in (
        ((stranger, 5), f"a refund of 5 fen for line {stranger}, which the order has not or which is below 0"),
        ((SOLD.id, -1), f"a refund of -1 fen for line {SOLD.id}, which the order has not or which is below 0"),
    ):
        with pytest.raises(ValueError) as refused:
            take_refunds(had, [refund], 0)
        assert str(refused.value) == words


def test_two_refunds_of_one_line_never_take_more_goods_than_it_has() -> None:
    had = {SOLD.id: divide_line(SOLD, has_creator=True, agency_bps=3_000, leader_bps=100)}
    twice = take_refunds(had, [(SOLD.id, 6_000), (SOLD.id, 4_500)], 0)[SOLD.id]
    assert (twice.goods_fen, twice.freight_fen) == (10_000, 500), "what is beyond the goods is freight"
    assert twice == replace(had[SOLD.id], freight_fen=500)
    with pytest.raises(ValueError):
        take_refunds(had, [(SOLD.id, 6_000), (SOLD.id, 4_701)], 0)
