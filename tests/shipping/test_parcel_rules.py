"""The pure rules of parcels."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaibo.goods.contracts import ProductId, SkuId
from kaibo.people.contracts import PersonId, ShopId
from kaibo.trade.contracts import LineId, OrderId, OrderState
from kaibo.trade.orders.model import DeliveryAddress, Order, OrderLine, Terms
from kaibo.trade.shipping import rules
from kaibo.trade.shipping.errors import (
    CorrectionsUsedUp,
    CorrectionTooLate,
    LineNotInOrder,
    LineTwice,
    NothingToShip,
    TooManyPieces,
)
from kaibo.trade.shipping.model import Parcel, ParcelId, ParcelLine, ParcelState, TraceStep

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
TERMS = Terms(
    pay_seconds=900, ship_seconds=172_800, receive_seconds=864_000, after_sales_seconds=604_800, platform_fee_bps=500
)
ADDRESS = DeliveryAddress("李小明", "13800138000", "138****8000", "云南省", "大理白族自治州", "宾川县", "金牛镇 8 号")


def line(quantity: int, refunded: int = 0) -> OrderLine:
    paid = 100 * quantity
    return OrderLine(
        LineId(uuid4()), SkuId(uuid4()), ProductId(uuid4()), "抽纸", "10 包", None, 100, quantity, paid, paid, 0, 0, 0, 0,
        refunded_quantity=refunded, refunded_unshipped_quantity=refunded,
    )  # fmt: skip


def order_of(*lines: OrderLine, **changes: object) -> Order:
    goods = sum(one.line_fen for one in lines)
    made = Order(
        id=OrderId(uuid4()), checkout_id=uuid4(), number="26112300000000000001", buyer_id=PersonId(uuid4()), buyer_nickname="李**",
        shop_id=ShopId(uuid4()), shop_name="店", state=OrderState.PAID, lines=lines, goods_fen=goods, freight_fen=0,
        total_fen=goods, commission_fen=0, platform_fee_fen=0,
        address=ADDRESS, source=None, source_title=None, creator_id=None, note=None,
        created_at=NOW, pay_before=NOW,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def parcel(*pieces: tuple[LineId, int], **changes: object) -> Parcel:
    made = Parcel(
        ParcelId(uuid4()), OrderId(uuid4()), ShopId(uuid4()), 1, "sf", "SF1234567890123", ParcelState.ANNOUNCED,
        tuple(ParcelLine(*piece) for piece in pieces), NOW,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@given(st.data())
def test_what_is_shipped_never_exceeds_what_was_ordered_less_what_was_refunded_before(data: st.DataObject) -> None:
    """Whatever a merchant asks for, parcel after parcel, and whatever is refunded meanwhile."""
    quantities = data.draw(st.lists(st.integers(1, 20), min_size=1, max_size=4))
    order = order_of(*(line(quantity) for quantity in quantities))
    packed: list[Parcel] = []
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(order.lines) - 1))
        one = order.lines[place]
        if data.draw(st.booleans()):
            left = rules.left_of(one, rules.shipped_of(packed))
            never = data.draw(st.integers(0, left))  # pieces refunded instead of being shipped
            gone = one.quantity - left - one.refunded_quantity
            on_their_way = data.draw(st.integers(0, max(0, gone)))  # pieces refunded after they were shipped
            one = replace(
                one,
                refunded_quantity=one.refunded_quantity + never + on_their_way,
                refunded_unshipped_quantity=one.refunded_unshipped_quantity + never,
            )
            order = replace(order, lines=tuple(one if n == place else other for n, other in enumerate(order.lines)))
            assert rules.left_of(one, rules.shipped_of(packed)) == left - never, "what was on its way leaves the others"
        asked = data.draw(
            st.none()
            | st.lists(st.tuples(st.sampled_from([one.id for one in order.lines]), st.integers(-2, 25)), max_size=4)
        )
        try:
            pieces = rules.pack(order, packed, asked)
        except (TooManyPieces, LineTwice, NothingToShip):
            continue
        packed.append(parcel(*((one.line_id, one.quantity) for one in pieces)))
        shipped = rules.shipped_of(packed)
        assert all(0 <= shipped[one.id] <= one.quantity - one.refunded_unshipped_quantity for one in order.lines)
        assert all(one.quantity > 0 for one in pieces)
        if asked is None:
            assert rules.is_complete(order, shipped)


def test_what_does_not_fit_is_named() -> None:
    first, second = line(3), line(1, refunded=1)
    order = order_of(first, second)
    with pytest.raises(TooManyPieces) as refused:
        rules.pack(order, [parcel((first.id, 2))], [(first.id, 2)])
    assert (refused.value.asked, refused.value.left) == (2, 1)
    with pytest.raises(LineTwice):
        rules.pack(order, [], [(first.id, 1), (first.id, 1)])
    with pytest.raises(LineNotInOrder):
        rules.pack(order, [], [(LineId(uuid4()), 1)])
    with pytest.raises(TooManyPieces):
        rules.pack(order, [], [(second.id, 1)])
    with pytest.raises(NothingToShip):
        rules.pack(order, [parcel((first.id, 3))], None)


steps = st.lists(
    st.builds(
        TraceStep,
        at=st.integers(0, 100).map(lambda minutes: NOW + timedelta(minutes=minutes)),
        ordinal=st.integers(0, 20),
        state=st.sampled_from(ParcelState),
        code=st.just("0"),
        text=st.just("…"),
        place=st.just(""),
    ),
    max_size=12,
    unique_by=lambda step: (step.at, step.ordinal),
)


@given(steps, st.randoms())
def test_a_trace_means_the_same_in_whatever_order_it_came(trace: list[TraceStep], dice: object) -> None:
    told = list(trace)
    dice.shuffle(told)  # type: ignore[attr-defined]
    assert rules.newest(told) == rules.newest(trace)
    one, later = parcel(), NOW + timedelta(days=2)
    signed = rules.delivered_at(told, one, later)
    assert signed == rules.delivered_at(trace, one, later)
    last = rules.newest(trace)
    assert (signed is not None) == (last is not None and last.state is ParcelState.DELIVERED)
    assert signed is None or one.shipped_at <= signed <= later


def test_the_clock_of_receiving_starts_at_the_last_delivery_that_the_traces_tell() -> None:
    period = timedelta(seconds=TERMS.receive_seconds)
    order = order_of(line(2), state=OrderState.SHIPPED, shipped_at=NOW)
    early, late = NOW + timedelta(days=2), NOW + timedelta(days=4)
    assert rules.receive_before(order_of(line(2)), [], TERMS) is None
    assert rules.receive_before(order, [parcel()], TERMS) == NOW + period
    assert rules.receive_before(order, [parcel(delivered_at=early), parcel()], TERMS) == NOW + period
    both = [parcel(delivered_at=late), parcel(delivered_at=early)]
    assert rules.receive_before(order, both, TERMS) == late + period
    assert rules.receive_before(replace(order, extended_seconds=3600), both, TERMS) == late + period + timedelta(
        hours=1
    )
    hasty = [parcel(delivered_at=NOW - timedelta(days=3))]  # the parcel was faster than the merchant's typing
    assert rules.receive_before(order, hasty, TERMS) == NOW + period


def test_an_order_on_its_way_is_not_received_by_the_clock_but_not_for_ever() -> None:
    order = order_of(line(1), state=OrderState.SHIPPED, shipped_at=NOW)
    moving = parcel(state=ParcelState.IN_TRANSIT, last_at=NOW)
    assert rules.is_travelling(order, [moving], NOW + timedelta(days=10), TERMS)
    assert not rules.is_travelling(order, [moving], NOW + timedelta(days=30), TERMS)
    assert not rules.is_travelling(order, [parcel()], NOW + timedelta(days=10), TERMS)  # no trace, no opinion
    arrived = replace(moving, state=ParcelState.DELIVERED)
    assert not rules.is_travelling(order, [arrived], NOW + timedelta(days=10), TERMS)


def test_a_number_is_corrected_in_time_and_not_for_ever() -> None:
    one = parcel()
    rules.check_correctable(one, 2, NOW + timedelta(hours=23))
    with pytest.raises(CorrectionTooLate):
        rules.check_correctable(one, 0, NOW + timedelta(hours=24))
    with pytest.raises(CorrectionTooLate):
        rules.check_correctable(replace(one, state=ParcelState.DELIVERED), 0, NOW)
    with pytest.raises(CorrectionsUsedUp):
        rules.check_correctable(one, 3, NOW)


def test_pieces_of_one_line_add_up_over_parcels() -> None:
    one = line(5)
    assert rules.shipped_of([parcel((one.id, 2)), parcel((one.id, 1))]) == Counter({one.id: 3})
