"""Rate limits with a time to come back, readiness, and figures for those who may read them."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from kaibo.kernel.bus import Bus
from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from kaibo.kernel.db import Database
from kaibo.kernel.engines.ports import free_port
from tests.kernel.gated import client_of, gated
from tests.people_of_tests import Person


@pytest.fixture
async def strict(here: Context, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with gated(here, settings.model_copy(update={"rate_limit_scale": 1.0})) as client:
        yield client


def beside(client: httpx.AsyncClient, ip: str) -> httpx.AsyncClient:
    """Another caller of the same application."""
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    return client_of(transport.app, ip)


async def test_a_used_up_limit_says_when_to_come_back(strict: httpx.AsyncClient) -> None:
    assert [(await strict.post("/api/test/seldom")).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = await strict.post("/api/test/seldom", headers={"Accept-Language": "en"})
    assert answer.json()["code"] == "web.rate_limited"
    seconds = int(answer.headers["retry-after"])
    assert 1 <= seconds <= 60
    assert answer.json()["retry_after_seconds"] == seconds
    assert f"{seconds} s" in answer.json()["title"]


async def test_one_callers_limit_is_not_anothers(strict: httpx.AsyncClient) -> None:
    for _ in range(4):
        await strict.post("/api/test/seldom")
    async with beside(strict, "127.0.0.2") as other:
        assert (await other.post("/api/test/seldom")).status_code == 200


async def test_invented_login_cookies_are_no_way_around_a_limit(strict: httpx.AsyncClient) -> None:
    seen = []
    for _ in range(5):
        token = secrets.token_urlsafe(32)
        cookie = {"Cookie": f"kaibo_login={token}; kaibo_csrf=t", "X-CSRF-Token": "t"}
        seen.append((await strict.post("/api/test/seldom", headers=cookie)).status_code)
    assert seen == [200, 200, 200, 429, 429]


async def test_a_person_is_counted_as_one_wherever_they_call_from(
    strict: httpx.AsyncClient, sign_in: Callable[[], Any]
) -> None:
    person: Person = await sign_in()
    seen = []
    for n in range(5):
        async with beside(strict, f"127.0.1.{n}") as browser:
            browser.cookies.update(person.client.cookies)
            browser.headers["X-CSRF-Token"] = person.client.headers["X-CSRF-Token"]
            seen.append((await browser.post("/api/test/seldom")).status_code)
    assert seen == [200, 200, 200, 429, 429]
    assert (await strict.post("/api/test/seldom")).status_code == 200


async def test_a_house_in_order_is_ready(strict: httpx.AsyncClient) -> None:
    assert (await strict.get("/readyz")).text == "ready\n"
    assert (await strict.get("/healthz")).text == "ok\n"


async def test_without_nats_the_house_is_alive_but_not_ready(here: Context, settings: Settings) -> None:
    gone = await Bus.connect(settings.nats_url, credentials=settings.nats_credentials)
    await gone.close()
    async with gated(Context(settings, here.database, gone, here.blobs), settings) as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["engine"] == "NATS"
        assert (await client.get("/healthz")).status_code == 200


async def test_without_postgresql_the_house_is_alive_but_not_ready(here: Context, settings: Settings) -> None:
    gone = Database.connect(f"postgresql://kaibo:x@127.0.0.1:{free_port()}/kaibo")
    async with gated(Context(settings, gone, here.bus, here.blobs), settings) as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["engine"] == "PostgreSQL"
        assert (await client.get("/healthz")).status_code == 200
        login = {"Cookie": f"kaibo_login={secrets.token_urlsafe(32)}; kaibo_csrf=t", "X-CSRF-Token": "t"}
        refused = await client.post("/api/test/seldom", headers=login)
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
    await gone.close()


async def test_figures_without_a_token_are_for_this_machine(strict: httpx.AsyncClient) -> None:
    own = await strict.get("/metrics")
    assert own.status_code == 200
    assert "kaibo_http_seconds_bucket" in own.text
    async with beside(strict, "192.0.2.7") as stranger:
        assert (await stranger.get("/metrics")).status_code == 403
    forwarded = await strict.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"})
    assert forwarded.status_code == 403


async def test_figures_with_a_token_are_for_who_has_it(here: Context, settings: Settings) -> None:
    async with gated(here, settings.model_copy(update={"metrics_token": "t0ken"})) as client:
        assert (await client.get("/metrics")).status_code == 403
        assert (await client.get("/metrics", headers={"Authorization": "Bearer wrong"})).status_code == 403
        async with beside(client, "192.0.2.7") as scraper:
            assert (await scraper.get("/metrics", headers={"Authorization": "Bearer t0ken"})).status_code == 200
