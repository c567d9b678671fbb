"""Recordings survive full disks, killed processes and a platform that is away."""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO, cast

import httpx
import orjson
import pytest
from tests.media.conftest import SECRET, Push, Start, fingerprint, play, until_parts, url
from tests.media.hook_server import HookServer
from tests.media.rtmp_client import RtmpClient

from kaibo.stage.media.recording_file import NOTE_SUFFIX, Disk


class FullableFile:
    """A real file on a disk that takes half of a write and then no more, as a full one does."""

    def __init__(self, file: BinaryIO, disk: FullableDisk) -> None:
        self._file = file
        self._disk = disk

    def write(self, data: memoryview) -> int:
        if not self._disk.full:
            return self._file.write(data)
        if len(data) > 1_000:
            return self._file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class FullableDisk(Disk):
    full = False

    def free_bytes(self, path: Path) -> int:
        return 0 if self.full else super().free_bytes(path)

    def create(self, path: Path) -> BinaryIO:
        return cast(BinaryIO, FullableFile(super().create(path), self))


class SilentlyFullDisk(FullableDisk):
    """Says it has room, and has none: only the write finds out."""

    def free_bytes(self, path: Path) -> int:
        return 1 << 40


def first_video_time(path: str) -> int:
    """The decode time of the first fragment's first track, in the layout of fragment.py."""
    data = Path(path).read_bytes()
    moof = data.index(b"moof") - 4
    return int.from_bytes(data[moof + 60 : moof + 68], "big")


