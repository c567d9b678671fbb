"""A slot fee through three wings: signed, held, pitched in a real broadcast, measured, divided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from kaibo import house
from kaibo.goods.affiliate.slots.contract import slot_due
from kaibo.kernel import clock
from kaibo.kernel.clock import FixedClock
from kaibo.kernel.context import Context
from kaibo.kernel.ids import new_id
from kaibo.kernel.reactions import apply
from kaibo.kernel.tables import outbox
from kaibo.stage.broadcasts.tables import broadcasts
from kaibo.stage.pitches.tables import pitches
from kaibo.trade.ledger.accounts import Account, AccountKind
from kaibo.trade.ledger.balances import balance
from kaibo.trade.ledger.hold import available
from kaibo.trade.ledger.post import Posting, PostingKind, move, post
from tests.conftest import SignIn
from tests.stage.world import Stage, key, ok, open_stage
from tests.trade.world import assert_ledger_sound

FEE_FEN = 50_000


@pytest.fixture
def at() -> Iterator[FixedClock]:
    fixed = FixedClock(clock.now())
    with clock.use(fixed):
        yield fixed


async def relay(here: Context, contract_id: str) -> None:
    """Hand the contract's events to whoever hears them, until nobody says anything new."""
    known = -1
    while True:
        async with here.database.transaction() as db:
            rows = (
                await db.execute(select(outbox).where(outbox.c.aggregate_id == contract_id).order_by(outbox.c.position))
            ).all()
        if len(rows) == known:
            return
        known = len(rows)
        for row in rows:
            for reaction in house.reactions().values():
                if reaction.event.subject == row.subject:
                    await apply(here.database, reaction, row.event_id, row.body)


async def earn(here: Context, shop_id: UUID, fen: int) -> None:
    """What the shop has earned elsewhere."""
    entries = move(Account(AccountKind.ESCROW, shop_id), (Account(AccountKind.MERCHANT_PAYABLE, shop_id), fen))
    paid = move(Account(AccountKind.GATEWAY, None, "wechatpay"), (Account(AccountKind.ESCROW, shop_id), fen))
    async with here.database.transaction() as db:
        await post(db, Posting(PostingKind.PAYMENT, f"pay:{new_id()}", None, "trade.why.paid", "test", paid))
        await post(
            db, Posting(PostingKind.RECONCILIATION, f"settle:{new_id()}", None, "trade.why.settled", "test", entries)
        )


async def propose(stage: Stage, **terms: Any) -> dict[str, Any]:
    """The host's own shop hires the host: one person on both sides keeps the test short."""
    now = clock.now()
    body = {
        "creator_id": str(stage.host.id),
        "title": "周六专场",
        "fee_fen": FEE_FEN,
        "starts_at": (now + timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(hours=3)).isoformat(),
        "pitch_minutes_min": 10,
        "product_ids": [str(stage.goods.product_ids[0])],
        **terms,
    }
    return dict(ok(await stage.host.client.post(path(stage), json=body, headers=key())))


def path(stage: Stage) -> str:
    return f"/api/shops/{stage.goods.shop_id}/slot-contracts"


async def sign(here: Context, stage: Stage, contract: dict[str, Any]) -> dict[str, Any]:
    ok(await stage.host.client.post(f"/api/creators/me/contracts/{contract['id']}", json={"sign": True}))
    await relay(here, contract["id"])
    return await seen(stage, contract)


async def seen(stage: Stage, contract: dict[str, Any]) -> dict[str, Any]:
    mine = ok(await stage.host.client.get("/api/creators/me/contracts"))["items"]
    return dict(next(one for one in mine if one["id"] == contract["id"]))


async def pitch(here: Context, stage: Stage, start: Any, seconds: int) -> None:
    """A pitch of so many seconds in the broadcast, which began a minute before."""
    async with here.database.transaction() as db:
        began = start - timedelta(seconds=60)
        await db.execute(update(broadcasts).where(broadcasts.c.id == stage.broadcast_id).values(started_at=began))
        await db.execute(
            pitches.insert().values(
                broadcast_id=stage.broadcast_id,
                item_id=stage.item_ids[0],
                started_by=stage.host.id,
                started_at=start,
                ended_at=start + timedelta(seconds=seconds),
            )
        )


async def fire(here: Context, contract: dict[str, Any]) -> None:
    async with here.database.transaction() as db:
        await slot_due(db, contract["id"], {})
    await relay(here, contract["id"])


