"""Fixtures of the media tests: a platform that answers hooks, a media server on free ports, ffmpeg as the encoder."""

from __future__ import annotations

import asyncio
import hashlib
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import imageio_ffmpeg
import pytest
import pytest_asyncio
from tests.media.hook_server import HookServer

from kaibo.stage.media.recording_file import Disk
from kaibo.stage.media.server import MediaServer
from kaibo.stage.media.settings import MediaSettings

SECRET = "a-secret-of-the-hooks-42"
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
SOURCE = (
    "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-f", "lavfi", "-i", "sine=f=440:r=44100",
    "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-pix_fmt", "yuv420p",
    "-c:a", "aac", "-b:a", "64k",
)  # fmt: skip


@dataclass(frozen=True)
class Played:
    """What ffmpeg decoded of an input, and its log."""

    frames: int
    seconds: float
    log: str
    streams: str


async def play(source: str, seconds: float | None = None, timeout_seconds: float = 20) -> Played:
    """Decode `source` completely (or `seconds` of it) and fail on any decoding error."""
    limit = () if seconds is None else ("-t", str(seconds))
    process = await asyncio.create_subprocess_exec(
        FFMPEG, "-hide_banner", "-v", "info", "-xerror", "-err_detect", "explode", "-i", source, *limit,
        "-f", "null", "-", stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(timeout_seconds):
            log = (await process.communicate())[1].decode("utf-8", "replace")
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0, log
    frames = [int(found) for found in re.findall(r"frame=\s*(\d+)", log)]
    times = re.findall(r"time=(\d+):(\d+):(\d+\.\d+)", log)
    assert frames, log
    assert times, log
    hours, minutes, rest = times[-1]
    streams = "\n".join(line for line in log.partition("Stream mapping")[0].splitlines() if "Stream #" in line)
    return Played(frames[-1], int(hours) * 3_600 + int(minutes) * 60 + float(rest), log, streams)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty seconds of picture and sound, encoded once; pushed with -c copy."""
    path = tmp_path_factory.mktemp("clip") / "clip.flv"
    subprocess.run([FFMPEG, "-v", "error", *SOURCE, "-t", "20", str(path)], check=True)
    return path


@pytest_asyncio.fixture
async def hooks() -> AsyncIterator[HookServer]:
    server = HookServer()
    await server.start()
    yield server
    await server.close()


Start = Callable[..., Awaitable[MediaServer]]


@pytest_asyncio.fixture
async def start_media(hooks: HookServer, tmp_path: Path) -> AsyncIterator[Start]:
    """start_media(**settings) -> a running server; `disk=` replaces the file system."""
    running: list[MediaServer] = []
    base = MediaSettings(
        hook_url=hooks.url, hook_secret=SECRET, record_dir=tmp_path / "recordings", rtmp_port=0, http_port=0,
        record_min_free_bytes=0, stats_seconds=0.5, hook_timeout_seconds=2,
    )  # fmt: skip

    async def start(*, disk: Disk | None = None, **settings: object) -> MediaServer:
        server = MediaServer(replace(base, **settings), disk)  # type: ignore[arg-type]
        await server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        await server.close()


@pytest_asyncio.fixture
async def media(start_media: Start) -> MediaServer:
    return await start_media()


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10) as client:
        yield client


Push = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest_asyncio.fixture
async def push(clip: Path) -> AsyncIterator[Push]:
    """push(server or its RTMP port, key) -> an ffmpeg that publishes the clip at its own speed, in a loop."""
    running: list[asyncio.subprocess.Process] = []

    async def start(server: MediaServer | int, key: str) -> asyncio.subprocess.Process:
        port = server if isinstance(server, int) else server.rtmp_port
        process = await asyncio.create_subprocess_exec(
            FFMPEG, "-hide_banner", "-v", "error", "-re", "-stream_loop", "-1", "-i", str(clip), "-c", "copy",
            "-f", "flv", f"rtmp://127.0.0.1:{port}/live/{key}",
            stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


def fingerprint(path: str) -> tuple[str, int]:
    """SHA-256 and length of a file as it lies on the disk."""
    data = Path(path).read_bytes()
    return hashlib.sha256(data).hexdigest(), len(data)


def url(server: MediaServer, path: str) -> str:
    return f"http://127.0.0.1:{server.http_port}{path}"


async def until_parts(hooks: HookServer, server: MediaServer, name: str, parts: int) -> None:
    """Until the stream `name` has at least `parts` LL-HLS parts."""
    await hooks.wait(lambda: name in server.registry.streams and server.registry.streams[name].part_count >= parts)
