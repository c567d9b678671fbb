"""All routes of this Stripe: the part of its API that a shop uses, the page of Checkout, and the tester's desk."""

import asyncio
import hashlib
import json
import re
import secrets
from typing import Any, Literal
from urllib.parse import parse_qs, parse_qsl

from pydantic import BaseModel, ConfigDict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from kaibo.sandbox import console, page
from kaibo.sandbox.addresses import is_allowed
from kaibo.sandbox.beijing import now_ms
from kaibo.sandbox.faults import faults_for
from kaibo.sandbox.store import Row
from kaibo.sandbox.stripe import balance, sessions
from kaibo.sandbox.stripe.sessions import Stripe, StripeError

CASHIER = "/stripe/pay"
CURRENCIES = frozenset({"cny", "usd", "eur", "hkd", "gbp", "jpy"})
OPEN_S_MIN, OPEN_S_MAX = 30 * 60, 24 * 3600
AMOUNT_MAX = 99_999_999
LIST_MAX = 100
_PART = re.compile(r"\[([^\[\]]*)\]")


class Choice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    outcome: Literal["success", "failure"] = "success"


class Endpoint(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str


def make_app(desk: Stripe) -> Starlette:
    app = Starlette(
        routes=[
            Route("/v1/checkout/sessions", create_session, methods=["POST"]),
            Route("/v1/checkout/sessions/{id}", show_session),
            Route("/v1/checkout/sessions/{id}/expire", expire_session, methods=["POST"]),
            Route("/v1/refunds", create_refund, methods=["POST"]),
            Route("/v1/refunds", list_refunds, methods=["GET"]),
            Route("/v1/balance_transactions", list_balance),
            Route(CASHIER + "/{id}", show),
            Route(CASHIER + "/{id}", choose, methods=["POST"]),
            Route("/stripe/sandbox/pay/{id}", choose_json, methods=["POST"]),
            Route("/stripe/sandbox/endpoints", put_endpoint, methods=["PUT"]),
            *console.routes("/stripe/sandbox"),
        ],
        exception_handlers={StripeError: _refuse},
    )
    app.state.desk = desk
    return app


def stripe_of(request: Request) -> Stripe:
    desk = request.app.state.desk
    assert isinstance(desk, Stripe)
    return desk


def _admitted(request: Request) -> Stripe:
    """Raises StripeError without the account's key."""
    desk = stripe_of(request)
    given = request.headers.get("authorization", "").encode()
    if not secrets.compare_digest(given, f"Bearer {desk.keys.secret_key}".encode()):
        raise StripeError(401, "api_key_invalid", "Invalid API Key provided", kind="invalid_request_error")
    return desk


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Stripe's forms: `line_items[0][price_data][currency]=cny` as nested dictionaries (lists by their index as text)."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        steps = [name.partition("[")[0], *_PART.findall(name)]
        here = found
        for step in steps[:-1]:
            here = here.setdefault(step, {})
            if not isinstance(here, dict):
                raise StripeError(400, "parameter_invalid", f"Invalid parameter: {name}", name)
        here[steps[-1] or str(len(here))] = value
    return found


async def _form(request: Request) -> tuple[dict[str, Any], str]:
    """The body, and what tells it from another body."""
    body = await console.read_bytes(request)
    return nested(parse_qsl(body.decode(), keep_blank_values=True)), hashlib.sha256(body).hexdigest()


def _remembered(desk: Stripe, request: Request, fingerprint: str) -> Response | None:
    """What was answered to this Idempotency-Key before. Raises StripeError where the request was another."""
    key = request.headers.get("idempotency-key", "")
    row = desk.store.one("SELECT * FROM idempotency WHERE key = ?", key) if key else None
    if row is None:
        return None
    if row["fingerprint"] != fingerprint:
        message = "Keys for idempotent requests can only be used with the same parameters they were first used with."
        raise StripeError(400, "idempotency_key_in_use", message, kind="idempotency_error")
    headers = {"Idempotent-Replayed": "true"}
    return Response(row["answer"], row["status"], headers=headers, media_type="application/json")


def _remember(desk: Stripe, request: Request, fingerprint: str, document: dict[str, Any]) -> Response:
    answer = json.dumps(document, ensure_ascii=False)
    if key := request.headers.get("idempotency-key", ""):
        row = {"key": key, "fingerprint": fingerprint, "status": 200, "answer": answer}
        with desk.store.change():
            desk.store.insert("idempotency", row)
    return Response(answer, media_type="application/json")


async def create_session(request: Request) -> Response:
    desk = _admitted(request)
    form, fingerprint = await _form(request)
    faults = faults_for(desk.store, str(form.get("client_reference_id", "")))
    if (earlier := _remembered(desk, request, fingerprint)) is None:
        session = _new_session(form)
        with desk.store.change():
            desk.store.insert("sessions", session)
        earlier = _remember(desk, request, fingerprint, sessions.session_object(desk, session))
    if faults.slow_create_ms:
        await asyncio.sleep(faults.slow_create_ms / 1000)
    if faults.fail_create:
        raise StripeError(500, "api_error", "An unknown error occurred", kind="api_error")
    return earlier


def _new_session(form: dict[str, Any]) -> Row:
    item = _at(form, "line_items", "0")
    price = _at(item, "price_data")
    currency = str(price.get("currency", ""))
    if form.get("mode") != "payment":
        raise StripeError(400, "parameter_invalid", "mode must be payment", "mode")
    if currency not in CURRENCIES:
        message = f"Invalid currency: {currency}."
        raise StripeError(400, "parameter_invalid", message, "line_items[0][price_data][currency]")
    amount = _amount(price, "unit_amount") * _amount(item, "quantity")
    if not str(form.get("success_url", "")).startswith(("http://", "https://")):
        raise StripeError(400, "url_invalid", "Not a valid URL", "success_url")
    created_ms = now_ms()
    expires_ms = int(form["expires_at"]) * 1000 if "expires_at" in form else created_ms + OPEN_S_MAX * 1000
    if not (OPEN_S_MIN - 60) * 1000 <= expires_ms - created_ms <= OPEN_S_MAX * 1000:
        message = "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from session creation."
        raise StripeError(400, "parameter_invalid", message, "expires_at")
    return {
        "id": sessions.new_id("cs_test"),
        "intent_id": sessions.new_id("pi"),
        "charge_id": sessions.new_id("ch"),
        "reference": str(form.get("client_reference_id", "")),
        "name": str(_at(price, "product_data").get("name", "")),
        "amount": amount,
        "currency": currency,
        "success_url": form["success_url"],
        "metadata": json.dumps(form.get("metadata", {})),
        "intent_metadata": json.dumps(form.get("payment_intent_data", {}).get("metadata", {})),
        "status": "open",
        "created_ms": created_ms,
        "expires_ms": expires_ms,
        "paid_ms": None,
    }


def _at(form: dict[str, Any], *steps: str) -> dict[str, Any]:
    here: Any = form
    for step in steps:
        here = here.get(step) if isinstance(here, dict) else None
    if not isinstance(here, dict):
        name = steps[0] + "".join(f"[{step}]" for step in steps[1:])
        raise StripeError(400, "parameter_missing", f"Missing required param: {name}.", name)
    return here


def _amount(form: dict[str, Any], name: str) -> int:
    text = str(form.get(name, ""))
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= AMOUNT_MAX):
        raise StripeError(400, "parameter_invalid_integer", f"Invalid integer: {text}", name)
    return int(text)


