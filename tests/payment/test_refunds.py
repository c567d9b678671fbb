"""Refunds: whole, in parts, too much, twice, and when the answer is lost."""

import asyncio
import uuid

import pytest
from tests.payment.world import World

from kaibo.trade.payment.gateway import (
    ChargeRequest,
    ChargeStatus,
    GatewayRefused,
    GatewayTimeout,
    RefundNotice,
    RefundRequest,
    RefundState,
    RefundStatus,
)


def refund_of(charge: ChargeRequest, fen: int, notify_url: str | None = None) -> RefundRequest:
    number = f"R{uuid.uuid4().hex}"
    return RefundRequest(charge.out_trade_no, number, fen, charge.amount_fen, "七天无理由", notify_url)


async def finished(world: World, number: str) -> RefundState:
    for _ in range(200):
        state = await world.gateway.query_refund(number)
        if state.status is not RefundStatus.PROCESSING:
            return state
        await asyncio.sleep(0.02)
    raise AssertionError(f"{number} is still in progress")


async def test_a_full_refund_is_in_progress_then_done_and_told(world: World) -> None:
    charge = await world.paid(2_990)
    request = refund_of(charge, 2_990, f"{world.receiver.origin}/full-{charge.out_trade_no}")
    first = await world.gateway.refund(request)
    assert (first.status, first.refund_fen, first.refunded_at) == (RefundStatus.PROCESSING, 2_990, None)

    (received,) = await world.receiver.wait(f"/full-{charge.out_trade_no}")
    notice = world.read(received)
    assert isinstance(notice, RefundNotice)
    assert (notice.status, notice.refund_fen, notice.total_fen) == (RefundStatus.DONE, 2_990, 2_990)
    state = await finished(world, request.out_refund_no)
    assert (state.status, state.refund_id) == (RefundStatus.DONE, notice.refund_id)
    assert state.refunded_at == notice.refunded_at is not None
    paid = await world.gateway.query(charge.out_trade_no)
    assert (paid.status, paid.has_refund) == (ChargeStatus.PAID, True)


async def test_partial_refunds_add_up_to_the_charge_and_not_a_fen_more(world: World) -> None:
    charge = await world.paid(100)
    for fen in (33, 33, 33):
        await world.gateway.refund(refund_of(charge, fen))
    with pytest.raises(GatewayRefused) as refused:
        await world.gateway.refund(refund_of(charge, 2))
    assert refused.value.code == "INVALID_REQUEST"
    await world.gateway.refund(refund_of(charge, 1))
    with pytest.raises(GatewayRefused):
        await world.gateway.refund(refund_of(charge, 1))


async def test_simultaneous_refunds_never_exceed_the_charge(world: World) -> None:
    charge = await world.paid(100)
    calls = [world.gateway.refund(refund_of(charge, 60)) for _ in range(8)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(result, RefundState) for result in results) == 1
    assert sum(isinstance(result, GatewayRefused) for result in results) == 7


async def test_the_same_refund_number_refunds_once(world: World) -> None:
    charge = await world.paid(100)
    request = refund_of(charge, 60)
    first, second = await world.gateway.refund(request), await world.gateway.refund(request)
    assert first.refund_id == second.refund_id
    with pytest.raises(GatewayRefused, match="INVALID_REQUEST"):
        await world.gateway.refund(
            RefundRequest(charge.out_trade_no, request.out_refund_no, 61, charge.amount_fen, "七天无理由")
        )


async def test_a_lost_answer_to_a_refund_is_resolved_by_a_query(world: World) -> None:
    charge = await world.paid(100, fail_refund=True)
    request = refund_of(charge, 100)
    with pytest.raises(GatewayTimeout):
        await world.gateway.refund(request)
    assert (await finished(world, request.out_refund_no)).status is RefundStatus.DONE


async def test_an_empty_merchant_account_refuses_and_does_nothing(world: World) -> None:
    charge = await world.paid(100, not_enough=True)
    request = refund_of(charge, 100)
    with pytest.raises(GatewayRefused) as refused:
        await world.gateway.refund(request)
    assert (refused.value.code, refused.value.http_status) == ("NOT_ENOUGH", 403)
    assert (await world.gateway.query_refund(request.out_refund_no)).status is RefundStatus.NOT_FOUND
    await world.sandbox.set_faults(charge.out_trade_no)
    assert (await world.gateway.refund(request)).status is RefundStatus.PROCESSING


async def test_a_refund_of_an_unpaid_unknown_or_differently_priced_charge_is_refused(world: World) -> None:
    unpaid = world.charge(100)
    await world.gateway.create(unpaid)
    paid = await world.paid(100)
    for charge, total_fen in ((unpaid, 100), (world.charge(100), 100), (paid, 101)):
        with pytest.raises(GatewayRefused):
            await world.gateway.refund(RefundRequest(charge.out_trade_no, "R-wrong", 50, total_fen, "不想要了"))
    assert (await world.gateway.query_refund("R-wrong")).status is RefundStatus.NOT_FOUND


async def test_a_refund_above_its_charge_is_refused_before_it_is_sent(world: World) -> None:
    for fen in (0, -5, 101):
        with pytest.raises(ValueError):
            await world.gateway.refund(RefundRequest("T-any-charge", "R-any", fen, 100, ""))


async def test_a_long_reason_is_cut_at_a_whole_character(world: World) -> None:
    charge = await world.paid(100)
    request = RefundRequest(charge.out_trade_no, f"R{uuid.uuid4().hex}", 1, 100, "少发" * 40)
    assert (await world.gateway.refund(request)).status is RefundStatus.PROCESSING
