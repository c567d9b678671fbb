"""Payment against the real provider process: callbacks duplicated, replayed, lost, forged, late, wrong, and all at once."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from kaibo.kernel import clock, config, jobs
from kaibo.kernel.context import Context
from kaibo.trade import reactions as trade
from kaibo.trade.orders.lookup import lock_order
from kaibo.trade.payment import wiring
from kaibo.trade.payment.confirm import PaidFact, confirm_charge
from kaibo.trade.payment.gateway import ChargeRequest, ChargeState, ChargeStatus, GatewayTimeout
from kaibo.trade.payment.model import ChargeId, Outcome
from kaibo.trade.payment.resolve import drive_charge, resolve_charge
from kaibo.trade.payment.tables import charges, notices
from kaibo.trade.payment.wiring import NOTIFY_PATHS, ConfiguredGateway
from kaibo.trade.payment.withdraw import expire_by_time
from tests.payment.world import Sandbox
from tests.trade.world import Buyer, Shop, assert_ledger_sound, column, events_of, key, ok

NOTIFY_PATH = NOTIFY_PATHS["wechatpay"]
WAIT_S_MAX = 15.0


async def eventually(found: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    deadline = clock.monotonic() + WAIT_S_MAX
    while (last := await found()) != wanted:
        assert clock.monotonic() < deadline, f"waited for {wanted}, still {last}"
        await asyncio.sleep(0.05)


async def state_of(buyer: Buyer, order: dict[str, Any]) -> str:
    return str((await buyer.order(order["id"]))["state"])


async def outcomes(here: Context, number: str) -> list[str]:
    async with here.database.transaction() as db:
        rows = await db.execute(select(notices.c.outcome).where(notices.c.number == number).order_by(notices.c.id))
        return [row.outcome for row in rows]


async def charge_of(here: Context, order: dict[str, Any]) -> Any:
    """The order's newest charge, as its row."""
    async with here.database.transaction() as db:
        query = (
            select(charges).where(charges.c.checkout_id == uuid.UUID(order["id"])).order_by(charges.c.attempt.desc())
        )
        return (await db.execute(query)).first()


async def resolve(here: Context, order: dict[str, Any]) -> None:
    await resolve_charge(here.database, ChargeId((await charge_of(here, order)).id))


async def expire(here: Context, order: dict[str, Any]) -> None:
    """What the timer does, and then the job."""
    async with here.database.transaction() as db:
        await expire_by_time(db, uuid.UUID(order["id"]))
    if await charge_of(here, order) is not None:
        await resolve(here, order)


def number_of(order: dict[str, Any]) -> str:
    return f"{order['number']}P01"


async def test_a_payment_reaches_order_stock_and_ledger(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=2990, stock=5)
    order = await buyer.place(sku, 2)
    assert await buyer.payment(order["id"]) == "none"
    await provider.pay(await buyer.pay_url(order["id"]))
    await eventually(lambda: state_of(buyer, order), "paid")
    paid = await buyer.order(order["id"])
    assert paid["paid_at"]
    assert paid["ship_before"]
    assert "refund" in paid["actions"]
    assert await buyer.payment(order["id"]) == "paid"
    assert await shop.stock_left(sku["product_id"]) == 3
    assert await events_of(here, order["id"]) == ["trade.order.placed", "trade.order.paid"]
    money = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/money"))["balances"]
    assert (money["in_transit_fen"], money["receivable_fen"]) == (5980, 0)
    left = await column(here, "SELECT kind FROM kernel.timers WHERE key = :key", key=order["id"])
    assert left == [], "a paid order neither expires nor is asked about"
    await assert_ledger_sound(here)


async def test_a_callback_said_eight_times_pays_once(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku(price_fen=100))
    await provider.set_faults(number_of(order), duplicate=3, replay=1)  # each of four deliveries twice
    await provider.pay(await buyer.pay_url(order["id"]))

    async def heard() -> int:
        return len(await outcomes(here, number_of(order)))

    await eventually(heard, 8)
    assert sorted(await outcomes(here, number_of(order))) == ["duplicate"] * 7 + ["paid"]
    assert (await events_of(here, order["id"])).count("trade.order.paid") == 1
    assert ok(await shop.staff.client.get(f"/api/shops/{shop.id}/money"))["balances"]["in_transit_fen"] == 100


async def test_five_confirmations_at_the_same_instant_pay_once(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku(price_fen=100))
    await buyer.pay_url(order["id"])
    fact = PaidFact("wechatpay", number_of(order), f"4200{uuid.uuid4().hex[:24]}", 100, "CNY", datetime.now(UTC))

    async def one() -> Outcome:
        async with here.database.transaction() as db:
            return await confirm_charge(db, fact)

    said = await asyncio.gather(*(one() for _ in range(5)))
    assert sorted(said) == [Outcome.DUPLICATE] * 4 + [Outcome.PAID]
    other = PaidFact("wechatpay", fact.out_trade_no, "4200x", 100, "CNY", fact.paid_at)
    async with here.database.transaction() as db:
        assert await confirm_charge(db, other) is Outcome.CONFLICTING
    await assert_ledger_sound(here)


