"""A creator's month, from the sample to the money at the bank; its twin is docs/journeys/creator-month.md."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kaibo.kernel import config
from kaibo.kernel.context import Context
from kaibo.kernel.timers import Sweeper
from kaibo.trade import reactions as trade
from kaibo.trade.ledger.accounts import Account, AccountKind
from kaibo.trade.ledger.balances import balance
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.people_of_tests import Person
from tests.stage.world import verify_realname
from tests.trade.test_affiliate import open_agency, plan, show, take_in
from tests.trade.test_paying import eventually, state_of
from tests.trade.test_settling import ship
from tests.trade.world import Buyer, assert_ledger_sound, key, make_buyer, ok, open_shop

PRICE_FEN = 9990
TARGETED_BPS = 2500
AGENCY_BPS = 2000
TERMS = "/api/operator/settlements/terms/creator"
PARCEL = {"carrier": "顺丰", "tracking_number": "SF1234567890123"}


async def test_a_creators_month(here: Context, provider: Sandbox, sign_in: SignIn) -> None:
    config.install(config.current().model_copy(update={"after_sales_days": 0, "platform_fee_bps": 500}))
    shop = await open_shop(sign_in)
    creator = await make_buyer(sign_in, "达人小满")
    await verify_realname(here, creator.person.id)
    sku = await shop.sku(price_fen=PRICE_FEN, commission_bps=1000, stock=50)

    # the merchant opens plans
    await plan(shop, "open", sku["product_id"], 1500)
    targeted = await plan(shop, "targeted", sku["product_id"], TARGETED_BPS)
    await take_in(shop, targeted, creator.person)

    # the agency and the creator agree
    agency = await open_agency(sign_in, shop.reviewer)
    wanted = {"phone": creator.person.phone, "share_bps": AGENCY_BPS, "notice_days": 30}
    proposed = ok(await agency["boss"].client.post(f"/api/agencies/{agency['id']}/members", json=wanted, headers=key()))
    ok(await creator.client.post(f"/api/creators/me/agreements/{proposed['id']}", json={"accept": True}))

    # the creator chooses
    found = ok(await creator.client.get("/api/creators/me/selection", params={"shop_id": str(shop.id)}))["items"]
    assert [(c["commission_bps"], c["plan_kind"]) for c in found] == [(TARGETED_BPS, "targeted")]
    # 25 % of 99.90 is 24.97; the agency gets 4.99 of it
    assert (found[0]["commission_fen"], found[0]["keep_fen"]) == (2497, 1998)

    # a sample
    await sample(shop, creator, sku)

    # the showcase
    source = await show(creator.person, sku)
    first = await make_buyer(sign_in, "买家一")
    page = ok(await first.client.get(f"/api/creators/{creator.person.id}/showcase"))
    assert [card["id"] for card in page["items"]] == [sku["product_id"]]

    # three buyers: one in the showcase, one from the shelf after it, one who never saw it
    second, stranger = await make_buyer(sign_in, "买家二"), await make_buyer(sign_in, "路人")
    assert (await second.client.post("/api/touches", json={"source": source})).status_code == 204
    orders = [
        (first, await first.place(sku, source=source)),
        (second, await second.place(sku)),
        (stranger, await stranger.place(sku)),
    ]
    # the merchant cuts the rate: what was promised today stays
    lower = {"product_ids": [sku["product_id"]], "bps": 1000}
    ok(await shop.staff.client.post(f"/api/shops/{shop.id}/plans/{targeted}/rates", json=lower))

    # paid, shipped, received, settled
    for buyer, order in orders:
        await provider.pay(await buyer.pay_url(order["id"]))
        await settle(here, shop, buyer, order)
    earned = ok(await creator.client.get("/api/creators/me/earnings"))["items"]
    assert sorted(e["state"] for e in earned) == ["settled", "settled"]
    assert await owned(here, AccountKind.CREATOR_COMMISSION, creator.person.id) == 2 * (2498 - 500)
    assert await owned(here, AccountKind.AGENCY_COMMISSION, UUID(agency["id"])) == 2 * 500

    # the withdrawal
    operator = await sign_in(roles=[("operator", "platform", None)])
    await withdrawal(creator, operator, 2 * (2498 - 500))
    assert await owned(here, AccountKind.CREATOR_COMMISSION, creator.person.id) == 0
    await assert_ledger_sound(here)


async def withdrawal(creator: Buyer, operator: Person, earned_fen: int) -> None:
    """Not ripe today, ripe by the terms of another class; held when asked for, approved, paid by the bank."""
    account = "/api/creators/me/withdrawals/account"
    there = ok(await creator.client.get(account))["withdrawable"]
    assert (there["unripe_fen"], there["available_fen"]) == (earned_fen, 0), "T+1: what settled today can go tomorrow"
    before = terms_of(ok(await operator.client.get("/api/operator/settlements/terms")))
    ok(await operator.client.put(TERMS, json=before | {"settle_days": 0, "withdrawal_fee_fen": 100}))
    try:
        assert ok(await creator.client.get(account))["withdrawable"]["available_fen"] == earned_fen
        ok(
            await creator.client.put(
                account, json={"holder": "满小满", "bank": "招商银行", "number": "6214830212345678"}
            )
        )
        asked = ok(await creator.client.post("/api/creators/me/withdrawals", json={"fen": earned_fen}, headers=key()))
        assert ok(await creator.client.get(account))["withdrawable"]["available_fen"] == 0, "held"
        waiting = ok(await operator.client.get("/api/operator/withdrawals", params={"state": "asked"}))["items"]
        assert (asked["id"], "creator") in [(w["id"], w["owner_kind"]) for w in waiting]
        base = f"/api/operator/withdrawals/{asked['id']}"
        assert ok(await operator.client.post(f"{base}/approve"))["state"] == "approved"
        ok(await operator.client.post(f"{base}/paid", json={"reference": "CMB20261130-7"}))
    finally:
        ok(await operator.client.put(TERMS, json=before))
    (paid,) = ok(await creator.client.get("/api/creators/me/withdrawals"))["items"]
    assert (paid["state"], paid["fen"], paid["fee_fen"], paid["reference"]) == (
        "paid",
        earned_fen,
        100,
        "CMB20261130-7",
    )
    assert paid["number_masked"] == "**** **** **** 5678"


def terms_of(said: Any) -> dict[str, Any]:
    """The creators' terms, as they are put."""
    (found,) = (one for one in said["items"] if one["audience"] == "creator")
    return {name: value for name, value in found.items() if name != "audience"}


