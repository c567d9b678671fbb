"""WeChat Pay's JSON, read strictly: a missing or wrongly typed field is an error here and not a None further up."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kaibo.trade.payment.gateway import ChargeState, ChargeStatus, RefundState, RefundStatus

CHARGE_STATUS = {
    "NOTPAY": ChargeStatus.NOT_PAID,
    "USERPAYING": ChargeStatus.NOT_PAID,
    "PAYERROR": ChargeStatus.NOT_PAID,
    "SUCCESS": ChargeStatus.PAID,
    "REFUND": ChargeStatus.PAID,
    "CLOSED": ChargeStatus.CLOSED,
    "REVOKED": ChargeStatus.CLOSED,
}
"""REFUND means paid and then wholly or partly given back: the charge itself did happen."""

REFUND_STATUS = {
    "PROCESSING": RefundStatus.PROCESSING,
    "SUCCESS": RefundStatus.DONE,
    "CLOSED": RefundStatus.CLOSED,
    "ABNORMAL": RefundStatus.ABNORMAL,
}


class Malformed(ValueError):
    """The provider's document lacks a field or carries the wrong type in it; the message names the field."""


class Record:
    """One JSON object with typed, checked access to its fields."""

    def __init__(self, values: Mapping[str, Any], where: str = "") -> None:
        self._values = values
        self._where = where

    @classmethod
    def parse(cls, body: bytes) -> "Record":
        try:
            document = json.loads(body)
        except ValueError as error:
            raise Malformed(f"no JSON: {error}") from error
        if not isinstance(document, dict):
            raise Malformed("not a JSON object")
        return cls(document)

    def text(self, name: str) -> str:
        value = self._values.get(name)
        if not isinstance(value, str) or not value:
            raise Malformed(f"{self._where}{name} is missing or not a text")
        return value

    def text_or(self, name: str, default: str) -> str:
        value = self._values.get(name)
        return value if isinstance(value, str) and value else default

    def fen(self, name: str) -> int:
        value = self._values.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise Malformed(f"{self._where}{name} is not an amount in fen")
        return value

    def moment(self, name: str) -> datetime:
        text = self.text(name)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise Malformed(f"{self._where}{name} is not an RFC 3339 time with a zone: {text!r}")
        return moment

    def record(self, name: str) -> "Record":
        value = self._values.get(name)
        if not isinstance(value, dict):
            raise Malformed(f"{self._where}{name} is missing or not an object")
        return Record(value, f"{self._where}{name}.")

    def record_or_empty(self, name: str) -> "Record":
        value = self._values.get(name)
        return Record(value if isinstance(value, dict) else {}, f"{self._where}{name}.")


def charge_state(document: Record) -> ChargeState:
    """An answer of the query by out_trade_no. Raises Malformed."""
    provider_state = document.text("trade_state")
    status = CHARGE_STATUS.get(provider_state, ChargeStatus.UNKNOWN)
    out_trade_no = document.text("out_trade_no")
    if status is not ChargeStatus.PAID:
        return ChargeState(out_trade_no, status, provider_state=provider_state)
    amount = document.record("amount")
    return ChargeState(
        out_trade_no,
        status,
        transaction_id=document.text("transaction_id"),
        amount_fen=amount.fen("total"),
        currency=amount.text_or("currency", "CNY"),
        paid_at=document.moment("success_time"),
        has_refund=provider_state == "REFUND",
        provider_state=provider_state,
    )


def refund_state(document: Record) -> RefundState:
    """An answer of the refund request or of the refund query. Raises Malformed."""
    provider_state = document.text("status")
    status = REFUND_STATUS.get(provider_state, RefundStatus.UNKNOWN)
    amount = document.record("amount")
    return RefundState(
        document.text("out_refund_no"),
        status,
        out_trade_no=document.text("out_trade_no"),
        refund_id=document.text("refund_id"),
        refund_fen=amount.fen("refund"),
        total_fen=amount.fen("total"),
        currency=amount.text_or("currency", "CNY"),
        refunded_at=document.moment("success_time") if status is RefundStatus.DONE else None,
        provider_state=provider_state,
    )
