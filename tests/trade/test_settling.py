"""From the parcel to the last fen: ship, receive, settle, and what everybody sees of it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.kernel.timers import Sweeper
from kaibo.people.contracts import PersonId
from kaibo.trade import reactions as trade
from kaibo.trade.contracts import Source, SourceFacts, WrongState
from kaibo.trade.facade import register_source_resolver
from kaibo.trade.ledger.check_books import check_and_keep
from kaibo.trade.orders import sources
from kaibo.trade.settlement.close import settle_order
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.people_of_tests import Person
from tests.trade.test_paying import eventually, state_of
from tests.trade.test_refunding import ask, paid_order
from tests.trade.world import Buyer, Shop, assert_ledger_sound, column, events_of, key, make_buyer, ok

PARCEL = {"carrier": "zto", "tracking_number": "7531 2345 6789 01"}


async def ship(shop: Shop, order: dict[str, Any], parcel: dict[str, str] = PARCEL) -> Any:
    path = f"/api/shops/{shop.id}/orders/{order['id']}/ship"
    return await shop.staff.client.post(path, json=parcel, headers=key())


@pytest.fixture
async def host(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Whose broadcast every broadcast order of the test comes from."""
    person = await sign_in(nickname="蒜姐")

    async def resolve(_db: Db, _source: Source) -> SourceFacts:
        return SourceFacts(PersonId(person.id), "开播了", True)

    monkeypatch.setattr(sources, "_resolvers", {})
    register_source_resolver("broadcast", resolve)
    return person


def from_broadcast() -> dict[str, Any]:
    return {"source": {"kind": "broadcast", "id": str(uuid.uuid4()), "item": str(uuid.uuid4())}}


async def test_an_order_is_shipped_received_and_settled_to_the_fen_django_oscar_3537(
    here: Context,
    provider: Sandbox,
    shop: Shop,
    buyer: Buyer,
    host: Person,
    sign_in: SignIn,
    terms: Callable[..., None],
) -> None:
    """No settlement for partners: here merchant, creator and platform are paid by the clock."""
    terms(after_sales_days=0, platform_fee_bps=500)
    sku = await shop.sku(price_fen=3333, commission_bps=1234, freight_fen=700)
    order = await buyer.place(sku, 3, **from_broadcast())
    await provider.pay(await buyer.pay_url(order["id"]))
    await eventually(lambda: state_of(buyer, order), "paid")
    earned = ok(await host.client.get("/api/creators/me/earnings"))
    # 9999 fen of goods at 12.34 % and 5 %: exact shares 1233.88 and 499.95 fen; freight is the merchant's.
    assert earned["balances"] == {"payable_fen": 0, "frozen_fen": 1234}
    assert [(e["amount_fen"], e["rate_bps"], e["state"]) for e in earned["items"]] == [(1234, 1234, "frozen")]

    shipped = ok(await ship(shop, order))
    assert (shipped["state"], shipped["parcels"][0]["tracking_number"]) == ("shipped", "75312345678901")
    assert shipped["parcels"][0]["carrier_name"] == "中通快递"
    received = ok(await buyer.client.post(f"/api/orders/{order['id']}/receive"))
    assert received["state"] == "received"
    assert ok(await buyer.client.post(f"/api/orders/{order['id']}/receive"))["history"] == received["history"]
    while await state_of(buyer, order) != "settled":
        await Sweeper(here.database, trade.timers.all).sweep()

    money = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/money"))
    assert money["balances"] == {
        "receivable_fen": 8965,
        "in_transit_fen": 0,
        "platform_fee_fen_30d": 500,
        "commission_fen_30d": 1234,
    }
    (line,) = money["settlements"]
    assert line["merchant_fen"] + line["commission_fen"] + line["platform_fee_fen"] == line["total_fen"] == 10_699
    (entry,) = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/statements"))["items"]
    assert (entry["kind"], entry["order_number"]) == ("settlement", order["number"])
    assert (entry["amount_fen"], entry["balance_fen"], entry["why"]) == (8965, 8965, "订单结算")
    earned = ok(await host.client.get("/api/creators/me/earnings"))
    assert earned["balances"] == {"payable_fen": 1234, "frozen_fen": 0}
    assert earned["items"][0]["state"] == "settled"
    whole = ("order.placed", "order.paid", "parcel.shipped", "order.shipped", "order.received", "order.settled")
    assert await events_of(here, order["id"]) == [f"trade.{what}" for what in whole]
    operator = await sign_in(roles=[("operator", "platform", None)])
    assert (await operator.client.post("/api/operator/ledger/check")).status_code == 202
    await check_and_keep(here.database, operator.id)  # what the worker does then
    ledger = ok(await operator.client.get("/api/operator/ledger"))["check"]
    assert (ledger["sum_fen"], ledger["faults"]) == (0, [])
    accounts = "/api/operator/ledger/accounts"
    mine = ok(await operator.client.get(accounts, params={"owner": shop.name}))["items"]
    # Other tests of this database have creators of the same name.
    mine += ok(await operator.client.get(accounts, params={"owner": "蒜姐"}))["items"]
    told = {(account["kind"], account["owner"], account["balance_fen"]) for account in mine}
    assert {("merchant_payable", shop.name, 8965), ("creator_commission", "蒜姐", 1234)} <= told
    found = ok(await operator.client.get(f"/api/operator/orders?q={order['number']}"))["items"]
    assert [one["id"] for one in found] == [order["id"]]
    assert (await buyer.client.get("/api/operator/ledger")).status_code == 403


