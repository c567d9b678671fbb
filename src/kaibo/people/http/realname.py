"""One's own real name."""

from __future__ import annotations

from fastapi import APIRouter

from kaibo.kernel.web import CallerDep, DbDep, Idempotent, auth, limited
from kaibo.people.realname.lookup import standing
from kaibo.people.realname.submit import submit_realname
from kaibo.people.wire import Realname, RealnameBody

router = APIRouter()


@router.post("/api/realname", dependencies=[auth.signed_in, limited("10/minute")])
async def submit_real_name(body: RealnameBody, db: DbDep, caller: CallerDep, idem: Idempotent) -> Realname:
    """Submit name and identity number; they are stored sealed."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return Realname.model_validate(seen.response)
        return seen.keep(Realname.of(await submit_realname(db, caller.id, body.real_name, body.id_number, body.birth)))


@router.get("/api/realname", dependencies=[auth.signed_in])
async def get_real_name(db: DbDep, caller: CallerDep) -> Realname:
    """Whether one's real name is verified, and until when it is fresh."""
    return Realname.of(await standing(db, caller.id))
