"""Room, broadcast, stream key and hooks, driven through the routes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text, update

from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.kernel.tables import timers
from kaibo.stage import reactions
from kaibo.stage.ingest.tables import recordings, stream_keys, streams
from tests.conftest import SignIn
from tests.stage.world import hook, key, ok, open_stage, verify_realname


async def test_only_a_verified_person_opens_a_room(sign_in: SignIn, here: Context) -> None:
    person = await sign_in()
    refused = await person.client.post("/api/rooms", json={"name": "我的直播间"}, headers=key())
    assert refused.status_code == 403
    assert refused.json()["code"] == "stage.realname_needed"
    await verify_realname(here, person.id)
    room = ok(await person.client.post("/api/rooms", json={"name": "我的直播间"}, headers=key()))
    mine = ok(await person.client.get("/api/console/rooms"))["items"]
    assert [(r["room"]["id"], r["role"], r["broadcast"]) for r in mine] == [(room["id"], "host", None)]


async def test_going_live_names_everything_that_is_missing(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here, items=0, state="rehearsal")
    refused = await stage.host.client.post(f"{stage.broadcast}/go-live", headers={"Accept-Language": "en"})
    assert refused.status_code == 409
    problem = refused.json()
    assert (problem["code"], problem["missing"]) == ("stage.not_ready_to_go_live", ["bag", "stream"])
    assert "products in the live bag" in problem["detail"]
    shown = ok(await stage.host.client.get(stage.broadcast))
    assert shown["missing"] == ["bag", "stream"]


async def test_a_broadcast_goes_live_and_ends_with_its_notices_on_record(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here)
    web = stage.host.client
    live = ok(await web.get(stage.broadcast))
    assert live["state"] == "live"
    assert live["notices"]["sellers"][0]["legal_name"] == "江山木门厂"
    anonymous = httpx.AsyncClient(transport=web._transport, base_url="http://kaibo.test")
    page = ok(await anonymous.get(stage.room))
    assert page["seller"]["sellers"][0]["licence_number"].startswith("L")
    assert page["playback"]["hls_url"].endswith(f"/live/{stage.room_id.hex}/index.m3u8")
    assert page["crew_role"] is None
    cards = ok(await anonymous.get("/api/live?limit=100"))["items"]
    assert str(stage.room_id) in [c["room_id"] for c in cards]
    again = await web.post(f"{stage.broadcast}/go-live")
    assert (again.status_code, again.json()["code"]) == (409, "stage.step_not_allowed")
    ended = ok(await web.post(f"{stage.broadcast}/end"))
    assert (ended["state"], ended["ended_why"]) == ("ended", "host")
    assert ended["notices"]["sellers"] == live["notices"]["sellers"]
    assert ok(await anonymous.get(stage.room))["playback"] is None


async def test_a_stranger_steers_nothing(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here, state="draft")
    stranger = (await sign_in()).client
    for path in (f"{stage.broadcast}/go-live", f"{stage.broadcast}/end", f"{stage.room}/ingest/rotate"):
        assert (await stranger.post(path)).status_code == 403, path
    assert (await stranger.get(f"{stage.room}/ingest")).status_code == 403
    assert (await stranger.get(f"{stage.broadcast}/board")).status_code == 403
    assert ok(await stranger.get(stage.room))["broadcast"] is None  # a draft is the crew's


async def test_a_room_has_one_open_broadcast(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here, state="draft")
    body = {"title": "又一场", "operator_name": "x", "marks": []}
    second = await stage.host.client.post(f"{stage.room}/broadcasts", json=body, headers=key())
    assert (second.status_code, second.json()["code"]) == (409, "stage.broadcast_open")


async def _publish(web: httpx.AsyncClient, stream_key: str, **more: Any) -> dict[str, Any]:
    said: dict[str, Any] = ok(await hook(web, "on_publish", stream=stream_key, **more))
    return said


async def test_the_hook_wants_its_secret(client: httpx.AsyncClient, here: Context) -> None:
    body = {"action": "on_publish", "stream": "x"}
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        refused = await client.post("/api/media/hooks", json=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "stage.hook_forged")
    by_query = await client.post(f"/api/media/hooks?secret={here.settings.hook_secret}", json=body)
    assert by_query.json()["code"] == 1
    secret = {"Authorization": f"Bearer {here.settings.hook_secret}"}
    for content in (b"", b"[]", b"{", b'{"action": {}}', b"\xff"):
        refused = await client.post("/api/media/hooks", content=content, headers=secret)
        assert (refused.status_code, refused.json()["code"]) == (422, "stage.hook_malformed")


async def test_wrong_expired_and_replaced_keys_are_refused(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here, state="draft")
    web = stage.host.client
    assert (await _publish(web, "nonsense"))["reason"] == "推流码不正确"
    assert (await _publish(web, stage.stream_key))["data"] == {"stream": stage.room_id.hex}
    ok(await hook(web, "on_unpublish", stream=stage.stream_key))
    async with here.database.transaction() as db:
        old = {"expires_at": clock.now() - timedelta(seconds=1), "used_at": clock.now() - timedelta(hours=1)}
        await db.execute(update(stream_keys).where(stream_keys.c.room_id == stage.room_id).values(**old))
    assert "过期" in (await _publish(web, stage.stream_key))["reason"]
    fresh = ok(await web.post(f"{stage.room}/ingest/rotate"))["stream_key"]
    assert fresh != stage.stream_key
    assert "更换" in (await _publish(web, stage.stream_key))["reason"]
    assert (await _publish(web, fresh))["code"] == 0
    async with here.database.transaction() as db:
        stored = (await db.execute(select(stream_keys).where(stream_keys.c.room_id == stage.room_id))).all()
    assert fresh not in str(stored)


async def test_a_key_that_was_pushing_stays_good_past_its_expiry(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here, state="draft")
    web = stage.host.client
    await _publish(web, stage.stream_key)
    async with here.database.transaction() as db:
        past = clock.now() - timedelta(seconds=1)
        await db.execute(update(stream_keys).where(stream_keys.c.room_id == stage.room_id).values(expires_at=past))
    ok(await hook(web, "on_unpublish", stream=stage.stream_key))
    assert (await _publish(web, stage.stream_key, client_id="c2"))["code"] == 0


async def test_a_key_in_use_is_refused_elsewhere_but_the_same_encoder_may_reconnect(
    sign_in: SignIn, here: Context
) -> None:
    stage = await open_stage(sign_in, here, state="draft")
    web = stage.host.client
    assert (await _publish(web, stage.stream_key, client_id="a", ip="10.0.0.1"))["code"] == 0
    stolen = await _publish(web, stage.stream_key, client_id="b", ip="10.9.9.9")
    assert (stolen["code"], stolen["reason"]) == (1, "这个直播间已经在推流")
    assert (await _publish(web, stage.stream_key, client_id="c", ip="10.0.0.1"))["code"] == 0
    ok(await hook(web, "on_unpublish", stream=stage.stream_key, client_id="a"))  # told late: it was replaced
    assert ok(await web.get(f"{stage.room}/ingest"))["publishing"] is True
    ok(await hook(web, "on_unpublish", stream=stage.stream_key, client_id="c"))
    assert ok(await web.get(f"{stage.room}/ingest"))["publishing"] is False


async def test_without_a_broadcast_nothing_is_published(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here)
    ok(await stage.host.client.post(f"{stage.broadcast}/end"))
    assert "新建一场直播" in (await _publish(stage.host.client, stage.stream_key))["reason"]


async def test_a_rehearsal_is_played_by_the_crew_alone(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here, state="rehearsal")
    web = stage.host.client
    token = ok(await web.get(stage.room))["playback"]["flv_url"].partition("?")[2]
    assert ok(await hook(web, "on_play", stream=stage.room_id.hex, param=f"?{token}"))["code"] == 0
    for param in ("", "?token=", "?token=9999999999-00", f"?{token}0", "?token=x-y"):
        assert ok(await hook(web, "on_play", stream=stage.room_id.hex, param=param))["code"] == 1, param
    with clock.use(clock.FixedClock(clock.now() + timedelta(hours=2))):
        assert ok(await hook(web, "on_play", stream=stage.room_id.hex, param=f"?{token}"))["code"] == 1


async def test_everybody_plays_a_live_broadcast_and_nobody_an_ended_one(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here)
    web = stage.host.client
    assert ok(await hook(web, "on_play", stream=stage.room_id.hex))["code"] == 0
    ok(await web.post(f"{stage.broadcast}/end"))
    assert ok(await hook(web, "on_play", stream=stage.room_id.hex))["code"] == 1
    assert ok(await hook(web, "on_play", stream="../../etc"))["code"] == 1


async def test_health_reaches_the_console(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here)
    figures = {"bitrate_kbps": 2600, "fps": 25.0, "gop_ms": 2000, "width": 720, "video_codec": "avc1.64001f"}
    ok(await hook(stage.host.client, "on_stats", stream=stage.room_id.hex, client_id=f"c-{stage.room_id}", **figures))
    health = ok(await stage.host.client.get(f"{stage.room}/ingest"))["health"]
    assert (health["bitrate_kbps"], health["keyframe_seconds"], health["codec"]) == (2600, 2.0, "avc1.64001f")
    late = clock.now() + timedelta(seconds=30)
    with clock.use(clock.FixedClock(late)):
        assert ok(await stage.host.client.get(f"{stage.room}/ingest"))["publishing"] is False


async def test_a_recording_is_verified_kept_and_its_pitch_can_be_seen_again(
    sign_in: SignIn, here: Context, tmp_path: Any
) -> None:
    import hashlib

    stage = await open_stage(sign_in, here)
    web = stage.host.client
    start = clock.now()
    with clock.use(clock.FixedClock(start)) as at:
        assert isinstance(at, clock.FixedClock)
        at.advance(seconds=10)
        pitch = ok(
            await web.post(f"{stage.broadcast}/pitches", json={"item_id": str(stage.item_ids[0])}, headers=key())
        )
        at.advance(seconds=30)
        ok(await web.post(f"{stage.broadcast}/pitches/end"))
        at.advance(seconds=20)
        ok(await web.post(f"{stage.broadcast}/end"))
    file = tmp_path / "one.mp4"
    file.write_bytes(b"moof" * 1000)
    told = {
        "stream": stage.room_id.hex,
        "cwd": str(tmp_path),
        "file": str(file),
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "bytes": 4000,
        "started_at_ms": round(start.timestamp() * 1000) + 2_000,
        "duration_ms": 60_000,
    }
    for _ in range(2):  # told twice, kept once
        ok(await hook(web, "on_dvr", **told))
    replay = f"{stage.room}/pitches/{pitch['id']}/replay"
    assert (await web.get(replay)).status_code == 404
    async with here.database.transaction() as db:
        rows = (await db.execute(select(recordings).where(recordings.c.room_id == stage.room_id))).all()
    assert len(rows) == 1
    assert rows[0].broadcast_id == stage.broadcast_id
    await reactions.keep(str(rows[0].id))
    await reactions.keep(str(rows[0].id))  # a repeated job changes nothing
    found = ok(await web.get(replay))
    assert (found["start_ms"], found["end_ms"]) == (8_000, 38_000)
    assert here.blobs.path(found["url"].removeprefix("/blobs/")).read_bytes() == b"moof" * 1000
    assert not file.exists()
    marked = ok(await web.get(f"{stage.broadcast}/bag"))["items"][0]["replay"]
    assert marked["pitch_id"] == pitch["id"]


async def test_a_damaged_recording_is_not_passed_off_as_whole(sign_in: SignIn, here: Context, tmp_path: Any) -> None:
    stage = await open_stage(sign_in, here)
    file = tmp_path / "two.mp4"
    file.write_bytes(b"half")
    told = {"sha256": "0" * 64, "bytes": 4, "started_at_ms": clock.epoch_ms() - 5_000, "duration_ms": 5_000}
    ok(await hook(stage.host.client, "on_dvr", stream=stage.room_id.hex, file=str(file), **told))
    async with here.database.transaction() as db:
        row = (await db.execute(select(recordings).where(recordings.c.room_id == stage.room_id))).one()
    await reactions.keep(str(row.id))
    async with here.database.transaction() as db:
        row = (await db.execute(select(recordings).where(recordings.c.id == row.id))).one()
    assert (row.state, row.url) == ("damaged", None)
    assert file.exists()


async def test_a_long_silence_ends_the_broadcast(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here)
    web = stage.host.client
    ok(await hook(web, "on_unpublish", stream=stage.stream_key, client_id=f"c-{stage.room_id}"))
    async with here.database.transaction() as db:
        due = await db.scalar(select(timers.c.due_at).where(timers.c.key == str(stage.broadcast_id)))
        assert timedelta(minutes=29) < due - clock.now() <= timedelta(minutes=30)
        await reactions.end_silent_broadcast(db, str(stage.broadcast_id), {})
    shown = ok(await web.get(stage.broadcast))
    assert (shown["state"], shown["ended_why"]) == ("ended", "silent")


async def test_the_operator_cuts_a_broadcast_and_the_key_is_void(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here)
    operator = (await sign_in(roles=[("operator", "platform", None)])).client
    wall = ok(await operator.get("/api/operator/rooms"))["items"]
    mine = next(card for card in wall if card["room_id"] == str(stage.room_id))
    assert mine["state"] == "live"
    assert (await stage.host.client.get("/api/operator/rooms")).status_code == 403
    cut = await operator.post(f"/api/operator/rooms/{stage.room_id}/cut", json={"reason": "虚假宣传"})
    assert cut.status_code == 204
    shown = ok(await stage.host.client.get(stage.broadcast))
    assert (shown["state"], shown["ended_why"], shown["ended_reason"]) == ("ended", "operator", "虚假宣传")
    assert (await _publish(stage.host.client, stage.stream_key))["code"] == 1
    again = await operator.post(f"/api/operator/rooms/{stage.room_id}/cut", json={"reason": "再来"})
    assert (again.status_code, again.json()["code"]) == (409, "stage.not_live")


@pytest.mark.parametrize("path", ["/api/rooms/{0}", "/api/rooms/{0}/snapshot"])
async def test_a_room_that_is_not_there(client: httpx.AsyncClient, path: str) -> None:
    missing = await client.get(path.format("018f0000-0000-7000-8000-000000000000"))
    assert (missing.status_code, missing.json()["code"]) == (404, "stage.room_missing")


async def test_events_are_written_with_the_step_that_caused_them(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here)
    async with here.database.transaction() as db:
        query = text("SELECT count(*) FROM kernel.outbox WHERE subject = 'stage.broadcast.live' AND aggregate_id = :id")
        written = await db.scalar(query, {"id": str(stage.room_id)})
        streaming = await db.scalar(select(streams.c.publishing).where(streams.c.room_id == stage.room_id))
    assert (written, streaming) == (1, True)


async def test_two_drafts_at_once_become_one(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here)
    ok(await stage.host.client.post(f"{stage.broadcast}/end"))
    body = {"title": "下一场", "operator_name": "x", "marks": ["demo"]}
    made = await asyncio.gather(
        *(stage.host.client.post(f"{stage.room}/broadcasts", json=body, headers=key()) for _ in range(5))
    )
    assert sorted(a.status_code for a in made) == [201, 409, 409, 409, 409]


async def test_rotating_twice_at_once_gives_two_keys(sign_in: SignIn, here: Context) -> None:
    stage = await open_stage(sign_in, here, state="draft")
    made = await asyncio.gather(*(stage.host.client.post(f"{stage.room}/ingest/rotate") for _ in range(4)))
    assert len({ok(a)["stream_key"] for a in made}) == 4
    current = ok(await stage.host.client.get(f"{stage.room}/ingest"))["stream_key"]
    assert (await _publish(stage.host.client, current))["code"] == 0


async def test_a_server_that_cannot_rename_streams_sends_the_key_beside_the_room(
    sign_in: SignIn, here: Context
) -> None:
    stage, other = await open_stage(sign_in, here, state="draft"), await open_stage(sign_in, here, state="draft")
    param = f"?key={stage.stream_key}"
    assert (await _publish(stage.host.client, stage.room_id.hex, param=param))["code"] == 0
    assert (await _publish(stage.host.client, other.room_id.hex, param=param))["code"] == 1
    assert (await _publish(stage.host.client, stage.room_id.hex))["code"] == 1


async def test_odd_callbacks_are_refused_or_passed_over(client: httpx.AsyncClient, here: Context) -> None:
    room = "0" * 32
    odd: list[dict[str, Any]] = [
        {"action": "on_dvr", "stream": room, "file": "x.mp4"},
        {"action": "on_dvr", "stream": "no room", "file": ""},
        {"action": "on_stats", "stream": room, "bitrate_kbps": "many"},
        {"action": "on_notice", "stream": room, "kind": "disk_full", "detail": "x" * 2000},
        {"action": "on_heartbeat"},
        {"action": "on_unpublish", "client_id": 17},
    ]
    for body in odd:
        assert ok(await client.post(f"/api/media/hooks?secret={here.settings.hook_secret}", json=body))["code"] == 0
    for body in (
        {"action": "on_notice", "stream": room, "detail": "a\x00b"},
        {"action": "on_dvr", "stream": room, "file": "x", "started_at_ms": 10**18},
        {"action": "on_dvr", "stream": room, "file": "x", "bytes": -1},
    ):
        refused = await client.post(f"/api/media/hooks?secret={here.settings.hook_secret}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "stage.hook_malformed")
