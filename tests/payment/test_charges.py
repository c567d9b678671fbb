"""Create, pay, query, close: the adapter against a gateway that runs as its own process."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.payment.world import World

from kaibo.trade.payment.gateway import ChargeNotice, ChargeStatus, GatewayRefused, GatewayTimeout, RefundRequest


async def test_a_paid_charge_is_told_by_a_verified_callback(world: World) -> None:
    request = world.charge(12_345, attach="shop=7")
    created = await world.gateway.create(request)
    assert (await world.gateway.query(request.out_trade_no)).status is ChargeStatus.NOT_PAID

    before = datetime.now(UTC) - timedelta(seconds=2)
    await world.sandbox.pay(created.pay_url)
    (received,) = await world.receiver.wait(f"/{request.out_trade_no}")
    notice = world.read(received)

    assert isinstance(notice, ChargeNotice)
    assert (notice.out_trade_no, notice.amount_fen, notice.currency) == (request.out_trade_no, 12_345, "CNY")
    assert notice.attach == "shop=7"
    assert before <= notice.paid_at <= datetime.now(UTC)
    assert not notice.source.replayed
    state = await world.gateway.query(request.out_trade_no)
    assert state.status is ChargeStatus.PAID
    assert (state.transaction_id, state.amount_fen, state.paid_at) == (notice.transaction_id, 12_345, notice.paid_at)


async def test_creating_twice_is_one_charge_and_a_changed_one_is_refused(world: World) -> None:
    request = world.charge(500)
    first = await world.gateway.create(request)
    assert await world.gateway.create(request) == first
    with pytest.raises(GatewayRefused) as refused:
        await world.gateway.create(world.charge(501, out_trade_no=request.out_trade_no))
    assert refused.value.code == "INVALID_REQUEST"


async def test_a_paid_charge_cannot_be_created_paid_or_closed_again(world: World) -> None:
    request = await world.paid()
    with pytest.raises(GatewayRefused) as created:
        await world.gateway.create(request)
    with pytest.raises(GatewayRefused) as closed:
        await world.gateway.close(request.out_trade_no)
    assert created.value.code == closed.value.code == "ORDERPAID"
    assert len(await world.receiver.wait(f"/{request.out_trade_no}")) == 1


async def test_a_closed_charge_takes_no_money_and_closing_again_is_no_error(world: World) -> None:
    request = world.charge()
    created = await world.gateway.create(request)
    await world.gateway.close(request.out_trade_no)
    await world.gateway.close(request.out_trade_no)
    answer = await world.sandbox.pay(created.pay_url)
    assert (answer.status_code, answer.json()["code"]) == (400, "ORDER_CLOSED")
    assert (await world.gateway.query(request.out_trade_no)).status is ChargeStatus.CLOSED


async def test_a_charge_closed_behind_our_back_is_found_by_a_query(world: World) -> None:
    requests = [world.charge(), world.charge()]
    for request in requests:
        await world.gateway.create(request)
    numbers = [request.out_trade_no for request in requests]
    answer = await world.sandbox.call("POST", "/sandbox/close", json={"out_trade_nos": [*numbers, "never-made"]})
    assert answer.json() == {"closed": numbers}
    assert [(await world.gateway.query(number)).status for number in numbers] == [ChargeStatus.CLOSED] * 2


async def test_a_charge_cannot_be_paid_after_its_time(own_world: World) -> None:
    request = own_world.charge(expires_at=datetime.now(UTC) + timedelta(seconds=2))
    created = await own_world.gateway.create(request)
    while datetime.now(UTC) <= request.expires_at:
        assert (await own_world.gateway.query(request.out_trade_no)).status is ChargeStatus.NOT_PAID
    assert (await own_world.sandbox.pay(created.pay_url)).json()["code"] == "ORDER_CLOSED"


async def test_a_failed_payment_leaves_the_charge_payable(world: World) -> None:
    request = world.charge()
    created = await world.gateway.create(request)
    assert (await world.sandbox.pay(created.pay_url, "failure")).json()["trade_state"] == "NOTPAY"
    assert (await world.sandbox.pay(created.pay_url)).json()["trade_state"] == "SUCCESS"


async def test_a_charge_that_never_arrived_is_not_found_and_closing_it_is_no_error(world: World) -> None:
    assert (await world.gateway.query("never-made-1")).status is ChargeStatus.NOT_FOUND
    await world.gateway.close("never-made-1")


async def test_numbers_with_every_permitted_sign_survive_the_url_and_its_signature(world: World) -> None:
    request = world.charge(out_trade_no=f"A-b_9|*{datetime.now(UTC).timestamp():.0f}", notify_url=world.receiver.origin)
    await world.gateway.create(request)
    assert (await world.gateway.query(request.out_trade_no)).status is ChargeStatus.NOT_PAID


async def test_a_server_error_after_the_work_is_a_time_out_that_a_query_resolves(world: World) -> None:
    request = world.charge()
    await world.sandbox.set_faults(request.out_trade_no, fail_create=True)
    with pytest.raises(GatewayTimeout, match="outcome unknown"):
        await world.gateway.create(request)
    assert (await world.gateway.query(request.out_trade_no)).status is ChargeStatus.NOT_PAID


async def test_a_slow_gateway_is_a_time_out_and_not_a_refusal(world: World) -> None:
    request = world.charge()
    await world.sandbox.set_faults(request.out_trade_no, slow_create_ms=5_000)
    async with world.sandbox.gateway(timeout_s=0.3) as hasty:
        with pytest.raises(GatewayTimeout, match="ReadTimeout"):
            await hasty.create(request)
    assert (await world.gateway.query(request.out_trade_no)).status is ChargeStatus.NOT_PAID


async def test_an_absent_gateway_is_a_time_out(own_world: World) -> None:
    own_world.sandbox.kill()
    with pytest.raises(GatewayTimeout, match="ConnectError"):
        await own_world.gateway.query("T123456")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount_fen": 0}, "at least 1 fen"),
        ({"amount_fen": -1}, "at least 1 fen"),
        ({"out_trade_no": "short"}, "does not match"),
        ({"out_trade_no": "with space 1"}, "does not match"),
        ({"out_trade_no": "a\nb\nc\nd\n"}, "does not match"),
        ({"description": ""}, "1 to 127"),
        ({"description": "蒜" * 128}, "1 to 127"),
        ({"expires_at": datetime(2030, 1, 1)}, "time zone"),  # noqa: DTZ001
    ],
)
async def test_what_wechat_pay_would_never_take_is_refused_before_it_is_sent(
    world: World, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        await world.gateway.create(world.charge(**changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"notify_url": "http://192.0.2.1/notify"}, "/notify_url"),
        ({"notify_url": "http://127.0.0.1:1/notify?secret=1"}, "/notify_url"),
        ({"notify_url": "ftp://127.0.0.1/notify"}, "/notify_url"),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "/time_expire"),
        ({"amount_fen": 10**12}, "/amount/total"),
        ({"currency": "USD"}, "/amount/currency"),
    ],
)
async def test_the_gateway_names_the_field_it_refuses(world: World, changes: dict[str, object], field: str) -> None:
    with pytest.raises(GatewayRefused) as refused:
        await world.gateway.create(world.charge(**changes))  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.http_status, refused.value.field) == ("PARAM_ERROR", 400, field)


async def test_the_bill_of_the_day_lists_payments_and_refunds_to_the_fen(own_world: World) -> None:
    first, second = await own_world.paid(1_005), await own_world.paid(99)
    await own_world.gateway.refund(RefundRequest(first.out_trade_no, "refund-of-bill", 5, 1_005, "少发一头"))
    china = datetime.now(UTC) + timedelta(hours=8)
    answer = await own_world.sandbox.call("GET", "/sandbox/bill", params={"date": china.date().isoformat()})
    lines = answer.text.removeprefix("\ufeff").splitlines()
    assert lines[0].startswith("交易时间,公众账号ID,商户号")
    assert len(lines[0].split(",")) == 27 == len(lines[1].split(","))
    assert [line.split(",")[6] for line in lines[1:4]] == [f"`{n.out_trade_no}" for n in (first, second, first)]
    assert lines[-1] == "`3,`11.04,`0.05,`0.00,`0.07000,`11.04,`0.05"
    assert (await own_world.sandbox.call("GET", "/sandbox/bill", params={"date": "yesterday"})).status_code == 400
