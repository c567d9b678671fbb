"""What a case costs whom: parts, price protection, freight, settlement; and who may see it."""

from __future__ import annotations

import uuid

from kaibo.kernel.context import Context
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.trade.aftersales_world import (
    PARCEL,
    ask,
    case_of,
    mine,
    money_arrives,
    paid,
    picture,
    react,
    received,
    settled,
    step,
    theirs,
)
from tests.trade.test_aftersales import open_cases
from tests.trade.test_paying import state_of
from tests.trade.test_settling import ship
from tests.trade.world import Buyer, Shop, assert_ledger_sound, column, make_buyer, ok


async def test_less_than_everything_leaves_the_rest_refundable(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid(provider, buyer, [await shop.sku(price_fen=1000)], [2])
    await received(shop, buyer, order)
    case = await case_of(buyer, order, "refund_only", "damaged", [(0, 2)], fen=350)
    ok(await theirs(shop, case, "approve"))
    await money_arrives(here, order)
    too_much = await ask(
        buyer, order, "refund_only", "damaged", [(0, 2)], fen=1651, picture_ids=[await picture(buyer.client)]
    )
    assert too_much.json()["code"] == "trade.amount_too_high"
    rest = ok(await ask(buyer, order, "return_refund", "no_reason", [(0, 2)]))
    assert rest["refund_fen"] == 1650
    await assert_ledger_sound(here)


async def test_price_protection_gives_the_difference_back_at_once(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    product = await shop.product(price_fen=3000)
    sku = {**product["skus"][0], "product_id": product["id"]}
    order = await paid(provider, buyer, [sku], [2])
    no_promise = await ask(buyer, order, "price_protection", "price_fell", [(0, 2)])
    assert no_promise.json()["code"] == "trade.not_offered"
    terms = {"return_to": None, "cover_premium_fen": 0, "cover_limit_fen": 0, "price_protection_days": 7}
    ok(await shop.staff.client.put(f"/api/shops/{shop.id}/aftersales/terms", json=terms))
    same = await ask(buyer, order, "price_protection", "price_fell", [(0, 2)])
    assert same.json()["code"] == "trade.price_not_fallen"
    async with here.database.transaction() as db:
        from kaibo.goods.catalog.record import note_prices

        await note_prices(db, [(uuid.UUID(sku["id"]), 2600)], shop.staff.id)
    case = ok(await ask(buyer, order, "price_protection", "price_fell", [(0, 2)]))
    assert (case["state"], case["refund_fen"], case["history"][-1]["rule"]["id"]) == (
        "refunding",
        800,
        "price_protection",
    )
    await money_arrives(here, order)
    again = await ask(buyer, order, "price_protection", "price_fell", [(0, 2)])
    assert again.json()["code"] == "trade.price_not_fallen"
    assert await state_of(buyer, order) == "paid"
    await assert_ledger_sound(here)


async def test_the_freight_cover_pays_the_way_back_up_to_its_limit_and_a_merchant_at_fault_pays_itself(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, sign_in: SignIn
) -> None:
    half = {"return_to": None, "cover_premium_fen": 80, "cover_limit_fen": 0, "price_protection_days": 0}
    path = f"/api/shops/{shop.id}/aftersales/terms"
    assert (await shop.staff.client.put(path, json=half)).json()["code"] == "trade.cover_unfit"
    ok(await shop.staff.client.put(path, json=half | {"cover_limit_fen": 1000}))
    order = await paid(provider, buyer, [await shop.sku(price_fen=2990)], [2])
    await received(shop, buyer, order)
    await react(here)
    await react(here)
    case = ok(await ask(buyer, order, "return_refund", "no_reason", [(0, 1)]))
    ok(await step(buyer, case, "send-back", PARCEL | {"freight_fen": 1500}))
    done = ok(await theirs(shop, case, "accept"))
    assert (done["return_freight_by"], done["return_freight_fen"]) == ("cover", 1000)
    bad = await case_of(buyer, order, "return_refund", "quality", [(0, 1)])
    ok(await theirs(shop, bad, "approve"))
    ok(await step(buyer, bad, "send-back", PARCEL | {"freight_fen": 900}))
    done = ok(await theirs(shop, bad, "accept"))
    assert (done["return_freight_by"], done["return_freight_fen"]) == ("merchant", 900)
    operator = await sign_in(roles=[("operator", "platform", None)])
    waiting = ok(await operator.client.get("/api/operator/compensation/payouts"))["items"]
    due = {one["case_id"]: one for one in waiting}
    assert (due[case["id"]]["fen"], due[bad["id"]]["fen"], due[bad["id"]]["kind"]) == (1000, 900, "return_freight")
    for one in (case, bad):
        path = f"/api/operator/compensation/payouts/{due[one['id']]['id']}/paid"
        paid_out = ok(await operator.client.post(path, json={"reference": "工行 20261123001"}))
        assert ok(await operator.client.post(path, json={"reference": "again"})) == paid_out
    await assert_ledger_sound(here)


async def test_somebody_elses_case_does_not_exist(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, sign_in: SignIn
) -> None:
    order = await paid(provider, buyer, [await shop.sku(price_fen=2990)], [1])
    await received(shop, buyer, order)
    case = ok(await ask(buyer, order, "return_refund", "no_reason", [(0, 1)]))
    stranger = await make_buyer(sign_in)
    for answer in (
        await stranger.client.get(f"/api/aftersales/{case['id']}"),
        await step(stranger, case, "withdraw"),
        await step(stranger, case, "send-back", PARCEL),
        await ask(stranger, order, "return_refund", "no_reason", [(0, 1)]),
    ):
        assert answer.status_code == 404, answer.text
    other = uuid.uuid4()
    assert (
        await shop.staff.client.post(f"/api/shops/{other}/aftersales/{case['id']}/approve", json={})
    ).status_code == 403
    assert (await stranger.client.get(f"/api/operator/arbitrations/{case['id']}")).status_code == 403
    assert ok(await step(buyer, case, "withdraw", {"said": "不退了"}))["state"] == "withdrawn"
    assert (await step(buyer, case, "send-back", PARCEL)).json()["code"] == "trade.case_wrong_state"


async def test_the_shop_sees_what_is_due_first_and_how_it_goes(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(price_fen=2990)
    cases = []
    for _ in range(3):
        order = await paid(provider, buyer, [sku], [1])
        await received(shop, buyer, order)
        cases.append(await case_of(buyer, order, "refund_only", "quality", [(0, 1)]))
    base = f"/api/shops/{shop.id}/aftersales"
    first = ok(await shop.staff.client.get(f"{base}?limit=2"))
    assert [one["id"] for one in first["items"]] == [cases[0]["id"], cases[1]["id"]]
    then = ok(await shop.staff.client.get(f"{base}?limit=2&cursor={first['next_cursor']}"))
    assert [one["id"] for one in then["items"]] == [cases[2]["id"]]
    newest = ok(await shop.staff.client.get(f"{base}?sort=newest&state=asked&kind=refund_only"))["items"]
    assert [one["id"] for one in newest] == [case["id"] for case in reversed(cases)]
    found = ok(await shop.staff.client.get(f"{base}?q={cases[1]['number']}"))["items"]
    assert [one["id"] for one in found] == [cases[1]["id"]]
    ok(await theirs(shop, cases[0], "approve", {"said": "抱歉"}))
    figures = ok(await shop.staff.client.get(f"{base}/figures"))
    assert (figures["opened"], figures["waiting_for_shop"], figures["rate_bps"], figures["refund_fen"]) == (
        3,
        2,
        10_000,
        2990,
    )
    assert (figures["counts"]["asked"], figures["counts"]["refunding"], figures["debt_fen"]) == (2, 1, 0)
    assert (len(figures["days"]), figures["days"][-1]["opened"]) == (30, 3)
    wrong = await shop.staff.client.get(f"{base}?cursor=YWJj")
    assert wrong.json()["code"] == "kernel.bad_cursor"


async def test_a_settlement_waits_for_the_case_and_goes_on_after_it(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid(provider, buyer, [await shop.sku(price_fen=2990)], [1])
    ok(await ship(shop, order))
    ok(await buyer.client.post(f"/api/orders/{order['id']}/receive"))
    case = ok(await ask(buyer, order, "return_refund", "no_reason", [(0, 1)]))
    assert await open_cases(here, order) == 1
    ok(await step(buyer, case, "withdraw"))
    assert await open_cases(here, order) == 0
    due = await column(
        here, "SELECT due_at FROM kernel.timers WHERE kind = 'trade.settlement.close' AND key = :k", k=order["id"]
    )
    assert len(due) == 1


async def test_evidence_is_limited_and_the_uploaders_own(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid(provider, buyer, [await shop.sku(price_fen=2990)], [1])
    await received(shop, buyer, order)
    bare = await ask(buyer, order, "return_refund", "quality", [(0, 1)])
    assert bare.json()["code"] == "trade.evidence_needed"
    foreign = await ask(
        buyer, order, "return_refund", "quality", [(0, 1)], picture_ids=[await picture(shop.staff.client)]
    )
    assert foreign.json()["code"] == "goods.picture_missing"
    case = await case_of(buyer, order, "return_refund", "quality", [(0, 1)])
    shops = {"note": "发货前检查过", "picture_ids": [await picture(shop.staff.client)]}
    shown = ok(await theirs(shop, case, "evidence", shops))
    assert [(one["side"], one["picture_url"] is not None) for one in shown["evidence"]] == [
        ("buyer", True),
        ("shop", True),
    ]
    many = {"picture_ids": [await picture(buyer.client) for _ in range(9)]}
    assert (await step(buyer, case, "evidence", many)).json()["code"] == "trade.too_much_evidence"


async def test_after_the_settlement_a_refund_takes_the_shares_back(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer
) -> None:
    order = await paid(provider, buyer, [await shop.sku(price_fen=10_000)], [2])
    await settled(here, shop, buyer, order)
    before = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/money"))["balances"]["receivable_fen"]
    assert before == 19_000
    case = ok(await ask(buyer, order, "return_refund", "no_reason", [(0, 1)]))
    ok(await step(buyer, case, "send-back", PARCEL))
    ok(await theirs(shop, case, "accept"))
    after = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/money"))["balances"]["receivable_fen"]
    assert after == 9_500
    await money_arrives(here, order)
    assert await state_of(buyer, order) == "settled"
    assert (await mine(buyer, case))["state"] == "done"
