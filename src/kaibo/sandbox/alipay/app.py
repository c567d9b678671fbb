"""All routes of this Alipay: the one gateway of its API, the cashier, the bill's download and the tester's desk."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Literal
from urllib.parse import parse_qs, parse_qsl

from pydantic import BaseModel, ConfigDict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from kaibo.sandbox import console, page
from kaibo.sandbox.addresses import is_allowed
from kaibo.sandbox.alipay import bill, trades
from kaibo.sandbox.alipay.signing import content, is_signed, sign
from kaibo.sandbox.alipay.trades import TIME, Alipay, Refusal, business, yuan
from kaibo.sandbox.beijing import CHINA, now_ms, stamp
from kaibo.sandbox.faults import faults_for
from kaibo.sandbox.store import Row

CASHIER = "/alipay/cashier"
TIMESTAMP_AGE_S_MAX = 900
YUAN = re.compile(r"(\d{1,9})(?:\.(\d{1,2}))?")
PAGES = {"alipay.trade.wap.pay": "QUICK_WAP_WAY", "alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY"}


class Choice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    outcome: Literal["success", "failure"] = "success"


def make_app(desk: Alipay) -> Starlette:
    app = Starlette(
        routes=[
            Route("/gateway.do", gateway, methods=["GET", "POST"]),
            Route(CASHIER, show),
            Route(CASHIER + "/{token}", choose, methods=["POST"]),
            Route("/alipay/bill/{token}", bill.download),
            Route("/alipay/sandbox/pay/{token}", choose_json, methods=["POST"]),
            *console.routes("/alipay/sandbox"),
        ],
        exception_handlers={Refusal: _refuse},
    )
    app.state.desk = desk
    return app


def alipay_of(request: Request) -> Alipay:
    desk = request.app.state.desk
    assert isinstance(desk, Alipay)
    return desk


async def gateway(request: Request) -> Response:
    """Every call of the API is a signed form to this one address; what opens a page comes as a link."""
    desk = alipay_of(request)
    form = (await console.read_bytes(request)).decode()
    given = dict(request.query_params) | dict(parse_qsl(form, keep_blank_values=True))
    method = given.get("method", "")
    name = method.replace(".", "_") + "_response"
    try:
        _check(desk, given)
        wanted = _content(given)
        if method in PAGES:
            return _open(desk, given, wanted)
        if method not in METHODS:
            raise Refusal("40002", "isv.invalid-method", "不存在的方法名")
        result = METHODS[method](desk, wanted)
        if (late := faults_for(desk.store, str(wanted.get("out_trade_no", "")))).slow_create_ms:
            await asyncio.sleep(late.slow_create_ms / 1000)
        return _answer(desk, name, {"code": "10000", "msg": "Success"} | result)
    except Refusal as refusal:
        if method in PAGES:
            return HTMLResponse(f"<!doctype html><title>{refusal.sub_code}</title><p>{refusal.sub_msg}</p>", 400)
        said = {
            "code": refusal.code,
            "msg": "Business Failed",
            "sub_code": refusal.sub_code,
            "sub_msg": refusal.sub_msg,
        }
        return _answer(desk, name, said)


def _check(desk: Alipay, given: dict[str, str]) -> None:
    if given.get("app_id") != desk.keys.app_id:
        raise Refusal("40002", "isv.invalid-app-id", "无效的 AppID 参数")
    if given.get("sign_type") != "RSA2" or given.get("charset") != "utf-8" or given.get("version") != "1.0":
        raise Refusal(
            "40001", "isv.missing-signature-type", "sign_type 须为 RSA2, charset 须为 utf-8, version 须为 1.0"
        )
    signed = content({name: value for name, value in given.items() if value}, without=("sign",))
    if not is_signed(desk.keys.app_public, signed, given.get("sign", "")):
        raise Refusal("40002", "isv.invalid-signature", "验签出错")
    try:
        at = datetime.strptime(given.get("timestamp", ""), TIME).replace(tzinfo=CHINA)
    except ValueError:
        raise Refusal("40002", "isv.invalid-timestamp", "非法的时间戳参数") from None
    # A link may be opened as long as its trade may be paid; a call is made now.
    if given["method"] not in PAGES and abs((datetime.now(CHINA) - at).total_seconds()) > TIMESTAMP_AGE_S_MAX:
        raise Refusal("40002", "isv.invalid-timestamp", "时间戳与服务器时间相差过大")


def _content(given: dict[str, str]) -> dict[str, Any]:
    try:
        wanted = json.loads(given.get("biz_content", "{}"))
    except ValueError:
        wanted = None
    if not isinstance(wanted, dict):
        raise Refusal("40002", "isv.invalid-parameter", "biz_content 不是 JSON 对象")
    return wanted


def _open(desk: Alipay, given: dict[str, str], wanted: dict[str, Any]) -> Response:
    """What the buyer's browser asks for: the trade is made now, the cashier shown."""
    notify_url, return_url = given.get("notify_url", ""), given.get("return_url", "")
    if wanted.get("product_code") != PAGES[given["method"]]:
        raise business("INVALID_PARAMETER", "product_code 与接口不符")
    if wanted.get("seller_id", desk.keys.seller_id) != desk.keys.seller_id:
        raise business("INVALID_PARAMETER", "seller_id 有误")
    if not is_allowed(notify_url, desk.settings.notify_origins):
        raise business("INVALID_PARAMETER", "notify_url 须在沙箱允许的通知来源之内 (--notify-origin)")
    if not wanted.get("subject") or len(str(wanted["subject"])) > 256:
        raise business("INVALID_PARAMETER", "subject 须为 1 到 256 个字符")
    row: Row = {
        "out_trade_no": _number(wanted, "out_trade_no"),
        "subject": str(wanted["subject"]),
        "total_fen": _fen(wanted, "total_amount"),
        "notify_url": notify_url,
        "return_url": return_url,
        "expires_ms": _expires_ms(wanted),
    }
    trade = trades.make(desk, row)
    return RedirectResponse(f"{desk.public_url}{CASHIER}?token={trade['token']}", 302)


