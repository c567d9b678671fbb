"""The check of the whole ledger: in stretches, on a snapshot, past the limits of a request, and kept."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kaibo.kernel import db as kernel_db
from kaibo.kernel.context import Context
from kaibo.kernel.db import Database
from kaibo.kernel.timers import cancel_timer
from kaibo.trade.ledger import check, check_books
from kaibo.trade.ledger.check import FAULTS_MAX, STRETCH_ROWS, check_ledger
from kaibo.trade.ledger.check_rules import RULES, Rule
from kaibo.trade.ledger.post import Account, AccountKind, Posting, PostingKind, move, post
from kaibo.trade.orders.receive import SETTLE
from kaibo.trade.settlement.close import settle_order
from tests.trade.settled import order, wait_for_settlement

WRONG = (
    "UPDATE trade.orders SET state = 'received' WHERE id = :id",
    "UPDATE trade.settlements SET merchant_fen = merchant_fen + 1, total_fen = total_fen + 1 WHERE order_id = :id",
    "UPDATE trade.settlement_lines SET creator_fen = creator_fen + 1 WHERE order_id = :id",
)


async def settled(here: Context, number: int) -> list[object]:
    made = []
    async with here.database.transaction() as db:
        for seed in range(number):
            one = order(random.Random(seed))
            await wait_for_settlement(db, one)
            await cancel_timer(db, kind=SETTLE, key=str(one.id))
            await settle_order(db, one.id)
            made.append(one.id)
    return made


async def test_a_book_read_in_stretches_shows_the_same_faults_as_one_read_whole(here: Context) -> None:
    """Every rule that a fault can be made for, on orders that lie on both sides of many borders."""
    ids = await settled(here, 7)
    async with here.database._sessions() as db, db.begin() as transaction:
        for place, statement in enumerate(WRONG):
            await db.execute(text(statement), {"id": ids[2 * place]})
        poor = Account(AccountKind.DEPOSIT, uuid4())
        entries = move(poor, (Account(AccountKind.BANK), 300))
        await post(db, Posting(PostingKind.DEPOSIT_RETURNED, f"x:{uuid4()}", None, "test", "test", entries))
        whole = await check_ledger(db)
        for rows in (1, 2, 3):
            parts = await check_ledger(db, stretch_rows=rows)
            assert set(parts.faults) == set(whole.faults)
            assert (parts.sum_fen, parts.transactions, parts.kinds) == (0, whole.transactions, whole.kinds)
        await transaction.rollback()
    assert {fault.rule for fault in whole.faults} >= {
        "escrow", "settled", "shares", "frozen_rates", "settlement_lines", "no_debt",
    }  # fmt: skip
    assert str(poor.owner_id) in next(fault.what for fault in whole.faults if fault.rule == "no_debt")


async def test_no_id_falls_between_two_stretches(here: Context) -> None:
    await settled(here, 3)
    async with here.database.transaction() as db:
        there = set((await db.execute(text("SELECT id FROM trade.ledger_transactions"))).scalars())
        for rows in (1, 2, len(there), len(there) + 1):
            found = [one async for one in check._stretches(db, "trade.ledger_transactions", rows)]
            assert found[0]["after"].int == 0
            assert found[-1]["upto"].int == 2**128 - 1
            assert all(one["upto"] == following["after"] for one, following in pairwise(found))
            assert len(found) == len(there) // rows + 1
            counted = [sum(one["after"] < each <= one["upto"] for each in there) for one in found]
            assert counted == [rows] * (len(found) - 1) + [len(there) % rows]


@pytest.fixture
async def hasty(here: Context, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """A house whose requests may wait 200 ms for a statement."""
    monkeypatch.setattr(kernel_db, "STATEMENT_TIMEOUT_MS", 200)
    url = here.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    database = Database.connect(url)
    yield database
    await database.close()


async def test_the_check_may_take_longer_than_a_request(hasty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Rule(None, "SELECT 'slow' FROM pg_sleep(0.5)")
    monkeypatch.setattr(check, "RULES", {**RULES, "slow": slow})
    async with hasty.transaction() as db:
        with pytest.raises(DBAPIError, match="statement timeout"):
            await db.execute(text(slow.statement))
    report = await check_books.check_books(hasty)
    assert ("slow", "slow") in {(fault.rule, fault.what) for fault in report.faults}


async def test_a_check_reads_the_books_as_of_one_instant_and_writes_nothing(here: Context) -> None:
    async with here.database.snapshot(statement_seconds=5) as before:
        seen = (await check_ledger(before)).transactions
        await settled(here, 1)
        assert (await check_ledger(before)).transactions == seen
        with pytest.raises(DBAPIError, match="read-only"):
            await before.execute(text("INSERT INTO trade.ledger_checks SELECT * FROM trade.ledger_checks"))


async def test_what_the_nightly_check_found_stays(here: Context) -> None:
    await settled(here, 1)
    report = await check_books.check_and_keep(here.database)
    async with here.database.transaction() as db:
        kept = await check_books.last_check(db)
        assert kept is not None
        assert kept.report == replace(report, checked_at=kept.report.checked_at)
        count = "SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name = :name AND status = 'todo'"
        before = await db.scalar(text(count), {"name": check_books.CHECK})
        await check_books.check_nightly(db, "", {})
        assert await db.scalar(text(count), {"name": check_books.CHECK}) == before, "tonight's has been made"
        await db.execute(text("DELETE FROM trade.ledger_checks"))
        await check_books.check_nightly(db, "", {})
        assert await db.scalar(text(count), {"name": check_books.CHECK}) == before + 1
        assert await check_books.last_check(db) is None
    assert FAULTS_MAX < STRETCH_ROWS
