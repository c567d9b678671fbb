"""The generated Python client against a running application: token, pages, idempotency, problems, webhooks."""

from __future__ import annotations

import asyncio
import base64
import importlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from kaibo.open.webhooks import rules
from tests.trade.world import Buyer, Shop, key, ok

CLIENT = Path(__file__).resolve().parents[2] / "clients" / "python"


@pytest.fixture(scope="module")
def kaibo_client() -> Iterator[ModuleType]:
    """Generated now, from this server's document: it cannot have drifted."""
    subprocess.run([CLIENT / "generate"], check=True, env={**os.environ, "PYTHON": sys.executable}, timeout=300)
    sys.path.insert(0, str(CLIENT))
    yield importlib.import_module("kaibo_client")
    sys.path.remove(str(CLIENT))


def part(name: str) -> Any:
    return importlib.import_module(f"kaibo_client.generated.{name}")


async def token(shop: Shop, *scopes: str) -> str:
    body = {"name": "client", "scopes": list(scopes), "shop_id": str(shop.id)}
    return str(ok(await shop.staff.client.post("/api/me/tokens", json=body, headers=key()))["token"])


async def test_a_program_reads_and_exports_with_the_generated_client(
    kaibo_client: ModuleType, app_url: str, shop: Shop, buyer: Buyer
) -> None:
    sku = await shop.sku(stock=50)
    for _ in range(5):
        await buyer.place(sku)
    secret = await token(shop, "orders:read", "exports:write")
    operation = part("api.shop_orders.list_shop_orders")
    asks = part("api.exports.create_export")
    body = part("models").ExportBody.from_dict({"kind": "orders"})

    def work() -> tuple[list[Any], Any, Any, Any]:
        with kaibo_client.connect(app_url, secret) as kaibo:
            orders = list(kaibo_client.every(operation, shop.id, client=kaibo, limit=2))
            first = kaibo_client.create(asks, shop.id, client=kaibo, body=body, key="once")
            second = kaibo_client.create(asks, shop.id, client=kaibo, body=body, key="once")
            with pytest.raises(kaibo_client.KaiboProblem) as refused:
                kaibo_client.call(part("api.shop_orders.money"), shop.id, client=kaibo)
            return orders, first, second, refused.value

    orders, first, second, refused = await asyncio.to_thread(work)
    assert len(orders) == len({order.id for order in orders}) == 5
    assert all(isinstance(order.id, UUID) and order.total_fen > 0 for order in orders)
    assert first == second
    assert (refused.status, refused.code, refused.facts["scope"]) == (403, "web.scope_missing", "money:read")
    assert refused.request_id


async def test_a_call_that_gets_no_answer_is_made_again_under_the_same_key(kaibo_client: ModuleType) -> None:
    import httpx

    keys = []

    class Lossy:
        @staticmethod
        def sync_detailed(*, client: object, idempotency_key: str) -> Any:
            keys.append(idempotency_key)
            if len(keys) == 1:
                raise httpx.ReadTimeout("lost")
            return type("Answer", (), {"status_code": 201, "parsed": "made", "headers": {}, "content": b""})

    assert await asyncio.to_thread(kaibo_client.create, Lossy, client=None) == "made"
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_the_client_verifies_what_the_house_signs(kaibo_client: ModuleType) -> None:
    secret, body, now = rules.spell_secret(b"k" * 24), '{"type": "order.paid"}', int(time.time())
    headers = {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(now),
        "Webhook-Signature": rules.signatures([rules.spell_secret(b"o" * 24), secret], "msg_1", now, body),
    }
    assert kaibo_client.verify_webhook(secret, headers, body.encode()) == {"type": "order.paid"}
    for wrong in (
        {**headers, "Webhook-Timestamp": str(now - 301)},
        {**headers, "Webhook-Id": "msg_2"},
        {**headers, "Webhook-Signature": "v1," + base64.b64encode(b"x" * 32).decode()},
        {},
    ):
        with pytest.raises(kaibo_client.WebhookForged):
            kaibo_client.verify_webhook(secret, wrong, body.encode())
