"""docs/journeys/aftersales.md, walked: its headings are the headings here."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from sqlalchemy import text

from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.trade.aftersales import evidence
from kaibo.trade.aftersales.evidence import register_evidence_resolver
from kaibo.trade.contracts import Source, SourceEvidence
from kaibo.trade.ledger.balances import balance
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.people_of_tests import Person
from tests.trade.aftersales_world import (
    PARCEL,
    ask,
    case_of,
    let_time_pass,
    mine,
    money_arrives,
    paid,
    pay,
    picture,
    placed,
    react,
    settled,
    step,
    theirs,
)
from tests.trade.test_coupons import claim, issue
from tests.trade.test_coupons import terms as coupon_terms
from tests.trade.test_paying import state_of
from tests.trade.test_settling import from_broadcast, host
from tests.trade.world import Buyer, Shop, assert_ledger_sound, column, events_of, key, ok

__all__ = ["host"]


async def moved(here: Context, kind: PostingKind, source: Account, target: Account, fen: int) -> None:
    async with here.database.transaction() as db:
        entries = move(source, (target, fen))
        await post(db, Posting(kind, f"test:{uuid.uuid4()}", None, "trade.why.ledger_performed", "operator", entries))


async def has(here: Context, kind: AccountKind, owner: uuid.UUID | None = None) -> int:
    async with here.database.transaction() as db:
        return await balance(db, Account(kind, owner))


async def filled_fund(here: Context, fen: int) -> None:
    bank = Account(AccountKind.BANK)
    await moved(here, PostingKind.FUND_PAID_IN, bank, Account(AccountKind.COMPENSATION_FUND), fen)


async def paid_deposit(here: Context, shop: Shop, fen: int) -> None:
    await moved(
        here, PostingKind.DEPOSIT_PAID_IN, Account(AccountKind.BANK), Account(AccountKind.DEPOSIT, shop.id), fen
    )


async def took_its_money_away(here: Context, shop: Shop) -> None:
    """The merchant has withdrawn everything it earned."""
    account = Account(AccountKind.MERCHANT_PAYABLE, shop.id)
    left = await has(here, AccountKind.MERCHANT_PAYABLE, shop.id)
    await moved(here, PostingKind.PAYOUT, account, Account(AccountKind.BANK), left)


async def disputed(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, **more: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A settled order, a case about it that the merchant refused and the buyer brought before the platform."""
    order = await paid(provider, buyer, [await shop.sku(price_fen=20_000, commission_bps=1000)], [1], **more)
    await settled(here, shop, buyer, order)
    case = await case_of(buyer, order, "refund_only", "not_as_said", [(0, 1)], said="主播说是纯棉，实际不是")
    refused = {"reason": "evidence_weak", "said": "图片看不清"}
    assert ok(await theirs(shop, case, "refuse", refused))["state"] == "refused"
    assert (await step(buyer, case, "escalate", {"said": ""})).status_code == 422
    called = ok(await step(buyer, case, "escalate", {"said": "讲解回放里说了是纯棉"}))
    assert (called["state"], called["waits_for"]) == ("arbitration", "operator")
    return order, case


@pytest.fixture
async def operator(sign_in: SignIn) -> Person:
    return await sign_in(roles=[("operator", "platform", None)])


async def decide(operator: Person, case: dict[str, Any], outcome: str, **more: Any) -> Any:
    body = {"outcome": outcome, "rule": "evidence", "said": "回放与描述不符，支持买家", "fault": "merchant"} | more
    return await operator.client.post(f"/api/operator/arbitrations/{case['id']}/decide", json=body)


