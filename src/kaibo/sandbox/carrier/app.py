"""Kuaidi100's two calls, and the `/sandbox` routes of a tester."""

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kaibo.sandbox.addresses import is_allowed
from kaibo.sandbox.carrier import faults
from kaibo.sandbox.carrier.companies import COMPANIES
from kaibo.sandbox.carrier.parcels import Desk, result_of, subscribe
from kaibo.sandbox.carrier.signing import signature
from kaibo.sandbox.console import LIST_MAX, read_bytes
from kaibo.sandbox.faults import clear_faults, write_faults

NUMBER = re.compile(r"[0-9A-Za-z-]{6,32}")


def make_app(desk: Desk) -> Starlette:
    app = Starlette(
        routes=[
            Route("/poll", poll, methods=["POST"]),
            Route("/poll/query.do", query, methods=["POST"]),
            Route("/sandbox/health", health),
            Route("/sandbox/faults", put_faults, methods=["PUT"]),
            Route("/sandbox/faults", drop_faults, methods=["DELETE"]),
            Route("/sandbox/pushes", show_pushes),
            Route("/sandbox/parcels", show_parcels),
        ]
    )
    app.state.desk = desk
    return app


async def poll(request: Request) -> Response:
    """订阅: `schema=json&param={company, number, from, to, key, parameters: {callbackurl, salt, resultv2, phone}}`."""
    desk, form = _desk(request), await _form(request)
    param = _object(form.get("param", ""))
    if form.get("schema", "json") != "json" or param is None:
        return _said(False, "700", "POLL:订阅方的订阅数据存在错误（如不支持的快递公司、单号为空、单号超长等）")
    if not _same(str(param.get("key", "")), desk.account.key):
        return _said(False, "600", "POLL:您不是合法的订阅者（即授权Key出错）")
    com, num = str(param.get("company", "")), str(param.get("number", ""))
    if com not in COMPANIES:
        return _said(False, "701", f"POLL:拒绝订阅的快递公司：{com}")
    parameters = param.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    callback_url = str(parameters.get("callbackurl", ""))
    if not NUMBER.fullmatch(num) or not is_allowed(callback_url, desk.settings.push_origins):
        return _said(False, "700", "POLL:订阅方的订阅数据存在错误（如不支持的快递公司、单号为空、单号超长等）")
    fresh = subscribe(
        desk,
        com,
        num,
        callback_url=callback_url,
        salt=str(parameters.get("salt", "")),
        start=str(param.get("from", ""))[:60],
        goal=str(param.get("to", ""))[:60],
    )
    if faults.faults_for(desk.store, num).fail_subscribe:
        return _said(False, "500", "POLL:服务器错误")
    return _said(True, "200", "提交成功") if fresh else _said(False, "501", "POLL:重复订阅")


async def query(request: Request) -> Response:
    """实时查询: `customer`, `sign` = MD5(param + key + customer) in upper case, `param` = {com, num, …}."""
    desk, form = _desk(request), await _form(request)
    text = form.get("param", "")
    if not _same(form.get("sign", ""), signature(text, desk.account.key, desk.account.customer)):
        return _said(False, "503", "验证签名失败")
    param = _object(text)
    if form.get("customer") != desk.account.customer or param is None:
        return _said(False, "400", "提交的数据不完整，或者贵公司没授权")
    com, num = str(param.get("com", "")), str(param.get("num", ""))
    if faults.faults_for(desk.store, num).fail_query:
        raise HTTPException(502)
    row = desk.store.one("SELECT * FROM parcels WHERE com = ? AND num = ?", com, num)
    if row is None or row["told"] == 0:
        return _said(False, "500", "查询无结果，请隔段时间再查")
    return JSONResponse(result_of(desk, row))


async def health(request: Request) -> Response:
    """Open to all: answers once the store can be read."""
    _desk(request).store.one("SELECT 1")
    return JSONResponse({"status": "ok"})


async def put_faults(request: Request) -> Response:
    """`?number=` for one tracking number, which need not exist yet; without it for every one."""
    desk = _admitted(request)
    try:
        wanted = faults.Faults.model_validate_json(await request.body())
    except ValidationError as wrong:
        return JSONResponse({"faults": wrong.errors(include_url=False, include_context=False)}, 400)
    write_faults(desk.store, request.query_params.get("number") or faults.EVERY, wanted)
    return Response(status_code=204)


async def drop_faults(request: Request) -> Response:
    clear_faults(_admitted(request).store)
    return Response(status_code=204)


async def show_pushes(request: Request) -> Response:
    """Newest first; `?number=` narrows it."""
    number = request.query_params.get("number", "")
    sql = "SELECT * FROM pushes WHERE ? IN ('', num) ORDER BY id DESC LIMIT ?"
    return JSONResponse({"pushes": _admitted(request).store.all(sql, number, LIST_MAX)})


async def show_parcels(request: Request) -> Response:
    sql = "SELECT com, num, outcome, told, next_ms FROM parcels ORDER BY subscribed_ms DESC LIMIT ?"
    return JSONResponse({"parcels": _admitted(request).store.all(sql, LIST_MAX)})


def _desk(request: Request) -> Desk:
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    return desk


def _admitted(request: Request) -> Desk:
    """Raises 401 without the token of the data directory's `admin-token`."""
    desk = _desk(request)
    if not _same(request.headers.get("authorization", ""), f"Bearer {desk.admin_token}"):
        raise HTTPException(401, "Authorization: Bearer <admin-token>")
    return desk


async def _form(request: Request) -> Mapping[str, str]:
    found = parse_qs((await read_bytes(request)).decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    return {name: values[0] for name, values in found.items()}


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode())


def _said(result: bool, code: str, message: str) -> Response:
    return JSONResponse({"result": result, "returnCode": code, "message": message})