async def show_session(request: Request) -> Response:
    desk = _admitted(request)
    session = desk.session(request.path_params["id"])
    expanded = any(name.startswith("expand") for name in request.query_params)
    return JSONResponse(sessions.session_object(desk, session, expanded=expanded))


async def expire_session(request: Request) -> Response:
    desk = _admitted(request)
    return JSONResponse(sessions.session_object(desk, sessions.expire(desk, desk.session(request.path_params["id"]))))


async def create_refund(request: Request) -> Response:
    desk = _admitted(request)
    form, fingerprint = await _form(request)
    session = desk.by_intent(str(form.get("payment_intent", "")))
    faults = faults_for(desk.store, session["reference"])
    if (earlier := _remembered(desk, request, fingerprint)) is None:
        if faults.not_enough:
            message = "Insufficient funds in Stripe account."
            raise StripeError(400, "balance_insufficient", message)
        amount = _amount(form, "amount")
        left = session["amount"] - desk.refunded(session["intent_id"])
        if amount > left:
            message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            raise StripeError(400, "amount_too_large", message, "amount")
        refund: Row = {
            "id": sessions.new_id("re"),
            "intent_id": session["intent_id"],
            "amount": amount,
            "metadata": json.dumps(form.get("metadata", {})),
            "status": "pending",
            "reason": str(form.get("reason", "")),
            "created_ms": now_ms(),
            "due_ms": now_ms() + desk.settings.refund_delay_ms,
        }
        with desk.store.change():
            desk.store.insert("refunds", refund)
        desk.wake.set()
        earlier = _remember(desk, request, fingerprint, sessions.refund_object(session, refund))
    if faults.fail_refund:
        raise StripeError(500, "api_error", "An unknown error occurred", kind="api_error")
    return earlier


