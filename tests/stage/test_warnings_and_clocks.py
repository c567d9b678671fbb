"""What the crew is told when something goes wrong, tokens that run out, and a wall clock that jumps."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.kernel.engines.nats_auth import mint_user
from kaibo.stage.ingest.tables import stream_notices
from kaibo.stage.live.state import RoomState
from tests.conftest import SignIn
from tests.stage.nats_viewer import Viewer
from tests.stage.world import eventually, hook, key, ok, open_stage, owned, worker

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


async def test_the_crew_and_nobody_else_is_told_of_a_full_disk_and_the_broadcast_goes_on(
    sign_in: SignIn, here: Context, new_viewer: Any
) -> None:
    stage = await open_stage(sign_in, here)
    web = stage.host.client
    detail = "no space left on device; the broadcast goes on without a recording"
    async with worker(here) as share:
        await owned(share, stage.room_id)
        desk = ok(await web.post(f"{stage.room}/console/enter"))
        public = ok(await new_viewer().post(f"{stage.room}/enter", json={"source": "home"}))
        async with Viewer(desk["events"]) as crew, Viewer(public["events"]) as viewer:
            ok(await hook(web, "on_notice", stream=stage.room_id.hex, kind="recording_stopped", detail=detail))
            told = await eventually(lambda: [f for f in crew.frames if f["t"] == "notice"])
            assert (told[0]["kind"], told[0]["detail"]) == ("recording_stopped", detail)
            await eventually(viewer.ticks)
            assert not [f for f in viewer.frames if f["t"] == "notice"]
    async with here.database.transaction() as db:
        row = (await db.execute(select(stream_notices).where(stream_notices.c.room_id == stage.room_id))).one()
    assert (row.kind, row.broadcast_id) == ("recording_stopped", stage.broadcast_id)
    assert ok(await web.get(stage.broadcast))["state"] == "live"


async def test_a_token_that_runs_out_ends_its_connection(here: Context) -> None:
    subject = f"room.{uuid4()}.tick"
    jwt, _ = mint_user(
        here.settings.nats_account_seed, name="v", subscribe=[subject], publish=[], expires_in_seconds=2, bearer=True
    )
    events = {"url": here.settings.nats_websocket_url, "jwt": jwt, "subjects": [subject]}
    async with Viewer(events) as viewer:
        await here.bus.publish(subject, b'{"t": "tick", "chat": []}')
        await eventually(lambda: viewer.frames)
        await eventually(lambda: any("Expired" in error for error in viewer.errors), seconds=10)
        await asyncio.sleep(0.2)
        await here.bus.publish(subject, b'{"t": "tick", "chat": []}')
        await asyncio.sleep(0.5)
        assert len(viewer.frames) == 1


def test_who_is_online_does_not_change_when_the_clock_jumps() -> None:
    state, viewers = RoomState(seq=0), [uuid4() for _ in range(3)]
    with clock.use(clock.FixedClock(NOON)) as at:
        assert isinstance(at, clock.FixedClock)
        for viewer in viewers:
            state.see(uuid4(), viewer, clock.now())
        for jump in (timedelta(hours=5), timedelta(hours=-10), timedelta(days=400)):
            at.advance(seconds=jump.total_seconds())
            assert state.online() == 3
            state.see(uuid4(), viewers[0], clock.now())
            assert state.online() == 3


async def test_a_clock_set_back_an_hour_silences_nobody(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here)
    speaker = await sign_in()
    say = f"{stage.room}/chat"
    ok(await stage.host.client.put(f"{stage.room}/slow-mode", json={"seconds": 10}))
    with clock.use(clock.FixedClock(NOON)):
        ok(await speaker.client.post(say, json={"text": "一点钟说的"}, headers=key()))
    with clock.use(clock.FixedClock(NOON - timedelta(hours=1))):
        ok(await speaker.client.post(say, json={"text": "又回到十二点"}, headers=key()))
