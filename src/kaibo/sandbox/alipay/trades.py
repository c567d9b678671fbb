"""Trades and refunds: what happens to money at this Alipay."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from kaibo.sandbox import notices
from kaibo.sandbox.alipay.keys import Keys
from kaibo.sandbox.beijing import now_ms, stamp
from kaibo.sandbox.console import Desk
from kaibo.sandbox.faults import Faults
from kaibo.sandbox.store import Row

SCHEMA = """
CREATE TABLE IF NOT EXISTS trades (
  out_trade_no TEXT PRIMARY KEY, trade_no TEXT NOT NULL UNIQUE, token TEXT NOT NULL UNIQUE, subject TEXT NOT NULL,
  total_fen INTEGER NOT NULL CHECK (total_fen > 0), notify_url TEXT NOT NULL, return_url TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('WAIT_BUYER_PAY', 'TRADE_SUCCESS', 'TRADE_CLOSED')),
  buyer_id TEXT NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, paid_ms INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS refunds (
  out_trade_no TEXT NOT NULL REFERENCES trades, out_request_no TEXT NOT NULL, fen INTEGER NOT NULL CHECK (fen > 0),
  reason TEXT NOT NULL, done_ms INTEGER NOT NULL, PRIMARY KEY (out_trade_no, out_request_no)
) STRICT;
"""
TOTAL_FEN_MAX = 10_000_000_000
EXPIRY_MS_DEFAULT = 15 * 24 * 3600 * 1000
TIME = "%Y-%m-%d %H:%M:%S"


class Refusal(Exception):
    """Answered in Alipay's way: a code, and a sub_code that says what it is about."""

    def __init__(self, code: str, sub_code: str, sub_msg: str) -> None:
        super().__init__(f"{code} {sub_code}: {sub_msg}")
        self.code, self.sub_code, self.sub_msg = code, sub_code, sub_msg


def business(sub_code: str, sub_msg: str) -> Refusal:
    return Refusal("40004", f"ACQ.{sub_code}", sub_msg)


@dataclass(slots=True)
class Alipay(Desk):
    keys: Keys = field(kw_only=True)

    def trade(self, out_trade_no: str) -> Row:
        """Raises Refusal."""
        found = self.store.one("SELECT * FROM trades WHERE out_trade_no = ?", out_trade_no)
        if found is None:
            raise business("TRADE_NOT_EXIST", "交易不存在")
        return found

    def trade_by_token(self, token: str) -> Row | None:
        return self.store.one("SELECT * FROM trades WHERE token = ?", token)

    def refunded_fen(self, out_trade_no: str) -> int:
        sql = "SELECT coalesce(sum(fen), 0) AS fen FROM refunds WHERE out_trade_no = ?"
        row = self.store.one(sql, out_trade_no)
        return int(row["fen"]) if row else 0


def make(desk: Alipay, wanted: Row) -> Row:
    """The trade of a link that a buyer has opened; opening it again finds the same one. Raises Refusal."""
    found = desk.store.one("SELECT * FROM trades WHERE out_trade_no = ?", wanted["out_trade_no"])
    if found is not None:
        if found["total_fen"] != wanted["total_fen"]:
            raise business("CONTEXT_INCONSISTENT", "交易信息被篡改")
        return found
    created_ms = now_ms()
    trade: Row = wanted | {
        "trade_no": stamp(created_ms, "%Y%m%d") + "22" + f"{secrets.randbelow(10**18):018d}",
        "token": secrets.token_urlsafe(24),
        "state": "WAIT_BUYER_PAY",
        "buyer_id": "2088" + f"{secrets.randbelow(10**12):012d}",
        "created_ms": created_ms,
    }
    with desk.store.change():
        desk.store.insert("trades", trade)
    return desk.trade(wanted["out_trade_no"])


