"""Several orders of one checkout: one charge pays them all, closes them all, or comes too late for all."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import httpx

from kaibo.kernel.context import Context
from kaibo.trade.orders.lookup import lock_order
from kaibo.trade.payment.refund import promise_refund
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.trade.test_late_money import Deaf, finish_refunds, gateway_of
from tests.trade.test_paying import eventually, expire, state_of
from tests.trade.world import Buyer, Shop, assert_ledger_sound, column, key, ok, open_shop

__all__ = ["gateway_of"]


async def checkout(here: Context, buyer: Buyer, *skus: dict[str, Any]) -> list[dict[str, Any]]:
    """One order for each SKU, in one checkout: the first one's."""
    placed = sorted([await buyer.place(sku) for sku in skus], key=lambda order: str(order["id"]))
    await column(
        here,
        "UPDATE trade.orders SET checkout_id = :checkout WHERE id = ANY (:ids) RETURNING id",
        checkout=uuid.UUID(placed[0]["id"]),
        ids=[uuid.UUID(order["id"]) for order in placed],
    )
    return placed


async def pay_url(buyer: Buyer, checkout_id: str) -> str:
    body = {"method": "wechat_h5", "return_path": "/orders"}
    answer = await buyer.client.post(f"/api/checkouts/{checkout_id}/payments", json=body, headers=key())
    return str(ok(answer)["pay_url"])


async def payment(buyer: Buyer, checkout_id: str) -> str:
    return str(ok(await buyer.client.get(f"/api/checkouts/{checkout_id}/payment"))["state"])


async def test_one_payment_pays_the_orders_of_two_shops(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, sign_in: SignIn
) -> None:
    other = await open_shop(sign_in)
    first, second = await checkout(here, buyer, await shop.sku(price_fen=1000), await other.sku(price_fen=234))
    assert await payment(buyer, first["id"]) == "none"
    url = await pay_url(buyer, first["id"])
    assert re.sub(r"&redirect_url=.*", "", await buyer.pay_url(second["id"])) == re.sub(r"&redirect_url=.*", "", url)
    amounts = await column(
        here, "SELECT amount_fen FROM trade.charges WHERE checkout_id = :id", id=uuid.UUID(first["id"])
    )
    assert amounts == [1234], "one charge of both, whoever asks"
    await provider.pay(url)
    for order in (first, second):
        await eventually(lambda order=order: state_of(buyer, order), "paid")  # type: ignore[misc]
    assert await payment(buyer, first["id"]) == "paid"
    assert await buyer.payment(second["id"]) == "paid"
    for one, fen in ((shop, 1000), (other, 234)):
        balances = ok(await one.staff.client.get(f"/api/shops/{one.id}/money"))["balances"]
        assert balances["in_transit_fen"] == fen
    await assert_ledger_sound(here)


async def test_each_order_is_refunded_out_of_the_one_charge(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    first, second = await checkout(here, buyer, await shop.sku(price_fen=500), await shop.sku(price_fen=300))
    await provider.pay(await pay_url(buyer, first["id"]))
    await eventually(lambda: state_of(buyer, second), "paid")
    async with here.database.transaction() as db:
        order = await lock_order(db, uuid.UUID(first["id"]))
        await promise_refund(db, order, key=f"case:{order.id}", fen=120, reason="破损", by="shop")
    ok(await buyer.client.post(f"/api/orders/{second['id']}/refund", json={"reason": "不要了"}, headers=key()))
    for one in (first, second):
        await finish_refunds(here, one)
    assert (await state_of(buyer, first), await state_of(buyer, second)) == ("paid", "refunded")
    numbers = await column(
        here,
        "SELECT r.out_refund_no FROM trade.refunds r JOIN trade.charges c ON c.id = r.charge_id WHERE c.checkout_id = :id"
        " ORDER BY 1",
        id=uuid.UUID(first["id"]),
    )
    assert [number[-6:] for number in numbers] == ["P01R01", "P01R02"]
    await assert_ledger_sound(here)


async def test_a_checkout_is_cancelled_and_expires_as_a_whole(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    for begun in (False, True):
        sku, sku2 = await shop.sku(stock=1), await shop.sku(stock=1)
        orders = await checkout(here, buyer, sku, sku2)
        if begun:
            await pay_url(buyer, orders[0]["id"])
        path = f"/api/orders/{orders[1]['id']}/cancel"
        assert ok(await buyer.client.post(path, json={"reason": "不要了"}))["state"] == "cancelled"
        assert [await state_of(buyer, order) for order in orders] == ["cancelled", "cancelled"]
        again = await checkout(here, buyer, sku, sku2)
        if begun:
            await pay_url(buyer, again[0]["id"])
        await expire(here, again[0])
        assert [await state_of(buyer, order) for order in again] == ["expired", "expired"]
        assert [await shop.stock_left(one["product_id"]) for one in (sku, sku2)] == [1, 1]


async def test_paid_after_expiry_with_a_piece_missing_gives_everything_back(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, gateway_of: Callable[..., None]
) -> None:
    sku, gone = await shop.sku(price_fen=500, stock=1), await shop.sku(price_fen=300, stock=1)
    orders = await checkout(here, buyer, sku, gone)
    url = await pay_url(buyer, orders[0]["id"])
    gateway_of(Deaf)
    await expire(here, orders[0])
    await buyer.place(gone)
    assert (await provider.pay(url)).status_code == 200
    await eventually(lambda: payment(buyer, orders[0]["id"]), "refunded_late")
    assert await shop.stock_left(sku["product_id"]) == 1, "nothing of the other order was kept"
    for order in orders:
        await finish_refunds(here, order)
        late = await buyer.order(order["id"])
        assert (late["state"], late["refund"]["state"], late["refund"]["fen"]) == ("expired", "done", late["total_fen"])
    await assert_ledger_sound(here)


async def test_somebody_elses_checkout_does_not_exist(
    provider: Sandbox, shop: Shop, buyer: Buyer, sign_in: SignIn, client: httpx.AsyncClient
) -> None:
    order = await buyer.place(await shop.sku())
    stranger = await sign_in()
    body = {"method": "wechat_h5", "return_path": "/orders"}
    for checkout_id in (order["id"], str(uuid.uuid4())):
        path = f"/api/checkouts/{checkout_id}/payment"
        assert (await stranger.client.get(path)).status_code == 404
        refused = await stranger.client.post(f"{path}s", json=body, headers=key())
        assert (refused.status_code, refused.json()["code"]) == (404, "trade.order_missing")
    assert (await client.get(f"/api/checkouts/{order['id']}/payment")).status_code == 401


async def test_a_method_that_nobody_has_configured_is_refused(provider: Sandbox, shop: Shop, buyer: Buyer) -> None:
    order = await buyer.place(await shop.sku())
    body = {"method": "bitcoin", "return_path": "/orders"}
    unknown = await buyer.client.post(f"/api/checkouts/{order['id']}/payments", json=body, headers=key())
    assert unknown.status_code == 422
