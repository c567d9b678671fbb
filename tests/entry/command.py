"""The `kaibo` command as a person runs it: what it says and the code it ends with."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from kaibo.kernel.engines.ports import free_port

PORTS = ("PORT", "MEDIA_PORT", "RTMP_PORT", "NATS_WEBSOCKET_PORT", "GATEWAY_PORT", "CARRIER_PORT")
SECONDS_MAX = 90


@dataclass(frozen=True)
class Said:
    """Everything on the terminal, both streams, and the exit code."""

    code: int
    text: str


def environment(data_dir: Path, **said: str) -> dict[str, str]:
    """Free ports and a data directory, changed by `said` (names without KAIBO_)."""
    ports = {f"KAIBO_{name}": str(free_port()) for name in PORTS}
    return {**os.environ, **ports, "KAIBO_DATA_DIR": str(data_dir), **{f"KAIBO_{k}": v for k, v in said.items()}}


async def kaibo(*words: str, env: dict[str, str], seconds: float = SECONDS_MAX) -> Said:
    """Run the command to its end; one that does not end is killed and the test fails."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kaibo", *words), env=env, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), seconds)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Said(process.returncode, output.decode())


def children_of(pid: int) -> list[psutil.Process]:
    found: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    return found


async def all_gone(processes: list[psutil.Process], seconds: float = 30) -> None:
    """Returns once none of them runs any more."""
    async with asyncio.timeout(seconds):
        while left := [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]:
            await asyncio.sleep(0.1)
    assert not left
