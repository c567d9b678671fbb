"""Property tests of how an order's money is divided and taken back: every fen is somebody's, nobody gives what they have not."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.goods.contracts import ProductId, SkuId
from kaibo.kernel.money import BPS
from kaibo.trade.contracts import LineId
from kaibo.trade.orders.model import OrderLine
from kaibo.trade.settlement.rules import Shares, divide_line, take, take_refunds, total


@st.composite
def lines(draw: st.DrawFn) -> OrderLine:
    quantity = draw(st.integers(1, 9))
    unit = draw(st.integers(0, 10_000_000))
    line_fen = unit * quantity
    platform_discount = draw(st.integers(0, line_fen))
    discount = draw(st.integers(0, line_fen - platform_discount))
    paid = line_fen - platform_discount - discount
    freight = draw(st.integers(0, 5000))
    fee = draw(st.integers(0, 3000))
    return OrderLine(
        id=LineId(uuid4()),
        sku_id=SkuId(uuid4()),
        product_id=ProductId(uuid4()),
        title="纸",
        sku_name="包",
        picture_url=None,
        unit_price_fen=unit,
        quantity=quantity,
        line_fen=line_fen,
        paid_fen=paid,
        freight_fen=freight,
        freight_paid_fen=freight,
        commission_bps=draw(st.integers(0, BPS - fee)),
        platform_fee_bps=fee,
        discount_fen=discount,
        platform_discount_fen=platform_discount,
        refunded_fen=draw(st.integers(0, paid + freight)),
        refunded_quantity=draw(st.integers(0, quantity)),
    )


@st.composite
def divided(draw: st.DrawFn) -> tuple[OrderLine, Shares]:
    line = draw(lines())
    rates = {"agency_bps": draw(st.integers(0, BPS)), "leader_bps": draw(st.integers(0, BPS))}
    rates["points_fen"] = draw(st.integers(0, line.platform_discount_fen))
    return line, divide_line(line, has_creator=draw(st.booleans()), **rates)


def parts(shares: Shares) -> list[int]:
    return list(vars(shares).values())


@given(divided())
def test_what_is_left_of_a_line_is_divided_to_the_fen(found: tuple[OrderLine, Shares]) -> None:
    line, shares = found
    assert min(parts(shares)) >= 0
    assert shares.buyer_fen == line.paid_fen + line.freight_paid_fen - line.refunded_fen
    assert shares.points_fen <= shares.subsidy_fen <= line.platform_discount_fen
    if line.refunded_fen == 0 and line.refunded_quantity == 0:
        assert shares.subsidy_fen == line.platform_discount_fen


@given(divided())
def test_each_part_is_within_a_fen_of_its_exact_share(found: tuple[OrderLine, Shares]) -> None:
    line, shares = found
    earned = shares.creator_fen + shares.agency_fen
    if earned:
        assert abs(earned * BPS - shares.goods_fen * line.commission_bps) < BPS
    assert abs(shares.platform_fen * BPS - shares.goods_fen * line.platform_fee_bps) < BPS


@given(divided(), st.lists(st.integers(1, 10**7), max_size=20))
def test_refunds_in_any_steps_take_back_exactly_what_they_give(
    found: tuple[OrderLine, Shares], steps: list[int]
) -> None:
    had = found[1]
    left = had
    for step in steps:
        step = min(step, left.goods_fen)
        back = take(left, step)
        assert back.goods_fen == step
        assert all(0 <= gone <= there for gone, there in zip(parts(back), parts(left), strict=True))
        left = left - back
        assert left.points_fen <= left.subsidy_fen
    back = take(left, left.goods_fen)
    left = left - back
    assert parts(left) == [0, 0, 0, 0, 0, had.freight_fen, left.subsidy_fen, left.points_fen]
    if had.goods_fen:
        assert left.subsidy_fen == left.points_fen == 0


@given(st.lists(divided(), min_size=1, max_size=4), st.data())
def test_taking_everything_back_of_every_line_leaves_everybody_with_nothing(
    found: list[tuple[OrderLine, Shares]], data: st.DataObject
) -> None:
    had = {line.id: shares for line, shares in found}
    first = [(line_id, data.draw(st.integers(0, shares.goods_fen))) for line_id, shares in had.items()]
    freight = sum(shares.freight_fen for shares in had.values())
    once = data.draw(st.integers(0, freight))
    back = take_refunds(had, first, once)
    assert total(list(back.values())).buyer_fen == sum(fen for _, fen in first) + once
    left = {line_id: shares - back.get(line_id, Shares()) for line_id, shares in had.items()}
    rest = take_refunds(left, [(line_id, shares.goods_fen) for line_id, shares in left.items()], freight - once)
    for line_id, shares in left.items():
        last = shares - rest.get(line_id, Shares())
        assert last.buyer_fen == 0
        assert min(parts(last)) >= 0


@given(divided(), st.integers(1, 10**6))
def test_more_than_is_left_is_never_taken(found: tuple[OrderLine, Shares], beyond: int) -> None:
    line, had = found
    with pytest.raises(ValueError, match="left"):
        take(had, had.goods_fen + beyond)
    with pytest.raises(ValueError, match="beyond"):
        take_refunds({line.id: had}, [(line.id, had.buyer_fen + beyond)], 0)
