"""End a token."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.people.accounts.standing import note_standing
from kaibo.people.tokens.lookup import token_view
from kaibo.people.tokens.tables import tokens


async def revoke_token(db: Db, person_id: UUID, token_id: UUID) -> None:
    """From now on the token is refused; revoking one twice changes nothing. Raises TokenMissing."""
    view = await token_view(db, person_id, token_id)
    ended = update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None)).values(revoked_at=clock.now())
    if (await db.execute(ended.returning(tokens.c.id))).first() is not None:
        await note_standing(db, person_id, "token revoked", actor_id=person_id, why=view.name, token_id=str(token_id))
