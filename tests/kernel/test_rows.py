"""Many rows in one statement read back as they were given."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import select

from kaibo.kernel import tables
from kaibo.kernel.db import Db
from kaibo.kernel.rows import insert_many

AT = datetime(2026, 11, 11, 20, 0, tzinfo=UTC)


async def test_rows_of_every_kind_of_column_come_back_in_their_order(db: Db) -> None:
    rows = [
        {
            "id": uuid4(),
            "consumer": f"tests.{number}",
            "event_id": uuid4(),
            "subject": "tests.老周\"'",
            "body": {"n": number, "text": "蒜 ❤ {\"'"} if number else '{"n": 0, "text": null}',
            "error": "",
            "tries": number,
            "parked_at": AT,
            "closed_at": AT if number else None,
            "closed_why": None,
        }
        for number in range(3)
    ]
    await insert_many(db, tables.parked, rows)
    p = tables.parked
    found = (await db.execute(select(p).where(p.c.id.in_([row["id"] for row in rows])).order_by(p.c.tries))).all()
    assert [row.consumer for row in found] == ["tests.0", "tests.1", "tests.2"]
    assert [row.body for row in found] == [
        {"n": 0, "text": None},
        {"n": 1, "text": "蒜 ❤ {\"'"},
        {"n": 2, "text": "蒜 ❤ {\"'"},
    ]
    assert [row.closed_at for row in found] == [None, AT, AT]
    assert {row.closed_why for row in found} == {None}
    assert found[0].subject == rows[0]["subject"]


async def test_what_is_left_out_gets_the_columns_default(db: Db) -> None:
    await insert_many(db, tables.handled, [{"consumer": "tests.rows", "event_id": uuid4()} for _ in range(2)])
    h = tables.handled
    times = list((await db.execute(select(h.c.handled_at).where(h.c.consumer == "tests.rows"))).scalars())
    assert len(times) == 2
    assert None not in times


async def test_positions_follow_the_order_of_the_rows(db: Db) -> None:
    ids = [uuid4() for _ in range(50)]
    rows = [{"event_id": one, "subject": "tests.rows", "aggregate_id": "a", "body": "{}"} for one in ids]
    await insert_many(db, tables.outbox, rows)
    o = tables.outbox
    found = await db.execute(select(o.c.event_id).where(o.c.subject == "tests.rows").order_by(o.c.position))
    assert list(found.scalars()) == ids


async def test_no_rows_are_no_statement(db: Db) -> None:
    await insert_many(db, tables.handled, [])
