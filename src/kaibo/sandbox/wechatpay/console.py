"""The `/sandbox` routes: what a tester may see and do. All but health need the bearer token in `admin-token`."""

import secrets
from datetime import date

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kaibo.sandbox import faults
from kaibo.sandbox.console import LIST_MAX, callbacks_shown, faults_shown
from kaibo.sandbox.wechatpay import bill, keys, trades
from kaibo.sandbox.wechatpay.errors import Refusal
from kaibo.sandbox.wechatpay.platform import Platform, parse, platform_of, read_bytes


class CloseMany(BaseModel):
    model_config = ConfigDict(extra="forbid")

    out_trade_nos: list[str] = Field(min_length=1, max_length=LIST_MAX)


def admitted(request: Request) -> Platform:
    """Raises Refusal(NO_AUTH) without the token."""
    platform = platform_of(request)
    given = request.headers.get("authorization", "")
    if not secrets.compare_digest(given.encode(), f"Bearer {platform.keys.admin_token}".encode()):
        raise Refusal("NO_AUTH", "需要 Authorization: Bearer <admin-token>, 见数据目录下的 admin-token 文件")
    return platform


async def health(request: Request) -> Response:
    """Open to all: answers once the store can be read."""
    platform_of(request).store.one("SELECT 1")
    return JSONResponse({"status": "ok"})


async def show_faults(request: Request) -> Response:
    return JSONResponse(faults_shown(admitted(request).store))


async def put_plan(request: Request) -> Response:
    platform = admitted(request)
    faults.write_faults(platform.store, faults.PLAN, parse(faults.FaultPlan, await read_bytes(request)))
    return await show_faults(request)


async def put_order(request: Request) -> Response:
    """`PUT /sandbox/faults/{out_trade_no}` wins over the plan; the order need not exist yet."""
    platform = admitted(request)
    scope = f"order:{request.path_params['out_trade_no']}"
    faults.write_faults(platform.store, scope, parse(faults.Faults, await read_bytes(request)))
    return await show_faults(request)


async def delete_faults(request: Request) -> Response:
    faults.clear_faults(admitted(request).store)
    return Response(status_code=204)


async def callbacks(request: Request) -> Response:
    """Newest first: every delivery with its attempts. `?out_trade_no=` narrows it."""
    store = admitted(request).store
    return JSONResponse({"callbacks": callbacks_shown(store, request.query_params.get("out_trade_no", ""))})


async def show_bill(request: Request) -> Response:
    platform = admitted(request)
    text = request.query_params.get("date", "")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refusal("PARAM_ERROR", "参数错误", field="date", issue="格式为 2026-01-31", value=text) from None
    return Response(bill.content_of(platform, day), media_type="text/csv; charset=utf-8")


async def close_many(request: Request) -> Response:
    """Close trades from the platform's side, without the merchant asking, as risk control may."""
    platform = admitted(request)
    wanted = parse(CloseMany, await read_bytes(request)).out_trade_nos
    return JSONResponse({"closed": [number for number in wanted if trades.close_trade(platform, number)]})


async def rotate(request: Request) -> Response:
    """A new platform key signs from now on. The merchant's file stays as it is: finding out is the merchant's task."""
    platform = admitted(request)
    platform.keys.platform.append(keys.rotate(platform.settings.data_dir))
    return JSONResponse({"serial_no": platform.keys.signing.serial_no})