def _expires_ms(wanted: dict[str, Any]) -> int:
    if "time_expire" not in wanted:
        return now_ms() + trades.EXPIRY_MS_DEFAULT
    try:
        at = datetime.strptime(str(wanted["time_expire"]), TIME).replace(tzinfo=CHINA)
    except ValueError:
        raise business("INVALID_PARAMETER", "time_expire 格式为 yyyy-MM-dd HH:mm:ss") from None
    return int(at.timestamp() * 1000)


def _query(desk: Alipay, wanted: dict[str, Any]) -> dict[str, Any]:
    trade = desk.trade(_number(wanted, "out_trade_no"))
    shown = {
        "trade_no": trade["trade_no"],
        "out_trade_no": trade["out_trade_no"],
        "buyer_user_id": trade["buyer_id"],
        "buyer_logon_id": "138****0000",
        "trade_status": trade["state"],
        "total_amount": yuan(trade["total_fen"]),
        "point_amount": "0.00",
        "invoice_amount": yuan(trade["total_fen"]),
    }
    if trade["paid_ms"] is not None:
        shown["send_pay_date"] = stamp(trade["paid_ms"], TIME)
    return shown


def _close(desk: Alipay, wanted: dict[str, Any]) -> dict[str, Any]:
    trade = desk.trade(_number(wanted, "out_trade_no"))
    trades.close(desk, trade)
    return {"trade_no": trade["trade_no"], "out_trade_no": trade["out_trade_no"]}


def _refund(desk: Alipay, wanted: dict[str, Any]) -> dict[str, Any]:
    trade = desk.trade(_number(wanted, "out_trade_no"))
    faults = faults_for(desk.store, trade["out_trade_no"])
    if faults.not_enough:
        raise business("SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足")
    request_no, reason = _number(wanted, "out_request_no"), str(wanted.get("refund_reason", ""))
    moved = trades.refund(desk, trade, request_no, _fen(wanted, "refund_amount"), reason)
    if faults.fail_refund:
        raise Refusal("20000", "aop.ACQ.SYSTEM_ERROR", "系统错误")
    return {
        "trade_no": trade["trade_no"],
        "out_trade_no": trade["out_trade_no"],
        "buyer_user_id": trade["buyer_id"],
        "buyer_logon_id": "138****0000",
        "fund_change": "Y" if moved else "N",
        "refund_fee": yuan(desk.refunded_fen(trade["out_trade_no"])),
    }


def _query_refund(desk: Alipay, wanted: dict[str, Any]) -> dict[str, Any]:
    trade = desk.trade(_number(wanted, "out_trade_no"))
    sql = "SELECT * FROM refunds WHERE out_trade_no = ? AND out_request_no = ?"
    found = desk.store.one(sql, trade["out_trade_no"], _number(wanted, "out_request_no"))
    if found is None:
        return {}
    return {
        "trade_no": trade["trade_no"],
        "out_trade_no": trade["out_trade_no"],
        "out_request_no": found["out_request_no"],
        "total_amount": yuan(trade["total_fen"]),
        "refund_amount": yuan(found["fen"]),
        "refund_status": "REFUND_SUCCESS",
        "gmt_refund_pay": stamp(found["done_ms"], TIME),
    }


