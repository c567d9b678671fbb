"""From the settlement to the bank: periods, withdrawals with approval, deposits, bills."""

from __future__ import annotations

import asyncio
import io
import random
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from kaibo.kernel.context import Context
from kaibo.kernel.timers import cancel_timer
from kaibo.trade.funds import payout, rules
from kaibo.trade.funds.lookup import withdrawable
from kaibo.trade.funds.model import Owner, Withdrawal
from kaibo.trade.orders.receive import SETTLE
from kaibo.trade.settlement.close import settle_order
from kaibo.trade.settlement.take_back import take_back
from tests.conftest import SignIn
from tests.people_of_tests import Person
from tests.trade.agency import open_agency
from tests.trade.settled import order, wait_for_settlement
from tests.trade.world import Shop, key, ok

BANK = {"holder": "满城县老周纸业有限公司", "bank": "中国银行保定分行", "number": "6222 0212 3456 7890"}
YEAR = datetime(2026, 1, 1)  # noqa: DTZ001 (hypothesis adds the zone)
FREE = {
    "settle_days": 0,
    "withdrawal_min_fen": 100,
    "withdrawal_fee_fen": 0,
    "deposit_min_fen": 0,
    "deposit_grace_days": 7,
}


@pytest.fixture
async def operator(sign_in: SignIn) -> AsyncIterator[Person]:
    """An operator; the terms they set are gone afterwards."""
    person = await sign_in(roles=[("operator", "platform", None)])
    yield person
    await terms(person, "standard", settle_days=1)


async def terms(operator: Person, audience: str, **changes: int) -> None:
    ok(await operator.client.put(f"/api/operator/settlements/terms/{audience}", json=FREE | changes))


async def earn(here: Context, shop: Shop, *, seed: int = 1) -> int:
    """The shop has one settled order; what it got of it."""
    made = order(random.Random(seed), shop_id=shop.id, parties=False)
    async with here.database.transaction() as db:
        await wait_for_settlement(db, made)
        await cancel_timer(db, kind=SETTLE, key=str(made.id))
        await settle_order(db, made.id)
        found = text("SELECT merchant_fen FROM trade.settlements WHERE order_id = :id")
        return int(await db.scalar(found, {"id": made.id}) or 0)


async def account(shop: Shop) -> dict[str, Any]:
    return dict(ok(await shop.staff.client.get(f"/api/shops/{shop.id}/withdrawals/account"))["withdrawable"])


async def withdraw(shop: Shop, fen: int) -> Any:
    path = f"/api/shops/{shop.id}/withdrawals"
    return await shop.staff.client.post(path, json={"fen": fen}, headers=key())


@given(st.integers(0, 90), st.datetimes(YEAR, YEAR + timedelta(days=365), timezones=st.just(UTC)))
def test_money_is_ripe_from_the_beginning_of_the_day_the_period_says(days: int, now: datetime) -> None:
    border = rules.ripe_before(now, days)
    settled = now - timedelta(days=days, seconds=1)
    if days:
        assert border == rules.midnight(border)
        assert rules.midnight(settled) + timedelta(days=days) <= now
    assert (settled < border) == (rules.midnight(settled) + timedelta(days=days) <= now)


