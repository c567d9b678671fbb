"""From a notification's bytes to a notice that may be believed.

Alipay's notification has no nonce and its time is only that of sending, so genuine bytes can be delivered again at any time: what
keeps that harmless is that notices are acted on once. Nothing in the form is read before its signature has been verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl

from kaibo.trade.payment.alipay import signature
from kaibo.trade.payment.alipay.config import AlipayConfig
from kaibo.trade.payment.amounts import fen_of, moment_of
from kaibo.trade.payment.gateway import (
    ChargeNotice,
    ForeignCallback,
    ForgedCallback,
    Notice,
    NoticeSource,
    OtherNotice,
    RefundNotice,
    RefundStatus,
)

BODY_BYTES_MAX = 64 * 1024
FIELDS_MAX = 200
PAID = frozenset({"TRADE_SUCCESS", "TRADE_FINISHED"})


def parse_callback(config: AlipayConfig, body: bytes, *, now: datetime) -> Notice:
    """Verify and read one notification. Raises ForgedCallback or ForeignCallback."""
    if len(body) > BODY_BYTES_MAX:
        raise ForgedCallback("the body is too long", body_bytes=len(body), body_bytes_max=BODY_BYTES_MAX)
    form = _form(body)
    if form.get("sign_type") != signature.SIGN_TYPE:
        raise ForgedCallback("not signed with RSA2", sign_type=form.get("sign_type", "")[:20])
    if not signature.is_signed(config.alipay_key, signature.notice_content(form), form.get("sign", "")):
        raise ForgedCallback("the signature does not match", notify_id=form.get("notify_id", "")[:64])
    try:
        return _read(config, form, now)
    except (KeyError, ValueError) as error:
        raise ForgedCallback(f"signed, but not as documented: {error!r}") from error


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError as error:
        raise ForgedCallback(f"no form: {error}") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise ForgedCallback("a field comes twice")
    return form


def _read(config: AlipayConfig, form: Mapping[str, str], now: datetime) -> Notice:
    number = form.get("out_trade_no", "")
    if form["app_id"] != config.app_id or form.get("seller_id", config.seller_id) != config.seller_id:
        named = {"app_id": form["app_id"], "seller_id": form.get("seller_id", "")}
        raise ForeignCallback("a genuine callback about another app or seller", **named, out_trade_no=number)
    status = form.get("trade_status", "")
    told_at = moment_of(form["notify_time"])
    source = NoticeSource(
        notice_id=form["notify_id"],
        event_type=f"{form['notify_type']} {status}",
        created_at=told_at,
        signed_at=told_at,
        nonce="",
        serial_no="",
        replayed=False,
    )
    if form.get("refund_fee") and form.get("out_biz_no"):
        return _refund(source, form)
    if status not in PAID:
        return OtherNotice(source, number, status or form["notify_type"])
    return ChargeNotice(
        source=source,
        mchid=config.seller_id,
        appid=config.app_id,
        out_trade_no=form["out_trade_no"],
        transaction_id=form["trade_no"],
        amount_fen=fen_of(form["total_amount"]),
        currency=form.get("trans_currency") or "CNY",
        paid_at=moment_of(form["gmt_payment"]),
        attach=form.get("passback_params", ""),
    )


def _refund(source: NoticeSource, form: Mapping[str, str]) -> RefundNotice:
    # refund_fee is the sum of all refunds of the trade: it says nothing about this one.
    return RefundNotice(
        source=source,
        mchid=form.get("seller_id", ""),
        out_trade_no=form["out_trade_no"],
        transaction_id=form["trade_no"],
        out_refund_no=form["out_biz_no"],
        refund_id=form["trade_no"],
        refund_fen=None,
        total_fen=fen_of(form["total_amount"]),
        status=RefundStatus.DONE,
        refunded_at=moment_of(form["gmt_refund"]),
    )