async def list_refunds(request: Request) -> Response:
    desk = _admitted(request)
    session = desk.by_intent(request.query_params.get("payment_intent", ""))
    sql = "SELECT * FROM refunds WHERE intent_id = ? ORDER BY created_ms DESC LIMIT ?"
    rows = desk.store.all(sql, session["intent_id"], LIST_MAX)
    data = [sessions.refund_object(session, row) for row in rows]
    return JSONResponse({"object": "list", "data": data, "has_more": False, "url": "/v1/refunds"})


async def list_balance(request: Request) -> Response:
    desk = _admitted(request)
    query = request.query_params
    first, after = query.get("created[gte]", "0"), query.get("created[lt]", "99999999999")
    limit = min(LIST_MAX, int(query.get("limit", "10")))
    return JSONResponse(balance.listed(desk, int(first), int(after), query.get("starting_after", ""), limit))


async def put_endpoint(request: Request) -> Response:
    """`{"url": …}`: a webhook endpoint of the account, as its owner would add it in Stripe's dashboard."""
    desk = console.admitted(request)
    url = (await console.parse(Endpoint, request)).url
    if not is_allowed(url, desk.settings.notify_origins):
        raise StripeError(400, "url_invalid", "outside --notify-origin", "url")
    with desk.store.change():
        desk.store.run("INSERT OR IGNORE INTO endpoints VALUES (?)", url)
    return JSONResponse({"url": url})


async def show(request: Request) -> Response:
    desk = stripe_of(request)
    return _page(request, desk.store.one("SELECT * FROM sessions WHERE id = ?", request.path_params["id"]))


async def choose(request: Request) -> Response:
    """The form: pay or give up, then back to the merchant's page, exactly as the real page leaves."""
    desk = stripe_of(request)
    form = parse_qs((await console.read_bytes(request)).decode("utf-8", "replace"))
    session = desk.store.one("SELECT * FROM sessions WHERE id = ?", request.path_params["id"])
    if session is None:
        return _page(request, None)
    if form.get("outcome", [""])[0] == "success" and session["status"] != "complete":
        try:
            session = sessions.pay(desk, session)
        except StripeError:
            return _page(request, session)
    if is_allowed(session["success_url"], desk.settings.return_origins):
        return RedirectResponse(session["success_url"], 303)
    return _page(request, session)


async def choose_json(request: Request) -> Response:
    """`{"outcome": "success" | "failure"}`; whoever knows the session may pay, as with the page itself."""
    desk = stripe_of(request)
    choice = await console.parse(Choice, request)
    session = desk.session(request.path_params["id"])
    if choice.outcome == "success":
        session = sessions.pay(desk, session)
    return JSONResponse({"id": session["id"], "status": session["status"]})


def _page(request: Request, session: Row | None) -> Response:
    desk = stripe_of(request)
    if session is None:
        return page.show(request, "stripe", None, address=CASHIER, query={}, back="")
    back = session["success_url"] if is_allowed(session["success_url"], desk.settings.return_origins) else ""
    over = session["status"] == "expired" or session["expires_ms"] <= now_ms()
    sign = "¥" if session["currency"] == "cny" else f"{session['currency'].upper()} "
    bill = page.Bill(
        amount=sign + page.yuan(session["amount"]).removeprefix("¥"),
        merchant=desk.settings.merchant_name,
        description=session["name"],
        number=session["reference"],
        state="paid" if session["status"] == "complete" else "over" if over else "open",
        action=f"{CASHIER}/{session['id']}",
    )
    return page.show(request, "stripe", bill, address=f"{CASHIER}/{session['id']}", query={}, back=back)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, StripeError)
    return JSONResponse(error.document, error.status)
