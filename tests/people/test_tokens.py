"""Personal access tokens: what they open, what stays closed, and what is left behind."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.kernel.tables import idempotency
from kaibo.kernel.web.auth import Declaration
from kaibo.kernel.web.bearer import SAFE_METHODS, scope_of
from kaibo.kernel.web.document import routes_of
from kaibo.kernel.web.scopes import SCOPES
from kaibo.people.accounts.grant import grant_role, take_roles
from kaibo.people.tokens import rules
from kaibo.people.tokens.tables import token_writes, tokens
from tests.conftest import SignIn, _new_client
from tests.people_of_tests import Person
from tests.trade.world import open_shop

ALL = sorted(SCOPES)


async def make(person: Person, scopes: list[str], **more: Any) -> httpx.Response:
    answer: httpx.Response = await person.client.post(
        "/api/me/tokens",
        json={"name": "ERP", "scopes": scopes, **more},
        headers={"Idempotency-Key": uuid.uuid4().hex},
    )
    return answer


async def program(app: object, person: Person, scopes: list[str], **more: Any) -> httpx.AsyncClient:
    """A program of this person's: no cookie, only a token."""
    made = await make(person, scopes, **more)
    assert made.status_code == 201, made.text
    client = _new_client(app)
    client.headers["Authorization"] = f"Bearer {made.json()['token']}"
    return client


async def staff(sign_in: SignIn, shop_id: UUID) -> Person:
    return await sign_in(roles=[("staff", "shop", shop_id)])


async def test_a_token_does_what_its_scope_says_and_no_more(sign_in: SignIn, app: object) -> None:
    shop_id = uuid.uuid4()
    person = await staff(sign_in, shop_id)
    async with await program(app, person, ["orders:read"]) as erp:
        assert (await erp.get(f"/api/shops/{shop_id}/orders")).status_code == 200
        money = await erp.get(f"/api/shops/{shop_id}/money")
        assert (money.status_code, money.json()["code"], money.json()["scope"]) == (
            403,
            "web.scope_missing",
            "money:read",
        )
        assert money.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'
        other = await erp.get(f"/api/shops/{uuid.uuid4()}/orders")
        assert (other.status_code, other.json()["code"]) == (403, "kernel.not_allowed")
        assert (await erp.get("/api/categories")).status_code == 200


async def test_a_token_follows_its_owners_roles_at_every_call(sign_in: SignIn, app: object, here: Context) -> None:
    shop_id = uuid.uuid4()
    person = await staff(sign_in, shop_id)
    async with await program(app, person, ["orders:read"]) as erp:
        async with here.database.transaction() as db:
            await take_roles(db, person.id, "shop", shop_id, actor_id=None)
        assert (await erp.get(f"/api/shops/{shop_id}/orders")).status_code == 403
        async with here.database.transaction() as db:
            await grant_role(db, person.id, "staff", "shop", shop_id, granted_by=None)
        assert (await erp.get(f"/api/shops/{shop_id}/orders")).status_code == 200


async def test_a_token_of_one_shop_sees_no_other(sign_in: SignIn, app: object) -> None:
    mine, too = uuid.uuid4(), uuid.uuid4()
    person = await sign_in(roles=[("staff", "shop", mine), ("staff", "shop", too)])
    refused = await make(person, ["orders:read"], shop_id=str(uuid.uuid4()))
    assert (refused.status_code, refused.json()["code"]) == (403, "kernel.not_allowed")
    async with await program(app, person, ["orders:read", "money:read"], shop_id=str(mine)) as erp:
        assert (await erp.get(f"/api/shops/{mine}/orders")).status_code == 200
        assert (await erp.get(f"/api/shops/{too}/orders")).status_code == 403
        own = await erp.get("/api/creators/me/earnings")
        assert (own.status_code, own.json()["code"]) == (403, "web.token_of_one_shop")
        assert [g["scope_id"] for g in (await erp.get("/api/me")).json()["grants"]] != []


