"""Every provider's real process against one table of outcomes: duplicated, replayed, lost, forged, late, wrong, out of order."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from kaibo.kernel.context import Context
from kaibo.trade.payment import wiring
from kaibo.trade.payment.confirm import PaidFact, confirm_charge
from kaibo.trade.payment.gateway import ChargeState, ChargeStatus, GatewayRefused, RefundStatus
from kaibo.trade.payment.methods import Provider
from kaibo.trade.payment.model import Outcome
from kaibo.trade.payment.statement import provider_statement
from kaibo.trade.payment.wiring import NOTIFY_PATHS, ConfiguredGateway
from tests.payment.players import Player, players
from tests.payment.world import Sandbox
from tests.trade.test_late_money import finish_refunds
from tests.trade.test_partial_refunds import promise
from tests.trade.test_paying import charge_of, eventually, expire, number_of, outcomes, resolve, state_of
from tests.trade.world import Buyer, Shop, assert_ledger_sound, column, events_of, key, ok

NEW: tuple[Provider, ...] = ("alipay", "stripe")


@pytest.fixture(params=NEW)
async def player(request: pytest.FixtureRequest, provider: Sandbox, app_url: str) -> Player:
    found = players(provider)[request.param]
    await found.add_endpoint(app_url + NOTIFY_PATHS[found.provider])
    return found


async def start(buyer: Buyer, order: dict[str, Any], player: Player) -> str:
    body = {"method": player.method, "return_path": "/orders"}
    answer = await buyer.client.post(f"/api/orders/{order['id']}/payments", json=body, headers=key())
    return str(ok(answer)["pay_url"])


async def paid(buyer: Buyer, player: Player, shop: Shop, price_fen: int = 2990) -> dict[str, Any]:
    order = await buyer.place(await shop.sku(price_fen=price_fen))
    answer = await player.pay(await start(buyer, order, player))
    assert answer.status_code == 200, answer.text
    await eventually(lambda: state_of(buyer, order), "paid")
    return order


async def of_charges(here: Context, number: str) -> list[str]:
    """Outcomes of the notices about a number, but for those about nothing that we act on."""
    return [outcome for outcome in await outcomes(here, number) if outcome != "ignored"]


async def test_a_payment_reaches_the_order_and_is_answered_in_the_providers_words(
    here: Context, player: Player, shop: Shop, buyer: Buyer
) -> None:
    order = await paid(buyer, player, shop)
    charge = await charge_of(here, order)
    assert (charge.method, charge.amount_fen, charge.currency) == (player.method, 2990, "CNY")
    assert charge.transaction_id
    assert (await buyer.order(order["id"]))["history"][-1]["why"] == "支付成功"
    assert await of_charges(here, number_of(order)) == ["paid"]

    async def delivered() -> bool:
        told = (await player.call("GET", "/callbacks", params={"out_trade_no": number_of(order)})).json()["callbacks"]
        return bool(told) and all(one["state"] == "delivered" for one in told)

    await eventually(delivered, True)
    await assert_ledger_sound(here)


async def test_said_four_times_it_pays_once(here: Context, player: Player, shop: Shop, buyer: Buyer) -> None:
    order = await buyer.place(await shop.sku(price_fen=100))
    await player.set_faults(number_of(order), duplicate=1, replay=1)
    await player.pay(await start(buyer, order, player))

    async def heard() -> int:
        return len(await of_charges(here, number_of(order)))

    await eventually(heard, 4)
    assert sorted(await of_charges(here, number_of(order))) == ["duplicate"] * 3 + ["paid"]
    assert (await events_of(here, order["id"])).count("trade.order.paid") == 1
    await assert_ledger_sound(here)


async def test_a_lost_callback_is_asked_for(
    here: Context, player: Player, shop: Shop, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await buyer.place(await shop.sku())
    await player.set_faults(number_of(order), lose=True)
    url = await start(buyer, order, player)
    monkeypatch.setattr("kaibo.trade.payment.status.ASK_AGAIN_SECONDS", 0)
    assert await buyer.payment(order["id"]) == "pending"
    await player.pay(url)
    assert await buyer.payment(order["id"]) == "paid"
    assert await state_of(buyer, order) == "paid"


async def test_a_forged_callback_is_refused_and_the_truth_asked_for(
    here: Context, player: Player, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku())
    await player.set_faults(number_of(order), forge=True)
    count = "SELECT count(*) FROM trade.notices WHERE provider = :p AND outcome = 'forged' AND answered = 401"
    before = await column(here, count, p=player.provider)
    await player.pay(await start(buyer, order, player))

    async def refused() -> bool:
        return (await column(here, count, p=player.provider)) > before

    await eventually(refused, True)
    assert await state_of(buyer, order) == "placed"
    await resolve(here, order)
    assert await state_of(buyer, order) == "paid"


@pytest.mark.parametrize(
    ("faults", "outcome", "answered"),
    [
        ({"wrong_amount_fen": 1}, "wrong_amount", 422),
        ({"wrong_currency": "USD"}, "wrong_currency", 422),
        ({"wrong_mchid": "2088000000000000"}, "foreign", 403),
    ],
)
async def test_a_callback_that_contradicts_the_charge_is_not_believed(
    here: Context,
    player: Player,
    shop: Shop,
    buyer: Buyer,
    faults: dict[str, Any],
    outcome: str,
    answered: int,
) -> None:
    order = await buyer.place(await shop.sku())
    await player.set_faults(number_of(order), **faults)
    count = "SELECT count(*) FROM trade.notices WHERE provider = :p AND outcome = :o AND answered = :a"
    before = await column(here, count, p=player.provider, o=outcome, a=answered)
    await player.pay(await start(buyer, order, player))

    async def kept() -> bool:
        return (await column(here, count, p=player.provider, o=outcome, a=answered)) > before

    await eventually(kept, True)
    assert await state_of(buyer, order) == "placed"
    await resolve(here, order)
    assert await state_of(buyer, order) == "paid", "asked, the provider tells the truth"
    await assert_ledger_sound(here)


async def test_genuine_bytes_again_change_nothing_and_altered_ones_are_forged(
    here: Context, client: httpx.AsyncClient, player: Player, shop: Shop, buyer: Buyer
) -> None:
    order = await paid(buyer, player, shop)
    query = "SELECT {} FROM trade.notices WHERE number = :n AND outcome = 'paid'"
    (body,) = await column(here, query.format("body"), n=number_of(order))
    (headers,) = await column(here, query.format("headers"), n=number_of(order))
    path = NOTIFY_PATHS[player.provider]
    again = await client.post(path, content=body, headers=headers)
    assert again.status_code == 200
    assert again.text == "success" if player.provider == "alipay" else again.json() == {"received": True}
    altered = await client.post(path, content=body.replace(b"29", b"92"), headers=headers)
    assert altered.status_code == 401
    assert (await client.post(path, content=b"", headers={})).status_code == 401
    assert await of_charges(here, number_of(order)) == ["paid", "duplicate"]
    await assert_ledger_sound(here)


async def test_a_stripe_webhook_signed_long_ago_is_stale(
    here: Context, client: httpx.AsyncClient, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    import hashlib
    import hmac

    secret = json.loads((provider.data_dir / "stripe/stripe.json").read_text())["webhook_secret"]
    at = int(datetime.now(UTC).timestamp()) - 301
    body = b'{"id": "evt_1", "object": "event"}'
    proof = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    answer = await client.post(NOTIFY_PATHS["stripe"], content=body, headers={"Stripe-Signature": f"t={at},v1={proof}"})
    assert answer.status_code == 401
    assert await column(here, "SELECT count(*) FROM trade.notices WHERE provider = 'stripe' AND outcome = 'stale'") != [
        0
    ]


async def test_a_fact_of_one_provider_pays_no_charge_of_another(
    here: Context, player: Player, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku(price_fen=100))
    await start(buyer, order, player)
    fact = PaidFact("wechatpay", number_of(order), "4200x", 100, "CNY", datetime.now(UTC))
    async with here.database.transaction() as db:
        assert await confirm_charge(db, fact) is Outcome.UNKNOWN_ORDER
    assert await state_of(buyer, order) == "placed"


async def test_the_refunds_callback_may_overtake_the_payments(
    here: Context, player: Player, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku(price_fen=1000))
    await player.set_faults(number_of(order), reorder=True)
    await player.pay(await start(buyer, order, player))
    await resolve(here, order)
    assert await state_of(buyer, order) == "paid"
    await player.set_faults(number_of(order), reorder=False)
    await promise(here, order, f"case:{order['id']}", 300)
    await finish_refunds(here, order)

    async def heard() -> bool:
        return await of_charges(here, number_of(order)) != []

    async def heard_of_the_refund() -> bool:
        return await outcomes(here, f"{number_of(order)}R01") != []

    await eventually(heard, True)
    await eventually(heard_of_the_refund, True)
    assert await state_of(buyer, order) == "paid"
    await assert_ledger_sound(here)


class Deaf(ConfiguredGateway):
    """A provider that says "closed" and goes on taking money."""

    async def close(self, out_trade_no: str, *, provider_ref: str = "") -> None:
        return None


@pytest.mark.parametrize("left", [0, 1])
async def test_money_after_the_orders_time_takes_the_stock_again_or_goes_back(
    here: Context, player: Player, shop: Shop, buyer: Buyer, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    monkeypatch.setattr(ConfiguredGateway, "close", Deaf.close)
    sku = await shop.sku(price_fen=2990, stock=1)
    order = await buyer.place(sku)
    url = await start(buyer, order, player)
    await expire(here, order)
    assert await state_of(buyer, order) == "expired"
    if not left:
        await buyer.place(sku)
    assert (await player.pay(url)).status_code == 200
    await eventually(lambda: buyer.payment(order["id"]), "paid" if left else "refunded_late")
    if not left:
        await finish_refunds(here, order)
        late = await buyer.order(order["id"])
        assert (late["state"], late["refund"]["state"], late["refund"]["fen"]) == ("expired", "done", 2990)
        assert "trade.payment.refunded_late" in await events_of(here, order["id"])
    await assert_ledger_sound(here)


async def test_two_partial_refunds_and_the_rest(here: Context, player: Player, shop: Shop, buyer: Buyer) -> None:
    order = await paid(buyer, player, shop, 1000)
    await promise(here, order, f"a:{order['id']}", 300)
    await promise(here, order, f"b:{order['id']}", 200)
    await finish_refunds(here, order)
    assert await state_of(buyer, order) == "paid"
    ok(await buyer.client.post(f"/api/orders/{order['id']}/refund", json={"reason": "不要了"}, headers=key()))
    await finish_refunds(here, order)
    assert await state_of(buyer, order) == "refunded"
    charge = await charge_of(here, order)
    state = await wiring.gateway(player.provider).query(number_of(order), provider_ref=charge.provider_ref)
    assert (state.status, state.has_refund) == (ChargeStatus.PAID, True)
    await assert_ledger_sound(here)


async def test_a_refund_whose_answer_was_lost_is_not_paid_twice(
    here: Context, player: Player, shop: Shop, buyer: Buyer
) -> None:
    from kaibo.trade.payment.send_refund import send_refund

    order = await paid(buyer, player, shop, 500)
    await player.set_faults(number_of(order), fail_refund=True, lose=True)
    refund_id = await promise(here, order, f"a:{order['id']}", 300)
    await send_refund(here.database, refund_id)
    await player.set_faults(number_of(order), fail_refund=False, lose=True)
    await finish_refunds(here, order)
    charge = await charge_of(here, order)
    said = await wiring.gateway(player.provider).query_refund(
        f"{number_of(order)}R01", out_trade_no=number_of(order), provider_ref=charge.provider_ref
    )
    assert (said.status, said.refund_fen) == (RefundStatus.DONE, 300)
    await assert_ledger_sound(here)


async def test_a_refund_beyond_the_charge_is_refused_by_the_provider_too(
    here: Context, player: Player, shop: Shop, buyer: Buyer
) -> None:
    from kaibo.trade.payment.gateway import RefundRequest

    order = await paid(buyer, player, shop, 500)
    charge = await charge_of(here, order)
    gateway = wiring.gateway(player.provider)
    number = number_of(order)
    request = RefundRequest(number, f"{number}R77", 501, 1000, "太多", provider_ref=charge.provider_ref)
    with pytest.raises(GatewayRefused):
        await gateway.refund(request)


async def test_a_closed_charge_cannot_be_paid_and_a_paid_one_not_closed(
    here: Context, player: Player, shop: Shop, buyer: Buyer
) -> None:
    order = await paid(buyer, player, shop, 500)
    charge = await charge_of(here, order)
    gateway = wiring.gateway(player.provider)
    with pytest.raises(GatewayRefused) as refused:
        await gateway.close(number_of(order), provider_ref=charge.provider_ref)
    assert refused.value.code == "ORDERPAID"
    other = await buyer.place(await shop.sku())
    url = await start(buyer, other, player)
    await player.pay(url, "failure")  # opened, looked at, left
    cancelled = ok(await buyer.client.post(f"/api/orders/{other['id']}/cancel", json={"reason": "不要了"}))
    assert cancelled["state"] == "cancelled"
    assert (await player.pay(url)).status_code >= 400
    missing = await gateway.query("26112400000000000000P99")
    assert missing.status is ChargeStatus.NOT_FOUND
    await gateway.close("26112400000000000000P99")


async def test_the_buyer_may_change_their_mind_about_how_to_pay(
    here: Context, player: Player, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku(price_fen=700))
    wechat = await buyer.pay_url(order["id"])
    url = await start(buyer, order, player)
    assert (await provider.pay(wechat)).status_code >= 400, "the first way is closed before the second opens"
    assert (await player.pay(url)).status_code == 200
    await eventually(lambda: state_of(buyer, order), "paid")
    states = await column(
        here,
        "SELECT method || ' ' || state FROM trade.charges WHERE checkout_id = :id ORDER BY attempt",
        id=uuid.UUID(order["id"]),
    )
    assert states == ["wechat_h5 closed", f"{player.method} paid"]
    listed = ok(await buyer.client.get("/api/payment-methods"))["items"]
    assert listed[0] == {"method": player.method, "name": listed[0]["name"], "used_last": True}
    assert {one["method"] for one in listed} == {"wechat_h5", "alipay_wap", "stripe_checkout"}


async def test_changing_to_another_way_after_all_was_paid_finds_the_order_paid(
    here: Context, player: Player, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku(price_fen=700))
    await provider.set_faults(number_of(order), lose=True)
    await provider.pay(await buyer.pay_url(order["id"]))
    body = {"method": player.method, "return_path": "/orders"}
    answer = await buyer.client.post(f"/api/orders/{order['id']}/payments", json=body, headers=key())
    assert (answer.status_code, answer.json()["code"]) == (409, "trade.wrong_state")
    assert await state_of(buyer, order) == "paid"


async def test_every_provider_states_its_day_to_the_fen_with_its_fee(
    here: Context, provider: Sandbox, app_url: str, shop: Shop, buyer: Buyer
) -> None:
    today = (datetime.now(UTC) + timedelta(hours=8)).date()
    fees = {"wechatpay": (6, -2), "alipay": (6, -2), "stripe": (34, 0)}
    for name, one in players(provider).items():
        await one.add_endpoint(app_url + NOTIFY_PATHS[one.provider])
        order = await paid(buyer, one, shop, 1005)
        await promise(here, order, f"a:{order['id']}", 300)
        await finish_refunds(here, order)
        rows = await provider_statement(one.provider, today)
        mine = {row.kind: row for row in rows if row.out_no.startswith(order["number"])}
        assert set(mine) == {"charge", "refund"}
        charge, refund = mine["charge"], mine["refund"]
        assert (charge.provider, charge.out_no, charge.fen, charge.currency) == (name, number_of(order), 1005, "CNY")
        assert (refund.out_no, refund.fen) == (f"{number_of(order)}R01", 300)
        assert (charge.fee_fen, refund.fee_fen) == fees[name]
        row = await charge_of(here, order)
        assert charge.transaction_id == refund.transaction_id == row.transaction_id
        assert abs((charge.at - row.paid_at).total_seconds()) < 5
        assert await provider_statement(one.provider, date(2020, 1, 1)) == []


async def test_a_wrong_currency_is_refused_before_the_provider_is_asked(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku())
    await column(
        here, "UPDATE trade.orders SET currency = 'USD' WHERE id = :id RETURNING id", id=uuid.UUID(order["id"])
    )
    for method in ("wechat_h5", "alipay_wap"):
        body = {"method": method, "return_path": "/orders"}
        answer = await buyer.client.post(f"/api/orders/{order['id']}/payments", json=body, headers=key())
        assert (answer.status_code, answer.json()["code"]) == (422, "trade.currency_refused")


async def test_an_unknown_state_is_left_alone(
    here: Context, player: Player, shop: Shop, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await buyer.place(await shop.sku())
    await start(buyer, order, player)

    async def odd(_self: object, number: str, *, provider_ref: str = "") -> ChargeState:
        return ChargeState(number, ChargeStatus.UNKNOWN, provider_state="ODD")

    monkeypatch.setattr(ConfiguredGateway, "query", odd)
    await resolve(here, order)
    assert await state_of(buyer, order) == "placed"
