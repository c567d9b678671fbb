"""A real gateway process and a real HTTP receiver for its callbacks."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from kaibo.trade.payment.gateway import ChargeRequest, Notice
from kaibo.trade.payment.wechatpay import WechatPayGateway, read_merchant_file

WAIT_S_MAX = 15.0


@dataclass(frozen=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """Answers every POST with the next status of `statuses`, then 204 for ever."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.statuses: dict[str, list[int]] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append(Received(self.path, dict(self.headers.items()), body))
                waiting = receiver.statuses.get(self.path, [])
                self.send_response(waiting.pop(0) if waiting else 204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def on(self, path: str) -> list[Received]:
        return [received for received in self.received if received.path == path]

    async def wait(self, path: str, count: int = 1) -> list[Received]:
        await until(lambda: len(self.on(path)) >= count, f"{count} callbacks on {path}")
        return self.on(path)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Sandbox:
    """All gateways as one child process; it can be killed and started again on the same data."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.data_dir = data_dir
        self.options = options
        self.files = [data_dir / name for name in ("merchant.json", "alipay/alipay.json", "stripe/stripe.json")]
        self.log_path = data_dir.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # What a killed process left behind must not pass for the new one's.
        for file in self.files:
            file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "kaibo.sandbox", "--data-dir", str(self.data_dir), *self.options]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + WAIT_S_MAX
        while not all(file.exists() for file in self.files):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the gateway did not start:\n{self.log_path.read_text()}")
            time.sleep(0.02)

    def kill(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(WAIT_S_MAX)

    def gateway(self, **options: Any) -> WechatPayGateway:
        return WechatPayGateway(read_merchant_file(self.data_dir / "merchant.json"), **options)

    @property
    def base_url(self) -> str:
        return read_merchant_file(self.data_dir / "merchant.json").base_url

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One of the /sandbox routes, as the tester who holds the admin token."""
        headers = {"Authorization": f"Bearer {(self.data_dir / 'admin-token').read_text()}"}
        async with httpx.AsyncClient(base_url=self.base_url, headers=headers, trust_env=False) as http:
            return await http.request(method, path, **options)

    async def set_faults(self, out_trade_no: str, **faults: Any) -> None:
        answer = await self.call("PUT", f"/sandbox/faults/{out_trade_no}", json=faults)
        assert answer.status_code == 200, answer.text

    async def pay(self, pay_url: str, outcome: str = "success") -> httpx.Response:
        """As an automated buyer does."""
        prepay_id = re.search(r"prepay_id=(\w+)", pay_url)
        assert prepay_id is not None
        async with httpx.AsyncClient(base_url=self.base_url, trust_env=False) as http:
            return await http.post(f"/sandbox/pay/{prepay_id[1]}", json={"outcome": outcome})


@dataclass(frozen=True)
class World:
    sandbox: Sandbox
    receiver: Receiver
    gateway: WechatPayGateway

    def charge(self, amount_fen: int = 2990, **changes: Any) -> ChargeRequest:
        number = changes.pop("out_trade_no", f"T{uuid.uuid4().hex[:24]}")
        values: dict[str, Any] = {
            "description": "宾川紫皮独头蒜 5 斤",
            "notify_url": f"{self.receiver.origin}/{number}",
            "payer_ip": "127.0.0.1",
            "expires_at": datetime.now(UTC) + timedelta(minutes=15),
        }
        return ChargeRequest(out_trade_no=number, amount_fen=amount_fen, **(values | changes))

    async def paid(self, amount_fen: int = 2990, **faults: Any) -> ChargeRequest:
        """A charge that went the whole way to the payment, with faults set before it."""
        request = self.charge(amount_fen)
        if faults:
            await self.sandbox.set_faults(request.out_trade_no, **faults)
        created = await self.gateway.create(request)
        answer = await self.sandbox.pay(created.pay_url)
        assert answer.status_code == 200, answer.text
        return request

    def read(self, received: Received, *, now: datetime | None = None) -> Notice:
        return self.gateway.parse_callback(received.headers, received.body, now=now or datetime.now(UTC))


async def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_S_MAX
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {WAIT_S_MAX} s in vain for {what}")
        await asyncio.sleep(0.02)
