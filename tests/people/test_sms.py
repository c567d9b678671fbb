"""Messages: born in the transaction, carried by a provider that can be replaced."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import func, select, text

from kaibo.kernel import clock
from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.people.sms import provider as providers
from kaibo.people.sms.provider import HttpSms, Message
from kaibo.people.sms.send import RING_MESSAGES, deliver_message, last_messages, send_message
from kaibo.people.sms.tables import sms_ring
from tests.people.conftest import changed_settings


def soon() -> Any:
    return clock.now() + timedelta(minutes=5)


async def jobs_waiting(db: Db, phone: str) -> int:
    count = await db.scalar(
        text(
            "SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name = 'people.sms.send' AND args->>'phone' = :phone"
        ),
        {"phone": phone},
    )
    return int(count or 0)


async def test_a_rolled_back_transaction_sends_nothing(here: Context) -> None:
    phone = "13700000001"
    with pytest.raises(RuntimeError):
        async with here.database.transaction() as db:
            await send_message(db, phone, "login_code", "zh", soon(), code="123456", minutes="5")
            assert await jobs_waiting(db, phone) == 1
            raise RuntimeError("the request failed")
    async with here.database.transaction() as db:
        assert await jobs_waiting(db, phone) == 0
        assert not [m for m in await last_messages(db) if m[0] == phone]


async def test_the_ring_keeps_the_newest_only(db: Db) -> None:
    for i in range(RING_MESSAGES + 5):
        await send_message(db, f"137{i:08d}", "login_code", "en", soon(), code=f"{i:06d}", minutes="5")
    assert await db.scalar(select(func.count()).select_from(sms_ring)) == RING_MESSAGES
    newest = (await last_messages(db))[0]
    assert newest[0] == f"137{RING_MESSAGES + 4:08d}"
    assert newest[1].startswith("[Kaibo] Your code is")


async def test_the_http_provider_posts_json_with_its_token_and_keeps_no_ring(
    db: Db, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[httpx.Request] = []
    statuses = iter((500, 200))

    def bridge(request: httpx.Request) -> httpx.Response:
        got.append(request)
        return httpx.Response(next(statuses))

    made = HttpSms("https://sms.example/send", "t0ken", httpx.MockTransport(bridge))
    monkeypatch.setattr("kaibo.people.sms.send.provider", lambda: made)
    before = await db.scalar(select(func.count()).select_from(sms_ring))
    await send_message(db, "13700000002", "login_code", "zh", soon(), code="654321", minutes="5")
    assert await db.scalar(select(func.count()).select_from(sms_ring)) == before
    message = {
        "id": "m-1", "phone": "13700000002", "template": "login_code", "locale": "zh",
        "facts": {"code": "654321", "minutes": "5"}, "text": "…", "useless_after": soon().isoformat(),
    }  # fmt: skip
    with pytest.raises(httpx.HTTPStatusError):
        await deliver_message(**message)
    await deliver_message(**message)
    assert got[1].headers["authorization"] == "Bearer t0ken"
    sent = orjson.loads(got[1].content)
    assert (sent["phone"], sent["facts"]["code"], sent["template"]) == ("13700000002", "654321", "login_code")
    await deliver_message(**{**message, "useless_after": (clock.now() - timedelta(seconds=1)).isoformat()})
    assert len(got) == 2


def test_the_configuration_chooses_the_provider(settings: Settings) -> None:
    assert providers.provider().keeps_ring is True
    with changed_settings(settings, sms_provider="http", sms_http_url="https://sms.example/send"):
        assert isinstance(providers.provider(), HttpSms)


async def test_the_embedded_provider_writes_to_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(providers.log, "info", lambda event, **facts: lines.append((event, facts)), raising=False)
    await providers.EmbeddedSms().deliver(Message("m", "13700000003", "login_code", "zh", {}, "【开播】…"))
    assert lines == [("sms.embedded", {"phone": "13700000003", "text": "【开播】…"})]
