"""Refunds: accepted at once, carried out a moment later, told by a callback."""

import secrets
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from kaibo.sandbox.beijing import now_ms, rfc3339, stamp
from kaibo.sandbox.faults import faults_for
from kaibo.sandbox.store import Row
from kaibo.sandbox.wechatpay import notices
from kaibo.sandbox.wechatpay.errors import Refusal
from kaibo.sandbox.wechatpay.platform import Platform, answer, parse, platform_of, read_signed
from kaibo.sandbox.wechatpay.trades import check_notify_url

REFUNDS_PER_TRADE_MAX = 50
REFUND_WINDOW_MS = 365 * 24 * 3600 * 1000
REASON_BYTES_MAX = 80


class RefundAmount(BaseModel):
    model_config = ConfigDict(extra="ignore")

    refund: int = Field(gt=0, strict=True)
    total: int = Field(gt=0, strict=True)
    currency: str = Field(pattern="^CNY$")


class NewRefund(BaseModel):
    model_config = ConfigDict(extra="ignore")

    transaction_id: str = Field("", max_length=32)
    out_trade_no: str = Field("", max_length=32)
    out_refund_no: str = Field(pattern=r"^[0-9A-Za-z_\-|*@]{1,64}$")
    reason: str = ""
    notify_url: str = Field("", max_length=256)
    amount: RefundAmount


async def create(request: Request) -> Response:
    platform = platform_of(request)
    new = parse(NewRefund, await read_signed(request))
    trade = _trade(platform, new)
    refund = _existing(platform, new, trade)
    faults = faults_for(platform.store, trade["out_trade_no"])
    if refund is None:
        if faults.not_enough:
            raise Refusal("NOT_ENOUGH", "基本账户余额不足, 请充值后重新发起")
        _check(platform, new, trade)
        refund = _insert(platform, new, trade)
    if faults.fail_refund:
        raise Refusal("SYSTEM_ERROR", "系统错误, 请用相同参数重新调用")
    return answer(platform, document(refund, trade))


async def query(request: Request) -> Response:
    await read_signed(request)
    platform = platform_of(request)
    refund = platform.store.one("SELECT * FROM refunds WHERE out_refund_no = ?", request.path_params["out_refund_no"])
    trade = platform.store.trade(refund["out_trade_no"]) if refund else None
    if refund is None or trade is None:
        raise Refusal("RESOURCE_NOT_EXISTS", "退款单不存在")
    return answer(platform, document(refund, trade))


def _trade(platform: Platform, new: NewRefund) -> Row:
    if bool(new.transaction_id) == bool(new.out_trade_no):
        raise Refusal("PARAM_ERROR", "transaction_id 和 out_trade_no 必须二选一", field="/out_trade_no")
    column = "transaction_id" if new.transaction_id else "out_trade_no"
    value = new.transaction_id or new.out_trade_no
    trade = platform.store.one(f"SELECT * FROM trades WHERE {column} = ?", value)  # noqa: S608
    if trade is None:
        raise Refusal("RESOURCE_NOT_EXISTS", "订单不存在")
    return trade


def _existing(platform: Platform, new: NewRefund, trade: Row) -> Row | None:
    refund = platform.store.one("SELECT * FROM refunds WHERE out_refund_no = ?", new.out_refund_no)
    if refund is None:
        return None
    if (refund["out_trade_no"], refund["refund_fen"]) != (trade["out_trade_no"], new.amount.refund):
        raise Refusal("INVALID_REQUEST", "请求重入时, 参数与首次请求时不一致")
    return refund


