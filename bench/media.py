"""(b) CPU of the media engine per 720p30 room, against `ffmpeg -c copy` to HLS in the same run.

    python -m bench.media [--rooms 10] [--seconds 20] [--viewers 50]

Each room is a real RTMP push of a file encoded once (1280 x 720, 30 frames a second, about 2.6 Mbit/s, AAC 128 kbit/s).
The engine packages HTTP-FLV and LL-HLS and records, one LL-HLS player a room included; the baseline reads the same
RTMP push with one ffmpeg a room and writes HLS. CPU is user plus system time of the process over the measured seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import imageio_ffmpeg
import psutil
import uvicorn

from bench.table import Row, Say, show, tell
from kaibo.kernel.engines.ports import free_port

SECRET = "bench-of-the-media-engine"
WARM_UP_SECONDS = 4
CLIP_SECONDS = 20
GOAL_CORES = 0.01
ROOMS = 10
SECONDS = 20.0
VIEWERS = 50

SERVER = """
import asyncio, sys, pathlib, uvloop
from kaibo.stage.media.server import MediaServer
from kaibo.stage.media.settings import MediaSettings
async def main():
    server = MediaServer(MediaSettings(sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), rtmp_port=0, http_port=0,
        record_min_free_bytes=0, cors_origins=("*",)))
    await server.start()
    print("ports", server.rtmp_port, server.http_port, flush=True)
    await asyncio.Event().wait()
uvloop.run(main())
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Cores used by all rooms together, and resident memory in MiB."""

    cores: float
    resident_mib: float


async def allow(scope: dict[str, object], receive: object, send: object) -> None:
    """The platform of the bench: reads a hook, says yes."""
    message: dict[str, object] = {"more_body": True}
    while message.get("more_body"):
        message = await receive()  # type: ignore[operator]
    headers = [(b"content-length", b"1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b"0"})  # type: ignore[operator]


@contextlib.asynccontextmanager
async def platform() -> AsyncIterator[str]:
    config = uvicorn.Config(allow, host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/hooks"
    server.should_exit = True
    await task


def encode_clip(path: Path) -> None:
    """A moving picture that needs about 2.6 Mbit/s, a keyframe each second."""
    subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30",
            "-f", "lavfi", "-i", "sine=f=440:r=44100", "-c:v", "libx264", "-preset", "veryfast", "-g", "30",
            "-b:v", "2500k", "-minrate", "2500k", "-maxrate", "2500k", "-bufsize", "2500k", "-nal-hrd", "cbr",
            "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k", "-t", str(CLIP_SECONDS), str(path),
        ],
        check=True,
    )  # fmt: skip


@contextlib.asynccontextmanager
async def children() -> AsyncIterator[list[asyncio.subprocess.Process]]:
    """Processes put into the list are ended when the block is left."""
    running: list[asyncio.subprocess.Process] = []
    try:
        yield running
    finally:
        for process in running:
            if process.returncode is None:
                process.kill()
        for process in running:
            await process.wait()


async def push(clip: Path, target: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-re", "-stream_loop", "-1", "-i", str(clip), "-c", "copy",
        "-f", "flv", target, stdin=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


async def cost_of(pids: list[int], seconds: float) -> Cost:
    """CPU and memory of `pids` over `seconds` from now."""
    processes = [psutil.Process(pid) for pid in pids]

    def cpu() -> float:
        return float(sum(sum(process.cpu_times()[:2]) for process in processes))

    before, began = cpu(), time.monotonic()
    await asyncio.sleep(seconds)
    used, span = cpu() - before, time.monotonic() - began
    return Cost(used / span, sum(process.memory_info().rss for process in processes) / (1 << 20))


async def watch_hls(base: str, received: list[int]) -> None:
    """One LL-HLS player: blocks for each new part and fetches it, as hls.js does."""
    async with httpx.AsyncClient(timeout=20) as client:
        entry = await client.get(f"{base}/index.m3u8")
        media = f"{base}/{entry.text.split()[-1]}"
        body = (await client.get(media)).text
        while True:
            hint = body.rpartition('TYPE=PART,URI="')[2].partition('"')[0]
            _, _, number, part = hint.removesuffix(".mp4").split("-")
            fetched, listed = await asyncio.gather(
                client.get(f"{base}/{hint}"), client.get(f"{media}&_HLS_msn={number}&_HLS_part={part}")
            )
            received[0] += len(fetched.content)
            body = listed.text


async def watch_flv(url: str, received: list[int]) -> None:
    async with httpx.AsyncClient(timeout=20) as client, client.stream("GET", url) as response:
        async for piece in response.aiter_raw():
            received[0] += len(piece)


@contextlib.asynccontextmanager
async def engine(hook_url: str, record_dir: Path) -> AsyncIterator[tuple[int, int, int]]:
    """A media process: its pid, RTMP port, HTTP port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, hook_url, SECRET, str(record_dir), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        ports: list[int] = []
        async for line in process.stdout:
            if line.startswith(b"ports "):
                ports = [int(word) for word in line.split()[1:]]
                break
        drain = asyncio.create_task(process.stdout.read())
        yield process.pid, ports[0], ports[1]
        drain.cancel()
    finally:
        process.kill()
        await process.wait()


