"""Payment against the real provider process: callbacks duplicated, replayed, lost, forged, late, wrong, and all at once."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from kaibo.kernel import clock, jobs
from kaibo.kernel.context import Context
from kaibo.trade import reactions as trade
from kaibo.trade.payment import wiring
from kaibo.trade.payment.confirm import PaidFact, confirm_charge
from kaibo.trade.payment.gateway import ChargeRequest
from kaibo.trade.payment.model import ChargeId, Outcome
from kaibo.trade.payment.resolve import drive_charge, resolve_charge
from kaibo.trade.payment.tables import charges, notices
from kaibo.trade.payment.wiring import NOTIFY_PATHS
from kaibo.trade.payment.withdraw import expire_by_time
from tests.payment.world import Sandbox
from tests.trade.world import Buyer, Shop, assert_ledger_sound, column, events_of, ok

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
