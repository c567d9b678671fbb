"""Stripe's official client behind `kaibo.trade.payment.gateway.Gateway`.

A Checkout Session can only be found by Stripe's own id (`provider_ref`). Where the answer to `create` was lost nobody has its
address, so nobody can pay it; asking again under the same idempotency key gives the same session.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import stripe

from kaibo.kernel.clock import now
from kaibo.trade.payment.gateway import (
    ChargeCreated,
    ChargeRequest,
    ChargeState,
    ChargeStatus,
    GatewayRefused,
    GatewayTimeout,
    Notice,
    RefundRequest,
    RefundState,
    RefundStatus,
    StatementRow,
)
from kaibo.trade.payment.stripe.callback import parse_callback
from kaibo.trade.payment.stripe.config import StripeConfig
from kaibo.trade.payment.stripe.transport import Transport
from kaibo.trade.payment.stripe.wire import REFUND_STATUS, day_bounds, moment, statement_row

TIMEOUT_S = 10.0
NUMBER = re.compile(r"[0-9A-Za-z_]{6,64}")
OPEN_AFTER = timedelta(minutes=30)
"""Stripe keeps a session open for 30 minutes at least, so it is given that long after the order's time; the order closes it."""
OPEN_MAX = timedelta(hours=23)
NAME_CHARS_MAX = 120
PAGE_MAX = 100
PAGES_MAX = 10_000

T = TypeVar("T")