async def test_a_merchants_money_goes_from_its_period_to_the_bank(here: Context, shop: Shop, operator: Person) -> None:
    got = await earn(here, shop)
    await terms(operator, "standard", settle_days=1)
    assert (await account(shop))["available_fen"] == 0
    assert (await account(shop))["unripe_fen"] == got
    await terms(operator, "standard", withdrawal_fee_fen=50)
    assert (await account(shop))["available_fen"] == got
    missing = await withdraw(shop, 100)
    assert (missing.status_code, missing.json()["code"]) == (409, "trade.no_bank_account")
    named = ok(await shop.staff.client.put(f"/api/shops/{shop.id}/withdrawals/account", json=BANK))["bank_account"]
    assert named["number_masked"] == "**** **** **** 7890"
    assert (await withdraw(shop, 50)).json()["code"] == "trade.withdrawal_too_small"
    too_much = await withdraw(shop, got + 1)
    assert (too_much.status_code, too_much.json()["available_fen"]) == (409, got)

    asked = ok(await withdraw(shop, got - 10))
    assert (asked["state"], asked["fee_fen"]) == ("asked", 50)
    there = await account(shop)
    assert (there["balance_fen"], there["held_fen"], there["available_fen"]) == (got, got - 10, 10)
    assert (await shop.staff.client.get("/api/operator/withdrawals")).status_code == 403
    base = f"/api/operator/withdrawals/{asked['id']}"
    assert ok(await operator.client.get(f"{base}/bank-number")) == {"number": "6222021234567890"}
    assert (await operator.client.post(f"{base}/paid", json={"reference": "B1"})).status_code == 409
    assert ok(await operator.client.post(f"{base}/approve"))["state"] == "approved"
    assert ok(await operator.client.post(f"{base}/approve"))["state"] == "approved"
    assert (await account(shop))["balance_fen"] == 10
    paid = ok(await operator.client.post(f"{base}/paid", json={"reference": "B20261123-1"}))
    assert (paid["state"], paid["reference"]) == ("paid", "B20261123-1")
    (listed,) = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/withdrawals"))["items"]
    assert (listed["state"], listed["owner"]) == ("paid", shop.name)


async def test_a_refused_and_a_returned_withdrawal_give_everything_back(
    here: Context, shop: Shop, operator: Person
) -> None:
    got = await earn(here, shop, seed=2)
    await terms(operator, "standard", withdrawal_fee_fen=30)
    ok(await shop.staff.client.put(f"/api/shops/{shop.id}/withdrawals/account", json=BANK))
    first = ok(await withdraw(shop, got))
    told = ok(
        await operator.client.post(f"/api/operator/withdrawals/{first['id']}/refuse", json={"reason": "户名不符"})
    )
    assert (told["state"], told["reason"]) == ("refused", "户名不符")
    assert (await account(shop))["available_fen"] == got
    second = ok(await withdraw(shop, got))
    ok(await operator.client.post(f"/api/operator/withdrawals/{second['id']}/approve"))
    base = f"/api/operator/withdrawals/{second['id']}"
    assert ok(await operator.client.post(f"{base}/returned", json={"reason": "账号已注销"}))["state"] == "returned"
    assert (await account(shop))["available_fen"] == got
    assert (await operator.client.post(f"{base}/refuse", json={"reason": "x"})).status_code == 409


