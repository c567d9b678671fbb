"""The pricing pipeline: worked examples, and what must hold for every checkout (Hypothesis)."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaibo.goods.contracts import ProductId, QuotedLine, SkuId
from kaibo.people.contracts import ShopId
from kaibo.trade.pricing.choose import choose
from kaibo.trade.pricing.model import NO_OFFERS, Offers, Points, Priced, Subsidy, Voucher
from kaibo.trade.pricing.rules import price_checkout, refund_of
from kaibo.trade.pricing.stacking import ORDER_FEN_MIN, STAGES

SHOPS = [ShopId(UUID(int=n)) for n in (1, 2, 3)]
CATEGORIES = ["phone", "fridge", "paper"]


def line(n: int = 1, *, price_fen: int = 10_000, quantity: int = 1, shop: int = 0, **changes: Any) -> QuotedLine:
    values: dict[str, Any] = {
        "sku_id": SkuId(UUID(int=100 + n)),
        "product_id": ProductId(UUID(int=200 + n)),
        "shop_id": SHOPS[shop],
        "title": "抽纸",
        "sku_name": "10 包",
        "picture_url": None,
        "quantity": quantity,
        "unit_price_fen": price_fen,
        "freight_fen": 0,
        "commission_bps": 0,
        "limit_per_buyer": None,
        "stock_left": 10,
        "approved": True,
        "category_key": "paper",
    }
    return QuotedLine(**(values | changes))


def coupon(n: int, **changes: Any) -> Voucher:
    values: dict[str, Any] = {
        "funder": "merchant",
        "shop_id": SHOPS[0],
        "title": f"券{n}",
        "benefit": "off",
        "off_fen": 1_000,
    }
    values |= changes
    if values["funder"] == "platform":
        values["shop_id"] = None
    return Voucher(id=UUID(int=1_000 + n), coupon_id=UUID(int=2_000 + n), **values)


def kinds(priced: Priced) -> list[tuple[str, int]]:
    return [(step.kind, step.fen) for order in priced.orders for step in order.explanation]


# --- worked examples


def test_the_example_of_the_document() -> None:
    """docs/pricing.md walks through this checkout in fen; change both together."""
    lines = [
        line(1, price_fen=29_900, category_key="fridge", freight_fen=1_000),
        line(2, price_fen=4_990, quantity=2, freight_fen=600, price_kind="window", list_price_fen=5_990),
        line(3, price_fen=15_000, shop=1, freight_fen=800),
    ]
    offers = Offers(
        vouchers=(
            coupon(1, threshold_fen=30_000, off_fen=4_000),
            coupon(2, benefit="freight", off_fen=600),
            coupon(3, funder="platform", threshold_fen=20_000, off_fen=3_000, each_full=True),
        ),
        subsidies=(Subsidy(UUID(int=9), "国补 15%", frozenset({"fridge"}), 1_500, 200_000),),
        points=Points(500, 5_000),
    )
    priced = price_checkout(lines, offers)
    first, second = priced.orders
    assert kinds(priced) == [
        ("list", 41_880),
        ("window", 2_000),
        ("shop_coupon", 4_000),
        ("platform_coupon", 4_231),
        ("state_subsidy", 3_559),
        ("points", 340),
        ("freight", 1_000),
        ("freight_coupon", 600),
        ("list", 15_000),
        ("platform_coupon", 1_769),
        ("points", 160),
        ("freight", 800),
    ]
    assert [(p.discount_fen, p.platform_discount_fen, p.paid_fen, p.freight_paid_fen) for p in first.lines] == [
        (2_999, 6_975, 19_926, 300),
        (1_001, 1_155, 7_824, 100),
    ]
    assert (first.goods_fen, first.discount_fen, first.platform_discount_fen, first.freight_fen) == (
        39_880,
        4_000,
        8_130,
        400,
    )
    assert (first.total_fen, second.total_fen, priced.total_fen) == (28_150, 13_871, 42_021)


def test_a_coupon_below_its_threshold_says_what_is_lacking() -> None:
    priced = price_checkout([line(price_fen=8_000)], Offers(vouchers=(coupon(1, threshold_fen=10_000),)))
    assert priced.total_fen == 8_000
    (refused,) = priced.not_used
    assert (refused.why, refused.facts["lack_fen"]) == ("below_threshold", 2_000)
    (step,) = [s for s in priced.orders[0].explanation if s.kind == "shop_coupon"]
    assert (step.fen, step.why_not) == (0, "below_threshold")


def test_a_coupon_of_another_shop_product_or_category_does_nothing() -> None:
    foreign = [
        coupon(1, shop_id=SHOPS[1]),
        coupon(2, scope="products", scope_ids=frozenset({str(UUID(int=999))})),
        coupon(3, funder="platform", scope="categories", scope_ids=frozenset({"phone"})),
        coupon(4, funder="platform", scope="shops", scope_ids=frozenset({str(SHOPS[2])})),
    ]
    priced = price_checkout([line()], Offers(vouchers=tuple(foreign)))
    assert priced.total_fen == 10_000
    assert [one.why for one in priced.not_used] == ["no_line_fits"] * 4


def test_a_group_price_takes_no_coupon_of_the_shop_but_one_of_the_platform() -> None:
    grouped = line(price_kind="group", list_price_fen=12_000)
    priced = price_checkout([grouped], Offers(vouchers=(coupon(1), coupon(2, funder="platform"))))
    assert [one.why for one in priced.not_used] == ["price_excluded"]
    assert priced.total_fen == 9_000


def test_a_percentage_is_capped_and_every_full_threshold_counts() -> None:
    percent = coupon(1, benefit="percent", percent_bps=2_000, cap_fen=1_500)
    assert price_checkout([line()], Offers(vouchers=(percent,))).total_fen == 8_500
    each = coupon(2, threshold_fen=3_000, off_fen=400, each_full=True)
    assert price_checkout([line()], Offers(vouchers=(each,))).total_fen == 8_800
    capped = coupon(3, threshold_fen=3_000, off_fen=400, each_full=True, cap_fen=800)
    assert price_checkout([line()], Offers(vouchers=(capped,))).total_fen == 9_200


def test_the_last_fen_of_every_order_is_paid() -> None:
    """No provider takes a payment of nothing."""
    lines = [line(1, price_fen=500), line(2, price_fen=700, shop=1)]
    priced = price_checkout(lines, Offers(vouchers=(coupon(1, funder="platform", off_fen=9_999),)))
    assert [order.total_fen for order in priced.orders] == [1, 1]
    assert priced.used[0].fen == 1_198


def test_freight_is_free_from_an_amount_after_the_shops_own_discount() -> None:
    lines, free = [line(freight_fen=800)], {SHOPS[0]: 9_500}
    assert price_checkout(lines, Offers(free_freight_from_fen=free)).total_fen == 10_000
    lowered = price_checkout(lines, Offers(vouchers=(coupon(1),), free_freight_from_fen=free))
    assert lowered.total_fen == 9_800
    # 1 000 off and 800 freight is still better than free freight alone
    assert choose(lines, Offers(vouchers=(coupon(1),), free_freight_from_fen=free)).total_fen == 9_800
    small = coupon(2, off_fen=600)
    assert choose(lines, Offers(vouchers=(small,), free_freight_from_fen=free)).used == ()


def test_a_subsidy_pays_for_one_piece() -> None:
    state = Subsidy(UUID(int=9), "国补", frozenset({"phone"}), 1_500, 50_000)
    phones = line(price_fen=100_000, quantity=3, category_key="phone")
    assert price_checkout([phones], Offers(subsidies=(state,))).total_fen == 285_000
    dear = line(price_fen=600_000, category_key="phone")
    assert price_checkout([dear], Offers(subsidies=(state,))).total_fen == 550_000


# --- what must hold for every checkout


@st.composite
def checkouts(draw: st.DrawFn) -> list[QuotedLine]:
    lines = []
    for n in range(draw(st.integers(1, 5))):
        price_fen = draw(st.one_of(st.integers(1, 300), st.integers(1, 3_000_000)))
        kind = draw(st.sampled_from(["list", "list", "window", "group", "presale"]))
        higher = None if kind == "list" else price_fen + draw(st.integers(0, 5_000))
        lines.append(
            line(
                n,
                price_fen=price_fen,
                quantity=draw(st.integers(1, 9)),
                shop=draw(st.integers(0, 2)),
                freight_fen=draw(st.integers(0, 2_000)),
                category_key=draw(st.sampled_from(CATEGORIES)),
                price_kind=kind,
                list_price_fen=higher,
            )
        )
    return lines


@st.composite
def vouchers(draw: st.DrawFn, n: int) -> Voucher:
    funder = draw(st.sampled_from(["merchant", "platform"]))
    benefit = draw(st.sampled_from(["off", "percent", "freight"] if funder == "merchant" else ["off", "percent"]))
    scope = draw(
        st.sampled_from(["all", "all", "products", "categories"] + (["shops"] if funder == "platform" else []))
    )
    ids = {
        "all": [],
        "products": [str(UUID(int=200 + k)) for k in range(5)],
        "categories": CATEGORIES,
        "shops": [str(s) for s in SHOPS],
    }[scope]
    return coupon(
        n,
        funder=funder,
        shop_id=draw(st.sampled_from(SHOPS)),
        benefit=benefit,
        off_fen=draw(st.integers(1, 50_000)),
        percent_bps=draw(st.integers(1, 9_999)),
        cap_fen=draw(st.none() | st.integers(1, 20_000)),
        threshold_fen=draw(st.sampled_from([0, 0, 100, 9_900, 100_000])),
        each_full=draw(st.booleans()),
        scope=scope,
        scope_ids=frozenset(draw(st.lists(st.sampled_from(ids), unique=True))) if ids else frozenset(),
        group=draw(st.sampled_from(["coupon", "member"])),
    )


@st.composite
def all_offers(draw: st.DrawFn, vouchers_max: int = 5) -> Offers:
    count = draw(st.integers(0, vouchers_max))
    state = Subsidy(UUID(int=9), "国补", frozenset(draw(st.sets(st.sampled_from(CATEGORIES)))), 1_500, 200_000)
    return Offers(
        vouchers=tuple(draw(vouchers(n)) for n in range(count)),
        subsidies=draw(st.sampled_from([(), (state,)])),
        points=draw(st.none() | st.builds(Points, st.integers(0, 100_000), st.integers(0, 10_000))),
        free_freight_from_fen=draw(st.dictionaries(st.sampled_from(SHOPS), st.integers(0, 100_000))),
    )


@given(checkouts(), all_offers())
@settings(max_examples=400, deadline=None)
def test_every_sum_is_exact_and_nothing_is_ever_negative(lines: list[QuotedLine], offers: Offers) -> None:
    priced = price_checkout(lines, offers)
    assert priced.total_fen == sum(order.total_fen for order in priced.orders)
    assert sum(len(order.lines) for order in priced.orders) == len(lines)
    for order in priced.orders:
        assert order.total_fen == order.goods_fen - order.discount_fen - order.platform_discount_fen + order.freight_fen
        assert order.total_fen >= ORDER_FEN_MIN
        assert order.freight_fen == sum(one.freight_paid_fen for one in order.lines) >= 0
        assert order.goods_fen == sum(one.line_fen for one in order.lines)
        for one in order.lines:
            assert min(one.discount_fen, one.platform_discount_fen, one.paid_fen, one.freight_paid_fen) >= 0
            assert one.paid_fen == one.line_fen - one.discount_fen - one.platform_discount_fen
            assert one.line_fen == one.quoted.unit_price_fen * one.quoted.quantity
    given_back = sum(one.fen for one in priced.used)
    reductions = {"shop_coupon", "platform_coupon", "freight_coupon"}
    assert given_back == sum(s.fen for o in priced.orders for s in o.explanation if s.kind in reductions)


@given(checkouts(), all_offers())
@settings(max_examples=200, deadline=None)
def test_the_explanation_alone_leads_to_every_amount(lines: list[QuotedLine], offers: Offers) -> None:
    funders = {stage.kind: stage.funder for stage in STAGES}
    for order in price_checkout(lines, offers).orders:
        goods = [0] * len(order.lines)
        freight, off = 0, {"merchant": 0, "platform": 0}
        for step in order.explanation:
            assert step.fen == sum(step.lines)
            if step.kind == "freight":
                freight += step.fen
            elif step.kind in ("free_freight", "freight_coupon"):
                freight -= step.fen
            else:
                sign = 1 if step.kind == "list" else -1
                goods = [have + sign * fen for have, fen in zip(goods, step.lines, strict=True)]
                if step.kind in funders:
                    off[funders[step.kind]] += step.fen
        assert goods == [one.paid_fen for one in order.lines]
        assert freight == order.freight_fen
        assert (off["merchant"], off["platform"]) == (order.discount_fen, order.platform_discount_fen)


@given(checkouts(), all_offers(4), st.randoms())
@settings(max_examples=200, deadline=None)
def test_the_order_of_coupons_is_irrelevant(lines: list[QuotedLine], offers: Offers, chance: Any) -> None:
    assert not any(stage.order_matters for stage in STAGES)
    shuffled = list(offers.vouchers)
    chance.shuffle(shuffled)
    assert price_checkout(lines, offers._replace(vouchers=tuple(shuffled))) == price_checkout(lines, offers)


@given(checkouts(), all_offers())
@settings(max_examples=200, deadline=None)
def test_of_one_group_of_one_funder_one_coupon_is_taken(lines: list[QuotedLine], offers: Offers) -> None:
    priced = price_checkout(lines, offers)
    by_id = {one.id: one for one in offers.vouchers}
    keys = [
        (by_id[u.claim_id].shop_id, by_id[u.claim_id].group, by_id[u.claim_id].benefit == "freight")
        for u in priced.used
    ]
    assert len(keys) == len(set(keys))
    assert len(priced.used) + len(priced.not_used) == len(offers.vouchers)


@given(checkouts(), all_offers(4))
@settings(max_examples=150, deadline=None)
def test_the_automatic_choice_is_the_cheapest_of_all(lines: list[QuotedLine], offers: Offers) -> None:
    chosen = choose(lines, offers)
    for size in range(len(offers.vouchers) + 1):
        for some in itertools.combinations(offers.vouchers, size):
            assert chosen.total_fen <= price_checkout(lines, offers._replace(vouchers=some)).total_fen
    assert {u.claim_id for u in chosen.used} | {n.voucher.id for n in chosen.not_used} == {
        v.id for v in offers.vouchers
    }


@given(checkouts(), all_offers(9))
@settings(max_examples=50, deadline=None)
def test_hill_climbing_is_never_worse_than_one_coupon(lines: list[QuotedLine], offers: Offers) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kaibo.trade.pricing.choose.COMBINATIONS_MAX", 1)
        chosen = choose(lines, offers)
    for one in offers.vouchers:
        assert chosen.total_fen <= price_checkout(lines, offers._replace(vouchers=(one,))).total_fen


@given(checkouts())
@settings(max_examples=100, deadline=None)
def test_the_short_way_of_one_line_says_what_the_pipeline_says(lines: list[QuotedLine]) -> None:
    one = lines[:1]
    assert price_checkout(one, NO_OFFERS) == price_checkout(one, Offers())


@given(checkouts(), all_offers(), st.randoms())
@settings(max_examples=200, deadline=None)
def test_refunds_in_any_order_and_portion_give_back_exactly_what_was_paid(
    lines: list[QuotedLine], offers: Offers, chance: Any
) -> None:
    priced = price_checkout(lines, offers)
    bought = [
        (one.paid_fen + one.freight_paid_fen, one.quoted.quantity) for order in priced.orders for one in order.lines
    ]
    back, pieces = [0] * len(bought), [0] * len(bought)
    open_lines = list(range(len(bought)))
    while open_lines:
        at = chance.choice(open_lines)
        paid_fen, quantity = bought[at]
        take = chance.randint(1, quantity - pieces[at])
        fen = refund_of(paid_fen, quantity, refunded_fen=back[at], refunded_quantity=pieces[at], take=take)
        assert 0 <= fen <= paid_fen - back[at]
        back[at], pieces[at] = back[at] + fen, pieces[at] + take
        if pieces[at] == quantity:
            assert back[at] == paid_fen
            open_lines.remove(at)
    assert sum(back) == priced.total_fen


def test_more_than_was_bought_is_not_taken_back() -> None:
    with pytest.raises(ValueError, match="2 of 1 remaining"):
        refund_of(1_000, 3, refunded_fen=666, refunded_quantity=2, take=2)
