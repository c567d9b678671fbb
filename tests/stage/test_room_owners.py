"""Who owns a room, and what is told of it: take-over, sharing, snapshots, cards."""

from __future__ import annotations

import asyncio
from uuid import UUID

from sqlalchemy import text as sql

from kaibo.kernel.context import Context
from kaibo.stage.live.lease import lock_key
from kaibo.stage.live.rules import FRAMES_PER_GENERATION
from kaibo.stage.live.share import Share
from tests.conftest import SignIn
from tests.stage.conftest import NewViewer
from tests.stage.nats_viewer import Viewer
from tests.stage.test_room_events import enter, say
from tests.stage.world import eventually, hook, ok, open_stage, owned, worker


async def test_a_dead_workers_rooms_move_and_nothing_acknowledged_is_lost(
    sign_in: SignIn, here: Context, new_viewer: NewViewer
) -> None:
    stage = await open_stage(sign_in, here)
    buyer = await sign_in(nickname="小明")
    async with worker(here) as first:
        await owned(first, stage.room_id)
        ok(await say(buyer, stage, "第一句"))
        old = first.rooms[stage.room_id].state.seq // FRAMES_PER_GENERATION
        async with worker(here) as second:
            await asyncio.sleep(0.3)
            keeps, takes = (first, second) if stage.room_id in first.rooms else (second, first)
            async with Viewer((await enter(new_viewer(), stage))["events"]) as viewer:
                await eventually(viewer.ticks)
                await _kill(here, keeps, stage.room_id)
                ok(await say(buyer, stage, "中间这句"))
                await eventually(lambda: stage.room_id in takes.rooms, seconds=15)
                await owned(takes, stage.room_id)
                ok(await say(buyer, stage, "后面这句"))
                await eventually(lambda: "后面这句" in [e["text"] for e in viewer.lines()])
                assert viewer.frames[-1]["seq"] // FRAMES_PER_GENERATION > old
            snapshot = ok(await new_viewer().get(f"{stage.room}/snapshot"))
            assert [e["text"] for e in snapshot["chat"]] == ["第一句", "中间这句", "后面这句"]


async def _kill(here: Context, share: Share, room_id: UUID) -> None:
    """As kill -9 would: the loops stop where they stand, and the session that held the locks is gone for good."""
    for _, task in share._owners.values():
        task.cancel()
    share._owners.clear()
    share._own = asyncio.Event.wait  # type: ignore[method-assign, assignment]
    share._round = _never  # type: ignore[method-assign]
    held = "locktype = 'advisory' AND objsubid = 1 AND ((classid::bigint << 32) | objid::bigint) = :key"
    async with here.database.transaction() as db:
        await db.execute(sql("SET LOCAL ROLE NONE"))  # the application may not end the owner's sessions
        killed = await db.execute(
            sql(f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE {held}"), {"key": lock_key(room_id)}
        )
        assert killed.scalars().all() == [True]


async def _never(_lease: object) -> None:
    return None


async def test_two_workers_share_the_rooms(sign_in: SignIn, here: Context) -> None:
    stages = [await open_stage(sign_in, here) for _ in range(4)]
    async with worker(here) as first:
        for stage in stages:
            await owned(first, stage.room_id)
        async with worker(here) as second:
            await eventually(lambda: second.rooms, seconds=6)
            await eventually(
                lambda: all((s.room_id in first.rooms) != (s.room_id in second.rooms) for s in stages), seconds=6
            )
            assert abs(len(first.rooms) - len(second.rooms)) <= 1
        for stage in stages:
            await owned(first, stage.room_id)


async def test_without_an_owner_the_snapshot_comes_from_postgresql(
    sign_in: SignIn, here: Context, new_viewer: NewViewer
) -> None:
    stage = await open_stage(sign_in, here)
    ok(await say(stage.host, stage, "有人吗"))
    snapshot = ok(await new_viewer().get(f"{stage.room}/snapshot"))
    assert [e["text"] for e in snapshot["chat"]] == ["有人吗"]
    assert [i["number"] for i in snapshot["bag"]] == [1, 2, 3]


async def test_going_live_and_ending_are_told_at_once(sign_in: SignIn, here: Context, new_viewer: NewViewer) -> None:
    stage = await open_stage(sign_in, here, state="rehearsal")
    web = stage.host.client
    async with worker(here) as share:
        await owned(share, stage.room_id)
        phone = new_viewer()
        async with Viewer((await enter(phone, stage))["events"]) as viewer:
            ok(await hook(web, "on_publish", stream=stage.stream_key, client_id="x"))
            ok(await web.post(f"{stage.broadcast}/go-live"))
            await eventually(lambda: viewer.ctl("broadcast.live"))
            # who waited in the room is a viewer of the broadcast
            assert ok(await web.get(f"{stage.broadcast}/board"))["viewers_uv"] == 1
            ok(await web.post(f"{stage.broadcast}/end"))
            await eventually(lambda: viewer.ctl("broadcast.ended"))


async def test_presence_keeps_a_viewer_online_past_a_take_over(
    sign_in: SignIn, here: Context, new_viewer: NewViewer
) -> None:
    stage = await open_stage(sign_in, here)
    phone = new_viewer()
    entered = await enter(phone, stage)
    async with here.database.transaction() as db:  # as if it had entered two minutes ago, under an owner that is gone
        await db.execute(sql("UPDATE stage.watches SET last_seen_at = now() - interval '2 minutes'"))
    async with worker(here) as share:
        await owned(share, stage.room_id)
        assert share.rooms[stage.room_id].state.online() == 0
        for watch_id in (entered["watch_id"], str(UUID(int=7))):
            ok(await phone.post(f"{stage.room}/presence", json={"watch_id": watch_id}))
        await eventually(lambda: share.rooms[stage.room_id].state.online() == 1)
        await asyncio.sleep(2.5)
        assert share.rooms[stage.room_id].state.online() == 1
        cards = ok(await phone.get("/api/live?limit=100"))["items"]
        assert [c["online"] for c in cards if c["room_id"] == str(stage.room_id)] == [1]


async def test_the_owner_survives_a_lost_database_session(
    sign_in: SignIn, here: Context, new_viewer: NewViewer
) -> None:
    stage = await open_stage(sign_in, here)
    async with worker(here) as share:
        await owned(share, stage.room_id)
        async with Viewer((await enter(new_viewer(), stage))["events"]) as viewer:
            before = share.rooms[stage.room_id].state.seq
            async with here.database.transaction() as db:
                await db.execute(sql("SET LOCAL ROLE NONE"))
                await db.execute(
                    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kaibo rooms'")
                )
            ok(await stage.host.client.put(f"{stage.room}/slow-mode", json={"seconds": 9}))
            await eventually(lambda: viewer.frames and viewer.frames[-1]["seq"] > before + FRAMES_PER_GENERATION // 2)
            assert ok(await new_viewer().get(f"{stage.room}/snapshot"))["slow_mode_seconds"] == 9


async def test_live_cards_are_paged_without_repeats(sign_in: SignIn, here: Context, new_viewer: NewViewer) -> None:
    stages = [await open_stage(sign_in, here) for _ in range(3)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = ok(await new_viewer().get(f"/api/live?limit=2{cursor}"))
        seen += [c["room_id"] for c in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen))
    assert [str(s.room_id) for s in reversed(stages)] == seen[:3]
    for bad in ("x", "WzFd", "WyJ4IiwieSJd"):
        refused = await new_viewer().get(f"/api/live?cursor={bad}")
        assert (refused.status_code, refused.json()["code"]) == (422, "kernel.bad_cursor")