async def figures(here: Context, stage: Stage) -> tuple[int, int, int]:
    """(the shop's balance, what of it is free, the creator's balance) in fen."""
    shop = Account(AccountKind.MERCHANT_PAYABLE, stage.goods.shop_id)
    async with here.database.transaction() as db:
        mine = await balance(db, Account(AccountKind.CREATOR_COMMISSION, stage.host.id))
        return await balance(db, shop), await available(db, shop), mine


@pytest.fixture
async def stage(sign_in: SignIn, here: Context) -> Stage:
    made = await open_stage(sign_in, here)
    from kaibo.people.accounts.grant import grant_role

    async with here.database.transaction() as db:
        await grant_role(db, made.host.id, "owner", "shop", made.goods.shop_id, granted_by=None)
    return made


async def test_half_the_minutes_half_the_fee(stage: Stage, here: Context, at: FixedClock) -> None:
    await earn(here, stage.goods.shop_id, 80_000)
    contract = await propose(stage)
    assert (contract["state"], len(contract["terms_sha256"])) == ("proposed", 64)
    assert (await sign(here, stage, contract))["state"] == "held"
    assert await figures(here, stage) == (80_000, 30_000, 0)
    at.advance(seconds=3600)
    await fire(here, contract)  # it begins: nothing lapses
    await pitch(here, stage, at.now() + timedelta(minutes=10), 300)
    at.advance(seconds=3 * 3600)
    await fire(here, contract)
    done = await seen(stage, contract)
    assert (done["state"], done["pitch_seconds"], done["earned_fen"]) == ("settled", 300, FEE_FEN // 2)
    assert await figures(here, stage) == (80_000 - FEE_FEN // 2, 80_000 - FEE_FEN // 2, FEE_FEN // 2)
    await fire(here, contract)  # a timer that fires again changes nothing
    assert (await figures(here, stage))[2] == FEE_FEN // 2
    await assert_ledger_sound(here)


async def test_everything_kept_the_whole_fee(stage: Stage, here: Context, at: FixedClock) -> None:
    await earn(here, stage.goods.shop_id, FEE_FEN)
    contract = await propose(stage, pitch_minutes_min=5)
    await sign(here, stage, contract)
    await pitch(here, stage, at.now() + timedelta(minutes=70), 400)
    at.advance(seconds=3600)
    await fire(here, contract)
    at.advance(seconds=3 * 3600)
    await fire(here, contract)
    assert await figures(here, stage) == (0, 0, FEE_FEN)


async def test_too_little_to_hold_says_so_and_may_be_tried_again(stage: Stage, here: Context, at: FixedClock) -> None:
    contract = await propose(stage)
    assert (await sign(here, stage, contract))["state"] == "unfunded"
    await earn(here, stage.goods.shop_id, FEE_FEN)
    ok(await stage.host.client.post(f"{path(stage)}/{contract['id']}/fund"))
    await relay(here, contract["id"])
    assert (await seen(stage, contract))["state"] == "held"


async def test_stepping_back_before_it_begins_releases_the_fee(stage: Stage, here: Context, at: FixedClock) -> None:
    await earn(here, stage.goods.shop_id, FEE_FEN)
    contract = await propose(stage)
    await sign(here, stage, contract)
    ok(await stage.host.client.post(f"/api/creators/me/contracts/{contract['id']}/end"))
    await relay(here, contract["id"])
    assert (await seen(stage, contract))["state"] == "cancelled"
    assert await figures(here, stage) == (FEE_FEN, FEE_FEN, 0)
    late = await propose(stage)
    await sign(here, stage, late)
    at.advance(seconds=3601)
    refused = await stage.host.client.post(f"{path(stage)}/{late['id']}/end")
    assert refused.json()["code"] == "goods.slot_step_not_allowed"


async def test_what_nobody_signed_lapses(stage: Stage, here: Context, at: FixedClock) -> None:
    contract = await propose(stage)
    at.advance(seconds=3600)
    await fire(here, contract)
    assert (await seen(stage, contract))["state"] == "lapsed"
    past = await stage.host.client.post(
        path(stage),
        json={
            "creator_id": str(stage.host.id),
            "title": "昨天",
            "fee_fen": 1,
            "starts_at": "2020-01-01T00:00:00Z",
            "ends_at": "2020-01-02T00:00:00Z",
            "product_ids": [str(stage.goods.product_ids[0])],
        },
        headers=key(),
    )
    assert past.json()["code"] == "goods.slot_times_invalid"