class StripeGateway:
    """Safe to share between tasks of one event loop."""

    def __init__(
        self, config: StripeConfig, *, clock: Callable[[], datetime] = now, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._config = config
        self._clock = clock
        stripe.enable_telemetry = False
        self._transport = Transport(timeout_s)
        self._client = stripe.StripeClient(
            config.secret_key,
            base_addresses={"api": config.api_base},
            http_client=self._transport,
            max_network_retries=0,
        )

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def create(self, request: ChargeRequest) -> ChargeCreated:
        _check_number(request.out_trade_no)
        name = request.description[:NAME_CHARS_MAX] or request.out_trade_no
        price = {
            "currency": request.currency.lower(),
            "unit_amount": request.amount_fen,
            "product_data": {"name": name},
        }
        metadata = {"out_trade_no": request.out_trade_no}
        params: dict[str, Any] = {
            "mode": "payment",
            "client_reference_id": request.out_trade_no,
            "line_items": [{"quantity": 1, "price_data": price}],
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata, "description": name},
            "success_url": request.return_url,
            "cancel_url": request.return_url,
        }
        if request.expires_at - self._clock() < OPEN_MAX:
            params["expires_at"] = int((request.expires_at + OPEN_AFTER).timestamp())
        options: Any = {"idempotency_key": f"charge:{request.out_trade_no}"}
        sessions = self._client.v1.checkout.sessions
        made = await self._ask("create", request.out_trade_no, lambda: sessions.create_async(params, options))  # type: ignore[arg-type]
        if not made.url:
            raise GatewayRefused("session_without_url", f"the session is {made.status}", 200)
        return ChargeCreated(request.out_trade_no, made.url, provider_ref=made.id)

    async def query(self, out_trade_no: str, *, provider_ref: str = "") -> ChargeState:
        if not provider_ref:
            return ChargeState(out_trade_no, ChargeStatus.NOT_FOUND, provider_state="no session known")
        session = await self._session("query", out_trade_no, provider_ref)
        if session.get("client_reference_id") != out_trade_no:
            raise GatewayTimeout("query", out_trade_no, f"the session is of {session.get('client_reference_id')}")
        said = f"{session['status']} {session['payment_status']}"
        if session["payment_status"] != "paid":
            status = ChargeStatus.CLOSED if session["status"] == "expired" else ChargeStatus.NOT_PAID
            return ChargeState(out_trade_no, status, provider_state=said)
        intent = session["payment_intent"]
        charge = intent["latest_charge"]
        return ChargeState(
            out_trade_no,
            ChargeStatus.PAID,
            transaction_id=intent["id"],
            amount_fen=session["amount_total"],
            currency=session["currency"].upper(),
            paid_at=moment(charge["created"]),
            has_refund=charge["amount_refunded"] > 0,
            provider_state=said,
        )

    async def close(self, out_trade_no: str, *, provider_ref: str = "") -> None:
        if not provider_ref:
            return
        sessions = self._client.v1.checkout.sessions
        try:
            await self._ask("close", out_trade_no, lambda: sessions.expire_async(provider_ref))
        except GatewayRefused as refusal:
            state = await self.query(out_trade_no, provider_ref=provider_ref)
            if state.status is ChargeStatus.PAID:
                raise GatewayRefused("ORDERPAID", refusal.message, refusal.http_status) from refusal
            if state.status is not ChargeStatus.CLOSED:
                raise

    async def refund(self, request: RefundRequest) -> RefundState:
        _check_number(request.out_refund_no)
        if not 1 <= request.refund_fen <= request.total_fen:
            raise ValueError(f"a refund of {request.refund_fen} fen of {request.total_fen}")
        intent_id = await self._intent_id("refund", request.out_refund_no, request.provider_ref)
        # Stripe forgets idempotency keys after a day or so; the refund itself carries our number for ever.
        found = await self._find_refund(request.out_refund_no, intent_id)
        if found is None:
            params: Any = {
                "payment_intent": intent_id,
                "amount": request.refund_fen,
                "reason": "requested_by_customer",
                "metadata": {"out_refund_no": request.out_refund_no, "out_trade_no": request.out_trade_no},
            }
            options: Any = {"idempotency_key": f"refund:{request.out_refund_no}"}
            refunds = self._client.v1.refunds
            made = await self._ask("refund", request.out_refund_no, lambda: refunds.create_async(params, options))
            found = made.to_dict()
        return _refund_state(request.out_refund_no, found, request.total_fen)

    async def query_refund(self, out_refund_no: str, *, out_trade_no: str = "", provider_ref: str = "") -> RefundState:
        intent_id = await self._intent_id("query_refund", out_refund_no, provider_ref)
        found = await self._find_refund(out_refund_no, intent_id)
        if found is None:
            return RefundState(out_refund_no, RefundStatus.NOT_FOUND)
        return _refund_state(out_refund_no, found, None)

    async def statement(self, day: date) -> list[StatementRow]:
        """The account's balance transactions of that day in China, so that all providers' days are the same."""
        first, after = day_bounds(day)
        params: dict[str, Any] = {
            "created": {"gte": first, "lt": after},
            "limit": PAGE_MAX,
            "expand": ["data.source"],
        }
        rows: list[StatementRow] = []
        listed, asked = self._client.v1.balance_transactions, day.isoformat()
        for _ in range(PAGES_MAX):
            page = await self._ask("statement", asked, partial(listed.list_async, dict(params)))  # type: ignore[arg-type]
            try:
                found = [statement_row(one.to_dict()) for one in page.data]
            except (KeyError, TypeError, ValueError) as error:
                raise GatewayTimeout("statement", asked, f"the answer is not as documented: {error!r}") from error
            rows += [row for row in found if row is not None]
            if not page.has_more or not page.data:
                return rows
            params["starting_after"] = page.data[-1].id
        raise GatewayTimeout("statement", asked, f"more than {PAGES_MAX} pages")

    def parse_callback(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        return parse_callback(self._config, headers, body)

    async def refresh_keys(self) -> bool:
        """The secret is in the file: there is nothing to fetch."""
        return False

    async def _session(self, operation: str, number: str, provider_ref: str) -> Any:
        params: Any = {"expand": ["payment_intent.latest_charge"]}
        sessions = self._client.v1.checkout.sessions
        found = await self._ask(operation, number, lambda: sessions.retrieve_async(provider_ref, params))
        return found.to_dict()

    async def _intent_id(self, operation: str, number: str, provider_ref: str) -> str:
        if not provider_ref:
            raise GatewayTimeout(operation, number, "the session of this charge is not known")
        session = await self._session(operation, number, provider_ref)
        intent = session.get("payment_intent")
        if not intent:
            raise GatewayRefused("payment_intent_missing", "the session was never paid", 200)
        return str(intent["id"])

    async def _find_refund(self, out_refund_no: str, intent_id: str) -> Any:
        """A payment has fifty-odd refunds at most: one page of a hundred holds them."""
        params: Any = {"payment_intent": intent_id, "limit": PAGE_MAX}
        refunds = self._client.v1.refunds
        page = await self._ask("query_refund", out_refund_no, lambda: refunds.list_async(params))
        found = [one.to_dict() for one in page.data]
        return next((one for one in found if (one["metadata"] or {}).get("out_refund_no") == out_refund_no), None)

    async def _ask(self, operation: str, number: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Raises GatewayTimeout where the outcome is unknown, GatewayRefused where Stripe decided against it."""
        try:
            return await ask()
        except (stripe.APIConnectionError, stripe.APIError) as silence:
            raise GatewayTimeout(operation, number, f"{type(silence).__name__}: {silence}") from silence
        except stripe.StripeError as refusal:
            status = refusal.http_status or 0
            if status >= 500 or not status:
                raise GatewayTimeout(operation, number, f"{type(refusal).__name__}: {refusal}") from refusal
            code = refusal.code or type(refusal).__name__
            message, param = refusal.user_message or str(refusal), str(getattr(refusal, "param", None) or "")
            raise GatewayRefused(code, message, status, param) from refusal


def _refund_state(out_refund_no: str, found: Any, total_fen: int | None) -> RefundState:
    status = REFUND_STATUS.get(found["status"] or "", RefundStatus.UNKNOWN)
    return RefundState(
        out_refund_no,
        status,
        out_trade_no=(found["metadata"] or {}).get("out_trade_no"),
        refund_id=found["id"],
        refund_fen=found["amount"],
        total_fen=total_fen,
        currency=found["currency"].upper(),
        refunded_at=datetime.fromtimestamp(found["created"], UTC) if status is RefundStatus.DONE else None,
        provider_state=found["status"] or "",
    )


def _check_number(number: str) -> None:
    if not NUMBER.fullmatch(number):
        raise ValueError(f"{number!r} does not match {NUMBER.pattern}")