def _bill(desk: Alipay, wanted: dict[str, Any]) -> dict[str, Any]:
    if wanted.get("bill_type") != "trade":
        raise Refusal("40004", "isv.INVALID_ARGUMENTS", "沙箱只提供 bill_type=trade")
    try:
        day = date.fromisoformat(str(wanted.get("bill_date")))
    except ValueError:
        raise Refusal("40004", "isv.INVALID_ARGUMENTS", "bill_date 格式为 2026-01-31") from None
    if day > datetime.now(CHINA).date():
        raise Refusal("40004", "isp.bill_not_exist", "账单不存在")
    return {"bill_download_url": f"{desk.base_url}/alipay/bill/{bill.token(desk, day)}"}


METHODS: dict[str, Callable[[Alipay, dict[str, Any]], dict[str, Any]]] = {
    "alipay.trade.query": _query,
    "alipay.trade.close": _close,
    "alipay.trade.refund": _refund,
    "alipay.trade.fastpay.refund.query": _query_refund,
    "alipay.data.dataservice.bill.downloadurl.query": _bill,
}


def _number(wanted: dict[str, Any], name: str) -> str:
    value = wanted.get(name)
    if not isinstance(value, str) or not re.fullmatch(r"[0-9A-Za-z_]{1,64}", value):
        raise business("INVALID_PARAMETER", f"{name} 须为 1 到 64 个字母、数字或下划线")
    return value


def _fen(wanted: dict[str, Any], name: str) -> int:
    found = YUAN.fullmatch(str(wanted.get(name, "")))
    fen = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else 0
    if not 0 < fen <= trades.TOTAL_FEN_MAX:
        raise business("INVALID_PARAMETER", f"{name} 须为 0.01 到 100000000.00")
    return fen


def _answer(desk: Alipay, name: str, result: dict[str, Any]) -> Response:
    """What is signed is the exact text of the result."""
    said = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    signature = sign(desk.keys.alipay, said)
    text = f'{{"{name}":{said},"sign":"{signature}"}}'
    return Response(text, media_type="text/html;charset=utf-8")


async def show(request: Request) -> Response:
    desk = alipay_of(request)
    return _page(request, desk.trade_by_token(request.query_params.get("token", "")))


async def choose(request: Request) -> Response:
    """The form: pay or give up, then back to the merchant's page, exactly as the real cashier leaves."""
    desk = alipay_of(request)
    form = parse_qs((await console.read_bytes(request)).decode("utf-8", "replace"))
    trade = desk.trade_by_token(request.path_params["token"])
    if trade is None:
        return _page(request, None)
    if form.get("outcome", [""])[0] == "success":
        try:
            trade = trades.pay(desk, trade)
        except Refusal as refusal:
            # Two taps on one button, or the back button: paying twice is one payment, the buyer goes on.
            if refusal.sub_code != "ACQ.TRADE_HAS_SUCCESS":
                return _page(request, trade)
    if is_allowed(trade["return_url"], desk.settings.return_origins):
        return RedirectResponse(trade["return_url"], 303)
    return _page(request, trade)


async def choose_json(request: Request) -> Response:
    """`{"outcome": "success" | "failure"}`; whoever knows the token may pay, as with the page itself."""
    desk = alipay_of(request)
    choice = await console.parse(Choice, request)
    trade = desk.trade_by_token(request.path_params["token"])
    if trade is None:
        raise business("TRADE_NOT_EXIST", "交易不存在")
    if choice.outcome == "success":
        trade = trades.pay(desk, trade)
    return JSONResponse({"out_trade_no": trade["out_trade_no"], "trade_status": trade["state"]})


def _page(request: Request, trade: Row | None) -> Response:
    desk = alipay_of(request)
    if trade is None:
        return page.show(request, "alipay", None, address=CASHIER, query={}, back="")
    back = trade["return_url"] if is_allowed(trade["return_url"], desk.settings.return_origins) else ""
    over = trade["state"] == "TRADE_CLOSED" or trade["expires_ms"] <= now_ms()
    bill_of = page.Bill(
        amount=page.yuan(trade["total_fen"]),
        merchant=desk.settings.merchant_name,
        description=trade["subject"],
        number=trade["out_trade_no"],
        state="paid" if trade["paid_ms"] is not None else "over" if over else "open",
        action=f"{CASHIER}/{trade['token']}",
    )
    return page.show(request, "alipay", bill_of, address=CASHIER, query={"token": trade["token"]}, back=back)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return JSONResponse({"code": error.code, "sub_code": error.sub_code, "sub_msg": error.sub_msg}, 400)
