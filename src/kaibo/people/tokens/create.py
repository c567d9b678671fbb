"""Make a token. It is shown this once: only its SHA-256 is kept."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.web import Caller
from kaibo.kernel.web.scopes import SCOPES
from kaibo.people.accounts.sign_in import token_sha256
from kaibo.people.accounts.standing import note_standing
from kaibo.people.accounts.tables import persons
from kaibo.people.tokens import rules
from kaibo.people.tokens.lookup import TokenView, token_view
from kaibo.people.tokens.refusals import ScopeUnknown, TokensFull
from kaibo.people.tokens.tables import tokens


@dataclass(frozen=True)
class Created:
    view: TokenView
    token: str


async def create_token(
    db: Db, caller: Caller, *, name: str, scopes: Sequence[str], shop_id: UUID | None, days: int
) -> Created:
    """A token that acts for `caller` within `scopes`, in one shop where one is named, for `days`.

    Raises ScopeUnknown, NotAllowed (not staff of that shop), TokensFull.
    """
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        raise ScopeUnknown(scope=unknown[0][:40])
    if shop_id is not None:
        caller.require_shop(shop_id)
    now = clock.now()
    await db.execute(select(persons.c.id).where(persons.c.id == caller.id).with_for_update())
    living = (tokens.c.person_id == caller.id) & tokens.c.revoked_at.is_(None) & (tokens.c.expires_at > now)
    if (await db.scalar(select(func.count()).select_from(tokens).where(living)) or 0) >= rules.TOKENS_PER_PERSON_MAX:
        raise TokensFull(tokens_max=rules.TOKENS_PER_PERSON_MAX)
    token = rules.spell("".join(secrets.choice(rules.ALPHABET) for _ in range(rules.RANDOM_CHARS)))
    made = await db.execute(
        tokens.insert()
        .values(
            person_id=caller.id,
            name=name,
            token_sha256=token_sha256(token),
            ending=token[-4:],
            scopes=[scope for scope in SCOPES if scope in scopes],
            shop_id=shop_id,
            expires_at=now + timedelta(days=days),
        )
        .returning(tokens.c.id)
    )
    token_id: UUID = made.scalar_one()
    facts = {"token_id": str(token_id), "scopes": " ".join(scopes), "shop_id": str(shop_id or "")}
    await note_standing(db, caller.id, "token created", actor_id=caller.id, why=name, **facts)
    return Created(await token_view(db, caller.id, token_id), token)
