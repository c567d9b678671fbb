"""Viewers: who may watch, who is too slow, and how fast a cut reaches them."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from tests.media.conftest import SECRET, Start, until_parts, url
from tests.media.hook_server import HookServer
from tests.media.rtmp_client import RtmpClient

from kaibo.stage.media.fanout import FlvFanout
from kaibo.stage.media.server import MediaServer
from kaibo.stage.media.settings import MediaSettings


async def broadcaster(media: MediaServer, hooks: HookServer, name: str = "room") -> RtmpClient:
    client = RtmpClient(media.rtmp_port)
    assert (await client.publish(name))[0] == "NetStream.Publish.Start"
    client.configure()
    client.seconds_of_media(0, 3)
    await until_parts(hooks, media, name, 10)
    return client


@pytest.mark.asyncio
async def test_a_viewer_the_platform_refuses_sees_nothing(
    media: MediaServer, hooks: HookServer, http: httpx.AsyncClient
) -> None:
    hooks.answer = lambda body: (
        200,
        b"0" if body.get("param") == "?token=good" or "publish" in body["action"] else b"1",
    )
    client = await broadcaster(media, hooks)
    for path in ("/live/room.flv", "/live/room/index.m3u8"):
        refused = await http.get(url(media, f"{path}?token=bad"))
        assert refused.status_code == 403
        assert refused.headers["content-type"] == "application/problem+json"
    assert (await http.get(url(media, "/live/room/index.m3u8?token=good"))).status_code == 200
    assert {event["param"] for event in hooks.of("on_play")} == {"?token=bad", "?token=good"}
    await client.close()


@pytest.mark.asyncio
async def test_a_kick_cuts_publisher_and_viewers_within_a_second(
    media: MediaServer, hooks: HookServer, http: httpx.AsyncClient
) -> None:
    client = await broadcaster(media, hooks)
    other = await broadcaster(media, hooks, "other")
    entry = await http.get(url(media, "/live/room/index.m3u8"))
    media_url = url(media, "/live/room/" + entry.text.split()[-1])
    blocked = asyncio.create_task(http.get(f"{media_url}&_HLS_msn=2"))
    async with http.stream("GET", url(media, "/live/room.flv")) as response:
        pieces = response.aiter_raw()
        assert (await anext(pieces)).startswith(b"FLV")
        kicked = await http.post(
            url(media, "/control/kick"), json={"stream": "room", "reason": "cut by the duty officer"},
            headers={"Authorization": f"Bearer {SECRET}"},
        )  # fmt: skip
        assert kicked.status_code == 200
        async for _ in pieces:
            pass
        await asyncio.wait_for(client.closed.wait(), 10)
        assert (await blocked).status_code == 404
    assert client.statuses[-1] == ("NetStream.Publish.Unauthorized", "cut by the duty officer")
    assert (await http.get(media_url)).status_code == 404
    await hooks.wait(lambda: len(hooks.of("on_stop")) == 2 and hooks.of("on_dvr"))
    assert hooks.of("on_unpublish")[0]["reason"] == "cut by the duty officer"
    assert "other" in media.registry.streams
    await client.close()
    await other.close()


@pytest.mark.asyncio
async def test_control_calls_need_the_secret_and_a_stream(media: MediaServer, http: httpx.AsyncClient) -> None:
    kick = url(media, "/control/kick")
    good = {"Authorization": f"Bearer {SECRET}"}
    assert (await http.post(kick, json={"stream": "x"})).status_code == 403
    assert (await http.post(kick, json={"stream": "x"}, headers={"Authorization": "Bearer no"})).status_code == 403
    assert (await http.post(kick, json={"stream": "x"}, headers=good)).status_code == 404
    assert (await http.post(kick, content=b"{", headers=good)).status_code == 400
    assert (await http.post(kick, content=b" " * 5_000, headers=good)).status_code == 413
    assert (await http.get(kick, headers=good)).status_code == 405


@pytest.mark.asyncio
async def test_pages_of_allowed_origins_may_play_and_others_may_not(
    start_media: Start, hooks: HookServer, http: httpx.AsyncClient
) -> None:
    media = await start_media(cors_origins=("https://shop.example",))
    client = await broadcaster(media, hooks)
    entry = url(media, "/live/room/index.m3u8")
    allowed = await http.get(entry, headers={"Origin": "https://shop.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    assert allowed.headers["vary"] == "origin"
    other = await http.get(entry, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    preflight = await http.options(entry, headers={"Origin": "https://shop.example"})
    assert preflight.status_code == 204
    assert (await http.get(url(media, "/healthz"))).json() == {"status": "ok"}
    assert (await http.post(entry)).status_code == 405
    assert (await http.get(url(media, "/live/nobody.flv"))).status_code == 404
    assert (await http.head(url(media, "/live/room.flv"))).headers["content-type"] == "video/x-flv"
    await client.close()


@pytest.mark.asyncio
async def test_no_more_viewers_than_the_stream_may_carry(
    start_media: Start, hooks: HookServer, http: httpx.AsyncClient
) -> None:
    media = await start_media(viewers_per_stream_max=1)
    client = await broadcaster(media, hooks)
    assert (await http.get(url(media, "/live/room/index.m3u8"))).status_code == 200
    assert (await http.get(url(media, "/live/room.flv"))).status_code == 503
    await client.close()


@pytest.mark.asyncio
async def test_a_viewer_who_stops_reading_is_dropped_and_the_others_get_everything(
    start_media: Start, hooks: HookServer, http: httpx.AsyncClient
) -> None:
    media = await start_media(viewer_queue_bytes_max=1 << 20, viewer_stall_seconds=1)
    client = await broadcaster(media, hooks)
    _reader, stuck = await asyncio.open_connection("127.0.0.1", media.http_port, limit=1_024)
    stuck.write(b"GET /live/room.flv HTTP/1.1\r\nHost: x\r\n\r\n")
    fanout = media.registry.streams["room"].fanout
    await hooks.wait(lambda: len(fanout.viewers) == 1)
    received = 0
    async with http.stream("GET", url(media, "/live/room.flv")) as response:
        pieces = response.aiter_raw()
        stamp = 3_000
        for _ in range(60):  # 12 MB, more than the sockets between can hold
            client.frame(stamp, True, size=200_000)
            stamp += 40
            while received < (stamp - 3_000) // 40 * 200_000 - 400_000:
                received += len(await anext(pieces))
        await hooks.wait(lambda: len(fanout.viewers) == 1, 5)
        client.frame(stamp, True, size=300_000)
        more = 0
        while more < 300_000:
            more += len(await anext(pieces))
    figures = (await http.get(url(media, "/metrics"))).text
    drops = next(line for line in figures.splitlines() if line.startswith("kaibo_media_viewer_drops_total"))
    assert float(drops.split()[1]) >= 1
    stuck.transport.abort()
    await hooks.wait(lambda: len(hooks.of("on_stop")) == 2)
    await client.close()


@pytest.mark.asyncio
async def test_a_slow_viewer_goes_on_at_the_next_keyframe_with_the_configuration(tmp_path: object) -> None:
    settings = MediaSettings("http://127.0.0.1/", "x" * 16, tmp_path, viewer_queue_bytes_max=64 * 1_024)  # type: ignore[arg-type]
    dropped: list[int] = []
    fanout = FlvFanout(settings, lambda: dropped.append(1))
    fanout.configure(9, b"<config>")
    fanout.video(b"<key 1>", True)
    viewer = fanout.join(True, 0.0)
    assert (await viewer.take(lambda: 0.0)).endswith(b"<config><key 1>")
    for _ in range(3):
        fanout.video(b"x" * 30_000, False)
    fanout.audio(b"<sound while skipping>")
    fanout.video(b"<key 2>", True)
    fanout.video(b"<after>", False)
    assert await viewer.take(lambda: 0.0) == b"<config><key 2><after>"
    assert dropped == [1]


@pytest.mark.asyncio
async def test_a_viewer_who_joins_without_a_cached_keyframe_waits_for_one(tmp_path: object) -> None:
    settings = MediaSettings("http://127.0.0.1/", "x" * 16, tmp_path, gop_cache_bytes_max=64 * 1_024)  # type: ignore[arg-type]
    fanout = FlvFanout(settings, lambda: None)
    fanout.configure(9, b"<config>")
    fanout.video(b"<key>", True)
    fanout.video(b"x" * 70_000, False)  # the group of pictures outgrows the cache
    viewer = fanout.join(False, 0.0)
    fanout.video(b"<middle>", False)
    fanout.video(b"<key 2>", True)
    assert await viewer.take(lambda: 0.0) == b"FLV\x01\x01\0\0\0\x09\0\0\0\0<config><key 2>"
