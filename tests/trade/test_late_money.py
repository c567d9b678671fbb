"""Money and the end of an order's time: what comes late, twice or not at all, what is cancelled, what the provider refuses."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from kaibo.kernel import clock, config
from kaibo.kernel.context import Context
from kaibo.trade import reactions as trade
from kaibo.trade.orders.lookup import lock_order
from kaibo.trade.payment import wiring
from kaibo.trade.payment.gateway import ChargeRequest, ChargeState, ChargeStatus, GatewayTimeout
from kaibo.trade.payment.wiring import ConfiguredGateway
from kaibo.trade.payment.withdraw import expire_by_time
from tests.payment.world import Sandbox
from tests.trade.test_paying import WAIT_S_MAX, charge_of, eventually, expire, number_of, resolve, state_of
from tests.trade.world import Buyer, Shop, assert_ledger_sound, column, events_of, key, ok


class Deaf(ConfiguredGateway):
    """A provider that says "closed" and goes on taking money: what a lost or overtaken close looks like."""

    async def close(self, out_trade_no: str, *, provider_ref: str = "") -> None:
        return None


class Silent(ConfiguredGateway):
    """A provider behind a dead line."""

    async def create(self, request: ChargeRequest) -> Any:
        raise GatewayTimeout("create", request.out_trade_no, "no answer")

    async def query(self, out_trade_no: str, *, provider_ref: str = "") -> ChargeState:
        raise GatewayTimeout("query", out_trade_no, "no answer")

    async def close(self, out_trade_no: str, *, provider_ref: str = "") -> None:
        raise GatewayTimeout("close", out_trade_no, "no answer")


@pytest.fixture
async def gateway_of() -> AsyncIterator[Callable[[type[ConfiguredGateway]], None]]:
    """`gateway_of(Deaf)` puts another gateway over the same provider until the test ends."""
    before = wiring.gateway("wechatpay")
    assert isinstance(before, ConfiguredGateway)

    over: list[ConfiguredGateway] = []

    def put(kind: type[ConfiguredGateway]) -> None:
        over.append(kind("wechatpay", before.path))
        wiring.install({**wiring.installed(), "wechatpay": over[-1]})

    yield put
    wiring.install({**wiring.installed(), "wechatpay": before})
    for gateway in over:
        await gateway.aclose()


async def finish_refunds(here: Context, order: dict[str, Any]) -> None:
    """What the timer does until the provider says that the refund is done."""
    from kaibo.trade.payment.model import RefundId
    from kaibo.trade.payment.send_refund import send_refund

    open_ones = "SELECT id FROM trade.refunds WHERE order_id = :id AND state NOT IN ('done', 'closed')"
    deadline = clock.monotonic() + WAIT_S_MAX
    while found := await column(here, open_ones, id=uuid.UUID(order["id"])):
        assert clock.monotonic() < deadline, "the refund does not end"
        for refund_id in found:
            await send_refund(here.database, RefundId(refund_id))
        await asyncio.sleep(0.05)


async def test_payment_after_timeout_is_refunded_codingXiaxw_seckill_41(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, gateway_of: Callable[..., None]
) -> None:
    sku = await shop.sku(price_fen=2990, stock=1)
    order = await buyer.place(sku)
    url = await buyer.pay_url(order["id"])
    gateway_of(Deaf)
    await expire(here, order)
    assert await state_of(buyer, order) == "expired"
    assert await shop.stock_left(sku["product_id"]) == 1, "the stock is on sale again"
    await buyer.place(sku)  # and gone
    assert (await provider.pay(url)).status_code == 200
    await eventually(lambda: buyer.payment(order["id"]), "refunded_late")
    await finish_refunds(here, order)
    late = await buyer.order(order["id"])
    assert late["state"] == "expired"
    assert (late["refund"]["state"], late["refund"]["fen"]) == ("done", 2990)
    assert [line["why"] for line in late["history"]][-2:] == [
        "订单关闭后收到付款，自动原路退回",
        "关闭后收到的付款已退回",
    ]
    assert await events_of(here, order["id"]) == [
        "trade.order.placed",
        "trade.order.expired",
        "trade.payment.refund_done",
        "trade.payment.refunded_late",
    ]
    assert await shop.stock_left(sku["product_id"]) == 0
    bill = await wiring.gateway("wechatpay").query(number_of(order))
    assert bill.has_refund
    await assert_ledger_sound(here)


async def test_payment_after_timeout_takes_the_stock_again_where_it_is_still_there(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, gateway_of: Callable[..., None]
) -> None:
    sku = await shop.sku(price_fen=2990, stock=2)
    order = await buyer.place(sku, 2)
    url = await buyer.pay_url(order["id"])
    gateway_of(Deaf)
    await expire(here, order)
    assert await shop.stock_left(sku["product_id"]) == 2
    assert (await provider.pay(url)).status_code == 200
    await eventually(lambda: state_of(buyer, order), "paid")
    paid = await buyer.order(order["id"])
    assert paid["history"][-1]["why"] == "超时后收到付款，库存仍有，订单恢复"
    assert paid["ship_before"]
    assert await shop.stock_left(sku["product_id"]) == 0
    assert await buyer.payment(order["id"]) == "paid"
    assert (await events_of(here, order["id"]))[-2:] == ["trade.order.expired", "trade.order.paid"]
    await assert_ledger_sound(here)


async def test_payment_after_a_cancellation_is_refunded_though_the_stock_is_there(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, gateway_of: Callable[..., None]
) -> None:
    """The buyer has said that they do not want it."""
    sku = await shop.sku(price_fen=100, stock=1)
    order = await buyer.place(sku)
    url = await buyer.pay_url(order["id"])
    gateway_of(Deaf)
    ok(await buyer.client.post(f"/api/orders/{order['id']}/cancel", json={"reason": "不要了"}))
    assert (await provider.pay(url)).status_code == 200
    await eventually(lambda: buyer.payment(order["id"]), "refunded_late")
    await finish_refunds(here, order)
    assert await state_of(buyer, order) == "cancelled"
    assert await shop.stock_left(sku["product_id"]) == 1
    await assert_ledger_sound(here)


async def test_an_order_that_nobody_began_to_pay_expires_and_gives_its_stock_back_vendure_3509(
    here: Context, shop: Shop, buyer: Buyer, terms: Callable[..., None]
) -> None:
    terms(pay_seconds=1)
    sku = await shop.sku(stock=1)
    order = await buyer.place(sku)
    assert await shop.stock_left(sku["product_id"]) == 0
    await asyncio.sleep(1.1)
    answer = await buyer.client.post(
        f"/api/orders/{order['id']}/payments", json={"method": "wechat_h5", "return_path": "/"}, headers=key()
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "trade.wrong_state")
    assert [await sweep(here.database) for sweep in trade.timers.sweeps] == [False], "all that was due"
    assert await state_of(buyer, order) == "expired"
    assert await shop.stock_left(sku["product_id"]) == 1


async def test_the_charge_is_closed_before_the_stock_is_released(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, gateway_of: Callable[..., None]
) -> None:
    sku = await shop.sku(stock=1)
    order = await buyer.place(sku)
    url = await buyer.pay_url(order["id"])
    before = wiring.gateway("wechatpay")
    gateway_of(Silent)
    await expire(here, order)
    assert await state_of(buyer, order) == "placed"
    assert await shop.stock_left(sku["product_id"]) == 0, "the provider has not said that nobody can pay"
    assert (await buyer.order(order["id"]))["actions"] == []
    wiring.install({**wiring.installed(), "wechatpay": before})
    await resolve(here, order)
    assert await state_of(buyer, order) == "expired"
    assert await shop.stock_left(sku["product_id"]) == 1
    assert (await provider.pay(url)).status_code >= 400
    assert await buyer.payment(order["id"]) == "failed"


async def test_money_that_arrived_before_the_close_keeps_the_order(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    """Time is over and the callback was lost, but the provider has the money and we still have the stock."""
    order = await buyer.place(await shop.sku())
    await provider.set_faults(number_of(order), lose=True)
    await provider.pay(await buyer.pay_url(order["id"]))
    await expire(here, order)
    paid = await buyer.order(order["id"])
    assert paid["state"] == "paid"
    assert paid["history"][-1]["why"] == "订单关闭前支付成功，订单继续"


async def test_a_late_no_does_not_turn_a_paid_order_back_nearmerch_209(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await buyer.place(await shop.sku())
    await provider.pay(await buyer.pay_url(order["id"]))
    await eventually(lambda: state_of(buyer, order), "paid")

    async def closed(_self: object, number: str, *, provider_ref: str) -> ChargeState:
        return ChargeState(number, ChargeStatus.CLOSED)

    monkeypatch.setattr(ConfiguredGateway, "query", closed)
    await resolve(here, order)
    await expire(here, order)
    assert await state_of(buyer, order) == "paid"
    refused = await buyer.client.post(f"/api/orders/{order['id']}/cancel", json={"reason": "不要了"})
    assert (refused.status_code, refused.json()["code"], refused.json()["state"]) == (409, "trade.wrong_state", "paid")


# --- cancelling


async def test_a_cancelled_order_closes_its_charge_and_says_why(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(stock=1)
    order = await buyer.place(sku)
    url = await buyer.pay_url(order["id"])
    cancelled = ok(await buyer.client.post(f"/api/orders/{order['id']}/cancel", json={"reason": "拍错了"}))
    assert cancelled["state"] == "cancelled"
    assert cancelled["history"][-1]["why"] == "买家取消：拍错了"
    assert await shop.stock_left(sku["product_id"]) == 1
    assert (await provider.pay(url)).status_code >= 400
    again = ok(await buyer.client.post(f"/api/orders/{order['id']}/cancel", json={"reason": "拍错了"}))
    assert len(again["history"]) == len(cancelled["history"])


async def test_a_cancellation_waits_for_a_silent_provider(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, gateway_of: Callable[..., None]
) -> None:
    order = await buyer.place(await shop.sku())
    await buyer.pay_url(order["id"])
    before = wiring.gateway("wechatpay")
    gateway_of(Silent)
    waiting = ok(await buyer.client.post(f"/api/orders/{order['id']}/cancel", json={"reason": "拍错了"}))
    assert (waiting["state"], waiting["actions"]) == ("placed", [])
    body = {"method": "wechat_h5", "return_path": "/"}
    refused = await buyer.client.post(f"/api/orders/{order['id']}/payments", json=body, headers=key())
    assert (refused.status_code, refused.json()["code"]) == (409, "trade.payment_closing")
    wiring.install({**wiring.installed(), "wechatpay": before})
    charge = await charge_of(here, order)
    due = await column(here, "SELECT kind FROM kernel.timers WHERE key = :key", key=str(charge.id))
    assert due == ["trade.payment.query"], "somebody comes back to it"
    await resolve(here, order)
    assert await state_of(buyer, order) == "cancelled"


@pytest.mark.parametrize("head_start_ms", [0, 2, 5, 10, 20, 40])
async def test_cancelling_and_paying_at_once_ends_in_one_of_the_two(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, head_start_ms: int
) -> None:
    sku = await shop.sku(price_fen=100, stock=1)
    order = await buyer.place(sku)
    url = await buyer.pay_url(order["id"])

    async def cancel() -> httpx.Response:
        await asyncio.sleep(head_start_ms / 1000)
        return await buyer.client.post(f"/api/orders/{order['id']}/cancel", json={"reason": "拍错了"})

    cancelled, paid = await asyncio.gather(cancel(), provider.pay(url))
    if paid.status_code == 200:
        await eventually(lambda: state_of(buyer, order), "paid")
        assert cancelled.status_code == 409
        assert cancelled.json()["code"] in {"trade.already_paid", "trade.wrong_state"}
        assert await shop.stock_left(sku["product_id"]) == 0
    else:
        assert ok(cancelled)["state"] == "cancelled"
        assert await shop.stock_left(sku["product_id"]) == 1
    await assert_ledger_sound(here)


# --- starting


async def test_the_same_address_is_given_for_as_long_as_it_is_good(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku())
    urls = await asyncio.gather(*(buyer.pay_url(order["id"]) for _ in range(4)))
    assert len({re.sub(r"&redirect_url=.*", "", url) for url in urls}) == 1
    assert await column(
        here, "SELECT count(*) FROM trade.charges WHERE checkout_id = :id", id=uuid.UUID(order["id"])
    ) == [1]


async def test_a_provider_that_answers_500_after_creating_is_asked_again_with_the_same_number(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku())
    await provider.set_faults(number_of(order), fail_create=True)
    body = {"method": "wechat_h5", "return_path": "/orders"}
    same = key()
    silent = await buyer.client.post(f"/api/orders/{order['id']}/payments", json=body, headers=same)
    assert (silent.status_code, silent.json()["code"]) == (503, "trade.gateway_unavailable")
    await provider.set_faults(number_of(order), fail_create=False)
    started = ok(await buyer.client.post(f"/api/orders/{order['id']}/payments", json=body, headers=same))
    await provider.pay(started["pay_url"])
    await eventually(lambda: state_of(buyer, order), "paid")


async def test_no_transaction_is_open_while_the_provider_thinks(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku())
    await provider.set_faults(number_of(order), slow_create_ms=1500)
    starting = asyncio.create_task(buyer.pay_url(order["id"]))
    await asyncio.sleep(0.8)
    idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
    assert await column(here, idle) == [0]
    assert not starting.done()
    await starting


async def test_a_process_killed_between_the_row_and_the_call_leaves_nothing_behind_for_ever(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, gateway_of: Callable[..., None]
) -> None:
    """The charge is written down, the provider has never heard of it."""
    sku = await shop.sku(stock=1)
    order = await buyer.place(sku)
    before = wiring.gateway("wechatpay")
    gateway_of(Silent)
    body = {"method": "wechat_h5", "return_path": "/orders"}
    answer = await buyer.client.post(f"/api/orders/{order['id']}/payments", json=body, headers=key())
    assert answer.status_code == 503
    wiring.install({**wiring.installed(), "wechatpay": before})
    await resolve(here, order)
    assert await buyer.payment(order["id"]) == "pending"
    await expire(here, order)
    assert await state_of(buyer, order) == "expired"
    assert await shop.stock_left(sku["product_id"]) == 1


async def test_what_the_provider_refuses_may_be_tried_again_under_a_new_number(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, terms: Callable[..., None]
) -> None:
    order = await buyer.place(await shop.sku())
    body = {"method": "wechat_h5", "return_path": "/orders"}
    reachable = config.current().public_url
    terms(public_url="http://192.0.2.1")  # the sandbox calls nobody outside this machine
    refused = await buyer.client.post(f"/api/orders/{order['id']}/payments", json=body, headers=key())
    assert (refused.status_code, refused.json()["code"], refused.json()["why"]) == (
        422,
        "trade.charge_refused",
        "PARAM_ERROR",
    )
    assert await buyer.payment(order["id"]) == "failed"
    terms(public_url=reachable)
    await provider.pay(await buyer.pay_url(order["id"]))
    await eventually(lambda: state_of(buyer, order), "paid")
    assert (await charge_of(here, order)).out_trade_no == f"{order['number']}P02"


async def test_expiry_does_not_wait_for_a_busy_order(here: Context, shop: Shop, buyer: Buyer) -> None:
    """Waiting, it would hold the stock rows of other orders against the one it waits for."""
    order = await buyer.place(await shop.sku())
    async with here.database.transaction() as busy:
        await lock_order(busy, uuid.UUID(order["id"]))
        async with here.database.transaction() as db:
            await asyncio.wait_for(expire_by_time(db, uuid.UUID(order["id"])), timeout=1)
    assert await state_of(buyer, order) == "placed"
    await expire(here, order)
    assert await state_of(buyer, order) == "expired"


async def test_a_house_that_rehearses_another_day_still_pays(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, terms: Callable[..., None]
) -> None:
    days = 15 * 24 * 3600
    terms(clock_offset_seconds=days)
    with clock.use(clock.SystemClock(offset_seconds=days)):
        order = await buyer.place(await shop.sku())
        await provider.pay(await buyer.pay_url(order["id"]))
        await eventually(lambda: state_of(buyer, order), "paid")


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil", "orders", "/a\nb", "/" + "a" * 200]
)
async def test_a_return_path_leads_nowhere_else(provider: Sandbox, shop: Shop, buyer: Buyer, path: str) -> None:
    order = await buyer.place(await shop.sku())
    body = {"method": "wechat_h5", "return_path": path}
    answer = await buyer.client.post(f"/api/orders/{order['id']}/payments", json=body, headers=key())
    assert (answer.status_code, answer.json()["code"]) in {(422, "trade.bad_return_path"), (422, "web.invalid")}