async def test_from_the_dispute_to_advance_compensation_to_recovery(
    here: Context,
    provider: Sandbox,
    shop: Shop,
    buyer: Buyer,
    host: Person,
    operator: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # --- the dispute
    async def shown(_db: Db, source: Source, at: Any) -> SourceEvidence:
        assert source.item is not None
        return SourceEvidence("双十一专场", "/blobs/recordings/a.mp4", 61_000, 184_000, at)

    monkeypatch.setattr(evidence, "_resolvers", {})
    register_evidence_resolver("broadcast", shown)
    order, case = await disputed(here, provider, shop, buyer, **from_broadcast())
    await took_its_money_away(here, shop)
    await filled_fund(here, 1_000_000)
    await paid_deposit(here, shop, 5_000)
    fund = await has(here, AccountKind.COMPENSATION_FUND)

    # --- the operator decides
    path = f"/api/operator/arbitrations/{case['id']}"
    waiting = ok(await operator.client.get("/api/operator/arbitrations"))["items"]
    assert case["id"] in [one["id"] for one in waiting]
    seen = ok(await operator.client.get(path))
    assert (seen["replay"]["start_ms"], seen["replay"]["title"]) == (61_000, "双十一专场")
    assert [one["side"] for one in seen["evidence"]] == ["buyer"]
    assert (await decide(operator, case, "compensate", rule="answer_48h")).json()["code"] == "trade.rule_unknown"
    assert (await decide(operator, case, "compensate", extra_fen=60_001)).json()["code"] == "trade.amount_too_high"
    decided = ok(await decide(operator, case, "compensate", rule="law_consumer_55", extra_fen=10_000))
    assert (decided["state"], decided["waits_for"], decided["extra_fen"]) == ("decided", "shop", 10_000)
    assert decided["deadline_words"] == "商家 24 小时内未履行裁决，由先行赔付基金垫付"
    broke = await theirs(shop, case, "perform")
    assert broke.json()["code"] == "trade.not_enough_to_perform"

    # --- the merchant does not perform: the fund pays at once
    await let_time_pass(here, case)
    after = await mine(buyer, case)
    # 20,000 of goods at 5 % fee and 10 % commission: the merchant's share that goes back is 17,000; 10,000 of compensation on top
    assert (after["state"], after["refund_fen"], after["extra_fen"], after["advanced_fen"]) == (
        "refunding",
        20_000,
        10_000,
        27_000,
    )
    assert [one["rule"]["id"] for one in after["history"]][-2:] == ["advance", "advance"]
    await money_arrives(here, order)
    done = await mine(buyer, case)
    assert (done["state"], done["progress"][-1]["key"]) == ("done", "done")
    assert {"refused", "arbitration", "decided"} <= {one["key"] for one in done["progress"]}

    # --- the recovery: the deposit at once, the rest is a debt
    assert await has(here, AccountKind.DEPOSIT, shop.id) == 0
    assert await has(here, AccountKind.MERCHANT_PAYABLE, shop.id) == 0
    assert await has(here, AccountKind.COMPENSATION_FUND) == fund - 27_000 + 5_000
    figures = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/aftersales/figures"))
    assert figures["debt_fen"] == 22_000
    claims = ok(await operator.client.get("/api/operator/compensation/claims?open=true"))["items"]
    (claim,) = [one for one in claims if one["case_id"] == case["id"]]
    assert (claim["fen"], claim["recovered_fen"], claim["owed_fen"]) == (27_000, 5_000, 22_000)

    # --- and the next settlement
    again = await paid(provider, buyer, [await shop.sku(price_fen=30_000, commission_bps=0)], [1])
    await settled(here, shop, buyer, again)
    await react(here)
    await react(here)
    assert await has(here, AccountKind.MERCHANT_PAYABLE, shop.id) == 28_500 - 22_000
    assert await has(here, AccountKind.COMPENSATION_FUND) == fund
    assert ok(await shop.staff.client.get(f"/api/shops/{shop.id}/aftersales/figures"))["debt_fen"] == 0
    whole = ok(await operator.client.get("/api/operator/compensation"))
    assert whole["balance_fen"] == fund

    # --- the buyer gets what no refund can carry
    owed = ok(await operator.client.get("/api/operator/compensation/payouts"))["items"]
    (payout,) = [one for one in owed if one["case_id"] == case["id"]]
    assert (payout["fen"], payout["kind"]) == (10_000, "compensation")
    paid_path = f"/api/operator/compensation/payouts/{payout['id']}/paid"
    ok(await operator.client.post(paid_path, json={"reference": "工行 20261123002"}))
    assert await has(here, AccountKind.BUYER_PAYABLE, buyer.person.id) == 0
    assert "trade.compensation.advanced" in await events_of(here, case["id"])
    await assert_ledger_sound(here)


async def test_a_merchant_with_money_here_performs_at_the_decision(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, operator: Person
) -> None:
    order, case = await disputed(here, provider, shop, buyer)
    before = await has(here, AccountKind.MERCHANT_PAYABLE, shop.id)
    lower = ok(await decide(operator, case, "partial", fen=8_000))
    assert (lower["state"], lower["refund_fen"], lower["advanced_fen"]) == ("refunding", 8_000, 0)
    assert await has(here, AccountKind.MERCHANT_PAYABLE, shop.id) == before - 7_600
    await money_arrives(here, order)
    rest = await case_of(buyer, order, "refund_only", "quality", [(0, 1)])
    assert rest["refund_fen"] == 12_000, "what was not granted is still the buyer's to ask for"
    await assert_ledger_sound(here)


async def test_a_merchant_that_pays_from_its_deposit_in_time_owes_nothing(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, operator: Person
) -> None:
    _, case = await disputed(here, provider, shop, buyer)
    await took_its_money_away(here, shop)
    assert ok(await decide(operator, case, "refund"))["state"] == "decided"
    await paid_deposit(here, shop, 30_000)
    done = ok(await theirs(shop, case, "perform"))
    assert (done["state"], done["advanced_fen"]) == ("refunding", 0)
    # the merchant's share is 19,000; what was moved from the deposit and not needed stays in its balance
    assert await has(here, AccountKind.DEPOSIT, shop.id) == 10_000
    assert await has(here, AccountKind.MERCHANT_PAYABLE, shop.id) == 1_000
    assert ok(await shop.staff.client.get(f"/api/shops/{shop.id}/aftersales/figures"))["debt_fen"] == 0
    await assert_ledger_sound(here)


async def test_an_operator_may_decide_for_the_merchant_or_have_the_goods_sent_back_first(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, operator: Person
) -> None:
    _, lost = await disputed(here, provider, shop, buyer)
    over = ok(await decide(operator, lost, "refuse", fault="buyer"))
    assert (over["state"], over["progress"][-1]["state"]) == ("dismissed", "bad")
    assert (await decide(operator, lost, "refund")).json()["code"] == "trade.case_wrong_state"
    _, case = await disputed(here, provider, shop, buyer)
    back = ok(await decide(operator, case, "refund", goods_back=True))
    assert (back["state"], back["kind"], back["waits_for"]) == ("approved", "return_refund", "buyer")
    ok(await step(buyer, case, "send-back", PARCEL))
    assert ok(await theirs(shop, case, "accept"))["state"] == "refunding"


async def test_an_empty_fund_pays_nothing_and_the_buyer_is_paid_all_the_same(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, operator: Person
) -> None:
    order, case = await disputed(here, provider, shop, buyer)
    await took_its_money_away(here, shop)
    rest = await has(here, AccountKind.COMPENSATION_FUND)
    if rest:
        fund = Account(AccountKind.COMPENSATION_FUND)
        await moved(here, PostingKind.PAYOUT, fund, Account(AccountKind.BANK), rest)
    ok(await decide(operator, case, "refund"))
    await let_time_pass(here, case)
    after = await mine(buyer, case)
    assert (after["state"], after["advanced_fen"]) == ("refunding", 0)
    assert await has(here, AccountKind.MERCHANT_PAYABLE, shop.id) == -19_000, "the debt is seen where it stands"
    await money_arrives(here, order)
    assert (await mine(buyer, case))["state"] == "done"
    await assert_ledger_sound(here)


async def test_one_of_three_lines_bought_with_two_coupons_is_refunded_after_the_settlement(
    here: Context, provider: Sandbox, shop: Shop, buyer: Buyer, host: Person, sign_in: SignIn
) -> None:
    # --- three lines, two coupons: 5.00 of the shop, 3.00 of the platform, spread by largest remainder
    prices = (3_333, 5_555, 7_777)
    skus = [await shop.sku(price_fen=price, commission_bps=1500) for price in prices]
    operator = await sign_in(roles=[("operator", "platform", None)])
    ours = coupon_terms(title="平台减3", off_fen=300, stack_group="campaign")
    given = ok(await operator.client.post("/api/operator/coupons", json=ours, headers=key()))
    mine = [await claim(buyer, await issue(shop, title="减5", off_fen=500)), await claim(buyer, given)]
    order = await placed(buyer, skus, [1, 1, 1], **from_broadcast(), coupon_ids=mine)
    total = order["total_fen"]
    assert (order["discount_fen"], order["platform_discount_fen"], total) == (500, 300, sum(prices) - 800)
    each = "SELECT discount_fen, platform_discount_fen FROM trade.order_lines WHERE order_id = :id ORDER BY position"
    async with here.database.transaction() as db:
        found = [tuple(row) for row in await db.execute(text(each), {"id": uuid.UUID(order["id"])})]
    assert found == [(100, 60), (167, 100), (233, 140)]
    await pay(provider, buyer, order)
    await settled(here, shop, buyer, order)
    merchant = await has(here, AccountKind.MERCHANT_PAYABLE, shop.id)
    coupons = await has(here, AccountKind.COUPONS_PLATFORM)

    # --- the second line goes back, twice at once
    pictures = [await picture(buyer.client)]
    answers = await asyncio.gather(
        *(ask(buyer, order, "return_refund", "quality", [(1, 1)], picture_ids=pictures) for _ in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    (case,) = [answer.json() for answer in answers if answer.status_code == 201]
    # exactly what was paid for it: 55.55 - 1.67 - 1.00
    assert case["refund_fen"] == 5_288
    ok(await theirs(shop, case, "approve"))
    ok(await step(buyer, case, "send-back", PARCEL))
    ok(await theirs(shop, case, "accept"))

    # --- every share comes back at its frozen rate
    assert await has(here, AccountKind.MERCHANT_PAYABLE, shop.id) < merchant
    assert await has(here, AccountKind.COUPONS_PLATFORM) >= coupons
    query = "SELECT refunded_fen FROM trade.order_lines WHERE order_id = :id ORDER BY position"
    assert await column(here, query, id=uuid.UUID(order["id"])) == [0, 5_288, 0]
    await money_arrives(here, order)
    assert await state_of(buyer, order) == "settled"
    seen = ok(await buyer.client.get(f"/api/aftersales/{case['id']}"))
    assert (seen["state"], seen["order_refunded_fen"]) == ("done", 5_288)
    await assert_ledger_sound(here)

    # --- and the others to the last fen
    for place in (0, 2):
        one = await case_of(buyer, order, "refund_only", "quality", [(place, 1)])
        ok(await theirs(shop, one, "approve"))
    await money_arrives(here, order)
    assert ok(await buyer.client.get(f"/api/aftersales/{case['id']}"))["order_refunded_fen"] == total
    assert await has(here, AccountKind.ESCROW, shop.id) == 0
    assert await has(here, AccountKind.CREATOR_COMMISSION, host.id) == 0
    await assert_ledger_sound(here)
