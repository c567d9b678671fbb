"""The WeChat Pay API v3 client behind `kaibo.trade.payment.gateway.Gateway`."""

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from kaibo.kernel.clock import now
from kaibo.trade.payment.gateway import (
    CallbackRefused,
    ChargeCreated,
    ChargeRequest,
    ChargeState,
    ChargeStatus,
    ForgedAnswer,
    GatewayError,
    GatewayRefused,
    GatewayTimeout,
    Notice,
    RefundRequest,
    RefundState,
    RefundStatus,
    StatementRow,
)
from kaibo.trade.payment.transport import http_client, read_bounded
from kaibo.trade.payment.wechatpay import signature, wire
from kaibo.trade.payment.wechatpay.bill import BILL_BYTES_MAX, read_bill
from kaibo.trade.payment.wechatpay.callback import NonceWindow, SignedBy, parse_callback
from kaibo.trade.payment.wechatpay.config import MerchantConfig
from kaibo.trade.payment.wechatpay.keyring import Keyring, open_certificates

TIMEOUT_S = 10.0
ANSWER_BYTES_MAX = 256 * 1024
TRADE_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
REFUND_NO = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
DESCRIPTION_CHARS_MAX = 127
REASON_BYTES_MAX = 80

ALREADY_CLOSED = {"ORDER_CLOSED", "ORDERCLOSED"}
UNKNOWN_TRADE = {"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"}
"""WeChat Pay has spelt these codes both ways over the years."""
NO_STATEMENT = "NO_STATEMENT_EXIST"

T = TypeVar("T")


