"""What a case gives back: to the fen, in any order of parts, with every step explained."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.trade.aftersales.amounts import Amount, Balance, cut, lowered, money_back, price_fall
from kaibo.trade.aftersales.model import CaseLine
from kaibo.trade.aftersales.refusals import AmountTooHigh, LineTwice, LineUnknown, NothingLeft
from kaibo.trade.contracts import LineId


def balance(quantity: int = 3, paid_fen: int = 1000, freight_fen: int = 0, **gone: int) -> Balance:
    return Balance(LineId(uuid.uuid4()), "抽纸", quantity, paid_fen, freight_fen, **gone)


def after(line: Balance, back: CaseLine) -> Balance:
    return replace(
        line, gone_quantity=line.gone_quantity + back.quantity, gone_fen=line.gone_fen + back.fen + back.freight_fen
    )


@given(st.data())
def test_refunding_piece_after_piece_ends_at_exactly_what_was_paid(data: st.DataObject) -> None:
    quantity = data.draw(st.integers(1, 40))
    line = balance(quantity, data.draw(st.integers(0, 10**7)), data.draw(st.integers(0, 5000)))
    whole = line.paid_fen + line.freight_paid_fen
    while line.left_quantity:
        part = data.draw(st.integers(1, line.left_quantity))
        (back,) = money_back([line], [(line.line_id, part)], fault="merchant", before_shipping=False).lines
        assert back.fen >= 0
        assert back.freight_fen >= 0
        line = after(line, back)
        assert line.gone_fen <= whole
    assert line.gone_fen == whole
    assert line.left_goods_fen == 0


def test_a_piece_of_a_third_gets_its_largest_remainder_of_what_is_left() -> None:
    line = balance(3, 1000)
    parts = []
    for _ in range(3):
        (back,) = money_back([line], [(line.line_id, 1)], fault="buyer", before_shipping=False).lines
        parts.append(back.fen)
        line = after(line, back)
    assert parts == [333, 334, 333]


def test_freight_goes_back_with_the_last_piece_of_the_merchants_fault_only() -> None:
    one, two = balance(1, 500, 400), balance(1, 700, 600)
    kept = money_back([one, two], [(one.line_id, 1)], fault="merchant", before_shipping=False)
    assert (kept.total_fen, kept.steps[-1]["step"]) == (500, "freight_waits")
    one = after(one, kept.lines[0])
    rest = [(two.line_id, 1)]
    mine = money_back([one, two], rest, fault="buyer", before_shipping=False)
    assert (mine.total_fen, mine.steps[-1]["step"]) == (700, "freight_kept")
    theirs = money_back([one, two], rest, fault="merchant", before_shipping=False)
    # the freight of the line that went before comes too
    assert theirs.total_fen == 700 + 600 + 400
    assert {line.line_id: line.freight_fen for line in theirs.lines} == {one.line_id: 400, two.line_id: 600}
    unshipped = money_back([one, two], rest, fault="buyer", before_shipping=True)
    assert unshipped.total_fen == theirs.total_fen


def test_what_stands_in_another_case_is_gone() -> None:
    line = balance(2, 1000, gone_quantity=1, gone_fen=500)
    with pytest.raises(NothingLeft) as wrong:
        money_back([line], [(line.line_id, 2)], fault="merchant", before_shipping=False)
    assert (wrong.value.left, wrong.value.asked) == (1, 2)


def test_lines_that_are_not_there_or_twice_are_refused() -> None:
    line = balance()
    with pytest.raises(LineUnknown):
        money_back([line], [(LineId(uuid.uuid4()), 1)], fault="none", before_shipping=False)
    with pytest.raises(LineTwice):
        money_back([line], [(line.line_id, 1), (line.line_id, 1)], fault="none", before_shipping=False)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**4)), min_size=1, max_size=8), st.data())
def test_a_lowered_amount_is_met_exactly_and_no_line_gives_more_than_it_has(
    amounts: list[tuple[int, int]], data: st.DataObject
) -> None:
    lines = tuple(CaseLine(LineId(uuid.uuid4()), 1, fen, freight) for fen, freight in amounts)
    whole = sum(line.total_fen for line in lines)
    fen = data.draw(st.integers(0, whole))
    parts = cut(lines, fen)
    assert sum(part.total_fen for part in parts) == fen
    assert all(
        part.fen <= line.fen and part.freight_fen <= line.freight_fen for part, line in zip(parts, lines, strict=True)
    )
    lower, full = lowered(Amount(lines, ()), fen)
    assert (lower.total_fen, full) == (fen, fen == whole)
    with pytest.raises(AmountTooHigh):
        lowered(Amount(lines, ()), whole + 1)


def test_price_protection_gives_what_was_paid_above_the_new_price() -> None:
    line = balance(2, 2000)
    assert price_fall([line], [(line.line_id, 2)], {line.line_id: 700}).total_fen == 600
    # a coupon had already brought the price below
    assert price_fall([line], [(line.line_id, 2)], {line.line_id: 1100}).total_fen == 0
    assert price_fall([line], [(line.line_id, 1)], {}).total_fen == 0
