"""docs/operate.md, "Backup and restoring", done: a dump into an empty server that has never heard of Kaibo."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kaibo import migrate
from kaibo.kernel.context import Context
from kaibo.kernel.db import Database
from kaibo.kernel.engines.ports import free_port
from kaibo.kernel.engines.postgres import PostgresEngine, bin_directory
from kaibo.kernel.timers import cancel_timer
from kaibo.trade.facade import check_books
from kaibo.trade.orders.receive import SETTLE
from kaibo.trade.settlement.close import settle_order
from tests.trade.settled import order, wait_for_settlement

FIGURES = (
    "SELECT (SELECT count(*) FROM trade.orders), (SELECT count(*) FROM trade.ledger_entries),"
    " (SELECT coalesce(sum(fen * position), 0) FROM trade.ledger_entries), (SELECT count(*) FROM kernel.timers)"
)


@pytest.fixture
async def empty_server(tmp_path: Path) -> AsyncIterator[str]:
    engine = PostgresEngine(tmp_path / "postgres", free_port())
    engine.initialise()
    process = await asyncio.create_subprocess_exec(
        *engine.command(), cwd="/", user=engine.user(), stderr=asyncio.subprocess.DEVNULL
    )
    await engine.wait_until_ready()
    yield engine.url()
    process.send_signal(2)
    await asyncio.wait_for(process.wait(), 20)


def client(program: str, *words: str) -> None:
    done = subprocess.run([bin_directory() / program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def figures(url: str) -> asyncpg.Record:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchrow(FIGURES)
    finally:
        await connection.close()


async def test_a_dump_restored_into_an_empty_server_is_the_same_house(
    here: Context, empty_server: str, tmp_path: Path
) -> None:
    made = order(random.Random(11))
    async with here.database.transaction() as db:
        await wait_for_settlement(db, made)
        await cancel_timer(db, kind=SETTLE, key=str(made.id))
        await settle_order(db, made.id)
    owner = os.environ["POSTGRES_OF_KAIBO_TESTS"].rsplit("/", 1)[0] + "/" + here.settings.database_url.rsplit("/", 1)[1]
    before = await figures(owner)
    dump = str(tmp_path / "kaibo.dump")

    client("pg_dump", "--format=custom", f"--file={dump}", owner)
    client("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={empty_server}", dump)
    await asyncio.to_thread(migrate.upgrade, empty_server)

    assert await figures(empty_server) == before
    database = Database.connect(empty_server)
    try:
        report = await check_books(database)
        assert (report.sum_fen, report.faults) == (0, ())
        for statement in ("UPDATE trade.ledger_entries SET fen = 0", "DELETE FROM trade.ledger_transactions"):
            with pytest.raises(DBAPIError, match="permission denied"):
                async with database.transaction() as db:
                    await db.execute(text(statement))
    finally:
        await database.close()
