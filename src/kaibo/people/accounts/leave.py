"""Delete one's account, keeping what the law makes us keep (PIPL art. 47 against E-commerce Law art. 31)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.outbox import publish
from kaibo.kernel.timers import set_timer
from kaibo.people.accounts import tables
from kaibo.people.accounts.standing import note_standing
from kaibo.people.addresses.tables import addresses
from kaibo.people.contracts import AccountInUse, PersonDeleted, PersonId
from kaibo.people.merchants.lookup import has_living_merchant
from kaibo.people.realname.close import close_realname
from kaibo.people.tokens.tables import tokens

DELETED_NICKNAME = "已注销用户"
KEEP_IDENTITY_DAYS = 3 * 366

LeaveCheck = Callable[[Db, PersonId], Awaitable[str | None]]
_checks: list[LeaveCheck] = []


def register_leave_check(check: LeaveCheck) -> None:
    """A wing above has a say: `check` returns why the account cannot be deleted now ("open_orders"), or None."""
    if check not in _checks:
        _checks.append(check)


async def delete_account(db: Db, person_id: UUID) -> None:
    """Close the account: logins, addresses, roles, phone and name go; the sealed identity stays KEEP_IDENTITY_DAYS.

    Raises AccountInUse with every reason at once.
    """
    t = tables.persons
    phone = await db.scalar(select(t.c.phone).where(t.c.id == person_id).with_for_update())
    because = await _reasons_to_stay(db, person_id)
    if because:
        raise AccountInUse(because=because)
    now = clock.now()
    await db.execute(delete(addresses).where(addresses.c.person_id == person_id))
    await db.execute(delete(tables.grants).where(tables.grants.c.person_id == person_id))
    await db.execute(delete(tokens).where(tokens.c.person_id == person_id))
    await db.execute(delete(tables.logins).where(tables.logins.c.person_id == person_id))
    if phone:
        await db.execute(delete(tables.login_codes).where(tables.login_codes.c.phone == phone))
    await db.execute(
        update(t)
        .where(t.c.id == person_id)
        .values(phone=None, nickname=DELETED_NICKNAME, avatar_url=None, deleted_at=now)
    )
    if await close_realname(db, person_id):
        due = now + timedelta(days=KEEP_IDENTITY_DAYS)
        await set_timer(db, kind="people.realname.forget", key=str(person_id), due_at=due)
    await note_standing(db, person_id, "account deleted", actor_id=person_id, why="asked by the person")
    await publish(db, PersonDeleted(person_id=person_id))


async def _reasons_to_stay(db: Db, person_id: UUID) -> list[str]:
    g = tables.grants
    because = []
    if await has_living_merchant(db, person_id):
        because.append("owns_shop")
    roles = (await db.execute(select(g.c.role, g.c.scope_kind).where(g.c.person_id == person_id))).all()
    if any(row.scope_kind == "platform" for row in roles):
        because.append("is_staff")
    if any(row.scope_kind == "room" and row.role == "host" for row in roles):
        because.append("hosts_room")
    if any(row.scope_kind == "agency" and row.role == "owner" for row in roles):
        because.append("owns_agency")
    for check in _checks:
        reason = await check(db, PersonId(person_id))
        if reason:
            because.append(reason)
    return because