async def test_settling_at_once_from_several_places_settles_once(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(provider, buyer, await shop.sku(price_fen=1000))
    order_id = uuid.UUID(order["id"])
    with pytest.raises(WrongState):
        async with here.database.transaction() as db:
            await settle_order(db, order_id)
    ok(await ship(shop, order))
    ok(await buyer.client.post(f"/api/orders/{order['id']}/receive"))

    async def settle() -> str:
        async with here.database.transaction() as db:
            return (await settle_order(db, order_id)).state.value

    assert await asyncio.gather(*(settle() for _ in range(4))) == ["settled"] * 4
    assert await column(here, "SELECT count(*) FROM trade.settlements WHERE order_id = :id", id=order_id) == [1]
    await assert_ledger_sound(here)


async def test_an_order_of_the_shelf_pays_no_commission(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(provider, buyer, await shop.sku(price_fen=1000, commission_bps=3000))
    ok(await ship(shop, order))
    ok(await buyer.client.post(f"/api/orders/{order['id']}/receive"))
    async with here.database.transaction() as db:
        await settle_order(db, uuid.UUID(order["id"]))
    balances = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/money"))["balances"]
    assert (balances["receivable_fen"], balances["commission_fen_30d"]) == (950, 0)


async def test_a_refunded_order_never_pays_commission_oca_commission_652(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, host: Person
) -> None:
    order = await buyer.place(await shop.sku(price_fen=1000), **from_broadcast())
    await provider.pay(await buyer.pay_url(order["id"]))
    await eventually(lambda: state_of(buyer, order), "paid")
    ok(await ask(buyer, order))
    earned = ok(await host.client.get("/api/creators/me/earnings"))
    assert earned["balances"] == {"payable_fen": 0, "frozen_fen": 0}
    assert [(e["amount_fen"], e["state"]) for e in earned["items"]] == [(200, "void")]


async def test_what_the_buyer_forgets_the_clock_receives(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, terms: Callable[..., None]
) -> None:
    order = await paid_order(provider, buyer, await shop.sku())
    terms(trade_time_scale=0.0000001)  # every period is its shortest, a second
    ok(await ship(shop, order))
    seen = []
    while await state_of(buyer, order) != "settled":
        await Sweeper(here.database, trade.timers.all).sweep()
        seen.append(await state_of(buyer, order))
        await asyncio.sleep(0.1)
    assert "shipped" in seen
    assert "received" in seen
    whys = [line["why"] for line in (await buyer.order(order["id"]))["history"]]
    assert whys[-2:] == ["到期自动确认收货", "售后期结束，货款结算"]


async def test_a_parcel_needs_a_real_carrier_and_a_likely_number(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid_order(provider, buyer, await shop.sku())
    unknown = await ship(shop, order, {"carrier": "pigeon", "tracking_number": "75312345678901"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "trade.unknown_carrier")
    wrong = await ship(shop, order, {"carrier": "zto", "tracking_number": order["number"]})
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["shape"]) == (
        422,
        "trade.bad_tracking_number",
        "75312345678901",
    )
    todo = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/todo"))
    assert todo == {"to_ship": 1, "to_ship_late": 0, "refunding": 0}
    unpaid = await buyer.place(await shop.sku())
    refused = await ship(shop, unpaid)
    assert (refused.status_code, refused.json()["state"]) == (409, "placed")


async def test_the_full_phone_number_is_the_shops_only_while_it_delivers(
    provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await buyer.place(await shop.sku())

    async def phone() -> str | None:
        seen = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/orders/{order['id']}"))["address"]
        assert seen["phone_masked"] == "138****8000"
        return str(seen["phone"]) if seen["phone"] else None

    assert await phone() is None
    await provider.pay(await buyer.pay_url(order["id"]))
    await eventually(lambda: state_of(buyer, order), "paid")
    assert await phone() == "13800138000"
    ok(await ship(shop, order))
    ok(await buyer.client.post(f"/api/orders/{order['id']}/receive"))
    assert await phone() is None


async def test_carriers_are_named_in_the_readers_language(client: Any) -> None:
    chinese = ok(await client.get("/api/carriers"))["items"]
    english = ok(await client.get("/api/carriers", headers={"Accept-Language": "en"}))["items"]
    assert {"key": "sf", "name": "顺丰速运"} in chinese
    assert {"key": "sf", "name": "SF Express"} in english


async def test_an_english_reader_reads_english(sign_in: SignIn, shop: Shop) -> None:
    buyer = await make_buyer(sign_in, "Ann")
    order = await buyer.place(await shop.sku())
    answer = await buyer.client.get(f"/api/orders/{order['id']}", headers={"Accept-Language": "en"})
    assert [line["why"] for line in ok(answer)["history"]] == ["Order placed"]