async def test_every_route_without_a_scope_is_closed_to_every_token(
    sign_in: SignIn, app: FastAPI, here: Context
) -> None:
    """The declarations are what is tested: with all scopes and all roles, a route that names none still refuses."""
    person = await sign_in(roles=[("operator", "platform", None), ("reviewer", "platform", None)])
    closed, opened = [], []
    async with await program(app, person, ALL) as robot:
        for route in routes_of(app):
            name = next(d.call.name for d in route.dependant.dependencies if isinstance(d.call, Declaration))
            for method in route.methods or ():
                if not route.path.startswith("/api/"):
                    continue
                if scope_of(route) is not None or (name == "public" and method in SAFE_METHODS):
                    opened.append(route.path)
                    continue
                path = re.sub(r"\{[^}]+\}", str(uuid.uuid4()), route.path)
                answer = await robot.request(method, path)
                closed.append(f"{method} {route.path}")
                assert (answer.status_code, answer.json().get("code")) == (403, "web.token_not_here"), closed[-1]
    assert "POST /api/me/tokens" in closed
    assert "DELETE /api/me" in closed
    assert "POST /api/logout" in closed
    assert len(opened) > 40


async def test_a_token_changes_things_without_a_csrf_token_and_every_change_is_noted(
    sign_in: SignIn, app: object, here: Context
) -> None:
    shop = await open_shop(sign_in)
    shop_id, person = shop.id, shop.staff
    async with await program(app, person, ["products:write"]) as erp:
        refused = await erp.post(f"/api/shops/{shop_id}/products/{uuid.uuid4()}/submit")
        assert refused.status_code == 404  # through the gate and every check, to the action
        body = {"title": "大蒜", "category_key": "garlic", "skus": [{"name": "5 斤", "price_fen": 2990, "stock": 3}]}
        categories = (await erp.get("/api/categories")).json()["items"]
        parents = {one["parent_key"] for one in categories}
        body["category_key"] = next(one["key"] for one in categories if one["key"] not in parents)
        made = await erp.post(
            f"/api/shops/{shop_id}/products", json=body, headers={"Idempotency-Key": "one", "X-Request-Id": "erp-1"}
        )
        assert made.status_code == 201, made.text
    token = (await person.client.get("/api/me/tokens")).json()["items"][0]
    assert token["last_used_at"] is not None
    assert token["last_used_ip"] == "127.0.0.1"
    writes = (await person.client.get(f"/api/me/tokens/{token['id']}/writes")).json()["items"]
    assert [(w["method"], w["path"], w["request_id"]) for w in writes] == [
        ("POST", f"/api/shops/{shop_id}/products", "erp-1")
    ]


async def test_the_token_is_told_once_and_kept_nowhere(sign_in: SignIn, here: Context) -> None:
    person = await sign_in()
    headers = {"Idempotency-Key": "again"}
    body = {"name": "ERP", "scopes": ["orders:read"]}
    first = (await person.client.post("/api/me/tokens", json=body, headers=headers)).json()
    second = (await person.client.post("/api/me/tokens", json=body, headers=headers)).json()
    assert rules.well_formed(first["token"])
    assert second == {"token": None, "facts": first["facts"]}
    assert first["facts"]["ending"] == first["token"][-4:]
    listed = await person.client.get("/api/me/tokens")
    assert first["token"] not in listed.text
    async with here.database.transaction() as db:
        rows = str((await db.execute(select(tokens).where(tokens.c.person_id == person.id))).all())
        kept = str((await db.execute(select(idempotency).where(idempotency.c.scope.contains(str(person.id))))).all())
    assert first["token"] not in rows + kept