async def test_a_lost_callback_is_asked_for_coopcycle_web_5197(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paid and no order: here the buyer's own page asks the provider."""
    order = await buyer.place(await shop.sku())
    await provider.set_faults(number_of(order), lose=True)
    await provider.pay(await buyer.pay_url(order["id"]))
    monkeypatch.setattr("kaibo.trade.payment.status.ASK_AGAIN_SECONDS", 0)
    assert await buyer.payment(order["id"]) == "paid"
    assert await state_of(buyer, order) == "paid"
    assert await outcomes(here, number_of(order)) == []


async def test_a_lost_callback_is_asked_for_by_the_clock_where_nobody_looks(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    """The whole way: timer, sweeper, job queue, provider."""
    order = await buyer.place(await shop.sku())
    await provider.set_faults(number_of(order), lose=True)
    await provider.pay(await buyer.pay_url(order["id"]))
    charge = await charge_of(here, order)
    async with here.database.transaction() as db:
        await drive_charge(db, str(charge.id), {})
    again = await column(here, "SELECT payload FROM kernel.timers WHERE key = :key", key=str(charge.id))
    assert again == [{"tries": 1}], "the timer stays until the charge is decided"
    app = jobs.application(here.settings.database_url, [trade.jobs])
    async with app.open_async():
        await app.run_worker_async(queues=[jobs.QUEUE], wait=False, install_signal_handlers=False)
    assert await state_of(buyer, order) == "paid"
    assert await column(here, "SELECT key FROM kernel.timers WHERE key = :key", key=str(charge.id)) == []


async def test_nobody_can_mark_an_order_paid_newbee_mall_100(
    here: Context, client: httpx.AsyncClient, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku())
    await buyer.pay_url(order["id"])
    serial = (await outcome_headers(here)).get("wechatpay-serial", "00")
    forged = {
        "Wechatpay-Timestamp": str(int(datetime.now(UTC).timestamp())),
        "Wechatpay-Nonce": uuid.uuid4().hex,
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature": "A" * 344,
    }
    body = f'{{"out_trade_no": "{number_of(order)}", "trade_state": "SUCCESS"}}'.encode()
    for headers, content in ((forged, body), ({}, body), (forged, b"\x00\xff" * 40_000), ({}, b"")):
        answer = await client.post(NOTIFY_PATH, content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "FAIL")
    assert await state_of(buyer, order) == "placed"
    kept = await column(here, "SELECT octet_length(body) FROM trade.notices WHERE outcome = 'forged'")
    assert max(kept) <= 64 * 1024


async def outcome_headers(here: Context) -> dict[str, str]:
    found = await column(here, "SELECT headers FROM trade.notices WHERE outcome = 'paid' ORDER BY id DESC LIMIT 1")
    return dict(found[0]) if found else {}


async def test_genuine_bytes_delivered_again_by_a_stranger_change_nothing(
    here: Context, client: httpx.AsyncClient, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku())
    await provider.pay(await buyer.pay_url(order["id"]))
    await eventually(lambda: state_of(buyer, order), "paid")
    (body,) = await column(here, "SELECT body FROM trade.notices WHERE number = :n", n=number_of(order))
    headers = await outcome_headers(here)
    again = await client.post(NOTIFY_PATH, content=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (200, "SUCCESS")
    altered = await client.post(NOTIFY_PATH, content=body + b" ", headers=headers)
    assert altered.status_code == 401
    with clock.use(clock.SystemClock(offset_seconds=3600)):
        stale = await client.post(NOTIFY_PATH, content=body, headers=headers)
    assert (stale.status_code, stale.json()["code"]) == (401, "FAIL")
    assert await outcomes(here, number_of(order)) == ["paid", "duplicate"]
    assert await column(here, "SELECT count(*) FROM trade.notices WHERE outcome = 'stale'") != [0]
    await assert_ledger_sound(here)


async def test_a_probe_with_a_spoilt_signature_is_refused_and_the_true_one_heard(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku())
    await provider.set_faults(number_of(order), corrupt_signature=True)
    await provider.pay(await buyer.pay_url(order["id"]))
    await eventually(lambda: state_of(buyer, order), "paid")


@pytest.mark.parametrize(
    ("faults", "outcome", "numbered"),
    [({"wrong_amount_fen": 1}, "wrong_amount", True), ({"wrong_mchid": "1900000001"}, "foreign", False)],
)
async def test_a_callback_that_contradicts_the_charge_is_kept_and_not_believed(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, faults: dict[str, Any], outcome: str, numbered: bool
) -> None:
    order = await buyer.place(await shop.sku())
    await provider.set_faults(number_of(order), **faults)
    before = await column(here, "SELECT count(*) FROM trade.notices WHERE outcome = :o", o=outcome)
    await provider.pay(await buyer.pay_url(order["id"]))

    async def kept() -> bool:
        return await column(here, "SELECT count(*) FROM trade.notices WHERE outcome = :o", o=outcome) > before

    await eventually(kept, True)
    assert await state_of(buyer, order) == "placed"
    if numbered:
        assert set(await outcomes(here, number_of(order))) == {outcome}
    answered = await column(here, "SELECT DISTINCT answered FROM trade.notices WHERE outcome = :o", o=outcome)
    assert answered == [422 if numbered else 403]
    await resolve(here, order)
    assert await state_of(buyer, order) == "paid", "asked, the provider tells the truth"
    await assert_ledger_sound(here)


async def test_a_callback_about_a_number_we_never_gave_is_answered_so_that_it_comes_again_medusa_13301(
    here: Context, provider: Sandbox, app_url: str
) -> None:
    number = f"T{uuid.uuid4().hex[:20]}"
    request = ChargeRequest(
        out_trade_no=number,
        description="别人的",
        amount_fen=100,
        notify_url=app_url + NOTIFY_PATH,
        payer_ip="127.0.0.1",
        expires_at=datetime.now(UTC) + timedelta(minutes=5),
    )
    created = await wiring.gateway("wechatpay").create(request)
    await provider.pay(created.pay_url)

    async def heard() -> bool:
        return len(await outcomes(here, number)) >= 2

    await eventually(heard, True)
    assert set(await outcomes(here, number)) == {"unknown_order"}


# --- late


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
