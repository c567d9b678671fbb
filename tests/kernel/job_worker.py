"""A worker process of the tests: `python -m tests.kernel.job_worker URL DIRECTORY`. Its jobs leave marks in the directory."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from kaibo.kernel.jobs import Jobs, application, run

directory = Path(sys.argv[2])
jobs = Jobs("test")


@jobs.job("test.mark")
async def leave_mark(mark: str) -> None:
    """One line a run."""
    with (directory / mark).open("a") as file:
        file.write("ran\n")


@jobs.job("test.linger")
async def linger(mark: str) -> None:
    """Hangs the first time; comes through when it is run again."""
    with (directory / mark).open("a") as file:
        file.write("began\n")
    if (directory / mark).read_text().count("began") == 1:
        await asyncio.sleep(600)
    with (directory / mark).open("a") as file:
        file.write("ended\n")


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run(application(sys.argv[1], [jobs]), stop)


asyncio.run(main())
