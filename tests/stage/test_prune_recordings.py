"""An installation that keeps only so much of its recordings: the oldest go, the newest stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from kaibo.kernel import context
from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.kernel.ids import new_id
from kaibo.stage.ingest.prune_recordings import GIB, prune_recordings
from kaibo.stage.ingest.tables import recordings
from tests.conftest import SignIn
from tests.stage.world import open_stage

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("keep_gib", "left"), [(0, 4), (1, 2), (2, 4)])
async def test_the_oldest_recordings_go_first(sign_in: SignIn, here: Context, db: Db, keep_gib: int, left: int) -> None:
    stage = await open_stage(sign_in, here)
    await db.execute(update(recordings).values(state="lost"))  # what other tests have kept; rolled back with this test
    names = [f"recordings/{stage.room_id.hex}/{hour}.mp4" for hour in range(4)]
    for hour, name in enumerate(names):
        await here.blobs.put(name, b"film")
        await db.execute(
            recordings.insert().values(
                id=new_id(), room_id=stage.room_id, file=name, sha256=str(hour), bytes=GIB // 2,
                started_at=NOON + timedelta(hours=hour), duration_ms=3_600_000, recovered=False, state="kept",
                url=here.blobs.url(name),
            )
        )  # fmt: skip
    context.install(replace(here, settings=here.settings.model_copy(update={"record_keep_gib": keep_gib})))
    try:
        assert await prune_recordings(db, here.blobs) == 4 - left
    finally:
        context.install(here)
    assert [here.blobs.path(name).exists() for name in names] == [False] * (4 - left) + [True] * left
    rows = (
        await db.execute(
            select(recordings.c.state, recordings.c.url)
            .where(recordings.c.room_id == stage.room_id)
            .order_by(recordings.c.started_at)
        )
    ).all()
    assert [row.state for row in rows] == ["pruned"] * (4 - left) + ["kept"] * left
    assert all(row.url is None for row in rows[: 4 - left])
