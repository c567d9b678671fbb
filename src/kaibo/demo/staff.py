"""The demo's staff: an operator and a reviewer for people to try, and a reviewer who approves what the demo hands in.

The only accounts that are not made through the public API, because on a real installation too they are made on the server.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import Literal

import pyotp

from kaibo.demo.door import Door, Refusal
from kaibo.demo.memory import Memory
from kaibo.demo.person import LOGINS, Person
from kaibo.kernel.db import Database
from kaibo.people import facade as people
from kaibo.people.contracts import UsernameTaken

STAFF = "staff"
TOTP_SECONDS = 30
NAMES_TRIED_MAX = 20

Role = Literal["operator", "reviewer"]


@dataclass(frozen=True)
class StaffAccount:
    username: str
    password: str
    totp_secret: str

    def code(self) -> str:
        """The code that is good now."""
        return pyotp.TOTP(self.totp_secret).now()


async def staff_accounts(database: Database, memory: Memory, wanted: dict[str, Role]) -> dict[str, StaffAccount]:
    """These accounts (user name -> role), made where they do not exist; the result is keyed by the wanted user name."""
    return {name: await _staff_account(database, memory, name, role) for name, role in wanted.items()}


async def _staff_account(database: Database, memory: Memory, name: str, role: Role) -> StaffAccount:
    """A user name that somebody else has taken gets a number behind it."""
    kept = memory.get(STAFF, name)
    if kept:
        account = StaffAccount(**kept)
        # Made at an earlier start, unless the database is a new one.
        await _is_made(database, account, role)
        return account
    password, secret = secrets.token_urlsafe(12), pyotp.random_base32()
    for number in range(1, NAMES_TRIED_MAX):
        account = StaffAccount(name if number == 1 else f"{name}{number}", password, secret)
        if await _is_made(database, account, role):
            memory.keep(STAFF, name, vars(account))
            return account
    raise RuntimeError(f"the staff names {name} to {name}{NAMES_TRIED_MAX - 1} are all taken")


async def _is_made(database: Database, account: StaffAccount, role: Role) -> bool:
    """False where the user name is taken."""
    try:
        async with database.transaction() as db:
            await people.create_staff(db, account.username, account.password, account.totp_secret, [role])
    except UsernameTaken:
        return False
    return True


async def signed_in_staff(door: Door, memory: Memory, account: StaffAccount) -> Person:
    """A staff member at work. A code is good once, so a second start within half a minute waits for the next one."""
    person = Person(door)
    person.cookies = dict(memory.get(LOGINS, account.username) or {})
    if not await person.is_signed_in():
        person.cookies = {}
        try:
            await person.sign_in_as_staff(account.username, account.password, account.code())
        except Refusal as refusal:
            if refusal.code != "people.staff_login_wrong":
                raise
            await asyncio.sleep(TOTP_SECONDS)
            await person.sign_in_as_staff(account.username, account.password, account.code())
        memory.keep(LOGINS, account.username, person.cookies)
    return person
