"""POST /api/media/hooks: SRS-shaped callbacks of the media engine, embedded or external.

The secret comes as `Authorization: Bearer …`, or as `?secret=` for servers that cannot send headers (SRS). Answers are SRS's:
HTTP 200 with {"code": 0} allows, any other code refuses.
"""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, BackgroundTasks, Header, Query, Request
from pydantic import ValidationError

from kaibo.kernel.web import DbDep, StateDep, auth
from kaibo.stage.contracts import HookForged, HookMalformed
from kaibo.stage.ingest.hooks import Heard, Hook, answer
from kaibo.stage.live.tell import tell_crew
from kaibo.stage.secret import hook_secret_good
from kaibo.stage.wire import HookAnswerWire

router = APIRouter(tags=["machines"])

HOOK_BYTES_MAX = 64 * 1024


@router.post("/api/media/hooks", dependencies=[auth.machine], response_model_exclude_none=True)
async def media_hook(
    request: Request,
    background: BackgroundTasks,
    db: DbDep,
    state: StateDep,
    authorization: Annotated[str, Header(max_length=512)] = "",
    secret: Annotated[str, Query(max_length=512)] = "",
) -> HookAnswerWire:
    """Raises HookForged for a wrong secret, HookMalformed for a body that is no callback."""
    if not hook_secret_good(authorization.removeprefix("Bearer ") or secret):
        raise HookForged()
    body = await request.body()
    if len(body) > HOOK_BYTES_MAX:
        raise HookMalformed(problem=f"more than {HOOK_BYTES_MAX} bytes")
    if b"\\u0000" in body:
        raise HookMalformed(problem="contains NUL")
    try:
        hook = Hook.model_validate(orjson.loads(body))
    except (ValueError, ValidationError) as wrong:
        raise HookMalformed(problem=str(wrong).splitlines()[0][:200]) from wrong
    heard: Heard = await answer(db, hook)
    for frame in heard.crew_frames:
        background.add_task(tell_crew, state.bus, heard.room_id, frame)
    return heard.wire()
