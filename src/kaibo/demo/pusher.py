"""Pushers: one ffmpeg a room that sends a film, or the clock, to the house's RTMP ingest, as any encoder would."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import imageio_ffmpeg

from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

RESTART_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0)
STEADY_SECONDS = 60.0
STOP_SECONDS_MAX = 2.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)

Command = Callable[[str], list[str]]
"""The words of the command that sends to an rtmp:// address."""


def film_command(film: Path) -> Command:
    """Send a film in a loop at its own pace. Nothing is encoded: the film was rendered as it is sent."""

    def command(url: str) -> list[str]:
        return [
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-hide_banner", "-nostdin", "-loglevel", "warning",
            "-re", "-stream_loop", "-1", "-i", str(film),
            "-c", "copy", "-f", "flv", "-flvflags", "no_duration_filesize", url,
        ]  # fmt: skip

    return command


class Pusher:
    """Keeps one encoder running while it is wanted. `address` gives the rtmp:// address with the room's current stream key."""

    def __init__(self, name: str, command: Command, address: Callable[[], Awaitable[str]], logs: Path) -> None:
        self._name = name
        self._command = command
        self._address = address
        self._log = logs / f"pusher-{name}.log"
        self._task: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._started = 0.0
        self._cpu_seconds_before = 0.0

    @property
    def seconds(self) -> float | None:
        """For how long the encoder has been sending without a break; None where none runs."""
        running = self._process is not None and self._process.returncode is None
        return time.monotonic() - self._started if running else None

    @property
    def cpu_seconds(self) -> float:
        """CPU time of this room's encoders since the demo started."""
        return self._cpu_seconds_before + self._cpu_now()

    def start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep(), name=f"pusher {self._name}")

    async def stop(self) -> None:
        """End the encoder within STOP_SECONDS_MAX."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self._end()

    async def _keep(self) -> None:
        falls = 0
        while True:
            try:
                address = await self._address()
                await self._run(address)
            except Exception as wrong:
                log.warning("demo.pusher_failed", room=self._name, error=repr(wrong))
            falls = 0 if time.monotonic() - self._started > STEADY_SECONDS else falls
            pause = RESTART_SECONDS[min(falls, len(RESTART_SECONDS) - 1)]
            falls += 1
            await asyncio.sleep(pause)

    async def _run(self, address: str) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command(address),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C in a terminal reaches the demo first, which ends its encoders itself
                preexec_fn=die_with_parent,
            )
        self._started = time.monotonic()
        log.info("demo.pusher_started", room=self._name, pid=self._process.pid)
        code = await self._wait(self._process)
        log.warning("demo.pusher_ended", room=self._name, code=code, log=str(self._log))

    async def _wait(self, process: asyncio.subprocess.Process) -> int:
        """Wait for the end; what it had used is added up now and then, because an ended process cannot be asked."""
        seen = 0.0
        while True:
            try:
                return await asyncio.wait_for(asyncio.shield(process.wait()), 30)
            except TimeoutError:
                seen = self._cpu_now() or seen
            finally:
                if process.returncode is not None:
                    self._cpu_seconds_before += seen

    def _cpu_now(self) -> float:
        if self._process is None or self._process.returncode is not None:
            return 0.0
        return cpu_seconds_of(self._process.pid)

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def cpu_seconds_of(pid: int) -> float:
    """User and system time of a living process, its threads included (proc(5): fields 14 and 15 of stat); 0 where there is none."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def die_with_parent() -> None:
    """For a child, between fork and exec: the kernel ends it when the demo dies, however the demo dies."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