async def test_a_revoked_expired_misspelt_or_unknown_token_is_refused_alike(sign_in: SignIn, app: object) -> None:
    person = await sign_in()
    made = (await make(person, ["orders:read"], expires_in_days=1)).json()
    good = made["token"]
    stranger = rules.spell("".join("aB3" * 10))
    misspelt = good[:-8] + ("A" if good[-8] != "A" else "B") + good[-7:]
    for wrong in (misspelt, stranger, "kaibo_pat_short"):
        answer = await person.client.get("/api/me", headers={"Authorization": f"Bearer {wrong}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "people.token_invalid"), wrong
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    with clock.use(clock.FixedClock(clock.now() + timedelta(days=1, seconds=1))):
        async with _new_client(app) as late:
            answer = await late.get("/api/me", headers={"Authorization": f"Bearer {good}"})
    assert answer.status_code == 401
    assert (await person.client.delete(f"/api/me/tokens/{made['facts']['id']}")).status_code == 204
    async with _new_client(app) as ended:
        assert (await ended.get("/api/me", headers={"Authorization": f"Bearer {good}"})).status_code == 401


async def test_a_wrong_token_never_falls_back_to_the_cookie_beside_it(sign_in: SignIn) -> None:
    """Else a page elsewhere could pass the CSRF gate with a token of its own invention."""
    person = await sign_in()
    answer = await person.client.patch(
        "/api/me", json={"nickname": "换了"}, headers={"Authorization": "Bearer kaibo_pat_x", "X-CSRF-Token": ""}
    )
    assert answer.status_code == 401


async def test_nobody_sees_or_ends_somebody_elses_token(sign_in: SignIn) -> None:
    person, other = await sign_in(), await sign_in()
    made = (await make(person, ["orders:read"])).json()["facts"]
    assert (await other.client.delete(f"/api/me/tokens/{made['id']}")).status_code == 404
    assert (await other.client.get(f"/api/me/tokens/{made['id']}/writes")).status_code == 404
    assert (await other.client.get("/api/me/tokens")).json()["items"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"scopes": ["orders:everything"]}, "people.scope_unknown"),
        ({"scopes": []}, "web.invalid"),
        ({"scopes": ["orders:read"], "expires_in_days": 367}, "web.invalid"),
        ({"scopes": ["orders:read"], "expires_in_days": 0}, "web.invalid"),
        ({"scopes": ["orders:read"], "name": " "}, "web.invalid"),
    ],
)
async def test_a_token_that_cannot_be_is_refused(sign_in: SignIn, body: dict[str, Any], code: str) -> None:
    person = await sign_in()
    answer = await person.client.post(
        "/api/me/tokens", json={"name": "ERP", **body}, headers={"Idempotency-Key": uuid.uuid4().hex}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_calls_say_how_many_are_left(sign_in: SignIn, app: object) -> None:
    person = await sign_in()
    async with await program(app, person, ["money:read"]) as erp:
        left = []
        for _ in range(3):
            answer = await erp.get("/api/me")
            most = int(re.findall(r'"token";q=(\d+);w=60', answer.headers["ratelimit-policy"])[0])
            left += [int(n) for n in re.findall(r'"token";r=(\d+);t=\d+', answer.headers["ratelimit"])]
    assert left == [most - 1, most - 2, most - 3]
    assert "ratelimit" not in (await person.client.get("/api/me")).headers


async def test_leaving_takes_the_tokens_along(sign_in: SignIn, app: object, here: Context) -> None:
    person = await sign_in()
    async with await program(app, person, ["money:read"]) as erp:
        assert (await person.client.delete("/api/me")).status_code == 204
        assert (await erp.get("/api/me")).status_code == 401
    async with here.database.transaction() as db:
        assert (await db.execute(select(tokens).where(tokens.c.person_id == person.id))).first() is None
        assert (await db.execute(select(token_writes).where(token_writes.c.person_id == person.id))).first() is None


def test_the_checksum_is_known_to_secret_scanners() -> None:
    """docs/api.md tells the same example."""
    assert rules.spell("0" * 30) == "kaibo_pat_" + "0" * 30 + rules.checksum("kaibo_pat_" + "0" * 30)
    assert rules.well_formed(rules.spell("Zz9" * 10))
    assert not rules.well_formed(rules.spell("Zz9" * 10)[:-1] + "!")


async def test_the_document_says_how_to_authenticate(client: httpx.AsyncClient) -> None:
    document = (await client.get("/api/openapi.json")).json()
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    orders = document["paths"]["/api/shops/{shop_id}/orders"]["get"]
    assert orders["x-scope"] == "orders:read"
    assert {"token": ["orders:read"]} in orders["security"]
    assert document["paths"]["/api/me/tokens"]["post"]["security"] == [{"login": []}]