async def test_asking_twice_at_once_holds_the_money_once(here: Context, shop: Shop, operator: Person) -> None:
    got = await earn(here, shop, seed=3)
    await terms(operator, "standard")
    ok(await shop.staff.client.put(f"/api/shops/{shop.id}/withdrawals/account", json=BANK))
    answers = await asyncio.gather(*(withdraw(shop, got) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_a_refund_after_the_settlement_leaves_less_to_withdraw(
    here: Context, shop: Shop, operator: Person
) -> None:
    made = order(random.Random(4), shop_id=shop.id, parties=False)
    async with here.database.transaction() as db:
        await wait_for_settlement(db, made)
        await cancel_timer(db, kind=SETTLE, key=str(made.id))
        settled = await settle_order(db, made.id)
    await terms(operator, "standard", settle_days=7)
    before = await account(shop)
    async with here.database._sessions() as db, db.begin() as transaction:
        refunds = [(line.id, line.paid_fen) for line in made.lines]
        await take_back(
            db, settled, key=f"t:{made.id}", line_refunds=refunds, freight_fen=made.freight_fen, by="operator"
        )
        after = await withdrawable(db, Owner("shop", shop.id))
        await transaction.rollback()
    assert before["unripe_fen"] == before["balance_fen"] > 0
    assert (after.balance_fen, after.unripe_fen, after.available_fen) == (0, 0, 0)


async def test_a_house_with_a_bank_of_its_own_is_told_of_what_was_approved(
    here: Context, shop: Shop, operator: Person
) -> None:
    told: list[Withdrawal] = []

    class Bank:
        async def begin(self, _db: Any, approved: Withdrawal) -> None:
            told.append(approved)

    got = await earn(here, shop, seed=5)
    await terms(operator, "standard")
    ok(await shop.staff.client.put(f"/api/shops/{shop.id}/withdrawals/account", json=BANK))
    asked = ok(await withdraw(shop, got))
    before = payout.install(Bank())
    try:
        ok(await operator.client.post(f"/api/operator/withdrawals/{asked['id']}/approve"))
    finally:
        payout.install(before)
    assert [(one.fen, str(one.id)) for one in told] == [(got, asked["id"])]


async def test_a_deposit_is_filled_deducted_and_blocks_new_listings_when_it_stays_too_low(
    here: Context, shop: Shop, operator: Person
) -> None:
    got = await earn(here, shop, seed=6)
    await terms(operator, "standard")
    path = f"/api/shops/{shop.id}/deposit"
    filled = ok(await shop.staff.client.post(path, json={"fen": got}, headers=key()))
    assert filled["balance_fen"] == got
    assert (await shop.staff.client.post(path, json={"fen": 1}, headers=key())).status_code == 409
    base = f"/api/operator/deposits/{shop.id}"
    sent = {"fen": 1000, "reference": f"T-{shop.id}"}
    ok(await operator.client.post(f"{base}/transfer", json=sent))
    assert ok(await operator.client.post(f"{base}/transfer", json=sent))["balance_fen"] == got + 1000
    body = {"fen": 700, "reason": "延迟发货赔付", "evidence": ["订单 26112300001"]}
    after = ok(await operator.client.post(f"{base}/deduct", json=body, headers=key()))
    assert (after["balance_fen"], after["deductions"][0]["reason"]) == (got + 300, "延迟发货赔付")
    much = body | {"fen": got + 301}
    assert (await operator.client.post(f"{base}/deduct", json=much, headers=key())).json()[
        "code"
    ] == "trade.not_covered"

    await shop.product()
    await terms(operator, "standard", deposit_min_fen=got + 1000, deposit_grace_days=7)
    warned = ok(await shop.staff.client.get(path))
    assert warned["below_since"] is not None
    assert not warned["blocked"]
    await shop.product()
    await terms(operator, "standard", deposit_min_fen=got + 1000, deposit_grace_days=0)
    with pytest.raises(AssertionError, match="deposit_too_low"):
        await shop.product()
    ok(await operator.client.post(f"{base}/transfer", json={"fen": 700, "reference": f"U-{shop.id}"}))
    assert ok(await shop.staff.client.get(path))["below_since"] is None
    await shop.product()
    keeps = await shop.staff.client.post(f"{path}/give-back", json={"fen": 1}, headers=key())
    assert keeps.json()["code"] == "trade.deposit_keeps_minimum"
    shops = ok(await operator.client.get("/api/operator/deposits"))["items"]
    assert str(shop.id) in {one["shop_id"] for one in shops}
    ok(await operator.client.put(f"{base}/class", json={"merchant_class": "trusted"}))
    assert ok(await shop.staff.client.get(path))["minimum_fen"] == 0


async def test_a_closed_shop_lists_nothing_and_gets_its_deposit_back_when_nobody_can_claim(
    here: Context, shop: Shop, operator: Person
) -> None:
    made = await earn(here, shop, seed=16)
    await terms(operator, "standard", deposit_min_fen=0)
    ok(await shop.staff.client.post(f"/api/shops/{shop.id}/deposit", json={"fen": made}, headers=key()))
    product = await shop.product()
    base = f"/api/operator/deposits/{shop.id}"
    early = await operator.client.post(f"{base}/release")
    assert (early.status_code, early.json()["code"]) == (409, "trade.shop_not_closed")
    assert (await shop.staff.client.post(f"{base}/close")).status_code == 403
    closed = ok(await operator.client.post(f"{base}/close"))
    assert closed["closed_at"] is not None
    assert closed["waits_for"] == ["on_sale", "claims"]
    assert ok(await operator.client.post(f"{base}/close"))["closed_at"] == closed["closed_at"]
    with pytest.raises(AssertionError, match="shop_closed"):
        await shop.product()
    waits = (await operator.client.post(f"{base}/release")).json()
    assert (waits["code"], waits["why"]) == ("trade.shop_still_owes", ["on_sale", "claims"])
    assert datetime.fromisoformat(waits["until"]) > datetime.now(UTC) + timedelta(days=29)
    ok(await shop.staff.client.post(f"/api/shops/{shop.id}/products/{product['id']}/withdraw"))
    async with here.database.transaction() as db:
        past = text("UPDATE trade.settlements SET at = at - interval '31 days' WHERE shop_id = :shop")
        await db.execute(past, {"shop": shop.id})
    open_order = order(random.Random(17), shop_id=shop.id, parties=False)
    async with here.database.transaction() as db:
        await wait_for_settlement(db, open_order)
        await cancel_timer(db, kind=SETTLE, key=str(open_order.id))
    waits = (await operator.client.post(f"{base}/release")).json()
    assert (waits["why"], waits["until"]) == (["unsettled"], None)
    async with here.database.transaction() as db:
        await settle_order(db, open_order.id)
        await db.execute(past, {"shop": shop.id})
    before = await account(shop)
    released = ok(await operator.client.post(f"{base}/release"))
    assert (released["balance_fen"], released["waits_for"]) == (0, [])
    assert (await account(shop))["balance_fen"] == before["balance_fen"] + made
    assert ok(await operator.client.post(f"{base}/release"))["balance_fen"] == 0, "once"
    assert ok(await operator.client.post(f"{base}/reopen"))["closed_at"] is None
    await shop.product()


async def test_a_days_bill_adds_up_and_leaves_as_excel_and_csv(here: Context, shop: Shop, operator: Person) -> None:
    got = await earn(here, shop, seed=7) + await earn(here, shop, seed=8)
    month = datetime.now(rules.BEIJING).strftime("%Y-%m")
    days = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/bills?month={month}"))["items"]
    today = days[0]
    assert (today["income_fen"], today["closing_fen"], today["by_kind"]) == (got, got, {"settlement": got})
    for later, earlier in pairwise(days):
        assert later["opening_fen"] == earlier["closing_fen"]
        assert later["opening_fen"] + later["income_fen"] - later["expense_fen"] == later["closing_fen"]
    path = f"/api/shops/{shop.id}/bills/{today['day']}"
    lines = ok(await shop.staff.client.get(path))["items"]
    assert sum(line["amount_fen"] for line in lines) == got
    sheet = await shop.staff.client.get(f"{path}/file?format=xlsx")
    rows = list(openpyxl.load_workbook(io.BytesIO(sheet.content)).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert [rows[0][0], rows[0][4], len(rows)] == ["时间", "金额", 3]
    assert round(sum(float(str(row[4])) for row in rows[1:]) * 100) == got
    written = (await shop.staff.client.get(f"{path}/file?format=csv", headers={"Accept-Language": "en"})).text
    assert written.lstrip("\ufeff").startswith("Time,Kind")
    assert (await operator.client.get(path)).status_code == 403


async def test_an_operator_reads_accounts_of_any_time_and_their_statements(
    here: Context, shop: Shop, operator: Person
) -> None:
    before = datetime.now(UTC).isoformat()
    got = await earn(here, shop, seed=9)
    await asyncio.sleep(0.01)
    path = "/api/operator/ledger/accounts"
    found = ok(await operator.client.get(path, params={"kind": "merchant_payable"}))["items"]
    (mine,) = (one for one in found if one["owner_id"] == str(shop.id))
    assert (mine["owner"], mine["balance_fen"], mine["currency"]) == (shop.name, got, "CNY")
    then = ok(await operator.client.get(path, params={"kind": "merchant_payable", "at": before}))["items"]
    assert next(one for one in then if one["owner_id"] == str(shop.id))["balance_fen"] == 0
    (line,) = ok(await operator.client.get(f"{path}/{mine['id']}/statement"))["items"]
    assert (line["amount_fen"], line["balance_fen"]) == (got, got)
    days = ok(await operator.client.get("/api/operator/settlements"))
    assert days["items"][0]["orders"] >= 1
    funds = {one["kind"] for one in ok(await operator.client.get("/api/operator/funds"))["items"]}
    assert {"compensation_fund", "coupons_platform"} <= funds


async def test_an_agency_withdraws_its_share_of_what_its_creators_earned(
    sign_in: SignIn, here: Context, operator: Person
) -> None:
    reviewer = await sign_in(roles=[("reviewer", "platform", None)])
    agency = await open_agency(sign_in, reviewer)
    boss: Person = agency["boss"]
    creator = await sign_in(nickname="旗下主播")
    chance = random.Random(21)
    made = order(chance)
    while made.agency_id is None or made.agency_bps < 1000 or sum(line.commission_bps for line in made.lines) < 2000:
        made = order(chance)
    made = replace(made, creator_id=creator.id, agency_id=uuid.UUID(agency["id"]))
    made = replace(made, commission_fen=sum(line.paid_fen * line.commission_bps // 10_000 for line in made.lines))
    path = f"/api/agencies/{agency['id']}"
    async with here.database.transaction() as db:
        await wait_for_settlement(db, made)
        await cancel_timer(db, kind=SETTLE, key=str(made.id))
    waits = ok(await boss.client.get(f"{path}/earnings"))
    assert (waits["payable_fen"], waits["creators"]) == (0, [])
    assert waits["frozen_fen"] == made.commission_fen * made.agency_bps // 10_000
    async with here.database.transaction() as db:
        await settle_order(db, made.id)
    await terms(operator, "creator")
    earned = ok(await boss.client.get(f"{path}/earnings"))
    (part,) = earned["creators"]
    got = earned["payable_fen"]
    assert (part["nickname"], part["orders"], part["agency_fen"]) == ("旗下主播", 1, got)
    assert (got > 0, part["commission_fen"] > got, earned["frozen_fen"]) == (True, True, 0)
    (line,) = ok(await boss.client.get(f"{path}/statement"))["items"]
    assert (line["amount_fen"], line["order_number"]) == (got, made.number)

    manager = await sign_in(nickname="经纪人")
    ok(await boss.client.post(f"{path}/staff", json={"phone": manager.phone}, headers=key()))
    bank = await manager.client.put(f"{path}/withdrawals/account", json=BANK)
    assert (bank.status_code, bank.json()["code"]) == (403, "kernel.not_allowed")
    assert ok(await manager.client.get(f"{path}/withdrawals/account"))["withdrawable"]["available_fen"] == got
    assert (await creator.client.get(f"{path}/earnings")).status_code == 403
    ok(await boss.client.put(f"{path}/withdrawals/account", json=BANK))
    body = {"fen": got}
    assert (await manager.client.post(f"{path}/withdrawals", json=body, headers=key())).status_code == 403
    asked = ok(await boss.client.post(f"{path}/withdrawals", json=body, headers=key()))
    assert (asked["owner_kind"], asked["owner"], asked["state"]) == ("agency", agency["name"], "asked")
    base = f"/api/operator/withdrawals/{asked['id']}"
    ok(await operator.client.post(f"{base}/approve"))
    assert ok(await operator.client.post(f"{base}/paid", json={"reference": "B-1"}))["state"] == "paid"
    assert ok(await boss.client.get(f"{path}/earnings"))["payable_fen"] == 0
    again = await boss.client.post(f"{path}/withdrawals", json=body, headers=key())
    assert (again.status_code, again.json()["code"]) == (409, "trade.not_withdrawable")
    await terms(operator, "creator", settle_days=1)


async def test_a_creator_withdraws_what_is_theirs(sign_in: SignIn, here: Context, operator: Person) -> None:
    creator = await sign_in(nickname="蒜姐")
    chance = random.Random(11)
    made = order(chance)
    while made.creator_id is None or sum(line.commission_bps for line in made.lines) < 1000:
        made = order(chance)
    made = replace(made, creator_id=creator.id)
    async with here.database.transaction() as db:
        await wait_for_settlement(db, made)
        await cancel_timer(db, kind=SETTLE, key=str(made.id))
        await settle_order(db, made.id)
    await terms(operator, "creator")
    path = "/api/creators/me/withdrawals"
    ok(await creator.client.put(f"{path}/account", json=BANK | {"holder": "蒜姐"}))
    there = ok(await creator.client.get(f"{path}/account"))["withdrawable"]
    (earning,) = ok(await creator.client.get("/api/creators/me/earnings"))["items"]
    assert there["available_fen"] == earning["amount_fen"] > 0
    ok(await creator.client.post(path, json={"fen": there["available_fen"]}, headers=key()))
    (asked,) = ok(await creator.client.get(path))["items"]
    assert (asked["state"], asked["owner_kind"]) == ("asked", "creator")
    await terms(operator, "creator", settle_days=1)