def _check(platform: Platform, new: NewRefund, trade: Row) -> None:
    if trade["state"] != "SUCCESS":
        raise Refusal("INVALID_REQUEST", "订单未支付, 不能退款")
    if new.amount.total != trade["total_fen"]:
        raise Refusal("INVALID_REQUEST", "订单金额与支付时不一致", total=trade["total_fen"])
    left_fen = trade["total_fen"] - platform.store.refunded_fen(trade["out_trade_no"])
    if new.amount.refund > left_fen:
        raise Refusal("INVALID_REQUEST", "申请退款金额大于可退金额", refundable=left_fen)
    count = platform.store.one("SELECT count(*) AS n FROM refunds WHERE out_trade_no = ?", trade["out_trade_no"])
    if count and count["n"] >= REFUNDS_PER_TRADE_MAX:
        raise Refusal("INVALID_REQUEST", f"一笔订单最多退款 {REFUNDS_PER_TRADE_MAX} 次")
    if trade["paid_ms"] + REFUND_WINDOW_MS < now_ms():
        raise Refusal("INVALID_REQUEST", "订单已超过一年的退款期限")
    if len(new.reason.encode()) > REASON_BYTES_MAX:
        raise Refusal("PARAM_ERROR", "参数错误", field="/reason", issue=f"不超过 {REASON_BYTES_MAX} 字节")
    if new.notify_url:
        check_notify_url(platform, new.notify_url)


def _insert(platform: Platform, new: NewRefund, trade: Row) -> Row:
    created_ms = now_ms()
    refund: Row = {
        "out_refund_no": new.out_refund_no,
        "refund_id": "503" + stamp(created_ms, "%Y%m%d") + f"{secrets.randbelow(10**18):018d}",
        "out_trade_no": trade["out_trade_no"],
        "refund_fen": new.amount.refund,
        "reason": new.reason,
        "notify_url": new.notify_url,
        "state": "PROCESSING",
        "created_ms": created_ms,
        "due_ms": created_ms + platform.settings.refund_delay_ms,
    }
    with platform.store.change():
        platform.store.insert("refunds", refund)
    platform.wake.set()
    return refund


def finish_due(platform: Platform) -> None:
    """Carry out the refunds whose moment has come, each together with its callback."""
    due = platform.store.all("SELECT * FROM refunds WHERE state = 'PROCESSING' AND due_ms <= ? LIMIT 100", now_ms())
    for refund in due:
        trade = platform.store.trade(refund["out_trade_no"])
        assert trade is not None
        done = refund | {"state": "SUCCESS", "done_ms": now_ms()}
        with platform.store.change():
            sql = "UPDATE refunds SET state = 'SUCCESS', done_ms = ? WHERE out_refund_no = ?"
            platform.store.run(sql, done["done_ms"], refund["out_refund_no"])
            if refund["notify_url"]:
                event = notices.Event("REFUND.SUCCESS", "退款成功", trade["out_trade_no"], refund["notify_url"])
                notices.enqueue(platform, event, _notice(platform, done, trade))


def document(refund: Row, trade: Row) -> dict[str, Any]:
    """A refund as the request and the query show it."""
    fen, total_fen = refund["refund_fen"], trade["total_fen"]
    shown: dict[str, Any] = {
        "refund_id": refund["refund_id"],
        "out_refund_no": refund["out_refund_no"],
        "transaction_id": trade["transaction_id"],
        "out_trade_no": trade["out_trade_no"],
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": rfc3339(refund["created_ms"]),
        "status": refund["state"],
        "funds_account": "AVAILABLE",
        "amount": {
            "total": total_fen,
            "refund": fen,
            "payer_total": total_fen,
            "payer_refund": fen,
            "settlement_refund": fen,
            "settlement_total": total_fen,
            "discount_refund": 0,
            "currency": trade["currency"],
        },
    }
    if refund["state"] == "SUCCESS":
        shown["success_time"] = rfc3339(refund["done_ms"])
    return shown


def _notice(platform: Platform, refund: Row, trade: Row) -> dict[str, Any]:
    fen, total_fen = refund["refund_fen"], trade["total_fen"]
    return {
        "mchid": platform.keys.mchid,
        "transaction_id": trade["transaction_id"],
        "out_trade_no": trade["out_trade_no"],
        "refund_id": refund["refund_id"],
        "out_refund_no": refund["out_refund_no"],
        "refund_status": refund["state"],
        "success_time": rfc3339(refund["done_ms"]),
        "user_received_account": "支付用户零钱",
        "amount": {"total": total_fen, "refund": fen, "payer_total": total_fen, "payer_refund": fen},
    }
