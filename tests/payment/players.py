"""The three providers of the sandbox process as a tester sees them: pay at each one's cashier, have it misbehave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from tests.payment.world import Sandbox

from kaibo.trade.payment.methods import Method, Provider


@dataclass(frozen=True)
class Player:
    """`method` is one of the provider's ways to pay; `desk` the path of its tester's routes."""

    sandbox: Sandbox
    provider: Provider
    method: Method
    desk: str

    async def call(self, verb: str, path: str, **options: Any) -> httpx.Response:
        directory = self.sandbox.data_dir if self.provider == "wechatpay" else self.sandbox.data_dir / self.provider
        headers = {"Authorization": f"Bearer {(directory / 'admin-token').read_text()}"}
        async with httpx.AsyncClient(base_url=self.sandbox.base_url, headers=headers, trust_env=False) as http:
            return await http.request(verb, f"{self.desk}{path}", **options)

    async def set_faults(self, number: str, **faults: Any) -> None:
        answer = await self.call("PUT", f"/faults/{number}", json=faults)
        assert answer.status_code == 200, answer.text

    async def add_endpoint(self, url: str) -> None:
        """Stripe is told once where to call; the others with every charge."""
        if self.provider == "stripe":
            answer = await self.call("PUT", "/endpoints", json={"url": url})
            assert answer.status_code == 200, answer.text

    async def pay(self, pay_url: str, outcome: str = "success") -> httpx.Response:
        """As an automated buyer does."""
        if self.provider == "wechatpay":
            return await self.sandbox.pay(pay_url, outcome)
        async with httpx.AsyncClient(base_url=self.sandbox.base_url, trust_env=False) as http:
            if self.provider == "alipay":
                opened = await http.get(pay_url)
                if opened.status_code != 302:
                    return opened
                token = parse_qs(urlsplit(opened.headers["location"]).query)["token"][0]
            else:
                token = urlsplit(pay_url).path.rpartition("/")[2]
            return await http.post(f"{self.desk}/pay/{token}", json={"outcome": outcome})


def players(sandbox: Sandbox) -> dict[str, Player]:
    return {
        "wechatpay": Player(sandbox, "wechatpay", "wechat_h5", "/sandbox"),
        "alipay": Player(sandbox, "alipay", "alipay_wap", "/alipay/sandbox"),
        "stripe": Player(sandbox, "stripe", "stripe_checkout", "/stripe/sandbox"),
    }
