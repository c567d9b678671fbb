"""The crew of a live room."""

from __future__ import annotations

from fastapi import APIRouter

from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, auth, limited
from kaibo.people.teams.crew import add_to_crew, crew_of, remove_from_crew
from kaibo.people.wire import Crew, CrewBody, CrewMemberWire

router = APIRouter()


@router.get("/api/rooms/{room_id}/crew", dependencies=[auth.room_crew("host", "runner"), auth.scope("room:read")])
async def list_crew(room_id: Id, db: DbDep) -> Crew:
    """Host first, then by time of joining."""
    return Crew(items=[CrewMemberWire.of(m) for m in await crew_of(db, room_id)])


@router.post(
    "/api/rooms/{room_id}/crew",
    status_code=201,
    dependencies=[auth.room_crew("host", "runner"), auth.scope("room:write"), limited("20/minute")],
)
async def add_crew_member(
    room_id: Id, body: CrewBody, db: DbDep, caller: CallerDep, idem: Idempotent
) -> CrewMemberWire:
    """Add a person by phone, or give a member another role."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return CrewMemberWire.model_validate(seen.response)
        return seen.keep(CrewMemberWire.of(await add_to_crew(db, room_id, body.phone, body.role, caller.id)))


@router.delete(
    "/api/rooms/{room_id}/crew/{person_id}",
    status_code=204,
    dependencies=[auth.room_crew("host", "runner"), auth.scope("room:write")],
)
async def remove_crew_member(room_id: Id, person_id: Id, db: DbDep, caller: CallerDep) -> None:
    """The host cannot be removed."""
    await remove_from_crew(db, room_id, person_id, caller.id)
