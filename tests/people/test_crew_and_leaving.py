"""The crew of a room; deleting an account."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from kaibo.kernel import clock
from kaibo.kernel import tables as kernel_tables
from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.people import facade as people
from kaibo.people.accounts import leave
from kaibo.people.accounts.tables import grants, persons, standing
from kaibo.people.addresses.tables import addresses
from kaibo.people.contracts import PersonId
from kaibo.people.reactions import forget_identity
from kaibo.people.realname.tables import realnames
from tests.people.test_addresses import add as add_address
from tests.people.test_realname import decide, number_born, pending_of, submit


@pytest.fixture
def room_id() -> uuid.UUID:
    return uuid.uuid4()


async def room_with_host(sign_in: Any, here: Context, room_id: uuid.UUID) -> Any:
    host = await sign_in(nickname="老王")
    async with here.database.transaction() as db:
        await people.grant_room_role(db, room_id, host.id, "host")
        await people.name_room(db, room_id, "江山木门工坊")
    return host


async def add(person: Any, room_id: uuid.UUID, phone: str, role: str) -> httpx.Response:
    answer: httpx.Response = await person.client.post(
        f"/api/rooms/{room_id}/crew",
        json={"phone": phone, "role": role},
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )
    return answer


async def test_the_host_builds_a_crew_and_the_members_see_their_room(
    sign_in: Any, here: Context, room_id: uuid.UUID
) -> None:
    host, helper = await room_with_host(sign_in, here, room_id), await sign_in(nickname="小李")
    added = await add(host, room_id, helper.phone, "moderator")
    assert (added.status_code, added.json()["role"]) == (201, "moderator")
    crew = (await host.client.get(f"/api/rooms/{room_id}/crew")).json()["items"]
    assert [(m["nickname"], m["role"]) for m in crew] == [("老王", "host"), ("小李", "moderator")]
    assert helper.phone not in str(crew)
    me = (await helper.client.get("/api/me")).json()
    assert me["grants"] == [
        {"role": "moderator", "scope_kind": "room", "scope_id": str(room_id), "scope_name": "江山木门工坊"}
    ]


async def test_a_new_role_replaces_the_old_one_and_both_are_on_record(
    sign_in: Any, here: Context, room_id: uuid.UUID
) -> None:
    host, helper = await room_with_host(sign_in, here, room_id), await sign_in()
    for role in ("moderator", "cohost", "cohost"):
        assert (await add(host, room_id, helper.phone, role)).status_code == 201
    async with here.database.transaction() as db:
        roles = (await db.execute(select(grants.c.role).where(grants.c.person_id == helper.id))).scalars().all()
        notes = (
            await db.execute(select(standing.c.what, standing.c.actor_id).where(standing.c.person_id == helper.id))
        ).all()
        assert await people.rooms_of(db, helper.id) == {room_id: "cohost"}
    assert roles == ["cohost"]
    assert [n.what for n in notes] == ["granted", "taken", "granted"]
    assert {n.actor_id for n in notes} == {host.id}


async def test_moderators_and_strangers_cannot_change_the_crew(sign_in: Any, here: Context, room_id: uuid.UUID) -> None:
    host, moderator, stranger = await room_with_host(sign_in, here, room_id), await sign_in(), await sign_in()
    await add(host, room_id, moderator.phone, "moderator")
    for person in (moderator, stranger):
        assert (await add(person, room_id, stranger.phone, "runner")).status_code == 403
        assert (await person.client.get(f"/api/rooms/{room_id}/crew")).status_code == 403
        assert (await person.client.delete(f"/api/rooms/{room_id}/crew/{host.id}")).status_code == 403


async def test_the_host_stays_and_nobody_becomes_host_this_way(sign_in: Any, here: Context, room_id: uuid.UUID) -> None:
    host, runner = await room_with_host(sign_in, here, room_id), await sign_in()
    await add(host, room_id, runner.phone, "runner")
    gone = await runner.client.delete(f"/api/rooms/{room_id}/crew/{host.id}")
    assert (gone.status_code, gone.json()["code"]) == (409, "people.host_stays")
    assert (await add(runner, room_id, host.phone, "moderator")).json()["code"] == "people.host_stays"
    assert (await add(runner, room_id, runner.phone, "host")).status_code == 422
    assert (await host.client.delete(f"/api/rooms/{room_id}/crew/{runner.id}")).status_code == 204
    assert (await host.client.delete(f"/api/rooms/{room_id}/crew/{runner.id}")).status_code == 404
    assert (await runner.client.get(f"/api/rooms/{room_id}/crew")).status_code == 403


async def test_an_unknown_phone_is_told_so(sign_in: Any, here: Context, room_id: uuid.UUID) -> None:
    host = await room_with_host(sign_in, here, room_id)
    unknown = await add(host, room_id, "19900000000", "runner")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "people.nobody_with_phone")


async def test_leaving_takes_the_person_away_and_keeps_what_the_law_keeps(sign_in: Any, here: Context) -> None:
    person, reviewer = await sign_in(nickname="要走的人"), await sign_in(roles=[("reviewer", "platform", None)])
    await add_address(person.client)
    number = number_born(date(1990, 3, 7))
    await submit(person.client, number)
    await decide(reviewer, (await pending_of(reviewer, person.id))["id"])
    assert (await person.client.delete("/api/me")).status_code == 204
    assert (await person.client.get("/api/me")).json()["signed_in"] is False
    async with here.database.transaction() as db:
        row = (await db.execute(select(persons).where(persons.c.id == person.id))).one()
        left = (await db.execute(select(addresses).where(addresses.c.person_id == person.id))).all()
        kept = (await db.execute(select(realnames).where(realnames.c.person_id == person.id))).one()
        due = (
            await db.execute(select(kernel_tables.timers.c.due_at).where(kernel_tables.timers.c.key == str(person.id)))
        ).scalar_one()
        view = (await people.person_view(db, [person.id]))[PersonId(person.id)]
    assert (row.phone, row.nickname, left, kept.state) == (None, "已注销用户", [], "closed")
    assert due - clock.now() > timedelta(days=3 * 365)
    assert (view.deleted, view.phone_masked) == (True, "")
    # the identity is free for another account, and the phone for a new one
    newcomer = await sign_in()
    assert (await submit(newcomer.client, number)).json()["state"] == "pending"
    async with here.database.transaction() as db:
        await forget_identity(db, str(person.id), {})
        assert (await db.execute(select(realnames).where(realnames.c.person_id == person.id))).all() == []


async def test_leaving_is_refused_with_every_reason_at_once(
    sign_in: Any, here: Context, room_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = await room_with_host(sign_in, here, room_id)

    async def open_orders(_db: Db, person_id: PersonId) -> str | None:
        return "open_orders" if person_id == host.id else None

    monkeypatch.setattr(leave, "_checks", [])
    people.register_leave_check(open_orders)
    refused = await host.client.delete("/api/me")
    assert (refused.status_code, refused.json()["code"]) == (409, "people.account_in_use")
    assert refused.json()["because"] == ["hosts_room", "open_orders"]
    assert (await host.client.get("/api/me")).json()["signed_in"] is True
