"""The supervised process tree of `kaibo up`: started in order, restarted when one crashes, stopped in reverse order.

Every child is told by the kernel to end when the supervisor dies (PR_SET_PDEATHSIG), so that a killed supervisor leaves nothing
behind; the data directory is held by a lock, so that a second `up` is refused.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

LOG_BYTES_MAX = 50 << 20
RESTART_SECONDS = (0.2, 1.0, 3.0, 10.0, 30.0)
STEADY_SECONDS = 3.0
"""Who has served for so long is not falling over and over again: the next time it is started at once."""
STOP_SECONDS_MAX = 12.0
RELEASE_SECONDS_MAX = 5.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)

Say = Callable[[str], None]


class DataDirectoryBusy(Exception):
    """Another `kaibo up` holds this data directory."""


class ChildFailed(Exception):
    """A child did not become ready."""


@dataclass(frozen=True)
class Child:
    """How to run one process. `ready` returns once it serves; `stop_signal` asks it to end."""

    name: str
    command: Callable[[], list[str]]
    ready: Callable[[], Awaitable[None]]
    environment: dict[str, str] = field(default_factory=dict)
    user: str | None = None
    directory: str | None = None
    stop_signal: int = signal.SIGTERM
    ready_seconds_max: float = 60.0


@contextmanager
def holding(data_dir: Path) -> Iterator[bool]:
    """Hold `data_dir` for this process; true where the last holder was killed. Raises DataDirectoryBusy with the other's pid.

    A holder that has just ended is given a moment: the kernel takes the lock back a little after the process is gone.
    """
    path = data_dir / "run" / "up.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + RELEASE_SECONDS_MAX
    with path.open("a+", encoding="ascii") as file:
        while not _locked(file):
            file.seek(0)
            holder = file.read().strip()
            if _lives(holder) or time.monotonic() > until:
                raise DataDirectoryBusy(
                    f"{data_dir.resolve()} is in use by another `kaibo up` (process {holder or '?'}): "
                    "stop that one, or choose another directory with --data-dir"
                )
            time.sleep(0.05)
        file.seek(0)
        was_killed = file.read() != ""
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield was_killed
        finally:
            file.truncate(0)


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lives(pid: str) -> bool:
    return pid.isdigit() and Path(f"/proc/{pid}").exists()


def is_held(data_dir: Path) -> bool:
    """Whether a `kaibo up` runs on this data directory now."""
    path = data_dir / "run" / "up.lock"
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


class Tree:
    """The running children."""

    def __init__(self, data_dir: Path, say: Say) -> None:
        self._logs = data_dir / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._say = say
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._ready_at: dict[str, float] = {}
        self._order: list[Child] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = False

    def pid(self, name: str) -> int:
        return self._running[name].pid

    async def start(self, child: Child) -> None:
        """Start a child and wait until it is ready. Raises ChildFailed with the end of its log."""
        self._order.append(child)
        process = await self._spawn(child)
        ready = asyncio.ensure_future(child.ready())
        ended = asyncio.ensure_future(process.wait())
        await asyncio.wait({ready, ended}, timeout=child.ready_seconds_max, return_when=asyncio.FIRST_COMPLETED)
        if ready.done() and ready.exception() is None:
            ended.cancel()
            self._ready_at[child.name] = time.monotonic()
            self._keepers.append(asyncio.create_task(self._keep(child)))
            return
        for task in (ready, ended):
            task.cancel()
        why = f"ended with code {process.returncode}" if process.returncode is not None else "did not answer in time"
        raise ChildFailed(f"{child.name} {why}. The end of {self._log(child)}:\n{self._tail(child)}")

    async def _spawn(self, child: Child) -> asyncio.subprocess.Process:
        log = self._log(child)
        _shorten(log)
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *child.command(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **child.environment},
                user=child.user,
                cwd=child.directory,
                start_new_session=True,
                preexec_fn=lambda: _libc.prctl(_PR_SET_PDEATHSIG, child.stop_signal),
            )
        self._running[child.name] = process
        return process

    async def _keep(self, child: Child) -> None:
        """Restart the child whenever it ends by itself, a little later each time until it has served steadily."""
        falls = 0
        returning: asyncio.Task[None] = asyncio.create_task(asyncio.sleep(0))
        while True:
            code = await self._running[child.name].wait()
            if self._stopping:
                return
            ready_at = self._ready_at.pop(child.name, None)
            falls = 0 if ready_at is not None and time.monotonic() - ready_at > STEADY_SECONDS else falls
            pause = RESTART_SECONDS[min(falls, len(RESTART_SECONDS) - 1)]
            falls += 1
            returning.cancel()
            self._say(
                f"{child.name} ended unexpectedly (code {code}); starting it again in {pause:g} s. Log: {self._log(child)}"
            )
            await asyncio.sleep(pause)
            await self._spawn(child)
            # Not awaited here: it may die again before it is ready, and that must be noticed at once.
            returning = asyncio.create_task(self._say_when_back(child))

    async def _say_when_back(self, child: Child) -> None:
        try:
            await asyncio.wait_for(child.ready(), child.ready_seconds_max)
            self._ready_at[child.name] = time.monotonic()
            self._say(f"{child.name} is back")
        except Exception as wrong:
            self._say(f"{child.name} is not ready yet: {wrong!r}")

    async def stop(self) -> None:
        """Ask every child to end, last started first; one that does not is killed."""
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        for child in reversed(self._order):
            process = self._running.get(child.name)
            if process is None or process.returncode is not None:
                continue
            process.send_signal(child.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
            except TimeoutError:
                self._say(f"{child.name} did not end in {STOP_SECONDS_MAX:g} s and was killed")
                process.kill()
                await process.wait()

    async def keep_logs_short(self) -> None:
        while True:
            await asyncio.sleep(60)
            for child in self._order:
                _shorten(self._log(child))

    def _log(self, child: Child) -> Path:
        return self._logs / f"{child.name}.log"

    def _tail(self, child: Child) -> str:
        return self._log(child).read_text(encoding="utf-8", errors="replace")[-2000:]


def _shorten(log: Path) -> None:
    """Children append to their log, so it may be emptied under them; one older part is kept."""
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.with_suffix(".log.1").write_bytes(log.read_bytes())
        os.truncate(log, 0)
