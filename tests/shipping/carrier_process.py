"""The sandbox carrier as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from kaibo.trade.shipping.kuaidi100 import Kuaidi100, read_carrier_file

WAIT_S_MAX = 15.0
QUICK = ("--time-scale", "0.00001", "--retry-scale", "0.0002")
"""A journey of 36 hours takes 1.3 seconds; a failed push comes again after 0.36 seconds."""


class CarrierProcess:
    """It can be killed and started again on the same data."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.data_dir = data_dir
        self.options = options or QUICK
        self.log_path = data_dir.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        (self.data_dir / "carrier.json").unlink(missing_ok=True)
        command = [sys.executable, "-m", "kaibo.sandbox.carrier", "--data-dir", str(self.data_dir), *self.options]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + WAIT_S_MAX
        while not (self.data_dir / "carrier.json").exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the carrier did not start:\n{self.log_path.read_text()}")
            time.sleep(0.02)

    def kill(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(WAIT_S_MAX)

    def service(self) -> Kuaidi100:
        return Kuaidi100(read_carrier_file(self.data_dir / "carrier.json"), timeout_s=5)

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One of the /sandbox routes, as the tester who holds the admin token."""
        headers = {"Authorization": f"Bearer {(self.data_dir / 'admin-token').read_text()}"}
        base = read_carrier_file(self.data_dir / "carrier.json").base_url
        async with httpx.AsyncClient(base_url=base, headers=headers, trust_env=False) as http:
            return await http.request(method, path, **options)

    async def set_faults(self, number: str, **faults: Any) -> None:
        answer = await self.call("PUT", "/sandbox/faults", params={"number": number}, json=faults)
        assert answer.status_code == 204, answer.text

    async def pushes(self, number: str) -> list[dict[str, Any]]:
        """Oldest first."""
        answer = await self.call("GET", "/sandbox/pushes", params={"number": number})
        return list(answer.json()["pushes"])[::-1]
