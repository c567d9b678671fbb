"""What every request passes: CSRF, body limits, headers, request ids, and problems that say what was wrong."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from tests.kernel.gated import HOOK, gated
from tests.people_of_tests import Person

NOTE = {"text": "一"}
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
async def small(here: Context, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with gated(here, settings.model_copy(update={"request_bytes_max": 2048})) as client:
        yield client


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer as a problem document of RFC 9457, complete."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    document: dict[str, Any] = answer.json()
    assert document["code"] == code
    assert document["type"] == f"urn:kaibo:problem:{code}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert document["request_id"] == answer.headers["x-request-id"]
    return document


# --- forged requests


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
async def test_a_write_from_another_site_is_refused(small: httpx.AsyncClient, site: str) -> None:
    answer = await small.post("/api/test/notes", json=NOTE, headers={"Sec-Fetch-Site": site})
    problem(answer, 403, "web.csrf_failed")


@pytest.mark.parametrize("site", ["same-origin", "none", None])
async def test_a_write_of_ones_own_page_or_of_a_program_passes(small: httpx.AsyncClient, site: str | None) -> None:
    answer = await small.post("/api/test/notes", json=NOTE, headers={"Sec-Fetch-Site": site} if site else {})
    assert answer.status_code == 200


async def test_reading_from_another_site_is_no_forgery(small: httpx.AsyncClient) -> None:
    assert (await small.get("/api/meta", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200


@pytest.mark.parametrize("token", [None, "", "wrong", "钥匙"])
async def test_a_login_cookie_alone_writes_nothing(sign_in: Callable[[], Any], token: str | None) -> None:
    person: Person = await sign_in()
    good = person.client.headers.pop("X-CSRF-Token")
    said = {} if token is None else {b"X-CSRF-Token": token.encode()}
    problem(await person.client.patch("/api/me", json={"nickname": "被盗"}, headers=said), 403, "web.csrf_failed")
    person.client.cookies.delete("kaibo_csrf")
    refused = await person.client.patch("/api/me", json={"nickname": "被盗"}, headers={"X-CSRF-Token": good})
    problem(refused, 403, "web.csrf_failed")
    assert (await person.client.get("/api/me")).json()["person"]["nickname"] != "被盗"


async def test_programs_that_sign_what_they_send_need_no_token(small: httpx.AsyncClient) -> None:
    small.cookies.set("kaibo_login", "a-cookie-that-came-along")
    answer = await small.post(HOOK, json=NOTE, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    problem(await small.post("/api/test/notes", json=NOTE), 403, "web.csrf_failed")


async def test_a_page_brings_the_token_once(small: httpx.AsyncClient) -> None:
    first = await small.get("/")
    cookie = first.headers["set-cookie"]
    assert cookie.startswith("kaibo_csrf=")
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert "set-cookie" not in (await small.get("/")).headers


# --- bodies


async def test_a_body_over_the_limit_is_refused_by_its_length(small: httpx.AsyncClient) -> None:
    answer = await small.post("/api/test/notes", json={"text": "x" * 3000}, headers=ENGLISH)
    assert problem(answer, 413, "web.body_too_large")["bytes_max"] == 2048
    assert "2048 bytes" in answer.json()["title"]


async def test_a_body_without_a_length_is_counted_as_it_comes(small: httpx.AsyncClient) -> None:
    asked = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal asked
        yield b'{"text": "'
        for _ in range(1000):
            asked += 1
            yield b"x" * 100
        yield b'"}'

    answer = await small.post("/api/test/notes", content=pieces(), headers={"Content-Type": "application/json"})
    assert problem(answer, 413, "web.body_too_large")["bytes_max"] == 2048


async def test_a_body_that_lies_about_its_length_is_counted_all_the_same(small: httpx.AsyncClient) -> None:
    said = {"Content-Type": "application/json", "Content-Length": "10"}
    answer = await small.post("/api/test/notes", content=json.dumps({"text": "x" * 3000}), headers=said)
    problem(answer, 413, "web.body_too_large")


@pytest.mark.parametrize("length", ["-1", "ten", "\u00b2", "9" * 5000])
async def test_a_length_that_is_no_number_breaks_nothing(small: httpx.AsyncClient, length: str) -> None:
    said = {b"Content-Type": b"application/json", b"Content-Length": length.encode("latin-1")}
    answer = await small.post("/api/test/notes", content=b'{"text": "x"}', headers=said)
    assert answer.status_code in {200, 413}


async def test_an_upload_may_be_larger_than_json(client: httpx.AsyncClient, settings: Settings) -> None:
    body = b"x" * (settings.request_bytes_max + 1)
    problem(await client.post("/api/login", content=body), 413, "web.body_too_large")
    problem(await client.post("/api/pictures", files={"file": ("a.png", body)}), 401, "kernel.not_signed_in")
    over = b"x" * (settings.upload_bytes_max + 1)
    problem(await client.post("/api/pictures", files={"file": ("a.png", over)}), 413, "web.body_too_large")


# --- headers


async def test_every_answer_carries_the_security_headers(small: httpx.AsyncClient) -> None:
    for path in ("/", "/api/meta", "/api/nothing", "/api/test/fault", "/healthz"):
        headers = (await small.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["x-frame-options"] == "DENY", path
        assert headers["referrer-policy"] == "strict-origin-when-cross-origin", path
        assert headers["cross-origin-opener-policy"] == "same-origin", path
        assert "strict-transport-security" not in headers, path
        assert headers["x-request-id"], path


async def test_pages_may_load_what_they_need_and_the_api_nothing(small: httpx.AsyncClient, settings: Settings) -> None:
    api = await small.get("/api/meta")
    assert api.headers["content-security-policy"] == "default-src 'none'"
    assert api.headers["cache-control"] == "no-store"
    page = await small.get("/api/test/page", headers={"Host": "live.test:8600"})
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["object-src"] == "'none'"
    assert f"http://live.test:{settings.media_port}" in policy["media-src"]
    assert settings.nats_websocket_url in policy["connect-src"]


async def test_an_https_address_is_kept_to(here: Context, settings: Settings) -> None:
    known = settings.model_copy(update={"public_url": "https://live.example.com", "nats_websocket_url": ""})
    async with gated(here, known) as client:
        page = await client.get("/", headers={"Host": "live.example.com"})
        assert "; Secure" in page.headers["set-cookie"]
        shown = await client.get("/api/test/page", headers={"Host": "live.example.com"})
    assert page.headers["strict-transport-security"] == "max-age=31536000"
    assert f"wss://live.example.com:{settings.nats_websocket_port}" in shown.headers["content-security-policy"]
    assert "http://" not in shown.headers["content-security-policy"]


async def test_a_request_id_is_echoed_where_it_is_one(small: httpx.AsyncClient) -> None:
    assert (await small.get("/api/meta", headers={"X-Request-Id": "from_the-proxy42"})).headers["x-request-id"] == (
        "from_the-proxy42"
    )
    for bad in ("a b", "x" * 65, 'evil"; drop', ""):
        assert (await small.get("/api/meta", headers={"X-Request-Id": bad})).headers["x-request-id"] != bad


# --- problems


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "不支持"), ("en", "not supported")])
async def test_problems_speak_the_readers_language(small: httpx.AsyncClient, language: str, words: str) -> None:
    answer = await small.put("/api/test/notes", json=NOTE, headers={"Accept-Language": language})
    assert words in problem(answer, 405, "web.method_not_allowed")["title"]
    assert answer.headers["allow"] == "POST"


async def test_an_address_that_is_none_is_a_problem_too(small: httpx.AsyncClient) -> None:
    for path in ("/api/nothing", "/blobs/none.webp", "/assets/none.js"):
        problem(await small.get(path), 404, "web.not_found")


async def test_what_is_not_json_is_told_apart_from_what_is_wrong(small: httpx.AsyncClient) -> None:
    json_type = {"Content-Type": "application/json"}
    problem(await small.post("/api/test/notes", content=b"{text", headers=json_type), 422, "web.not_json")
    document = problem(await small.post("/api/test/notes", json={"txt": "x"}, headers=ENGLISH), 422, "web.invalid")
    assert document["count"] == 2
    assert {error["path"] for error in document["errors"]} == {"body.text", "body.txt"}


@pytest.mark.parametrize("body", [b'{"text": "\\ud800"}', b'{"text": "a\\u0000b"}', b'{"\\udfff": 1}', b"\xff\xfe"])
async def test_text_that_is_none_is_refused_and_can_be_answered(small: httpx.AsyncClient, body: bytes) -> None:
    answer = await small.post("/api/test/notes", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    problem(answer, 422, answer.json()["code"])


async def test_a_fault_is_answered_recorded_and_counted_without_its_secrets(small: httpx.AsyncClient) -> None:
    labels = {"method": "GET", "route": "/api/test/fault", "status": "500"}
    before = REGISTRY.get_sample_value("kaibo_http_seconds_count", labels) or 0
    answer = await small.get("/api/test/fault", headers={**ENGLISH, "X-Request-Id": "ask-for-me"})
    document = problem(answer, 500, "web.unexpected")
    assert "ask-for-me" in document["title"]
    assert "ZeroDivision" not in answer.text
    assert "programmers" not in answer.text
    assert REGISTRY.get_sample_value("kaibo_http_seconds_count", labels) == before + 1
