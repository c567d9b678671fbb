"""The payment provider's callbacks."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from kaibo.kernel.web import State, StateDep, auth
from kaibo.trade.http.after_commit import AfterCommit
from kaibo.trade.payment.hear import hear_notice
from kaibo.trade.payment.wiring import NOTIFY_PATH

router = APIRouter(tags=["payments"])


@router.post(NOTIFY_PATH, dependencies=[auth.machine], include_in_schema=False)
async def notify(request: Request, state: StateDep) -> Response:
    """Verified by its signature and by nothing else; the answer is WeChat Pay's {code, message}."""
    return AfterCommit(partial(_heard, state, dict(request.headers), await request.body()))


async def _heard(state: State, headers: dict[str, str], body: bytes) -> Response:
    answer = await hear_notice(state.database, state.limiter, headers, body)
    return JSONResponse(answer.body, answer.status)
