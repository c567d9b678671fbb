"""Pricing at its edges: the whole explanation, every refusal in words and figures, and why a coupon was not chosen."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from kaibo.trade.pricing.model import Offers, Points, Priced, Step, Subsidy, SubsidyUsed, Used, Voucher
from kaibo.trade.pricing.rules import fits, price_checkout, worth
from tests.trade.test_pricing_rules import SHOPS, coupon, kinds, line

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
FRIDGE = Subsidy(UUID(int=9), "国补", frozenset({"fridge"}), 1_500, 200_000)


def step(kind: Any, fen: int, lines: tuple[int, ...], base: int = 0, of: Voucher | Subsidy | None = None) -> Step:
    ref, title = (of.id, of.title) if of else (None, "")
    return Step(kind, f"trade.pricing.{kind}", fen, lines, base, ref, title)


def free_from(fen: int, *, shop: int = 0) -> MappingProxyType[Any, int]:
    return MappingProxyType({SHOPS[shop]: fen})


# --- the whole explanation


def test_every_step_says_what_it_took_of_which_line_and_out_of_how_much() -> None:
    lines = [
        line(1, price_fen=29_900, category_key="fridge", freight_fen=1_000),
        line(
            2,
            price_fen=4_990,
            quantity=2,
            freight_fen=600,
            price_kind="window",
            list_price_fen=5_990,
            price_ref=UUID(int=7),
        ),
        line(3, price_fen=15_000, shop=1, freight_fen=800),
    ]
    shops = coupon(1, threshold_fen=30_000, off_fen=4_000)
    freight = coupon(2, benefit="freight", off_fen=600)
    platforms = coupon(3, funder="platform", threshold_fen=20_000, off_fen=3_000, each_full=True)
    priced = price_checkout(lines, Offers((shops, freight, platforms), (FRIDGE,), Points(500, 5_000)))
    first, second = priced.orders
    assert first.explanation == (
        step("list", 41_880, (29_900, 11_980)),
        Step("window", "trade.pricing.window", 2_000, (0, 2_000), 11_980, UUID(int=7)),
        step("shop_coupon", 4_000, (2_999, 1_001), 39_880, shops),
        step("platform_coupon", 4_231, (3_172, 1_059), 35_880, platforms),
        step("state_subsidy", 3_559, (3_559, 0), 23_729, FRIDGE),
        step("points", 340, (244, 96), 28_090),
        step("freight", 1_000, (750, 250), 39_880),
        step("freight_coupon", 600, (450, 150), 35_880, freight),
    )
    assert second.explanation == (
        step("list", 15_000, (15_000,)),
        step("platform_coupon", 1_769, (1_769,), 15_000, platforms),
        step("points", 160, (160,), 13_231),
        step("freight", 800, (800,), 15_000),
    )
    assert priced.used == (
        Used(shops.id, shops.coupon_id, 4_000, shops.group_key),
        Used(platforms.id, platforms.coupon_id, 6_000, platforms.group_key),
        Used(freight.id, freight.coupon_id, 600, freight.group_key),
    )
    assert (priced.subsidies, priced.points_fen) == ((SubsidyUsed(FRIDGE.id, "fridge", SHOPS[0], 3_559),), 500)
    assert (first.discount_fen, first.platform_discount_fen, first.total_fen) == (4_000, 8_130, 28_150)


def test_a_coupon_touches_the_lines_it_names_and_is_explained_on_them() -> None:
    lines = [line(1, price_fen=1_000), line(2, price_fen=3_000), line(3, price_fen=5_000, shop=1)]
    mine = coupon(1, off_fen=200, scope="products", scope_ids=frozenset({str(lines[1].product_id)}))
    priced = price_checkout(lines, Offers((mine,)))
    assert priced.orders[0].explanation[1] == step("shop_coupon", 200, (0, 200), 3_000, mine)
    assert [one.kind for one in priced.orders[1].explanation] == ["list", "freight"]


# --- refusals


def refused(priced: Priced, voucher: Voucher) -> tuple[str, dict[str, Any], Step]:
    """Why, the facts, and the step that says so."""
    (found,) = (one for one in priced.not_used if one.voucher == voucher)
    (said,) = (one for order in priced.orders for one in order.explanation if one.ref == voucher.id)
    return found.why, dict(found.facts), said


def none(kind: Any, voucher: Voucher, why: Any, lines: int = 1, **facts: int) -> Step:
    base = facts.get("base_fen", 0)
    return Step(kind, f"trade.pricing.{kind}", 0, (0,) * lines, base, voucher.id, voucher.title, why, facts)


LACKS = {"base_fen": 10_000, "lack_fen": 1}


@pytest.mark.parametrize(
    ("made", "kind", "why", "facts"),
    [
        (coupon(1, scope="products", scope_ids=frozenset({"x"})), "shop_coupon", "no_line_fits", {}),
        (coupon(1, threshold_fen=10_001), "shop_coupon", "below_threshold", LACKS),
        (coupon(1, funder="platform", threshold_fen=10_001), "platform_coupon", "below_threshold", LACKS),
        (coupon(1, benefit="percent", off_fen=0, percent_bps=0), "shop_coupon", "nothing_left", {}),
        (coupon(1, benefit="freight", shop_id=SHOPS[1]), "freight_coupon", "no_line_fits", {}),
        (coupon(1, benefit="freight", threshold_fen=10_001), "freight_coupon", "below_threshold", LACKS),
        (coupon(1, benefit="freight"), "freight_coupon", "no_freight", {}),
    ],
)
def test_a_coupon_that_does_nothing_says_why_in_figures(
    made: Voucher, kind: Any, why: Any, facts: dict[str, int]
) -> None:
    priced = price_checkout([line(price_fen=10_000)], Offers((made,)))
    assert refused(priced, made) == (why, facts, none(kind, made, why, **facts))
    assert (priced.total_fen, priced.used) == (10_000, ())


def test_a_price_that_takes_no_coupon_is_named_and_the_others_are_still_looked_at() -> None:
    grouped, plain = line(1, price_kind="group", list_price_fen=12_000), line(2, shop=1)
    shops, others_ = coupon(1), coupon(2, shop_id=SHOPS[1])
    priced = price_checkout([grouped, plain], Offers((shops, others_)))
    assert refused(priced, shops)[0] == "price_excluded"
    assert [one.claim_id for one in priced.used] == [others_.id]


def test_of_one_group_the_larger_is_taken_and_the_smaller_says_so() -> None:
    small, large, member = coupon(1, off_fen=100), coupon(2, off_fen=900), coupon(3, off_fen=50, group="member")
    priced = price_checkout([line(1), line(2)], Offers((small, large, member)))
    assert refused(priced, small) == ("same_group", {}, none("shop_coupon", small, "same_group", 2))
    assert [one.fen for one in priced.used] == [900, 50]
    free_small, free_large = coupon(4, benefit="freight", off_fen=100), coupon(5, benefit="freight", off_fen=300)
    priced = price_checkout([line(1, freight_fen=500)], Offers((free_small, free_large)))
    assert refused(priced, free_small) == ("same_group", {}, none("freight_coupon", free_small, "same_group"))
    assert priced.total_fen == 10_200


def test_the_refusal_of_a_platforms_coupon_stands_in_the_first_order() -> None:
    platforms = coupon(1, funder="platform", threshold_fen=99_999)
    priced = price_checkout([line(1, shop=1), line(2)], Offers((platforms,)))
    assert [one.why_not for one in priced.orders[0].explanation] == [None, "below_threshold", None]
    assert [one.why_not for one in priced.orders[1].explanation] == [None, None]
    second = coupon(3, threshold_fen=99_999)
    priced = price_checkout([line(1, shop=1), line(2)], Offers((second,)))
    assert [one.why_not for one in priced.orders[1].explanation] == [None, "below_threshold", None], (
        "a shop's in its own"
    )
    foreign = coupon(2, shop_id=SHOPS[2])
    assert price_checkout([line(1, shop=1), line(2)], Offers((foreign,))).orders[0].explanation[1].ref == foreign.id


# --- thresholds and amounts


@pytest.mark.parametrize(
    ("terms", "base", "fen"),
    [
        ({}, 10_000, 1_000),
        ({"threshold_fen": 3_000}, 10_000, 1_000),
        ({"threshold_fen": 3_000, "each_full": True}, 8_999, 2_000),
        ({"threshold_fen": 3_000, "each_full": True}, 9_000, 3_000),
        ({"threshold_fen": 3_000, "each_full": True, "cap_fen": 2_500}, 9_000, 2_500),
        ({"threshold_fen": 1, "each_full": True, "off_fen": 2}, 3, 6),
        ({"each_full": True}, 10_000, 1_000),
        ({"benefit": "percent", "off_fen": 0, "percent_bps": 1_234}, 9_999, 1_233),
        ({"benefit": "percent", "off_fen": 0, "percent_bps": 1_234, "cap_fen": 1_000}, 9_999, 1_000),
        ({"benefit": "percent", "off_fen": 0, "percent_bps": 1_234, "cap_fen": 0}, 9_999, 0),
    ],
)
def test_what_a_coupon_is_worth(terms: dict[str, Any], base: int, fen: int) -> None:
    assert worth(coupon(1, **terms), base) == fen


@pytest.mark.parametrize(
    ("terms", "fit"),
    [
        ({}, True),
        ({"shop_id": SHOPS[1]}, False),
        ({"funder": "platform"}, True),
        ({"scope": "products", "scope_ids": frozenset({str(line(1).product_id)})}, True),
        ({"scope": "products", "scope_ids": frozenset({str(line(2).product_id)})}, False),
        ({"scope": "categories", "scope_ids": frozenset({"paper"})}, True),
        ({"scope": "categories", "scope_ids": frozenset({"fridge"})}, False),
        ({"funder": "platform", "scope": "shops", "scope_ids": frozenset({str(SHOPS[0])})}, True),
        ({"funder": "platform", "scope": "shops", "scope_ids": frozenset({str(SHOPS[1])})}, False),
        ({"shop_id": SHOPS[1], "scope": "products", "scope_ids": frozenset({str(line(1).product_id)})}, False),
    ],
)
def test_for_which_lines_a_coupon_was_issued(terms: dict[str, Any], fit: bool) -> None:
    assert fits(coupon(1, **terms), line(1)) is fit


def test_a_threshold_is_reached_by_its_last_fen() -> None:
    for benefit, total in (("off", 9_500), ("freight", 10_000)):
        made = coupon(1, benefit=benefit, threshold_fen=10_000, off_fen=500)
        assert (
            price_checkout(
                [line(price_fen=10_000, freight_fen=500 if benefit == "freight" else 0)], Offers((made,))
            ).total_fen
            == total
        )


def test_a_freight_coupon_looks_at_what_the_shop_itself_leaves_to_pay() -> None:
    lines = [line(1, price_fen=6_000, freight_fen=800), line(2, price_fen=4_000)]
    freight = coupon(2, benefit="freight", off_fen=500, threshold_fen=9_000)
    assert price_checkout(lines, Offers((coupon(1, off_fen=1_000), freight))).total_fen == 9_300
    priced = price_checkout(lines, Offers((coupon(1, off_fen=1_001), freight)))
    assert refused(priced, freight)[:2] == ("below_threshold", {"base_fen": 8_999, "lack_fen": 1})
    platforms = coupon(3, funder="platform", off_fen=5_000)
    assert price_checkout(lines, Offers((platforms, freight))).total_fen == 5_300, (
        "the platform's gift is no discount of the shop"
    )


@pytest.mark.parametrize(("off", "charged"), [(0, 0), (1, 800)])
def test_freight_is_free_from_the_last_fen_of_the_amount(off: int, charged: int) -> None:
    lines = [
        line(1, price_fen=6_000, freight_fen=800),
        line(2, price_fen=4_000, freight_fen=300),
        line(3, shop=1, freight_fen=200),
    ]
    vouchers = (coupon(1, off_fen=off),) if off else ()
    priced = price_checkout(lines, Offers(vouchers, free_freight_from_fen=free_from(10_000)))
    assert [order.freight_fen for order in priced.orders] == [charged, 200]
    free = [one for one in priced.orders[0].explanation if one.kind == "free_freight"]
    assert free == ([step("free_freight", 800, (480, 320), 10_000)] if not charged else [])


def test_nothing_is_said_of_free_freight_where_there_is_none() -> None:
    priced = price_checkout([line()], Offers(free_freight_from_fen=free_from(1)))
    assert kinds(priced) == [("list", 10_000), ("freight", 0)]


def test_freight_is_shared_by_price_and_evenly_where_all_is_free() -> None:
    def shares(*prices: int) -> list[int]:
        lines = [line(at, price_fen=price, freight_fen=700) for at, price in enumerate(prices)]
        return [one.freight_paid_fen for one in price_checkout(lines).orders[0].lines]

    assert shares(3_000, 1_000, 0) == [525, 175, 0]
    assert shares(0, 0) == [350, 350]


# --- who gives how much


def totals(priced: Priced) -> list[int]:
    return [order.total_fen for order in priced.orders]


@pytest.mark.parametrize(
    ("prices", "off", "left"),
    [
        ((100, 100), 199, [1, 1]),
        ((1, 1_000), 999, [1, 1]),
        ((3, 1_000), 600, [1, 402]),
        ((2, 1_000), 500, [1, 501]),
        ((1, 1), 5, [1, 1]),
        ((2, 1), 5, [1, 1]),
    ],
)
def test_every_order_keeps_its_last_fen_and_the_others_give_the_rest(
    prices: tuple[int, int], off: int, left: list[int]
) -> None:
    lines = [line(1, price_fen=prices[0]), line(2, price_fen=prices[1], shop=1)]
    priced = price_checkout(lines, Offers((coupon(1, funder="platform", off_fen=off),)))
    assert totals(priced) == left
    assert sum(one.fen for one in priced.used) == sum(prices) - sum(left)


def test_the_last_fen_may_lie_on_a_line_that_the_coupon_does_not_touch() -> None:
    lines = [line(1, price_fen=500), line(2, price_fen=1)]
    mine = coupon(1, off_fen=900, scope="products", scope_ids=frozenset({str(lines[0].product_id)}))
    assert [one.paid_fen for one in price_checkout(lines, Offers((mine,))).orders[0].lines] == [0, 1]


# --- subsidies and points


def subsidised(lines: list[Any], *subsidies: Subsidy) -> list[tuple[int, ...]]:
    """What each subsidy took of the lines of the first order."""
    priced = price_checkout(lines, Offers(subsidies=subsidies))
    return [one.lines for one in priced.orders[0].explanation if one.kind == "state_subsidy"]


def test_a_subsidy_takes_the_piece_on_which_it_is_worth_most() -> None:
    fridges = [line(at, price_fen=price, category_key="fridge") for at, price in enumerate((1_000, 3_000, 3_000))]
    assert subsidised(fridges, FRIDGE) == [(0, 450, 0)], "of equals the first"
    assert subsidised([line(1, price_fen=1_000, quantity=3, category_key="fridge")], FRIDGE) == [(150,)], "one piece"
    assert subsidised(fridges, FRIDGE._replace(cap_fen=149)) == [(149, 0, 0)]
    assert subsidised([line(1)], FRIDGE) == []
    for kind, taken in (("window", [(1_500,)]), ("group", []), ("presale", [])):
        assert subsidised([line(1, category_key="fridge", price_kind=kind, list_price_fen=20_000)], FRIDGE) == taken
    assert subsidised([line(1, price_fen=6, category_key="fridge")], FRIDGE) == [], "less than a fen is nothing"
    assert subsidised([line(1, price_fen=7, category_key="fridge")], FRIDGE) == [(1,)]


def test_a_subsidy_is_explained_on_its_piece_alone() -> None:
    lines = [line(1, price_fen=1_000), line(2, price_fen=6_000, quantity=2, category_key="fridge"), line(3), line(4)]
    priced = price_checkout(lines, Offers(subsidies=(FRIDGE,)))
    assert priced.orders[0].explanation[1] == step("state_subsidy", 900, (0, 900, 0, 0), 6_000, FRIDGE)


def test_a_subsidy_on_the_last_fen_takes_nothing_and_is_not_used_up() -> None:
    whole = FRIDGE._replace(bps=10_000)
    priced = price_checkout([line(1, price_fen=1, category_key="fridge")], Offers(subsidies=(whole,)))
    assert (priced.total_fen, priced.subsidies) == (1, ())
