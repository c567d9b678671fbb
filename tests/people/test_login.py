"""Login by phone and one-time code."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
from sqlalchemy import select

from kaibo.kernel import clock
from kaibo.kernel.config import Settings
from kaibo.kernel.db import Database
from kaibo.people.accounts import tables
from kaibo.people.accounts.sign_in import token_sha256
from tests.people.conftest import last_code, login
from tests.people_of_tests import new_phone


async def ask(client: httpx.AsyncClient, phone: str) -> httpx.Response:
    return await client.post("/api/login/codes", json={"phone": phone})


async def test_the_first_login_makes_the_account_and_the_second_finds_it(client: httpx.AsyncClient) -> None:
    phone = new_phone()
    asked = await ask(client, phone)
    assert asked.status_code == 202
    assert asked.json()["expires_in_seconds"] == 300
    me = (await login(client, phone, await last_code(client, phone))).json()
    assert me["signed_in"] is True
    assert me["person"]["phone_masked"] == f"{phone[:3]}****{phone[-4:]}"
    assert me["person"]["realname_state"] == "none"
    assert phone not in str(me)
    client.cookies.clear()
    later = clock.FixedClock(clock.now() + timedelta(seconds=100))
    with clock.use(later):
        await ask(client, f"+86 {phone}")
        again = (await login(client, phone, await last_code(client, phone))).json()
    assert again["person"]["id"] == me["person"]["id"]


async def test_the_cookie_is_httponly_and_only_its_hash_is_stored(
    client: httpx.AsyncClient, database: Database
) -> None:
    phone = new_phone()
    await ask(client, phone)
    answer = await login(client, phone, await last_code(client, phone))
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    token = client.cookies["kaibo_login"]
    async with database.transaction() as db:
        stored = (await db.execute(select(tables.logins.c.token_sha256))).scalars().all()
    assert token_sha256(token) in stored
    assert token.encode() not in stored


async def test_codes_are_not_readable_in_their_table(client: httpx.AsyncClient, database: Database) -> None:
    phone = new_phone()
    await ask(client, phone)
    code = await last_code(client, phone)
    async with database.transaction() as db:
        row = (await db.execute(select(tables.login_codes).where(tables.login_codes.c.phone == phone))).one()
    assert code not in str(row)
    assert code.encode() not in row.code_hmac


async def test_a_code_is_good_once(client: httpx.AsyncClient) -> None:
    phone = new_phone()
    await ask(client, phone)
    code = await last_code(client, phone)
    assert (await login(client, phone, code)).status_code == 200
    client.cookies.clear()
    again = await login(client, phone, code)
    assert (again.status_code, again.json()["code"]) == (401, "people.code_expired")


async def test_five_wrong_tries_end_a_code_even_in_parallel(client: httpx.AsyncClient) -> None:
    phone = new_phone()
    await ask(client, phone)
    code = await last_code(client, phone)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    answers = await asyncio.gather(*(login(client, phone, wrong) for _ in range(12)))
    codes = sorted(answer.json()["code"] for answer in answers)
    assert codes.count("people.code_wrong") == 5
    assert codes.count("people.code_expired") == 7
    assert {a.json()["tries_left"] for a in answers if a.json()["code"] == "people.code_wrong"} == {0, 1, 2, 3, 4}
    assert (await login(client, phone, code)).json()["code"] == "people.code_expired"


async def test_the_fifth_try_may_be_the_right_one(client: httpx.AsyncClient) -> None:
    phone = new_phone()
    await ask(client, phone)
    code = await last_code(client, phone)
    for left in (4, 3, 2, 1):
        refused = await login(client, phone, "0")
        assert refused.json()["tries_left"] == left
    assert (await login(client, phone, code)).status_code == 200


async def test_a_code_dies_with_its_time_and_with_a_newer_code(client: httpx.AsyncClient) -> None:
    phone = new_phone()
    start = clock.FixedClock(clock.now())
    with clock.use(start):
        await ask(client, phone)
        first = await last_code(client, phone)
        start.advance(seconds=301)
        assert (await login(client, phone, first)).json()["code"] == "people.code_expired"
        await ask(client, phone)
        second = await last_code(client, phone)
        start.advance(seconds=61)
        await ask(client, phone)
        third = await last_code(client, phone)
        if second != third:
            assert (await login(client, phone, second)).json()["code"] == "people.code_wrong"
        assert (await login(client, phone, third)).status_code == 200


async def test_a_phone_gets_one_code_a_minute_and_five_an_hour(
    client: httpx.AsyncClient, strict_limits: Settings
) -> None:
    phone = new_phone()
    start = clock.FixedClock(clock.now() + timedelta(days=3))
    with clock.use(start):
        for _ in range(5):
            assert (await ask(client, phone)).status_code == 202
            soon = await ask(client, phone)
            assert (soon.status_code, soon.json()["code"]) == (429, "people.code_too_soon")
            assert soon.headers["retry-after"] == "60"
            start.advance(seconds=61)
        over = await ask(client, phone)
        assert (over.status_code, over.json()["code"], over.json()["per"]) == (429, "people.codes_used_up", "phone")
        start.advance(seconds=over.json()["retry_after_seconds"])
        assert (await ask(client, phone)).status_code == 202


async def test_an_address_gets_thirty_codes_an_hour(client: httpx.AsyncClient, strict_limits: Settings) -> None:
    start = clock.FixedClock(clock.now() + timedelta(days=6))
    with clock.use(start):
        answers = [await ask(client, new_phone()) for _ in range(31)]
    assert [a.status_code for a in answers] == [202] * 30 + [429]
    assert answers[-1].json()["per"] == "ip"


async def test_login_needs_the_agreement(client: httpx.AsyncClient) -> None:
    phone = new_phone()
    await ask(client, phone)
    code = await last_code(client, phone)
    refused = await login(client, phone, code, agreed=False)
    assert refused.json()["code"] == "people.terms_not_agreed"
    assert (await client.post("/api/login", json={"phone": phone, "code": code})).status_code == 422
    assert (await client.post("/api/login", json={"phone": phone, "code": code, "agreed": "yes"})).status_code == 422
    assert (await login(client, phone, code)).status_code == 200


async def test_a_malformed_phone_is_named_in_the_readers_language(client: httpx.AsyncClient) -> None:
    zh = await client.post("/api/login/codes", json={"phone": "12345"}, headers={"Accept-Language": "zh-CN"})
    en = await client.post("/api/login/codes", json={"phone": "12345"}, headers={"Accept-Language": "en"})
    assert zh.json()["code"] == en.json()["code"] == "people.phone_malformed"
    assert "手机号" in zh.json()["title"]
    assert "mobile number" in en.json()["title"]


async def test_logout_ends_this_login_only(client: httpx.AsyncClient) -> None:
    phone = new_phone()
    await ask(client, phone)
    await login(client, phone, await last_code(client, phone))
    token = client.cookies["kaibo_login"]
    csrf = (await client.get("/api/me")).json()["csrf_token"]
    assert (await client.post("/api/logout", headers={"X-CSRF-Token": csrf})).status_code == 204
    client.cookies.set("kaibo_login", token)
    assert (await client.get("/api/me")).json()["signed_in"] is False


async def test_a_login_ends_after_its_days(client: httpx.AsyncClient) -> None:
    phone = new_phone()
    await ask(client, phone)
    await login(client, phone, await last_code(client, phone))
    assert (await client.get("/api/me")).json()["signed_in"] is True
    with clock.use(clock.FixedClock(clock.now() + timedelta(days=30, seconds=5))):
        assert (await client.get("/api/me")).json()["signed_in"] is False


async def test_a_forged_cookie_is_nobody(client: httpx.AsyncClient) -> None:
    for forged in ("x", "A" * 43, "A" * 5000, "%00", "é"):
        answer = await client.get("/api/me", headers={b"Cookie": f"kaibo_login={forged}".encode()})
        assert answer.json()["signed_in"] is False
        assert answer.json()["person"] is None


async def test_messages_are_shown_to_this_machine_only(client: httpx.AsyncClient) -> None:
    url = "http://127.0.0.1/local/sms"
    assert (await client.get(url)).status_code == 200
    assert (await client.get(url, headers={"X-Forwarded-For": "203.0.113.5"})).status_code == 404
    assert (await client.get("http://rebound.example/local/sms.json")).status_code == 404
    transport = httpx.ASGITransport(app=client._transport.app, client=("203.0.113.5", 4711))  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as stranger:
        refused = await stranger.get("/local/sms.json")
    assert (refused.status_code, refused.json()["code"]) == (404, "people.only_from_here")


async def test_a_nickname_ischanged_settings_and_checked(client: httpx.AsyncClient) -> None:
    phone = new_phone()
    await ask(client, phone)
    await login(client, phone, await last_code(client, phone))
    csrf = (await client.get("/api/me")).json()["csrf_token"]
    changed = await client.patch("/api/me", json={"nickname": "  江山  老王 "}, headers={"X-CSRF-Token": csrf})
    assert changed.json()["person"]["nickname"] == "江山 老王"
    hidden = await client.patch("/api/me", json={"nickname": "官方\u200b客服"}, headers={"X-CSRF-Token": csrf})
    assert hidden.json()["code"] == "people.nickname_invalid"
