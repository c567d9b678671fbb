"""Two-phase postings, roll-ups, and balances of any time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.trade.ledger.accounts import Account, AccountKind
from kaibo.trade.ledger.balances import balance, balance_at, balances, pending, statement
from kaibo.trade.ledger.check import check_ledger
from kaibo.trade.ledger.errors import HoldMissing, HoldOver, NotCovered
from kaibo.trade.ledger.hold import available, hold, post_hold, void_hold
from kaibo.trade.ledger.post import Posting, PostingKind, move, post
from kaibo.trade.ledger.rollup import roll_up

GATEWAY = Account(AccountKind.GATEWAY, scope="wechatpay")


def earn(shop: Account, fen: int) -> Posting:
    return Posting(PostingKind.PAYMENT, f"test:{uuid4()}", None, "test", "test", move(GATEWAY, (shop, fen)))


def draw(shop: Account, fen: int) -> Posting:
    """A withdrawal of `fen`."""
    transit = Account(AccountKind.WITHDRAWALS_IN_TRANSIT, shop.owner_id)
    return Posting(PostingKind.WITHDRAWAL, f"test:{uuid4()}", None, "test", "test", move(shop, (transit, fen)))


def merchant() -> Account:
    return Account(AccountKind.MERCHANT_PAYABLE, uuid4())


async def test_what_is_held_is_apart_from_the_balance_until_it_is_posted(db: Db) -> None:
    shop = merchant()
    await post(db, earn(shop, 1000))
    one = draw(shop, 700)
    assert await hold(db, "h1" + one.key, one)
    assert not await hold(db, "h1" + one.key, one)
    assert (await balance(db, shop), await available(db, shop)) == (1000, 300)
    assert (await pending(db, shop)).leaving_fen == 700
    (seen,) = await balances(db, owner_ids=[shop.owner_id], kind="merchant_payable")  # type: ignore[list-item]
    assert (seen.balance_fen, seen.leaving_fen, seen.coming_fen) == (1000, 700, 0)
    assert await post_hold(db, "h1" + one.key)
    assert not await post_hold(db, "h1" + one.key)
    assert (await balance(db, shop), await available(db, shop)) == (300, 300)
    with pytest.raises(HoldOver):
        await void_hold(db, "h1" + one.key)


async def test_a_hold_takes_no_more_than_is_there(db: Db) -> None:
    shop = merchant()
    await post(db, earn(shop, 1000))
    await hold(db, f"{shop.owner_id}:1", draw(shop, 600))
    with pytest.raises(NotCovered) as refused:
        await hold(db, f"{shop.owner_id}:2", draw(shop, 401))
    assert (refused.value.available_fen, refused.value.wanted_fen) == (400, 401)


async def test_a_voided_hold_and_an_expired_one_take_nothing(db: Db) -> None:
    shop = merchant()
    await post(db, earn(shop, 1000))
    first, second = f"{shop.owner_id}:1", f"{shop.owner_id}:2"
    await hold(db, first, draw(shop, 1000))
    assert await void_hold(db, first)
    assert not await void_hold(db, first)
    with pytest.raises(HoldOver):
        await post_hold(db, first)
    await hold(db, second, draw(shop, 1000), expires_at=clock.now() - timedelta(seconds=1))
    assert await available(db, shop) == 1000
    with pytest.raises(HoldOver) as over:
        await post_hold(db, second)
    assert over.value.outcome == "expired"
    with pytest.raises(HoldMissing):
        await post_hold(db, "nothing")


async def test_two_holds_at_once_never_overdraw_together(here: Context) -> None:
    shop = merchant()
    async with here.database.transaction() as db:
        await post(db, earn(shop, 1000))

    async def one(number: int) -> bool:
        try:
            async with here.database.transaction() as db:
                await hold(db, f"{shop.owner_id}:{number}", draw(shop, 300))
                await asyncio.sleep(0.01)
            return True
        except NotCovered:
            return False

    assert sum(await asyncio.gather(*(one(number) for number in range(8)))) == 3


async def test_balances_read_through_roll_ups_are_those_of_the_entries(here: Context) -> None:
    shop = merchant()
    times, balance_then = [], []
    total = 0
    for turn in range(9):
        async with here.database.transaction() as db:
            for fen in (100 + turn, 7):
                await post(db, earn(shop, fen))
                total += fen
        times.append(clock.now())
        balance_then.append(total)
        if turn % 3 == 1:
            async with here.database.transaction() as db:
                assert await roll_up(db)
    async with here.database.transaction() as db:
        assert await balance(db, shop) == total
        assert [await balance_at(db, shop, at) for at in times] == balance_then
        rows = text("SELECT count(*) FROM trade.ledger_rollups r JOIN trade.ledger_accounts a ON a.id = r.account_id"
                    " WHERE a.owner_id = :owner")  # fmt: skip
        assert await db.scalar(rows, {"owner": shop.owner_id}) == 3
        before = None
        seen: list[int] = []
        while lines := await statement(db, shop, before=before, limit=4):
            seen += [line.balance_fen for line in lines]
            before = lines[-1].position
        assert (len(seen), seen[0], seen[-1]) == (18, total, 100)
        assert not [fault for fault in (await check_ledger(db)).faults if fault.rule == "rollups"]


async def test_a_roll_up_waits_for_a_writer_that_has_a_position_already(here: Context) -> None:
    slow, quick = merchant(), merchant()
    written, go_on = asyncio.Event(), asyncio.Event()

    async def writer() -> None:
        async with here.database.transaction() as db:
            await post(db, earn(slow, 500))
            written.set()
            await go_on.wait()

    async def roller() -> int | None:
        async with here.database.transaction() as db:
            return await roll_up(db)

    writing = asyncio.create_task(writer())
    await written.wait()
    async with here.database.transaction() as db:
        await post(db, earn(quick, 300))
    rolling = asyncio.create_task(roller())
    await asyncio.sleep(0.2)
    assert not rolling.done()
    go_on.set()
    await writing
    assert await rolling
    async with here.database.transaction() as db:
        assert (await balance(db, slow), await balance(db, quick)) == (500, 300)
        rolled = (
            "SELECT balance_fen FROM trade.ledger_rollups r JOIN trade.ledger_accounts a ON a.id = r.account_id"
            " WHERE a.owner_id = :owner"
        )
        assert await db.scalar(text(rolled), {"owner": slow.owner_id}) == 500


async def test_the_check_finds_a_roll_up_that_lies(here: Context) -> None:
    shop = merchant()
    async with here.database._sessions() as db, db.begin() as transaction:
        await post(db, earn(shop, 100))
        await db.execute(
            text(
                "INSERT INTO trade.ledger_rollups SELECT account_id, position, position - 1, fen + 1, fen + 1,"
                " now(), now(), now() FROM trade.ledger_entries e JOIN trade.ledger_accounts a ON a.id = e.account_id"
                " WHERE a.owner_id = :owner"
            ),
            {"owner": shop.owner_id},
        )
        assert "rollups" in {fault.rule for fault in (await check_ledger(db)).faults}
        await transaction.rollback()