class WechatPayGateway:
    """Use as `async with WechatPayGateway(config) as gateway:`. Safe to share between tasks of one event loop."""

    def __init__(
        self, config: MerchantConfig, *, clock: Callable[[], datetime] = now, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._config = config
        self._clock = clock
        self._keyring = Keyring(config.platform_certificates)
        self._nonces = NonceWindow()
        self._http = http_client(timeout_s, base_url=config.base_url, accept="application/json")

    async def __aenter__(self) -> "WechatPayGateway":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def create(self, request: ChargeRequest) -> ChargeCreated:
        """An H5 charge: `pay_url` is opened in the buyer's browser. ValueError for what WeChat Pay would never take."""
        _check_number(TRADE_NO, request.out_trade_no)
        _check_amount(request.amount_fen)
        if not 1 <= len(request.description) <= DESCRIPTION_CHARS_MAX:
            raise ValueError(f"description must have 1 to {DESCRIPTION_CHARS_MAX} characters")
        payload: dict[str, Any] = {
            "appid": self._config.appid,
            "mchid": self._config.mchid,
            "description": request.description,
            "out_trade_no": request.out_trade_no,
            "time_expire": _rfc3339(request.expires_at),
            "notify_url": request.notify_url,
            "amount": {"total": request.amount_fen, "currency": request.currency},
            "scene_info": {"payer_client_ip": request.payer_ip, "h5_info": {"type": "Wap"}},
        }
        if request.attach:
            payload["attach"] = request.attach
        body = await self._call("create", request.out_trade_no, "POST", "/v3/pay/transactions/h5", payload)
        pay_url = _read("create", request.out_trade_no, body, lambda record: record.text("h5_url"))
        if request.return_url:
            pay_url += f"&redirect_url={quote(request.return_url, safe='')}"
        return ChargeCreated(request.out_trade_no, pay_url)

    async def query(self, out_trade_no: str, *, provider_ref: str = "") -> ChargeState:
        _check_number(TRADE_NO, out_trade_no)
        target = f"/v3/pay/transactions/out-trade-no/{quote(out_trade_no, safe='')}?mchid={self._config.mchid}"
        try:
            body = await self._call("query", out_trade_no, "GET", target)
        except GatewayRefused as refusal:
            if refusal.code in UNKNOWN_TRADE:
                return ChargeState(out_trade_no, ChargeStatus.NOT_FOUND, provider_state=refusal.code)
            raise
        state = _read("query", out_trade_no, body, wire.charge_state)
        _same("query", out_trade_no, state.out_trade_no)
        return state

    async def close(self, out_trade_no: str, *, provider_ref: str = "") -> None:
        _check_number(TRADE_NO, out_trade_no)
        target = f"/v3/pay/transactions/out-trade-no/{quote(out_trade_no, safe='')}/close"
        try:
            await self._call("close", out_trade_no, "POST", target, {"mchid": self._config.mchid})
        except GatewayRefused as refusal:
            if refusal.code not in ALREADY_CLOSED | UNKNOWN_TRADE:
                raise

    async def refund(self, request: RefundRequest) -> RefundState:
        _check_number(TRADE_NO, request.out_trade_no)
        _check_number(REFUND_NO, request.out_refund_no)
        _check_amount(request.refund_fen)
        if request.refund_fen > request.total_fen:
            raise ValueError(f"refund_fen {request.refund_fen} is more than the charge's total_fen {request.total_fen}")
        payload: dict[str, Any] = {
            "out_trade_no": request.out_trade_no,
            "out_refund_no": request.out_refund_no,
            "reason": _cut(request.reason),
            "amount": {"refund": request.refund_fen, "total": request.total_fen, "currency": request.currency},
        }
        if request.notify_url:
            payload["notify_url"] = request.notify_url
        body = await self._call("refund", request.out_refund_no, "POST", "/v3/refund/domestic/refunds", payload)
        state = _read("refund", request.out_refund_no, body, wire.refund_state)
        _same("refund", request.out_refund_no, state.out_refund_no)
        return state

    async def query_refund(self, out_refund_no: str, *, out_trade_no: str = "", provider_ref: str = "") -> RefundState:
        _check_number(REFUND_NO, out_refund_no)
        target = f"/v3/refund/domestic/refunds/{quote(out_refund_no, safe='')}"
        try:
            body = await self._call("query_refund", out_refund_no, "GET", target)
        except GatewayRefused as refusal:
            if refusal.code in UNKNOWN_TRADE:
                return RefundState(out_refund_no, RefundStatus.NOT_FOUND, provider_state=refusal.code)
            raise
        state = _read("query_refund", out_refund_no, body, wire.refund_state)
        _same("query_refund", out_refund_no, state.out_refund_no)
        return state

    async def statement(self, day: date) -> list[StatementRow]:
        """The trade bill, there from ten in the morning of the next day on. Its address is signed, its bytes are hashed."""
        asked = day.isoformat()
        try:
            body = await self._call("statement", asked, "GET", f"/v3/bill/tradebill?bill_date={asked}&bill_type=ALL")
        except GatewayRefused as refusal:
            if refusal.code == NO_STATEMENT:  # a day without a single trade
                return []
            raise
        named = _read("statement", asked, body, lambda record: (record.text("hash_value"), record.text("download_url")))
        digest, url = named
        answer = await self._send("statement", asked, "GET", url, b"", BILL_BYTES_MAX)
        if answer.status_code != 200:
            raise _failure("statement", asked, answer)
        if hashlib.sha1(answer.content, usedforsecurity=False).hexdigest() != digest.lower():
            raise ForgedAnswer("statement", asked, "the bill does not match its hash")
        try:
            return read_bill(answer.content)
        except (ValueError, KeyError) as error:
            raise GatewayTimeout("statement", asked, f"the bill is not as documented: {error!r}") from error

    def parse_callback(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        return parse_callback(self._config, self._keyring, self._nonces, headers, body, now=now)

    async def refresh_keys(self) -> bool:
        if not self._keyring.may_refresh(now=self._clock()):
            return False
        answer = await self._send("refresh_keys", "certificates", "GET", "/v3/certificates", b"")
        if answer.status_code != 200:
            raise _failure("refresh_keys", "certificates", answer)
        try:
            # Sealed with the APIv3 key that only the platform and we hold: that makes them believable. The signature of
            # this answer can only be checked afterwards, with one of them.
            fresh = open_certificates(self._config.apiv3_key, answer.content)
            candidates = Keyring(fresh)
            SignedBy(answer.headers).check(candidates, answer.content, now=self._clock())
        except (ValueError, CallbackRefused) as error:
            raise ForgedAnswer("refresh_keys", "certificates", str(error)) from error
        self._keyring.add(fresh)
        return True

    async def _call(
        self, operation: str, number: str, method: str, target: str, payload: dict[str, Any] | None = None
    ) -> bytes:
        """The verified body of a 2xx answer. Raises GatewayTimeout, ForgedAnswer or GatewayRefused."""
        body = b"" if payload is None else json.dumps(payload, ensure_ascii=False).encode()
        answer = await self._send(operation, number, method, target, body)
        is_signed = "wechatpay-signature" in answer.headers
        if answer.is_success or is_signed:
            await self._check_answer(operation, number, answer)
        if answer.is_success:
            return answer.content
        raise _failure(operation, number, answer)

    async def _send(
        self, operation: str, number: str, method: str, target: str, body: bytes, bytes_max: int = ANSWER_BYTES_MAX
    ) -> httpx.Response:
        request = self._http.build_request(
            method, target, content=body, headers={"Content-Type": "application/json"} if body else {}
        )
        timestamp, nonce = str(int(self._clock().timestamp())), secrets.token_hex(16)
        message = signature.request_message(method, request.url.raw_path.decode("ascii"), timestamp, nonce, body)
        request.headers["Authorization"] = signature.authorization(
            mchid=self._config.mchid,
            serial_no=self._config.serial_no,
            timestamp=timestamp,
            nonce=nonce,
            signature=signature.sign(self._config.private_key, message),
        )
        try:
            return await read_bounded(self._http, request, bytes_max)
        except httpx.HTTPError as error:
            raise GatewayTimeout(operation, number, f"{type(error).__name__}: {error}") from error
        except OverflowError as error:
            raise GatewayTimeout(operation, number, str(error)) from error

    async def _check_answer(self, operation: str, number: str, answer: httpx.Response) -> None:
        try:
            signed_by = SignedBy(answer.headers)
            if self._keyring.key(signed_by.serial_no, now=self._clock()) is None:
                await self.refresh_keys()
            signed_by.check(self._keyring, answer.content, now=self._clock())
        except CallbackRefused as refusal:
            raise ForgedAnswer(operation, number, str(refusal)) from refusal
        except GatewayError as error:
            raise GatewayTimeout(operation, number, f"cannot fetch the platform's keys: {error}") from error


def _read(operation: str, number: str, body: bytes, read: Callable[[wire.Record], T]) -> T:
    try:
        return read(wire.Record.parse(body))
    except wire.Malformed as error:
        raise GatewayTimeout(operation, number, f"the answer is not as documented: {error}") from error


def _same(operation: str, asked: str, answered: str) -> None:
    # The signature covers the answer but not the question: an answer to another question could be slipped in.
    if asked != answered:
        raise ForgedAnswer(operation, asked, f"the answer is about {answered}")


def _failure(operation: str, number: str, answer: httpx.Response) -> GatewayError:
    """5xx leaves the outcome open; any other error with a code is a decision (official SDKs take it unsigned too)."""
    try:
        document = wire.Record.parse(answer.content)
        code, message = document.text_or("code", ""), document.text_or("message", "")
        field = document.record_or_empty("detail").text_or("field", "")
    except wire.Malformed:
        code, message, field = "", "", ""
    if answer.status_code >= 500 or not code:
        return GatewayTimeout(operation, number, f"HTTP {answer.status_code} {code}".strip())
    return GatewayRefused(code, message, answer.status_code, field)


def _check_number(pattern: re.Pattern[str], number: str) -> None:
    if not pattern.fullmatch(number):
        raise ValueError(f"{number!r} does not match {pattern.pattern}, which WeChat Pay requires")


def _check_amount(fen: int) -> None:
    if fen < 1:
        raise ValueError(f"an amount must be at least 1 fen, not {fen}")


def _rfc3339(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("expires_at must carry a time zone")
    return moment.replace(microsecond=0).isoformat()


def _cut(reason: str) -> str:
    """WeChat Pay counts bytes; half a character at the end is dropped."""
    return reason.encode()[:REASON_BYTES_MAX].decode("utf-8", "ignore")
