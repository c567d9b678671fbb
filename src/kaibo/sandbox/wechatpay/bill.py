"""The statement of one day, in the shape of WeChat Pay's trade bill (all trades): what reconciliation reads."""

import csv
import hashlib
import io
from datetime import date, datetime
from fractions import Fraction

from starlette.requests import Request
from starlette.responses import Response

from kaibo.sandbox.beijing import CHINA, day_bounds_ms, stamp
from kaibo.sandbox.store import Row
from kaibo.sandbox.wechatpay.errors import Refusal
from kaibo.sandbox.wechatpay.platform import Platform, answer, platform_of, read_signed

FEE_BPS = 60
COLUMNS = (
    *(
        "交易时间",
        "公众账号ID",
        "商户号",
        "特约商户号",
        "设备号",
        "微信订单号",
        "商户订单号",
        "用户标识",
        "交易类型",
        "交易状态",
    ),
    *(
        "付款银行",
        "货币种类",
        "应结订单金额",
        "代金券金额",
        "微信退款单号",
        "商户退款单号",
        "退款金额",
        "充值券退款金额",
    ),
    *("退款类型", "退款状态", "商品名称", "商户数据包", "手续费", "费率", "订单金额", "申请退款金额", "费率备注"),
)
TOTALS = (
    "总交易单数",
    "应结订单总金额",
    "退款总金额",
    "充值券退款总金额",
    "手续费总金额",
    "订单总金额",
    "申请退款总金额",
)


async def ask_for_bill(request: Request) -> Response:
    """GET /v3/bill/tradebill: where the bill of a day lies, and its hash."""
    await read_signed(request)
    platform = platform_of(request)
    if request.query_params.get("bill_type", "ALL") != "ALL":
        raise Refusal("PARAM_ERROR", "参数错误", field="/bill_type", issue="沙箱只提供 ALL", location="query")
    day = _day(request)
    if day > datetime.now(CHINA).date():
        raise Refusal("NO_STATEMENT_EXIST", "账单文件不存在")
    content = content_of(platform, day)
    where = f"{platform.base_url}/v3/billdownload/file?token={day.isoformat()}"
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return answer(platform, {"hash_type": "SHA1", "hash_value": digest, "download_url": where})


async def download(request: Request) -> Response:
    """GET /v3/billdownload/file: signed by the merchant like any request; the answer is plain."""
    await read_signed(request)
    try:
        day = date.fromisoformat(request.query_params.get("token", ""))
    except ValueError:
        raise Refusal("PARAM_ERROR", "参数错误", field="/token") from None
    return Response(content_of(platform_of(request), day), media_type="text/plain; charset=utf-8")


def _day(request: Request) -> date:
    text = request.query_params.get("bill_date", "")
    try:
        return date.fromisoformat(text)
    except ValueError:
        issue = "格式为 2026-01-31"
        raise Refusal("PARAM_ERROR", "参数错误", field="/bill_date", issue=issue, value=text) from None


def content_of(platform: Platform, day: date) -> bytes:
    return ("\ufeff" + statement(platform, day)).encode()


def fee_fen(fen: int) -> int:
    """0.6 %, as most contracts say; half a fen goes to the nearest even one."""
    return round(Fraction(fen * FEE_BPS, 10_000))


def statement(platform: Platform, day: date) -> str:
    """CSV with a heading, one line a payment or refund, a second heading and the totals.

    As in the original every value carries a back-tick in front (against spreadsheets that round long numbers), amounts
    are yuan with two decimals (fees have five), and a payment counts on the day it was paid. A refund gives its fee back.
    """
    start_ms, end_ms = day_bounds_ms(day)
    store = platform.store
    paid = store.all("SELECT * FROM trades WHERE paid_ms >= ? AND paid_ms < ? ORDER BY paid_ms", start_ms, end_ms)
    refunded = store.all(
        "SELECT t.*, r.refund_id, r.out_refund_no, r.refund_fen, r.state AS refund_state, r.created_ms AS refund_ms"
        " FROM refunds r JOIN trades t USING (out_trade_no)"
        " WHERE r.created_ms >= ? AND r.created_ms < ? ORDER BY r.created_ms",
        start_ms,
        end_ms,
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_marked(_payment(platform, trade)) for trade in paid)
    writer.writerows(_marked(_refund(platform, row)) for row in refunded)
    paid_fen = sum(trade["total_fen"] for trade in paid)
    refund_fen = sum(row["refund_fen"] for row in refunded)
    fees_fen = sum(fee_fen(trade["total_fen"]) for trade in paid) - sum(fee_fen(row["refund_fen"]) for row in refunded)
    count = len(paid) + len(refunded)
    totals = [str(count), *map(_yuan, (paid_fen, refund_fen, 0)), f"{_yuan(fees_fen)}000"]
    totals += [_yuan(paid_fen), _yuan(refund_fen)]
    writer.writerow(TOTALS)
    writer.writerow(_marked(totals))
    return text.getvalue()


def _payment(platform: Platform, trade: Row) -> list[str]:
    head = _head(platform, trade, trade["paid_ms"], "SUCCESS")
    amount = _yuan(trade["total_fen"])
    refund = ["0", "0", "0.00", "0.00", "", ""]
    return [*head, amount, "0.00", *refund, *_tail(trade, fee_fen(trade["total_fen"])), amount, "0.00", ""]


def _refund(platform: Platform, row: Row) -> list[str]:
    head = _head(platform, row, row["refund_ms"], "REFUND")
    amount = _yuan(row["refund_fen"])
    refund = [row["refund_id"], row["out_refund_no"], amount, "0.00", "ORIGINAL", row["refund_state"]]
    return [*head, "0.00", "0.00", *refund, *_tail(row, -fee_fen(row["refund_fen"])), "0.00", amount, ""]


def _head(platform: Platform, trade: Row, at_ms: int, state: str) -> list[str]:
    keys = platform.keys
    numbers = [trade["transaction_id"], trade["out_trade_no"], trade["openid"], trade["trade_type"]]
    return [stamp(at_ms, "%Y-%m-%d %H:%M:%S"), keys.appid, keys.mchid, "0", "", *numbers, state, "OTHERS", "CNY"]


def _tail(trade: Row, fee: int) -> list[str]:
    return [trade["description"], trade["attach"], f"{_yuan(fee)}000", "0.60%"]


def _marked(values: list[str]) -> list[str]:
    return [f"`{value}" for value in values]


def _yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
