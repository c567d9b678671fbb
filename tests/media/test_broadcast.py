"""A real encoder pushes, real players read back: HTTP-FLV, LL-HLS and the recording, with the hooks around them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
import orjson
import pytest
from tests.media.conftest import FFMPEG, SECRET, SOURCE, Push, Start, fingerprint, play, until_parts, url
from tests.media.hook_server import HookServer
from tests.media.rtmp_client import RtmpClient

from kaibo.stage.media.recording_file import NOTE_SUFFIX
from kaibo.stage.media.server import MediaServer


def as_public(name: str) -> bytes:
    return orjson.dumps({"code": 0, "data": {"stream": name}})


@pytest.mark.asyncio
async def test_ffmpeg_is_received_played_and_recorded_under_its_public_name(
    start_media: Start, hooks: HookServer, push: Push, http: httpx.AsyncClient
) -> None:
    media = await start_media()
    hooks.answer = lambda body: (200, as_public("room-7") if body["action"] == "on_publish" else b"0")
    before_ms = time.time() * 1_000
    encoder = await push(media, "secret-key?token=abc")
    await until_parts(hooks, media, "room-7", 8)

    flv, hls = await asyncio.gather(
        play(url(media, "/live/room-7.flv?token=viewer"), 2),
        play(url(media, "/live/room-7/index.m3u8?token=viewer"), 2),
    )
    for played in (flv, hls):
        assert "h264" in played.streams
        assert "320x180" in played.streams
        assert "aac" in played.streams
        assert played.frames >= 48
    assert (await http.get(url(media, "/live/secret-key/index.m3u8"))).status_code == 404

    await hooks.wait(lambda: [event for event in hooks.of("on_stats") if event["gop_ms"]])
    stats = hooks.of("on_stats")[-1]
    assert (stats["width"], stats["height"], stats["gop_ms"]) == (320, 180, 1_000)
    assert 20 <= stats["fps"] <= 30
    assert stats["bitrate_kbps"] > 50
    assert stats["video_codec"].startswith("avc1.")
    assert stats["audio_codec"] == "mp4a.40.2"
    assert stats["recording"] is True
    assert stats["dropped_frames"] == 0

    encoder.terminate()
    await hooks.wait(lambda: hooks.of("on_dvr"))
    published, unpublished, recorded = hooks.of("on_publish")[0], hooks.of("on_unpublish")[0], hooks.of("on_dvr")[0]
    assert (published["stream"], published["param"], published["app"]) == ("secret-key", "?token=abc", "live")
    assert (unpublished["stream"], unpublished["client_id"]) == ("secret-key", published["client_id"])
    assert {event["param"] for event in hooks.of("on_play")} == {"?token=viewer"}
    assert len(hooks.of("on_play")) == 2
    assert hooks.authorizations == {f"bearer {SECRET}"}
    assert "secret-key" not in orjson.dumps(hooks.of("on_stats") + hooks.of("on_dvr") + hooks.of("on_play")).decode()

    file = Path(recorded["file"])
    assert file.is_relative_to(recorded["cwd"])
    assert fingerprint(recorded["file"]) == (recorded["sha256"], recorded["bytes"])
    assert before_ms < recorded["started_at_ms"] < before_ms + 5_000
    replay = await play(str(file))
    assert replay.seconds == pytest.approx(recorded["duration_ms"] / 1_000, abs=0.15)
    assert replay.frames == pytest.approx(recorded["duration_ms"] / 40, abs=1)
    assert "start: 0.000000" in replay.log
    await hooks.wait(lambda: not file.with_suffix(NOTE_SUFFIX).exists())


@pytest.mark.asyncio
async def test_an_encoder_that_encodes_while_it_pushes_with_b_frames(media: MediaServer, hooks: HookServer) -> None:
    encoder = await asyncio.create_subprocess_exec(
        FFMPEG, "-v", "error", "-re", *SOURCE, "-tune", "film", "-bf", "2", "-g", "30", "-t", "3",
        "-f", "flv", f"rtmp://127.0.0.1:{media.rtmp_port}/live/bframes",
    )  # fmt: skip
    assert await encoder.wait() == 0
    await hooks.wait(lambda: hooks.of("on_dvr"))
    replay = await play(hooks.of("on_dvr")[0]["file"])
    assert replay.frames >= 70


@pytest.mark.asyncio
async def test_a_blocked_playlist_answers_when_its_part_is_there(
    media: MediaServer, hooks: HookServer, push: Push, http: httpx.AsyncClient
) -> None:
    await push(media, "room")
    await until_parts(hooks, media, "room", 3)
    entry = await http.get(url(media, "/live/room/index.m3u8"))
    assert entry.headers["cache-control"] == "no-store"
    assert 'CODECS="avc1.' in entry.text
    assert "RESOLUTION=320x180" in entry.text
    playlist_url = url(media, "/live/room/" + entry.text.split()[-1])
    stream = media.registry.streams["room"]
    for _ in range(2):
        segment = stream.packager.segments[-1]
        number, part = (segment.number + 1, 0) if segment.complete else (segment.number, len(segment.parts))
        name = f"part-{stream.packager.epoch}-{number}-{part}.mp4"
        async with asyncio.timeout(10):
            blocked, hinted = await asyncio.gather(
                http.get(f"{playlist_url}&_HLS_msn={number}&_HLS_part={part}"),
                http.get(url(media, f"/live/room/{name}")),
            )
        assert name in blocked.text
        assert "#EXT-X-PRELOAD-HINT" in blocked.text
        assert hinted.status_code == 200
        assert hinted.content[4:8] == b"moof"
        assert "immutable" in hinted.headers["cache-control"]
    for bad in ("_HLS_msn=99", "_HLS_part=1", "_HLS_msn=x", "_HLS_msn=-1", "_HLS_msn=0&_HLS_part=one"):
        assert (await http.get(f"{playlist_url}&{bad}")).status_code == 400, bad
    assert (await http.get(url(media, "/live/room/media.m3u8?s=forged"))).status_code == 403
    epoch = "0" * 16
    assert (await http.get(url(media, f"/live/room/init-{epoch}-0.mp4"))).status_code == 404


@pytest.mark.asyncio
async def test_a_publisher_who_comes_back_goes_on_in_the_same_stream_after_a_discontinuity(
    media: MediaServer, hooks: HookServer, http: httpx.AsyncClient
) -> None:
    first = RtmpClient(media.rtmp_port)
    assert (await first.publish("room"))[0] == "NetStream.Publish.Start"
    first.configure()
    first.seconds_of_media(0, 3)
    await until_parts(hooks, media, "room", 10)
    entry = await http.get(url(media, "/live/room/index.m3u8"))
    media_url = url(media, "/live/room/" + entry.text.split()[-1])
    first.writer.transport.abort()
    await hooks.wait(lambda: hooks.of("on_unpublish"))
    again = RtmpClient(media.rtmp_port)
    assert (await again.publish("room"))[0] == "NetStream.Publish.Start"
    again.configure()
    again.seconds_of_media(50_000, 3)
    stream = media.registry.streams["room"]
    await hooks.wait(lambda: len(stream.packager.inits) == 2 and not stream.packager.segments[-1].complete)
    body = (await http.get(media_url)).text
    assert body.count("#EXT-X-DISCONTINUITY\n") == 1
    assert body.count("#EXT-X-MAP") == 2
    assert "#EXT-X-ENDLIST" not in body
    assert len({event["client_id"] for event in hooks.of("on_publish")}) == 2
    await first.close()
    await again.close()


@pytest.mark.asyncio
async def test_a_publisher_who_stays_away_ends_the_playlist_and_the_flv(
    start_media: Start, hooks: HookServer, http: httpx.AsyncClient
) -> None:
    media = await start_media(reconnect_grace_seconds=0.5)
    client = RtmpClient(media.rtmp_port)
    await client.publish("room")
    client.configure()
    client.seconds_of_media(0, 3)
    await until_parts(hooks, media, "room", 10)
    entry = await http.get(url(media, "/live/room/index.m3u8"))
    media_url = url(media, "/live/room/" + entry.text.split()[-1])
    async with http.stream("GET", url(media, "/live/room.flv")) as response:
        client.command("FCUnpublish", 6.0, None, "room")
        client.command("deleteStream", 7.0, None, 1.0)
        data = b"".join([piece async for piece in response.aiter_raw()])
    assert data.startswith(b"FLV\x01\x05")
    body = (await http.get(media_url)).text
    assert body.endswith("#EXT-X-ENDLIST\n")
    assert "EXT-X-PART:" not in body
    assert "PRELOAD-HINT" not in body
    assert (await http.get(url(media, "/live/room.flv"))).status_code == 404
    assert client.statuses[-1][0] == "NetStream.Unpublish.Success"
    await client.close()
