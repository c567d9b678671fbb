"""Create, query, close and pay: what happens to a trade."""

import asyncio
import secrets
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from kaibo.sandbox.addresses import is_allowed
from kaibo.sandbox.beijing import now_ms, rfc3339, stamp
from kaibo.sandbox.faults import faults_for
from kaibo.sandbox.store import Row
from kaibo.sandbox.wechatpay import notices
from kaibo.sandbox.wechatpay.errors import Refusal
from kaibo.sandbox.wechatpay.platform import Platform, answer, parse, platform_of, read_signed

TRADE_TYPE = {"h5": "MWEB", "jsapi": "JSAPI", "native": "NATIVE"}
TOTAL_FEN_MAX = 10_000_000_000
EXPIRY_MS_DEFAULT = 2 * 3600 * 1000
STATE_DESC = {"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "CLOSED": "订单已关闭", "REFUND": "转入退款"}


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("an RFC 3339 time carries its zone")
    return moment


class _Open(BaseModel):
    # The real service ignores fields that it does not know.
    model_config = ConfigDict(extra="ignore")


class Amount(_Open):
    total: int = Field(gt=0, le=TOTAL_FEN_MAX, strict=True)
    currency: str = Field("CNY", pattern="^CNY$")


class Scene(_Open):
    payer_client_ip: str = Field(min_length=2, max_length=45)


class Payer(_Open):
    openid: str = Field(min_length=1, max_length=128)


class NewTrade(_Open):
    appid: str = Field(min_length=1, max_length=32)
    mchid: str = Field(min_length=1, max_length=32)
    description: str = Field(min_length=1, max_length=127)
    out_trade_no: str = Field(pattern=r"^[0-9A-Za-z_\-|*]{6,32}$")
    time_expire: Annotated[datetime, AfterValidator(_aware)] | None = None
    attach: str = Field("", max_length=128)
    notify_url: str = Field(min_length=8, max_length=255)
    amount: Amount
    scene_info: Scene | None = None
    payer: Payer | None = None


class Close(_Open):
    mchid: str


async def create(request: Request, trade_type: str) -> Response:
    platform = platform_of(request)
    new = parse(NewTrade, await read_signed(request))
    _check(platform, new, trade_type)
    trade = _existing(platform, new, trade_type) or _insert(platform, new, trade_type)
    faults = faults_for(platform.store, new.out_trade_no)
    if faults.slow_create_ms:
        await asyncio.sleep(faults.slow_create_ms / 1000)
    if faults.fail_create:
        raise Refusal("SYSTEM_ERROR", "系统错误, 请用相同参数重新调用")
    prepay_id = trade["prepay_id"]
    documents = {
        "MWEB": {"h5_url": f"{platform.public_url}/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={prepay_id}"},
        "JSAPI": {"prepay_id": prepay_id},
        "NATIVE": {"code_url": f"{platform.public_url}/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={prepay_id}"},
    }
    return answer(platform, documents[trade_type])


def _check(platform: Platform, new: NewTrade, trade_type: str) -> None:
    if new.mchid != platform.keys.mchid:
        raise Refusal("MCH_NOT_EXISTS", "商户号不存在", field="/mchid", value=new.mchid)
    if new.appid != platform.keys.appid:
        raise Refusal("APPID_MCHID_NOT_MATCH", "appid 和 mchid 不匹配", field="/appid", value=new.appid)
    if trade_type == "MWEB" and new.scene_info is None:
        raise Refusal("PARAM_ERROR", "参数错误", field="/scene_info", issue="H5 支付必须提供", location="body")
    if trade_type == "JSAPI" and new.payer is None:
        raise Refusal("PARAM_ERROR", "参数错误", field="/payer/openid", issue="JSAPI 支付必须提供", location="body")
    check_notify_url(platform, new.notify_url)
    if new.time_expire is not None and new.time_expire.timestamp() * 1000 <= now_ms():
        raise Refusal("PARAM_ERROR", "参数错误", field="/time_expire", issue="交易结束时间已过", location="body")


def check_notify_url(platform: Platform, url: str) -> None:
    """The documentation forbids a query in notify_url; the origins are the sandbox's own guard."""
    if "?" in url or not is_allowed(url, platform.settings.notify_origins):
        issue = "必须是不带参数的 http(s) 地址, 且在沙箱允许的通知来源之内 (--notify-origin)"
        raise Refusal("PARAM_ERROR", "参数错误", field="/notify_url", issue=issue, location="body")


def _existing(platform: Platform, new: NewTrade, trade_type: str) -> Row | None:
    """The trade that an earlier, equal request made. Raises Refusal when it is unlike this one or over."""
    trade = platform.store.trade(new.out_trade_no)
    if trade is None:
        return None
    if trade["state"] == "SUCCESS":
        raise Refusal("ORDERPAID", "该订单已支付")
    if trade["state"] == "CLOSED":
        raise Refusal("ORDER_CLOSED", "该订单已关闭")
    if trade["trade_type"] != trade_type:
        raise Refusal("OUT_TRADE_NO_USED", "商户订单号重复")
    before = (trade["description"], trade["total_fen"], trade["notify_url"], trade["attach"])
    if before != (new.description, new.amount.total, new.notify_url, new.attach):
        raise Refusal("INVALID_REQUEST", "请求重入时, 参数与首次请求时不一致")
    return trade


def _insert(platform: Platform, new: NewTrade, trade_type: str) -> Row:
    created_ms = now_ms()
    expires_ms = int(new.time_expire.timestamp() * 1000) if new.time_expire else created_ms + EXPIRY_MS_DEFAULT
    trade: Row = {
        "out_trade_no": new.out_trade_no,
        "prepay_id": f"wx{stamp(created_ms, '%d%H%M%S')}{secrets.token_hex(16)}",
        "trade_type": trade_type,
        "description": new.description,
        "total_fen": new.amount.total,
        "currency": new.amount.currency,
        "notify_url": new.notify_url,
        "attach": new.attach,
        "payer_ip": new.scene_info.payer_client_ip if new.scene_info else "",
        "state": "NOTPAY",
        "openid": new.payer.openid if new.payer else None,
        "created_ms": created_ms,
        "expires_ms": expires_ms,
    }
    with platform.store.change():
        platform.store.insert("trades", trade)
    return trade


async def query(request: Request) -> Response:
    await read_signed(request)
    platform = platform_of(request)
    _check_mchid(platform, request.query_params.get("mchid", ""))
    return answer(platform, document(platform, _known(platform, request)))


async def close(request: Request) -> Response:
    platform = platform_of(request)
    _check_mchid(platform, parse(Close, await read_signed(request)).mchid)
    trade = _known(platform, request)
    if trade["state"] == "SUCCESS":
        raise Refusal("ORDERPAID", "该订单已支付, 不能关闭")
    close_trade(platform, trade["out_trade_no"])
    return answer(platform, None, 204)


def close_trade(platform: Platform, out_trade_no: str) -> bool:
    """True when an unpaid trade was closed just now; closing again is no error and changes nothing."""
    with platform.store.change():
        sql = "UPDATE trades SET state = 'CLOSED' WHERE out_trade_no = ? AND state = 'NOTPAY'"
        return platform.store.run(sql, out_trade_no) == 1


def pay(platform: Platform, trade: Row) -> Row:
    """Take the money and queue the callback, both or neither. Raises Refusal when the trade cannot be paid."""
    if trade["state"] == "SUCCESS":
        raise Refusal("ORDERPAID", "该订单已支付")
    paid_ms = now_ms()
    if trade["state"] == "CLOSED" or trade["expires_ms"] <= paid_ms:
        raise Refusal("ORDER_CLOSED", "该订单已关闭或已过支付时限")
    transaction_id = "4200" + stamp(paid_ms, "%Y%m%d") + f"{secrets.randbelow(10**16):016d}"
    with platform.store.change():
        platform.store.run(
            "UPDATE trades SET state = 'SUCCESS', paid_ms = ?, transaction_id = ?, openid = coalesce(openid, ?)"
            " WHERE out_trade_no = ? AND state = 'NOTPAY'",
            paid_ms,
            transaction_id,
            "o" + secrets.token_urlsafe(20)[:27],
            trade["out_trade_no"],
        )
        paid = platform.store.trade(trade["out_trade_no"])
        assert paid is not None
        event = notices.Event("TRANSACTION.SUCCESS", "支付成功", trade["out_trade_no"], trade["notify_url"])
        notices.enqueue(platform, event, document(platform, paid))
    platform.wake.set()
    return paid


def document(platform: Platform, trade: Row) -> dict[str, Any]:
    """A trade as the query and the callback show it."""
    state = trade["state"]
    if state == "SUCCESS" and platform.store.refunded_fen(trade["out_trade_no"]):
        state = "REFUND"
    shown: dict[str, Any] = {
        "appid": platform.keys.appid,
        "mchid": platform.keys.mchid,
        "out_trade_no": trade["out_trade_no"],
        "trade_type": trade["trade_type"],
        "trade_state": state,
        "trade_state_desc": STATE_DESC[state],
        "attach": trade["attach"],
        "amount": {"total": trade["total_fen"], "currency": trade["currency"]},
    }
    if trade["state"] == "SUCCESS":
        shown["transaction_id"] = trade["transaction_id"]
        shown["bank_type"] = "OTHERS"
        shown["success_time"] = rfc3339(trade["paid_ms"])
        shown["payer"] = {"openid": trade["openid"]}
        shown["amount"] |= {"payer_total": trade["total_fen"], "payer_currency": trade["currency"]}
    return shown


def _known(platform: Platform, request: Request) -> Row:
    trade = platform.store.trade(request.path_params["out_trade_no"])
    if trade is None:
        raise Refusal("ORDER_NOT_EXIST", "订单不存在")
    return trade


def _check_mchid(platform: Platform, mchid: str) -> None:
    if mchid != platform.keys.mchid:
        raise Refusal("PARAM_ERROR", "参数错误", field="/mchid", issue="与签名的商户号不一致")
