"""Publishers who must not come in, and bytes no encoder should send: refused with a reason, and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import os

import httpx
import orjson
import pytest
from tests.media.conftest import FFMPEG, Start, until_parts, url
from tests.media.hook_server import Body, HookServer
from tests.media.rtmp_client import RtmpClient

from kaibo.stage.media import amf0, chunks
from kaibo.stage.media.server import MediaServer


async def bystander(media: MediaServer, hooks: HookServer) -> RtmpClient:
    """A publisher who does everything right, and must not be disturbed."""
    client = RtmpClient(media.rtmp_port)
    assert (await client.publish("good"))[0] == "NetStream.Publish.Start"
    client.configure()
    client.seconds_of_media(0, 1)
    await until_parts(hooks, media, "good", 3)
    return client


async def still_fine(client: RtmpClient, media: MediaServer, hooks: HookServer) -> None:
    parts = media.registry.streams["good"].part_count
    client.seconds_of_media(1_000, 1)
    await until_parts(hooks, media, "good", parts + 3)
    await client.close()


def only_key(key: str, reason: str) -> object:
    def answer(body: Body) -> tuple[int, bytes]:
        if body["action"] != "on_publish" or body["stream"] == key:
            return 200, b"0"
        return 200, orjson.dumps({"code": 1, "msg": reason})

    return answer


@pytest.mark.asyncio
async def test_a_wrong_or_expired_key_is_refused_with_the_platforms_reason(
    media: MediaServer, hooks: HookServer
) -> None:
    hooks.answer = only_key("right", "the stream key expired at 20:00")  # type: ignore[assignment]
    client = RtmpClient(media.rtmp_port)
    assert await client.publish("wrong") == ("NetStream.Publish.Unauthorized", "the stream key expired at 20:00")
    await asyncio.wait_for(client.closed.wait(), 2)
    assert media.registry.streams == {}
    await client.close()
    right = RtmpClient(media.rtmp_port)
    assert (await right.publish("right"))[0] == "NetStream.Publish.Start"
    await right.close()


@pytest.mark.asyncio
async def test_ffmpeg_is_told_why_it_was_refused(media: MediaServer, hooks: HookServer) -> None:
    hooks.answer = only_key("right", "no such key")  # type: ignore[assignment]
    encoder = await asyncio.create_subprocess_exec(
        FFMPEG, "-v", "error", "-f", "lavfi", "-i", "color=s=64x48:d=1", "-c:v", "libx264", "-f", "flv",
        f"rtmp://127.0.0.1:{media.rtmp_port}/live/wrong", stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    log = (await encoder.communicate())[1].decode()
    assert encoder.returncode != 0
    assert "no such key" in log


@pytest.mark.asyncio
async def test_an_answer_that_is_not_a_clear_yes_is_a_no(media: MediaServer, hooks: HookServer) -> None:
    unclear = [(200, b""), (200, b"1"), (200, b'{"code":"0"}'), (200, b'{"code":false}'), (403, b"0"), (500, b"0")]
    for answer in [*unclear, (200, b"[]"), (204, b"0")]:
        hooks.answer = lambda _body, answer=answer: answer  # type: ignore[misc]
        client = RtmpClient(media.rtmp_port)
        assert (await client.publish("key"))[0] == "NetStream.Publish.Unauthorized", answer
        await client.close()


@pytest.mark.asyncio
async def test_a_platform_that_is_silent_or_gone_lets_nobody_in(start_media: Start, hooks: HookServer) -> None:
    media = await start_media(hook_timeout_seconds=0.2)
    hooks.delay_seconds = 0.5
    silent = RtmpClient(media.rtmp_port)
    assert "does not answer" in (await silent.publish("key"))[1]
    await silent.close()
    gone = await start_media(hook_url="http://127.0.0.1:9/hooks")
    client = RtmpClient(gone.rtmp_port)
    assert "does not answer" in (await client.publish("key"))[1]
    await client.close()


@pytest.mark.asyncio
async def test_a_key_in_use_is_refused_and_the_first_publisher_stays(media: MediaServer, hooks: HookServer) -> None:
    first = await bystander(media, hooks)
    second = RtmpClient(media.rtmp_port)
    code, reason = await second.publish("good")
    assert code == "NetStream.Publish.BadName"
    assert "already publishing" in reason
    assert len(hooks.of("on_publish")) == 1
    await second.close()
    await still_fine(first, media, hooks)


@pytest.mark.asyncio
async def test_two_keys_of_one_room_cannot_publish_at_once(media: MediaServer, hooks: HookServer) -> None:
    hooks.answer = lambda body: (
        200,
        orjson.dumps({"code": 0, "data": {"stream": "good"}}) if body["action"] == "on_publish" else b"0",
    )
    first = await bystander(media, hooks)
    second = RtmpClient(media.rtmp_port)
    code, reason = await second.publish("other-key")
    assert code == "NetStream.Publish.BadName"
    assert "already has a publisher" in reason
    await hooks.wait(lambda: hooks.of("on_unpublish"))
    assert hooks.of("on_unpublish")[0]["stream"] == "other-key"
    assert hooks.of("on_unpublish")[0]["client_id"] == hooks.of("on_publish")[1]["client_id"]
    await second.close()
    await still_fine(first, media, hooks)


@pytest.mark.asyncio
async def test_two_publishers_racing_with_one_key_leave_one(media: MediaServer, hooks: HookServer) -> None:
    hooks.delay_seconds = 0.1
    racers = [RtmpClient(media.rtmp_port) for _ in range(4)]
    codes = [code for code, _ in await asyncio.gather(*(racer.publish("key") for racer in racers))]
    assert sorted(codes) == ["NetStream.Publish.BadName"] * 3 + ["NetStream.Publish.Start"]
    for racer in racers:
        await racer.close()


@pytest.mark.asyncio
async def test_garbage_ends_only_its_own_connection(media: MediaServer, hooks: HookServer) -> None:
    good = await bystander(media, hooks)
    for garbage in (os.urandom(5_000), b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n", b"\x06" + bytes(1_536)):
        reader, writer = await asyncio.open_connection("127.0.0.1", media.rtmp_port)
        writer.write(garbage)
        if garbage[0] != 3:
            assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()
    for seed in range(3):
        client = await RtmpClient(media.rtmp_port).open()
        await client.handshake()
        client.writer.write(bytes([0x3F + seed]) + os.urandom(50_000))
        await asyncio.wait_for(client.closed.wait(), 2)
        await client.close()
    await still_fine(good, media, hooks)


@pytest.mark.asyncio
async def test_garbage_in_the_middle_of_a_broadcast_ends_only_that_broadcast(
    media: MediaServer, hooks: HookServer
) -> None:
    good = await bystander(media, hooks)
    bad = RtmpClient(media.rtmp_port)
    await bad.publish("bad")
    bad.configure()
    bad.seconds_of_media(0, 1)
    bad.video(1_000, b"\x17\x00\0\0\0\x01garbage instead of a configuration")
    await asyncio.wait_for(bad.closed.wait(), 2)
    await hooks.wait(lambda: [event for event in hooks.of("on_unpublish") if event["stream"] == "bad"])
    await bad.close()
    await still_fine(good, media, hooks)


@pytest.mark.asyncio
async def test_a_huge_chunk_size_is_refused_with_the_limit(media: MediaServer, hooks: HookServer) -> None:
    good = await bystander(media, hooks)
    client = await RtmpClient(media.rtmp_port).open()
    await client.handshake()
    client.set_chunk_size(0x7FFFFFFF)
    assert "chunk size 2147483647" in (await client.status())[1]
    await asyncio.wait_for(client.closed.wait(), 2)
    await client.close()
    await still_fine(good, media, hooks)


@pytest.mark.asyncio
async def test_a_publisher_that_stops_mid_frame_is_noticed_and_let_go(start_media: Start, hooks: HookServer) -> None:
    media = await start_media(publisher_stall_seconds=0.5, publisher_idle_seconds=1.5)
    client = RtmpClient(media.rtmp_port)
    await client.publish("room")
    client.configure()
    client.seconds_of_media(0, 2)
    whole = chunks.encode(4, chunks.Message(chunks.VIDEO, 2_000, 1, b"\x27\x01\0\0\0" + bytes(50_000)), 4_096)
    client.writer.write(whole[:20_000])
    await hooks.wait(lambda: "publisher_stalled" in hooks.notices())
    good = await bystander(media, hooks)
    await hooks.wait(lambda: hooks.of("on_unpublish"))
    assert "no media" in hooks.of("on_unpublish")[0]["reason"]
    assert client.statuses[-1][0] == "NetStream.Publish.Idle"
    await hooks.wait(lambda: hooks.of("on_dvr"))
    assert hooks.of("on_dvr")[0]["duration_ms"] == pytest.approx(2_000, abs=40)
    await client.close()
    await still_fine(good, media, hooks)


@pytest.mark.asyncio
async def test_silence_before_publishing_and_half_a_handshake_are_cut(start_media: Start) -> None:
    media = await start_media(handshake_seconds=0.3)
    half, half_writer = await asyncio.open_connection("127.0.0.1", media.rtmp_port)
    half_writer.write(b"\x03" + bytes(700))
    assert await asyncio.wait_for(half.read(), 2) == b""
    half_writer.close()
    idle = await RtmpClient(media.rtmp_port).open()
    await idle.handshake()
    assert "nothing was published" in (await idle.status())[1]
    await asyncio.wait_for(idle.closed.wait(), 2)
    await idle.close()


@pytest.mark.asyncio
async def test_another_codec_is_refused_by_name(media: MediaServer) -> None:
    for kind, payload, named in (
        (chunks.VIDEO, b"\x12\x00\0\0\0x", "H.263"),
        (chunks.VIDEO, b"\x90hvc1" + bytes(20), "hvc1"),
        (chunks.AUDIO, b"\x2f\xff\xfb\x90", "MP3"),
    ):
        client = RtmpClient(media.rtmp_port)
        await client.publish("room")
        client.statuses.clear()
        client.send(kind, payload, 0, 4, 1)
        code, reason = await client.status()
        assert code == "NetStream.Publish.Rejected"
        assert named in reason
        await client.close()


@pytest.mark.asyncio
async def test_a_publisher_without_pictures_is_let_go_with_the_reason(start_media: Start) -> None:
    media = await start_media(first_keyframe_seconds=1)
    client = RtmpClient(media.rtmp_port)
    await client.publish("room")
    client.statuses.clear()
    client.audio(0, b"\xaf\x00\x12\x10")
    for index in range(60):
        client.audio(index * 23, b"\xaf\x01" + bytes(30))
        await asyncio.sleep(0.02)
    assert "no H.264 video" in (await client.status())[1]
    await client.close()


@pytest.mark.asyncio
async def test_a_key_that_could_not_be_a_name_is_refused_unasked(media: MediaServer, hooks: HookServer) -> None:
    for key in ("../../etc", "a b", "x" * 200, ".hidden", "密钥"):
        client = RtmpClient(media.rtmp_port)
        assert (await client.publish(key))[0] == "NetStream.Publish.BadName", key
        await client.close()
    assert hooks.of("on_publish") == []


@pytest.mark.asyncio
async def test_a_wrong_application_and_commands_out_of_order_are_refused(media: MediaServer) -> None:
    wrong = RtmpClient(media.rtmp_port)
    code, reason = await wrong.publish("key", app="vod")
    assert code == "NetConnection.Connect.Rejected"
    assert "/live" in reason
    await wrong.close()
    early = await RtmpClient(media.rtmp_port).open()
    await early.handshake()
    early.command("publish", 1.0, None, "key", "live")
    assert "before connect" in (await early.status())[1]
    await early.close()
    player = await RtmpClient(media.rtmp_port).open()
    await player.handshake()
    player.command("connect", 1.0, {"app": "live"})
    player.command("play", 2.0, None, "room")
    assert "HTTP-FLV" in (await player.status())[1]
    await player.close()


@pytest.mark.asyncio
async def test_an_aggregate_message_carries_frames(media: MediaServer, hooks: HookServer) -> None:
    client = RtmpClient(media.rtmp_port)
    await client.publish("room")
    client.configure()
    tags = b""
    for index in range(50):
        nal = (100).to_bytes(4, "big") + (b"\x65" if index % 25 == 0 else b"\x41") + os.urandom(99)
        body = (b"\x17" if index % 25 == 0 else b"\x27") + b"\x01\0\0\0" + nal
        tags += bytes([9]) + len(body).to_bytes(3, "big") + (index * 40).to_bytes(3, "big") + bytes(4) + body
        tags += (len(body) + 11).to_bytes(4, "big")
    client.send(chunks.AGGREGATE, tags, 0, 4, 1)
    await until_parts(hooks, media, "room", 8)
    await client.close()


@pytest.mark.asyncio
async def test_a_clock_jump_in_the_middle_leaves_one_gapless_recording(media: MediaServer, hooks: HookServer) -> None:
    client = RtmpClient(media.rtmp_port)
    await client.publish("room")
    client.configure()
    client.seconds_of_media(0xFFFFFFFF - 500, 1)  # wraps on the way
    client.seconds_of_media(90_000_000, 1)
    client.seconds_of_media(5, 1)
    client.command("deleteStream", 7.0, None, 1.0)
    await hooks.wait(lambda: hooks.of("on_dvr"))
    assert hooks.of("on_dvr")[0]["duration_ms"] == pytest.approx(3_000, abs=60)
    await client.close()


@pytest.mark.asyncio
async def test_a_bitrate_above_the_cap_is_refused_with_both_figures(
    start_media: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kaibo.stage.media.live.BITRATE_SPAN_MS", 300)
    media = await start_media(bitrate_kbps_max=1_000)
    client = RtmpClient(media.rtmp_port)
    await client.publish("room")
    client.statuses.clear()
    client.configure()
    for index in range(20):
        client.frame(index * 40, index == 0, size=50_000)
        await asyncio.sleep(0.02)
        if client.statuses:
            break
    code, reason = await client.status()
    assert code == "NetStream.Publish.Rejected"
    assert "at most 1000 kbit/s" in reason
    await client.close()


@pytest.mark.asyncio
async def test_too_many_connections_and_publishers_are_turned_away(start_media: Start, http: httpx.AsyncClient) -> None:
    media = await start_media(publishers_max=1, rtmp_connections_max=2)
    first = RtmpClient(media.rtmp_port)
    await first.publish("one")
    second = RtmpClient(media.rtmp_port)
    assert "is full" in (await second.publish("two"))[1]
    await second.close()
    held = await RtmpClient(media.rtmp_port).open()
    reader, writer = await asyncio.open_connection("127.0.0.1", media.rtmp_port)
    with contextlib.suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), 2) == b""
    writer.close()
    figures = (await http.get(url(media, "/metrics"))).text
    assert 'kaibo_media_refused_total{reason="full"} 1.0' in figures
    assert "kaibo_media_streams 1.0" in figures
    held.writer.close()
    await first.close()


def test_amf_of_the_reply_is_what_obs_expects() -> None:
    # librtmp reads code from the object after the null of onStatus
    values = amf0.decode(amf0.encode("onStatus", 0.0, None, {"level": "status", "code": "c", "description": "d"}))
    assert values == ["onStatus", 0.0, None, {"level": "status", "code": "c", "description": "d"}]