def tear(path: Path) -> None:
    """As if the last fragment had reached the disk in part only."""
    data = path.read_bytes()
    moof = data.rindex(b"moof") - 4
    path.write_bytes(data + data[moof : moof + (len(data) - moof) // 2])


@pytest.mark.parametrize("disk_type", [FullableDisk, SilentlyFullDisk])
@pytest.mark.asyncio
async def test_a_full_disk_stops_the_recording_and_not_the_broadcast(
    start_media: Start, hooks: HookServer, push: Push, disk_type: type[FullableDisk]
) -> None:
    disk = disk_type()
    media = await start_media(disk=disk, record_retry_seconds=0.2, segment_ms=1_000)
    await push(media, "room")
    await until_parts(hooks, media, "room", 8)
    disk.full = True
    await hooks.wait(lambda: "recording_stopped" in hooks.notices())
    notice = hooks.of("on_notice")[0]
    assert "the broadcast goes on" in notice["detail"]
    await hooks.wait(lambda: hooks.of("on_dvr"))
    stream = media.registry.streams["room"]
    await until_parts(hooks, media, "room", stream.part_count + 3)
    assert not stream.recorder.recording
    assert (await play(url(media, "/live/room.flv"), 1)).frames >= 20

    disk.full = False
    await hooks.wait(lambda: "recording_resumed" in hooks.notices())
    await until_parts(hooks, media, "room", stream.part_count + 3)
    await media.registry.close()
    await hooks.wait(lambda: len(hooks.of("on_dvr")) == 2)
    for event in hooks.of("on_dvr"):
        assert fingerprint(event["file"]) == (event["sha256"], event["bytes"])
        assert (await play(event["file"])).seconds == pytest.approx(event["duration_ms"] / 1_000, abs=0.15)


@pytest.mark.asyncio
async def test_files_are_cut_at_keyframes_and_each_begins_at_zero(start_media: Start, hooks: HookServer) -> None:
    media = await start_media(record_segment_seconds=3)
    client = RtmpClient(media.rtmp_port)
    await client.publish("room")
    client.configure()
    client.seconds_of_media(0, 10)
    client.command("deleteStream", 7.0, None, 1.0)
    await hooks.wait(lambda: len(hooks.of("on_dvr")) == 3)
    files = hooks.of("on_dvr")
    assert [file["duration_ms"] for file in files] == [4_000, 4_000, 2_000]
    starts = [file["started_at_ms"] for file in files]
    assert [after - before for before, after in itertools.pairwise(starts)] == [4_000, 4_000]
    for file in files:
        assert first_video_time(file["file"]) == 0
    await client.close()


async def announced_port(process: asyncio.subprocess.Process) -> int:
    assert process.stdout is not None
    async for line in process.stdout:
        if line.startswith(b"port "):
            return int(line.split()[1])
    raise AssertionError("the media process ended before it listened")


@pytest.mark.asyncio
async def test_a_file_cut_by_kill_9_plays_and_is_handed_in_at_the_next_start(
    start_media: Start, hooks: HookServer, push: Push, tmp_path: Path
) -> None:
    record_dir = tmp_path / "killed"
    code = (
        "import asyncio, pathlib, sys\n"
        "from kaibo.stage.media.server import MediaServer\n"
        "from kaibo.stage.media.settings import MediaSettings\n"
        "async def main():\n"
        "    server = MediaServer(MediaSettings(sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), rtmp_port=0,\n"
        "        http_port=0, record_min_free_bytes=0))\n"
        "    await server.start()\n"
        "    print('port', server.rtmp_port, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, hooks.url, SECRET, str(record_dir), stdout=asyncio.subprocess.PIPE
    )
    try:
        port = await asyncio.wait_for(announced_port(process), 20)
        await push(port, "room")
        await hooks.wait(lambda: [path for path in record_dir.glob("room/*.open.mp4") if path.stat().st_size > 20_000])
    finally:
        process.send_signal(signal.SIGKILL)
        await process.communicate()
    (left,) = record_dir.glob("room/*.open.mp4")
    assert (await play(str(left))).seconds > 0.5
    tear(left)

    await start_media(record_dir=record_dir)
    await hooks.wait(lambda: hooks.of("on_dvr"))
    event = hooks.of("on_dvr")[0]
    assert event["recovered"] is True
    assert event["stream"] == "room"
    assert fingerprint(event["file"]) == (event["sha256"], event["bytes"])
    replay = await play(event["file"])
    assert replay.seconds == pytest.approx(event["duration_ms"] / 1_000, abs=0.15)
    assert list(record_dir.glob("room/*.open.mp4")) == []


@pytest.mark.asyncio
async def test_a_recording_the_platform_did_not_take_is_offered_again_at_the_next_start(
    start_media: Start, hooks: HookServer, tmp_path: Path
) -> None:
    record_dir = tmp_path / "kept"
    hooks.answer = lambda body: (503, b"busy") if body["action"] == "on_dvr" else (200, b"0")
    media = await start_media(record_dir=record_dir)
    client = RtmpClient(media.rtmp_port)
    await client.publish("room")
    client.configure()
    client.seconds_of_media(0, 2)
    client.command("deleteStream", 7.0, None, 1.0)
    await hooks.wait(lambda: list(record_dir.glob(f"room/*{NOTE_SUFFIX}")))
    await client.close()
    (note,) = record_dir.glob(f"room/*{NOTE_SUFFIX}")
    kept = orjson.loads(note.read_bytes())
    assert hooks.of("on_dvr") == []
    hooks.answer = lambda _body: (200, b"0")
    await start_media(record_dir=record_dir)
    await hooks.wait(lambda: hooks.of("on_dvr"))
    assert {key: hooks.of("on_dvr")[0][key] for key in kept} == kept
    await hooks.wait(lambda: not note.exists())


@pytest.mark.asyncio
async def test_a_slow_platform_gets_the_newest_figures_and_every_event(
    start_media: Start, hooks: HookServer, http: httpx.AsyncClient
) -> None:
    media = await start_media(stats_seconds=0.2)
    client = RtmpClient(media.rtmp_port)
    await client.publish("room")
    client.configure()
    client.seconds_of_media(0, 1)
    hooks.delay_seconds = 0.7
    await hooks.wait(lambda: len(hooks.of("on_stats")) >= 2)
    assert len(media.hooks._newest_stats) <= 1
    hooks.delay_seconds = 0
    await client.close()
    await hooks.wait(lambda: hooks.of("on_unpublish") and hooks.of("on_dvr"))
    told = [event["action"] for event in hooks.events if event["action"] in ("on_unpublish", "on_dvr")]
    assert told == ["on_unpublish", "on_dvr"]
