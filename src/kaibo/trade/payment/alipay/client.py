"""The client of Alipay's Open API behind `kaibo.trade.payment.gateway.Gateway`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import httpx

from kaibo.kernel.clock import now
from kaibo.kernel.money import yuan
from kaibo.trade.payment.alipay import signature
from kaibo.trade.payment.alipay.bill import BILL_BYTES_MAX, read_bill
from kaibo.trade.payment.alipay.callback import parse_callback
from kaibo.trade.payment.alipay.config import AlipayConfig
from kaibo.trade.payment.amounts import beijing, fen_of, moment_of
from kaibo.trade.payment.gateway import (
    ChargeCreated,
    ChargeRequest,
    ChargeState,
    ChargeStatus,
    ForgedAnswer,
    GatewayRefused,
    GatewayTimeout,
    Notice,
    RefundRequest,
    RefundState,
    RefundStatus,
    StatementRow,
)
from kaibo.trade.payment.transport import http_client, read_bounded

TIMEOUT_S = 10.0
ANSWER_BYTES_MAX = 256 * 1024
TRADE_NO = re.compile(r"[0-9A-Za-z_]{6,64}")
SUBJECT_CHARS_MAX = 128
REASON_CHARS_MAX = 120
SUCCESS = "10000"
NOT_EXIST = "ACQ.TRADE_NOT_EXIST"
UNDECIDED = frozenset({"20000", "ACQ.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "isp.unknow-error", "aop.unknow-error"})
"""Codes after which the request may have been carried out: ask before anything else."""
PRODUCTS = {
    "alipay_wap": ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    "alipay_page": ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
}
T = TypeVar("T")
_FORBIDDEN_IN_SUBJECT = re.compile(r"[/=&<>\"']")


class AlipayGateway:
    """Safe to share between tasks of one event loop. `pay_url` is a signed link: Alipay hears of the trade when the buyer opens it,
    and until then a query finds nothing. `time_expire` keeps an unopened link from being paid after the order's time."""

    def __init__(
        self, config: AlipayConfig, *, clock: Callable[[], datetime] = now, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._config = config
        self._clock = clock
        self._http = http_client(timeout_s)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def create(self, request: ChargeRequest) -> ChargeCreated:
        """ValueError for what Alipay would never take."""
        _check_number(request.out_trade_no)
        if request.currency != "CNY":
            raise ValueError(f"Alipay charges in CNY here, not in {request.currency}")
        method, product = PRODUCTS[request.method]
        content: dict[str, Any] = {
            "out_trade_no": request.out_trade_no,
            "total_amount": _yuan(request.amount_fen),
            "subject": _FORBIDDEN_IN_SUBJECT.sub(" ", request.description)[:SUBJECT_CHARS_MAX],
            "product_code": product,
            "seller_id": self._config.seller_id,
            "time_expire": beijing(request.expires_at),
        }
        if request.method == "alipay_wap" and request.return_url:
            content["quit_url"] = request.return_url
        signed = self._signed(method, content, request.notify_url, request.return_url)
        return ChargeCreated(request.out_trade_no, f"{self._config.gateway_url}?{urlencode(signed)}")

    async def query(self, out_trade_no: str, *, provider_ref: str = "") -> ChargeState:
        _check_number(out_trade_no)
        try:
            found = await self._call("alipay.trade.query", out_trade_no, {"out_trade_no": out_trade_no})
        except GatewayRefused as refusal:
            if refusal.code == NOT_EXIST:
                return ChargeState(out_trade_no, ChargeStatus.NOT_FOUND, provider_state=refusal.code)
            raise
        return self._read("query", out_trade_no, lambda: _charge_state(out_trade_no, found))

    async def close(self, out_trade_no: str, *, provider_ref: str = "") -> None:
        _check_number(out_trade_no)
        try:
            await self._call("alipay.trade.close", out_trade_no, {"out_trade_no": out_trade_no})
        except GatewayRefused as refusal:
            if refusal.code == NOT_EXIST:
                return
            # Alipay says the same of "closed already" and of "paid already": only the trade itself tells which.
            state = await self.query(out_trade_no)
            if state.status is ChargeStatus.PAID:
                raise GatewayRefused("ORDERPAID", refusal.message, refusal.http_status) from refusal
            if state.status not in (ChargeStatus.CLOSED, ChargeStatus.NOT_FOUND):
                raise

    async def refund(self, request: RefundRequest) -> RefundState:
        _check_number(request.out_trade_no)
        _check_number(request.out_refund_no)
        if not 1 <= request.refund_fen <= request.total_fen:
            raise ValueError(f"a refund of {request.refund_fen} fen of {request.total_fen}")
        content = {
            "out_trade_no": request.out_trade_no,
            "out_request_no": request.out_refund_no,
            "refund_amount": _yuan(request.refund_fen),
            "refund_reason": request.reason[:REASON_CHARS_MAX],
        }
        await self._call("alipay.trade.refund", request.out_refund_no, content)
        # The answer tells the sum of all refunds and not this one's fate (`fund_change` is N when it is asked for again).
        return await self.query_refund(request.out_refund_no, out_trade_no=request.out_trade_no)

    async def query_refund(self, out_refund_no: str, *, out_trade_no: str = "", provider_ref: str = "") -> RefundState:
        _check_number(out_refund_no)
        _check_number(out_trade_no)
        content = {
            "out_trade_no": out_trade_no,
            "out_request_no": out_refund_no,
            "query_options": ["gmt_refund_pay"],
        }
        try:
            found = await self._call("alipay.trade.fastpay.refund.query", out_refund_no, content)
        except GatewayRefused as refusal:
            if refusal.code == NOT_EXIST:
                return RefundState(out_refund_no, RefundStatus.NOT_FOUND, provider_state=refusal.code)
            raise
        return self._read("query_refund", out_refund_no, lambda: _refund_state(out_refund_no, found))

    async def statement(self, day: date) -> list[StatementRow]:
        content = {"bill_type": "trade", "bill_date": day.isoformat()}
        method = "alipay.data.dataservice.bill.downloadurl.query"
        found = await self._call(method, day.isoformat(), content)
        url = str(found.get("bill_download_url", ""))
        if urlsplit(url).scheme not in ("http", "https"):
            raise GatewayTimeout("statement", day.isoformat(), "the answer names no address of the bill")
        answer = await self._send("statement", day.isoformat(), self._http.build_request("GET", url), BILL_BYTES_MAX)
        if answer.status_code != 200:
            raise GatewayTimeout("statement", day.isoformat(), f"the bill's address answered {answer.status_code}")
        return self._read("statement", day.isoformat(), lambda: read_bill(answer.content))

    def parse_callback(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        return parse_callback(self._config, body, now=now)

    async def refresh_keys(self) -> bool:
        """The key is in the file: there is nothing to fetch."""
        return False

    def _signed(
        self, method: str, content: dict[str, Any], notify_url: str = "", return_url: str | None = ""
    ) -> dict[str, str]:
        parameters = {
            "app_id": self._config.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": signature.SIGN_TYPE,
            "timestamp": beijing(self._clock()),
            "version": "1.0",
            "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
        }
        parameters |= {k: v for k, v in (("notify_url", notify_url), ("return_url", return_url)) if v}
        parameters["sign"] = signature.sign(self._config.private_key, signature.request_content(parameters))
        return parameters

    async def _call(self, method: str, number: str, content: dict[str, Any]) -> dict[str, Any]:
        """The verified result of a successful call. Raises GatewayTimeout, ForgedAnswer or GatewayRefused."""
        operation = method.removeprefix("alipay.")
        request = self._http.build_request(
            "POST", f"{self._config.gateway_url}?charset=utf-8", data=self._signed(method, content)
        )
        answer = await self._send(operation, number, request, ANSWER_BYTES_MAX)
        if answer.status_code != 200:
            raise GatewayTimeout(operation, number, f"HTTP {answer.status_code}")
        result = self._verified(operation, number, method, answer.content)
        code, sub_code = str(result.get("code", "")), str(result.get("sub_code", ""))
        if code == SUCCESS:
            return result
        if code in UNDECIDED or sub_code in UNDECIDED or not code:
            raise GatewayTimeout(operation, number, f"{code} {sub_code}".strip())
        message = str(result.get("sub_msg") or result.get("msg") or "")
        raise GatewayRefused(sub_code or code, message, answer.status_code)

    def _verified(self, operation: str, number: str, method: str, body: bytes) -> dict[str, Any]:
        name = method.replace(".", "_") + "_response"
        try:
            found = signature.members(body.decode("utf-8"))
            said = found.get(name, found.get("error_response", ""))
            signed = json.loads(found.get("sign", '""'))
            result = json.loads(said)
        except ValueError as error:
            raise GatewayTimeout(operation, number, f"the answer is not as documented: {error}") from error
        if not isinstance(result, dict):
            raise GatewayTimeout(operation, number, "the answer holds no result")
        # Complaints about our own signature come unsigned: Alipay does not know whom it speaks to.
        unsigned = "sign" not in found and result.get("code") != SUCCESS
        if not unsigned and not signature.is_signed(self._config.alipay_key, said.encode(), str(signed)):
            raise ForgedAnswer(operation, number, "the signature of the answer does not match")
        answered = result.get("out_trade_no"), result.get("out_request_no")
        # The signature covers the answer but not the question: an answer to another question could be slipped in.
        if result.get("code") == SUCCESS and any(answered) and number not in answered and "refund" not in operation:
            raise ForgedAnswer(operation, number, f"the answer is about {answered[0]}")
        return result

    async def _send(self, operation: str, number: str, request: httpx.Request, bytes_max: int) -> httpx.Response:
        try:
            return await read_bounded(self._http, request, bytes_max)
        except httpx.HTTPError as error:
            raise GatewayTimeout(operation, number, f"{type(error).__name__}: {error}") from error
        except OverflowError as error:
            raise GatewayTimeout(operation, number, str(error)) from error

    def _read(self, operation: str, number: str, read: Callable[[], T]) -> T:
        try:
            return read()
        except (ValueError, KeyError) as error:
            raise GatewayTimeout(operation, number, f"the answer is not as documented: {error!r}") from error


def _charge_state(out_trade_no: str, found: dict[str, Any]) -> ChargeState:
    said = str(found["trade_status"])
    paid_at = str(found.get("send_pay_date") or "")
    # TRADE_CLOSED is an unpaid trade whose time is over, and also a paid one that was refunded in full.
    if said in ("TRADE_SUCCESS", "TRADE_FINISHED") or (said == "TRADE_CLOSED" and paid_at):
        return ChargeState(
            out_trade_no,
            ChargeStatus.PAID,
            transaction_id=str(found["trade_no"]),
            amount_fen=fen_of(str(found["total_amount"])),
            currency=str(found.get("trans_currency") or "CNY"),
            paid_at=moment_of(paid_at),
            has_refund=said == "TRADE_CLOSED",
            provider_state=said,
        )
    known = {"WAIT_BUYER_PAY": ChargeStatus.NOT_PAID, "TRADE_CLOSED": ChargeStatus.CLOSED}
    return ChargeState(out_trade_no, known.get(said, ChargeStatus.UNKNOWN), provider_state=said)


def _refund_state(out_refund_no: str, found: dict[str, Any]) -> RefundState:
    said = str(found.get("refund_status") or "")
    if not found.get("out_request_no"):
        return RefundState(out_refund_no, RefundStatus.NOT_FOUND, provider_state=said)
    if found["out_request_no"] != out_refund_no:
        raise ValueError(f"the answer is about {found['out_request_no']}")
    paid_at = str(found.get("gmt_refund_pay") or "")
    done = said == "REFUND_SUCCESS"
    return RefundState(
        out_refund_no,
        RefundStatus.DONE if done else RefundStatus.PROCESSING,
        out_trade_no=str(found["out_trade_no"]),
        refund_id=str(found["trade_no"]),
        refund_fen=fen_of(str(found["refund_amount"])),
        total_fen=fen_of(str(found["total_amount"])),
        currency="CNY",
        refunded_at=moment_of(paid_at) if done and paid_at else None,
        provider_state=said,
    )


def _yuan(fen: int) -> str:
    if fen < 1:
        raise ValueError(f"an amount must be at least 1 fen, not {fen}")
    return yuan(fen)


def _check_number(number: str) -> None:
    if not TRADE_NO.fullmatch(number):
        raise ValueError(f"{number!r} does not match {TRADE_NO.pattern}, which Alipay requires")