async def measure_engine(clip: Path, hook_url: str, work: Path, rooms: int, seconds: float) -> tuple[Cost, Cost]:
    """`rooms` pushes without viewers, then with one LL-HLS player each; what an idle process costs is left in."""
    async with engine(hook_url, work / "recordings") as (pid, rtmp, http), children() as running:
        for room in range(rooms):
            running.append(await push(clip, f"rtmp://127.0.0.1:{rtmp}/live/room{room}"))
        await asyncio.sleep(WARM_UP_SECONDS)
        unwatched = await cost_of([pid], seconds)
        received = [0]
        base = f"http://127.0.0.1:{http}/live/room"
        players = [asyncio.create_task(watch_hls(f"{base}{room}", received)) for room in range(rooms)]
        await asyncio.sleep(1)
        watched = await cost_of([pid], seconds)
        for player in players:
            player.cancel()
        await asyncio.gather(*players, return_exceptions=True)
        if received[0] < rooms * seconds * 200_000:
            raise RuntimeError(f"the players received only {received[0]} bytes: the figure would mean nothing")
    return unwatched, watched


async def measure_ffmpeg(clip: Path, work: Path, rooms: int, seconds: float) -> Cost:
    """One `ffmpeg -c copy` a room, listening for RTMP and writing HLS."""
    addresses = [f"rtmp://127.0.0.1:{free_port()}/live/room" for _ in range(rooms)]
    async with children() as running:
        for room, address in enumerate(addresses):
            out = work / f"hls{room}"
            out.mkdir()
            running.append(
                await asyncio.create_subprocess_exec(
                    imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-listen", "1", "-i", address, "-c", "copy",
                    "-f", "hls", "-hls_time", "2", "-hls_segment_type", "fmp4", str(out / "index.m3u8"),
                    stdin=asyncio.subprocess.DEVNULL,
                )
            )  # fmt: skip
        readers = list(running)
        await asyncio.sleep(1)
        for address in addresses:
            running.append(await push(clip, address))
        await asyncio.sleep(WARM_UP_SECONDS + 2)
        cost = await cost_of([reader.pid for reader in readers], seconds)
        written = [room for room in range(rooms) if (work / f"hls{room}" / "index.m3u8").exists()]
        if len(written) != rooms:
            raise RuntimeError(f"only {len(written)} of {rooms} ffmpeg rooms wrote anything")
    return cost


async def measure_viewers(clip: Path, hook_url: str, work: Path, viewers: int, seconds: float) -> tuple[Cost, float]:
    """One room with `viewers` HTTP-FLV viewers, and the megabits a second that they received."""
    async with engine(hook_url, work / "recordings-viewers") as (pid, rtmp, http), children() as running:
        running.append(await push(clip, f"rtmp://127.0.0.1:{rtmp}/live/room"))
        await asyncio.sleep(WARM_UP_SECONDS)
        received = [0]
        url = f"http://127.0.0.1:{http}/live/room.flv"
        watching = [asyncio.create_task(watch_flv(url, received)) for _ in range(viewers)]
        await asyncio.sleep(2)
        before = received[0]
        cost = await cost_of([pid], seconds)
        megabits = (received[0] - before) * 8 / seconds / 1_000_000
        for player in watching:
            player.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    return cost, megabits


async def rows(
    say: Say = tell,
    room_count: int = ROOMS,
    seconds: float = SECONDS,
    viewers: int = VIEWERS,
) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="kaibo-bench-media-") as directory:
        work = Path(directory)
        clip = work / "clip.flv"
        say(f"media: encoding {CLIP_SECONDS} s of 720p30 once ...")
        await asyncio.to_thread(encode_clip, clip)
        bitrate_mbps = clip.stat().st_size * 8 / CLIP_SECONDS / 1_000_000
        async with platform() as hook_url:
            say(f"media: {room_count} rooms through the engine ...")
            ours, played = await measure_engine(clip, hook_url, work, room_count, seconds)
            say(f"media: {room_count} rooms through ffmpeg -c copy ...")
            theirs = await measure_ffmpeg(clip, work, room_count, seconds)
            say(f"media: {viewers} HTTP-FLV viewers ...")
            watched, megabits = await measure_viewers(clip, hook_url, work, viewers, seconds)
    alone = ours.cores / room_count
    per_viewer = max(1e-9, watched.cores - alone) / viewers
    what = f"media, {room_count} rooms of 720p30, {bitrate_mbps:.1f} Mbit/s"
    copying = f"{theirs.cores / room_count:.4f} (ffmpeg -c copy to HLS)"
    return [
        Row(
            f"{what}: cores a room for FLV, LL-HLS and recording", f"{alone:.4f}", copying,
            f"{ours.cores / theirs.cores:.2f}x", f"<= {GOAL_CORES}", alone <= GOAL_CORES,
        ),
        Row(
            f"{what}: the same with an LL-HLS player each", f"{played.cores / room_count:.4f}", copying,
            f"{played.cores / theirs.cores:.2f}x", f"<= {GOAL_CORES}", played.cores / room_count <= GOAL_CORES,
        ),
        Row(
            f"{what}: memory a room, MiB", f"{ours.resident_mib / room_count:.1f}",
            f"{theirs.resident_mib / room_count:.1f} (ffmpeg -c copy to HLS)",
            f"{ours.resident_mib / theirs.resident_mib:.2f}x", "none set",
        ),
        Row(
            f"media: HTTP-FLV viewers a core ({viewers} viewers, {megabits:.0f} Mbit/s out)", f"{1 / per_viewer:,.0f}",
            "none", "", "none set",
        ),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=int, default=ROOMS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--viewers", type=int, default=VIEWERS)
    asked = parser.parse_args()
    show(asyncio.run(rows(tell, asked.rooms, asked.seconds, asked.viewers)))


if __name__ == "__main__":
    main()
