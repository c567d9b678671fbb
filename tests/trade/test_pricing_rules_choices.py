"""Edges of the pipeline's last steps: points, and the choice among a buyer's coupons."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from kaibo.trade.pricing.choose import choose, others
from kaibo.trade.pricing.model import NotUsed, Offers, Points, Priced
from kaibo.trade.pricing.rules import price_checkout, refund_of
from tests.trade.test_pricing_rules import coupon, line
from tests.trade.test_pricing_rules_edges import NOW, free_from, step


def test_points_pay_for_what_may_be_paid_with_them_up_to_their_share() -> None:
    lines = [
        line(1, price_fen=1_000),
        line(2, price_fen=9_000, price_kind="presale", list_price_fen=9_500),
        line(3, price_fen=3_000, shop=1),
    ]
    spent = price_checkout(lines, Offers(points=Points(5_000, 5_000)))
    assert spent.points_fen == 2_000, "half of 40.00, for the presale takes none"
    assert [one for one in spent.orders[0].explanation if one.kind == "points"] == [
        step("points", 500, (500, 0), 1_000)
    ]
    assert [one for one in spent.orders[1].explanation if one.kind == "points"] == [
        step("points", 1_500, (1_500,), 3_000)
    ]
    assert price_checkout(lines, Offers(points=Points(300, 5_000))).points_fen == 300
    assert price_checkout([lines[1]], Offers(points=Points(300, 5_000))).points_fen == 0
    presale_and_list = price_checkout([lines[1], lines[2]], Offers(points=Points(10_000, 10_000)))
    assert presale_and_list.points_fen == 2_999
    assert [one.kind for one in presale_and_list.orders[0].explanation] == ["list", "presale", "freight"]


# --- choosing


def unused(priced: Priced) -> dict[int, str]:
    return {one.voucher.id.int - 1_000: one.why for one in priced.not_used}


def chosen(priced: Priced) -> list[int]:
    return sorted(one.claim_id.int - 1_000 for one in priced.used)


def test_of_each_coupon_that_is_not_in_it_is_said_why() -> None:
    vouchers = (
        coupon(1, off_fen=500),
        coupon(2, off_fen=900),
        coupon(3, threshold_fen=99_999),
        coupon(4, benefit="percent", off_fen=0, percent_bps=0, group="member"),
    )
    priced = choose([line()], Offers(vouchers))
    assert (chosen(priced), unused(priced)) == ([2], {1: "same_group", 3: "below_threshold", 4: "nothing_left"})
    (lacks,) = (one for one in priced.not_used if one.voucher.id == UUID(int=1_003))
    assert dict(lacks.facts) == {"base_fen": 10_000, "lack_fen": 89_999}


def test_what_no_choice_needs_is_left_out_by_its_end_and_then_by_its_id() -> None:
    """Each alone leaves one fen; the other would do nothing more."""
    soon, late = NOW + timedelta(days=1), NOW + timedelta(days=2)

    def pick(first: datetime | None, second: datetime | None) -> Priced:
        both = (coupon(1, off_fen=99, use_until=first), coupon(2, off_fen=99, group="member", use_until=second))
        return choose([line(price_fen=100)], Offers(both))

    assert (chosen(pick(soon, late)), unused(pick(soon, late))) == ([1], {2: "not_chosen"})
    assert (chosen(pick(late, soon)), unused(pick(late, soon))) == ([2], {1: "not_chosen"})
    assert chosen(pick(soon, soon)) == [1]


def test_a_freight_coupon_comes_back_where_another_coupon_brings_the_freight_back() -> None:
    vouchers = (coupon(1, off_fen=1_000), coupon(2, benefit="freight", off_fen=600))
    offers = Offers(vouchers, free_freight_from_fen=free_from(10_000))
    priced = choose([line(price_fen=10_500, freight_fen=800)], offers)
    assert (chosen(priced), priced.total_fen) == ([1, 2], 9_700)
    alone = choose([line(price_fen=20_500, freight_fen=800)], offers)
    assert (chosen(alone), alone.total_fen, unused(alone)) == ([1], 19_500, {2: "not_chosen"})


def test_beyond_256_combinations_all_that_help_are_still_found() -> None:
    groups = [coupon(at, off_fen=100 + 10 * at, group=f"g{at}") for at in range(9)]
    worse = [coupon(20 + at, off_fen=50, group=f"g{at}") for at in range(9)]
    priced = choose([line()], Offers((*groups, *worse)))
    assert (priced.total_fen, chosen(priced)) == (8_740, list(range(9)))
    assert set(unused(priced).values()) == {"same_group"}
    assert len(priced.not_used) == 9


def test_the_buyers_other_coupons_are_told_what_they_lack() -> None:
    lines = [line()]
    picked = price_checkout(lines, Offers((coupon(1, off_fen=300),)))
    same, member, lacking = coupon(2, off_fen=900), coupon(3, group="member"), coupon(4, threshold_fen=10_001)
    assert others(lines, (member, lacking, same), picked) == (
        NotUsed(lacking, "below_threshold", {"base_fen": 10_000, "lack_fen": 1}),
        NotUsed(same, "same_group", {}),
        NotUsed(member, "not_chosen", {}),
    )
    assert others(lines, (), picked) == ()


# --- giving back


@pytest.mark.parametrize("take", [0, -1, 3])
def test_no_more_pieces_go_back_than_are_left(take: int) -> None:
    with pytest.raises(ValueError) as wrong:
        refund_of(1_000, 3, refunded_fen=300, refunded_quantity=1, take=take)
    assert str(wrong.value) == f"{take} of 2 remaining pieces cannot be returned"
    assert refund_of(1_000, 3, refunded_fen=300, refunded_quantity=1, take=2) == 700
    assert refund_of(1_000, 3, refunded_fen=300, refunded_quantity=1, take=1) == 350