async def sample(shop: Any, creator: Buyer, sku: dict[str, Any]) -> None:
    """Offered, asked for, approved, shipped, kept."""
    offer = {"sku_id": sku["id"], "monthly_max": 3, "return_days": None, "note": ""}
    ok(await shop.staff.client.put(f"/api/shops/{shop.id}/sample-offers/{sku['product_id']}", json=offer))
    body = {"product_id": sku["product_id"], "address_id": creator.address_id, "message": "下周专场"}
    asked = ok(await creator.client.post("/api/creators/me/samples", json=body, headers=key()))
    steps = f"/api/shops/{shop.id}/samples/{asked['id']}/steps"
    ok(await shop.staff.client.post(steps, json={"step": "approve"}))
    ok(await shop.staff.client.post(steps, json={"step": "ship", **PARCEL}))
    kept = ok(await creator.client.post(f"/api/creators/me/samples/{asked['id']}/steps", json={"step": "receive"}))
    assert kept["state"] == "kept"
    assert await shop.stock_left(sku["product_id"]) == 49


async def settle(here: Context, shop: Any, buyer: Buyer, order: dict[str, Any]) -> None:
    await eventually(lambda: state_of(buyer, order), "paid")
    ok(await ship(shop, order))
    ok(await buyer.client.post(f"/api/orders/{order['id']}/receive"))
    while await state_of(buyer, order) != "settled":
        await Sweeper(here.database, trade.timers.all).sweep()


async def owned(here: Context, kind: AccountKind, owner: UUID) -> int:
    async with here.database.transaction() as db:
        return await balance(db, Account(kind, owner))
