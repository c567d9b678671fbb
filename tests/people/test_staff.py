"""Staff sign-in: argon2, TOTP with replay protection, lockout."""

from __future__ import annotations

import asyncio
import itertools

import httpx
import pyotp
import pytest
from sqlalchemy import select

from kaibo.kernel import clock
from kaibo.kernel.db import Database, Db
from kaibo.people import facade as people
from kaibo.people.accounts import tables
from kaibo.people.contracts import StaffCreated, StaffInvalid, UsernameTaken

PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


async def hire(database: Database, roles: tuple[str, ...] = ("operator", "reviewer")) -> StaffCreated:
    async with database.transaction() as db:
        return await people.create_staff(db, f"staff{next(_numbers)}", PASSWORD, None, roles)  # type: ignore[arg-type]


def code_at(staff: StaffCreated, shift_seconds: int = 0) -> str:
    return pyotp.TOTP(staff.totp_secret).at(int(clock.now().timestamp()) + shift_seconds)


async def sign_in(
    client: httpx.AsyncClient, staff: StaffCreated, totp: str, password: str = PASSWORD
) -> httpx.Response:
    body = {"username": staff.username, "password": password, "totp": totp}
    return await client.post("/api/staff/login", json=body)


async def test_staff_sign_in_and_have_their_roles(client: httpx.AsyncClient, database: Database) -> None:
    staff = await hire(database)
    me = (await sign_in(client, staff, code_at(staff))).json()
    assert {(g["role"], g["scope_kind"], g["scope_id"]) for g in me["grants"]} == {
        ("operator", "platform", None),
        ("reviewer", "platform", None),
    }
    assert (await client.get("/api/reviews/merchants")).status_code == 200


async def test_a_totp_code_is_good_once(client: httpx.AsyncClient, database: Database) -> None:
    staff = await hire(database)
    with clock.use(clock.FixedClock(clock.now())) as fixed:
        code = code_at(staff)
        answers = await asyncio.gather(*(sign_in(client, staff, code) for _ in range(3)))
        assert sorted(a.status_code for a in answers) == [200, 401, 401]
        client.cookies.clear()
        fixed.advance(seconds=30)  # type: ignore[attr-defined]
        assert (await sign_in(client, staff, code)).status_code == 401
        assert (await sign_in(client, staff, code_at(staff))).status_code == 200


async def test_a_clock_half_a_minute_off_is_forgiven_and_two_minutes_are_not(
    client: httpx.AsyncClient, database: Database
) -> None:
    early, late = await hire(database), await hire(database)
    assert (await sign_in(client, early, code_at(early, -30))).status_code == 200
    client.cookies.clear()
    assert (await sign_in(client, late, code_at(late, 120))).status_code == 401


async def test_five_failures_lock_the_account_for_a_quarter_of_an_hour(
    client: httpx.AsyncClient, database: Database
) -> None:
    staff = await hire(database)
    with clock.use(clock.FixedClock(clock.now())) as fixed:
        wrong = await asyncio.gather(*(sign_in(client, staff, code_at(staff), "wrong password!") for _ in range(5)))
        assert {a.json()["code"] for a in wrong} == {"people.staff_login_wrong"}
        locked = await sign_in(client, staff, code_at(staff))
        assert (locked.status_code, locked.json()["code"]) == (429, "people.staff_locked")
        assert locked.headers["retry-after"] == "900"
        fixed.advance(seconds=901)  # type: ignore[attr-defined]
        assert (await sign_in(client, staff, code_at(staff))).status_code == 200
        client.cookies.clear()
        fixed.advance(seconds=31)  # type: ignore[attr-defined]
        for _ in range(4):
            await sign_in(client, staff, "000000")
        assert (await sign_in(client, staff, code_at(staff))).status_code == 200


async def test_an_unknown_name_is_answered_like_a_wrong_password(client: httpx.AsyncClient, database: Database) -> None:
    staff = await hire(database)
    unknown = await client.post("/api/staff/login", json={"username": "nobody", "password": PASSWORD, "totp": "123456"})
    wrong = await sign_in(client, staff, code_at(staff), "wrong password!")
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.json()["title"] == wrong.json()["title"]


async def test_neither_password_nor_secret_is_readable_in_the_table(database: Database) -> None:
    staff = await hire(database)
    async with database.transaction() as db:
        row = (await db.execute(select(tables.staff).where(tables.staff.c.username == staff.username))).one()
    assert row.password_hash.startswith("$argon2id$")
    assert staff.totp_secret.encode() not in row.totp_sealed


@pytest.mark.parametrize(
    ("username", "password", "secret", "roles"),
    [
        ("Root", PASSWORD, None, ("operator",)),
        ("ab", PASSWORD, None, ("operator",)),
        ("goodname", "short", None, ("operator",)),
        ("goodname", "goodname-is-inside", None, ("operator",)),
        ("goodname", PASSWORD, "not base32!", ("operator",)),
        ("goodname", PASSWORD, "JBSWY3DPEHPK3PXP", ("operator",)),
        ("goodname", PASSWORD, "JBSWY3DPEHPK3PXPJBSWY3DPE", ("operator",)),
        ("goodname", PASSWORD, None, ()),
        ("goodname", PASSWORD, None, ("root",)),
    ],
)
async def test_a_staff_account_that_breaks_a_rule_is_refused_with_words(
    db: Db, username: str, password: str, secret: str | None, roles: tuple[str, ...]
) -> None:
    with pytest.raises(StaffInvalid) as refused:
        await people.create_staff(db, username, password, secret, roles)  # type: ignore[arg-type]
    assert len(refused.value.problem) > 10


async def test_a_taken_user_name_is_refused(db: Db) -> None:
    await people.create_staff(db, "chief", PASSWORD, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", ["operator"])
    with pytest.raises(UsernameTaken):
        await people.create_staff(db, "chief", PASSWORD, None, ["operator"])


async def test_buyers_cannot_review(client: httpx.AsyncClient, sign_in) -> None:  # type: ignore[no-untyped-def]
    buyer = await sign_in()
    for path in ("/api/reviews/merchants", "/api/reviews/realnames", "/api/reviews/products"):
        assert (await client.get(path)).status_code == 401
        assert (await buyer.client.get(path)).status_code == 403
