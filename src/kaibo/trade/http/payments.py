"""The payment providers' callbacks."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from kaibo.kernel.web import State, StateDep, auth
from kaibo.trade.http.after_commit import AfterCommit
from kaibo.trade.payment.hear import Answer, hear_notice
from kaibo.trade.payment.methods import Provider
from kaibo.trade.payment.wiring import NOTIFY_PATHS

router = APIRouter(tags=["payments"])


@router.post(NOTIFY_PATHS["wechatpay"], dependencies=[auth.machine], include_in_schema=False)
async def wechatpay(request: Request, state: StateDep) -> Response:
    """Verified by its signature and by nothing else; the answer is WeChat Pay's {code, message}."""
    return AfterCommit(partial(_heard, state, "wechatpay", dict(request.headers), await request.body()))


@router.post(NOTIFY_PATHS["alipay"], dependencies=[auth.machine], include_in_schema=False)
async def alipay(request: Request, state: StateDep) -> Response:
    """Verified by its signature and by nothing else; the answer is Alipay's plain `success`."""
    return AfterCommit(partial(_heard, state, "alipay", dict(request.headers), await request.body()))


@router.post(NOTIFY_PATHS["stripe"], dependencies=[auth.machine], include_in_schema=False)
async def stripe(request: Request, state: StateDep) -> Response:
    """Verified by its signature and by nothing else; Stripe looks at the status only."""
    return AfterCommit(partial(_heard, state, "stripe", dict(request.headers), await request.body()))


async def _heard(state: State, provider: Provider, headers: dict[str, str], body: bytes) -> Response:
    return _said(provider, await hear_notice(state.database, state.limiter, provider, headers, body))


def _said(provider: Provider, answer: Answer) -> Response:
    done = answer.status == 200
    if provider == "alipay":
        return PlainTextResponse("success" if done else "fail", answer.status)
    if provider == "stripe":
        return JSONResponse({"received": done}, answer.status)
    return JSONResponse({"code": "SUCCESS" if done else "FAIL", "message": "成功" if done else "失败"}, answer.status)