def pay(desk: Alipay, trade: Row) -> Row:
    """Take the money and queue the notification, both or neither. Raises Refusal where the trade cannot be paid."""
    if trade["state"] == "TRADE_SUCCESS":
        raise business("TRADE_HAS_SUCCESS", "交易已被支付")
    if trade["state"] != "WAIT_BUYER_PAY" or trade["expires_ms"] <= now_ms():
        raise business("TRADE_HAS_CLOSE", "交易已经关闭")
    number = trade["out_trade_no"]
    with desk.store.change():
        sql = (
            "UPDATE trades SET state = 'TRADE_SUCCESS', paid_ms = ? WHERE out_trade_no = ? AND state = 'WAIT_BUYER_PAY'"
        )
        desk.store.run(sql, now_ms(), number)
        paid = desk.trade(number)
        _tell(desk, paid, {})
    desk.wake.set()
    return paid


def close(desk: Alipay, trade: Row) -> None:
    """Raises Refusal unless it waits for the buyer."""
    with desk.store.change():
        sql = "UPDATE trades SET state = 'TRADE_CLOSED' WHERE out_trade_no = ? AND state = 'WAIT_BUYER_PAY'"
        if desk.store.run(sql, trade["out_trade_no"]) != 1:
            raise business("TRADE_STATUS_ERROR", "交易状态不合法")


def refund(desk: Alipay, trade: Row, out_request_no: str, fen: int, reason: str) -> bool:
    """True when money moved just now; the same number again moves nothing. Raises Refusal."""
    number = trade["out_trade_no"]
    sql = "SELECT * FROM refunds WHERE out_trade_no = ? AND out_request_no = ?"
    if (earlier := desk.store.one(sql, number, out_request_no)) is not None:
        if earlier["fen"] != fen:
            raise business("REQUEST_AMOUNT_EXCEED", "同一退款请求号的金额不一致")
        return False
    if trade["paid_ms"] is None:
        raise business("TRADE_STATUS_ERROR", "交易状态不合法")
    if fen > trade["total_fen"] - desk.refunded_fen(number):
        raise business("REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
    row = {"out_trade_no": number, "out_request_no": out_request_no, "fen": fen, "reason": reason, "done_ms": now_ms()}
    with desk.store.change():
        desk.store.insert("refunds", row)
        refunded_fen = desk.refunded_fen(number)
        if refunded_fen == trade["total_fen"]:
            desk.store.run("UPDATE trades SET state = 'TRADE_CLOSED' WHERE out_trade_no = ?", number)
        told = {
            "refund_fee": yuan(refunded_fen),
            "out_biz_no": out_request_no,
            "gmt_refund": stamp(row["done_ms"], TIME) + ".000",
        }
        _tell(desk, desk.trade(number), told)
    desk.wake.set()
    return True


def _tell(desk: Alipay, trade: Row, more: dict[str, Any]) -> None:
    """Queue the notification; what changes with every delivery (notify_time, sign) is added when it goes out."""
    event = notices.Event(trade["state"], "trade_status_sync", trade["out_trade_no"], trade["notify_url"])
    faults = notices.faults_of(desk.store, event)
    total = yuan(trade["total_fen"])
    form = {
        "notify_type": "trade_status_sync",
        "charset": "utf-8",
        "version": "1.0",
        "app_id": desk.keys.app_id,
        "auth_app_id": desk.keys.app_id,
        "seller_id": desk.keys.seller_id,
        "buyer_id": trade["buyer_id"],
        "out_trade_no": trade["out_trade_no"],
        "trade_no": trade["trade_no"],
        "trade_status": trade["state"],
        "subject": trade["subject"],
        "total_amount": total,
        "receipt_amount": total,
        "invoice_amount": total,
        "buyer_pay_amount": total,
        "point_amount": "0.00",
        "fund_bill_list": f'[{{"amount":"{total}","fundChannel":"ALIPAYACCOUNT"}}]',
        "gmt_create": stamp(trade["created_ms"], TIME),
        "gmt_payment": stamp(trade["paid_ms"], TIME),
    }
    notices.enqueue(desk.store, event, _spoil(form | more, faults), faults)


def _spoil(form: dict[str, Any], faults: Faults) -> dict[str, Any]:
    spoilt = dict(form)
    if faults.wrong_mchid is not None:
        spoilt["seller_id"] = faults.wrong_mchid
    if faults.wrong_amount_fen is not None:
        spoilt["total_amount"] = yuan(faults.wrong_amount_fen)
    if faults.wrong_currency is not None:
        spoilt["trans_currency"] = faults.wrong_currency
    return spoilt


def yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
