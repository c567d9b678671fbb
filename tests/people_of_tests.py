"""Persons for tests: signed in through the same actions the login uses, so that a test need not wait for an SMS."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from uuid import UUID

import httpx

from kaibo.kernel.context import Context
from kaibo.people.accounts.grant import grant_role
from kaibo.people.accounts.sign_in import _person_with, open_login

_numbers = itertools.count(1)

Role = tuple[str, str, UUID | None]


@dataclass
class Person:
    """A signed-in person; `client` carries the cookies and the CSRF token."""

    id: UUID
    phone: str
    client: httpx.AsyncClient


def new_phone() -> str:
    """A mobile number no other test of this process uses."""
    return f"13{os.getpid() % 10:d}{next(_numbers):08d}"


async def make_person(here: Context, client: httpx.AsyncClient, roles: list[Role], nickname: str) -> Person:
    """Create a person with these grants and sign `client` in as them."""
    phone = new_phone()
    async with here.database.transaction() as db:
        person_id = await _person_with(db, phone, "zh")
        for role, scope_kind, scope_id in roles:
            await grant_role(db, person_id, role, scope_kind, scope_id, granted_by=None)
        token = await open_login(db, person_id, "127.0.0.1")
    client.cookies.set("kaibo_login", token)
    me = (await client.get("/api/me")).json()
    client.headers["X-CSRF-Token"] = me["csrf_token"]
    if nickname:
        await client.patch("/api/me", json={"nickname": nickname})
    return Person(person_id, phone, client)
