"""A whole Kaibo for the journeys: `kaibo up` as its own process tree, on free ports, in a directory of its own."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from kaibo.kernel.engines.ports import is_free

START_SECONDS_MAX = 120
STOP_SECONDS_MAX = 40
PASSWORD = "journeys-of-kaibo-2026"


def steady_port() -> int:
    """A free port below the range from which outgoing connections take theirs: a house that is down may come back to it."""
    return next(port for port in iter(lambda: random.randrange(10_000, 32_000), 0) if is_free(port))


@dataclass
class RunningHouse:
    """`kaibo up` with short trade periods: what is received is settled at once."""

    data_dir: Path
    more: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(
        default_factory=lambda: {
            name: steady_port()
            for name in ("PORT", "MEDIA_PORT", "RTMP_PORT", "NATS_WEBSOCKET_PORT", "GATEWAY_PORT", "CARRIER_PORT")
        }
    )
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['PORT']}"

    @property
    def environment(self) -> dict[str, str]:
        said = {f"KAIBO_{name}": str(port) for name, port in self.ports.items()}
        return {
            **os.environ,
            **said,
            "KAIBO_DATA_DIR": str(self.data_dir),
            "KAIBO_AFTER_SALES_DAYS": "0",
            "KAIBO_RATE_LIMIT_SCALE": "1000",
            "KAIBO_RECORD_MIN_FREE_BYTES": "1000000",
            **self.more,
        }

    async def start(self) -> None:
        log = self.data_dir / "up.log"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "kaibo", "up", env=self.environment, stdout=output, stderr=output
            )
        async with asyncio.timeout(START_SECONDS_MAX):
            while "is up" not in log.read_text(encoding="utf-8"):
                if self.process.returncode is not None:
                    raise RuntimeError(f"kaibo up ended:\n{log.read_text(encoding='utf-8')}")
                await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """Ctrl-C, as a person would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        await asyncio.wait_for(self.process.wait(), STOP_SECONDS_MAX)

    def child(self, name: str) -> psutil.Process:
        """The child that does `name`: web, worker, media, nats, postgres or gateway."""
        assert self.process is not None
        marks = {"postgres": "postgres -D", "nats": "nats.json", "gateway": "-m kaibo.sandbox --play"}
        mark = marks.get(name, f"-m kaibo {name}")
        for child in psutil.Process(self.process.pid).children():
            try:
                if mark in " ".join(child.cmdline()):
                    return child
            except psutil.Error:
                continue
        raise LookupError(f"no {name} at the moment")

    def add_staff(self, username: str) -> str:
        """An operator who is a reviewer too; returns the secret of the authenticator."""
        done = subprocess.run(
            [
                *(sys.executable, "-m", "kaibo", "staff", "add", username),
                *("--role", "operator", "--role", "reviewer", "--password", PASSWORD),
            ],
            env=self.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = re.search(r"secret: ([A-Z2-7]+)", done.stdout)
        assert found, done.stdout
        return found.group(1)
