"""The page at h5_url, where a buyer pays or gives up, and the same two choices as JSON for automated buyers."""

import secrets
from html import escape
from pathlib import Path
from string import Template
from typing import Literal
from urllib.parse import parse_qs, quote, urlencode

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from kaibo.sandbox.wechatpay import trades
from kaibo.sandbox.wechatpay.crypto import now_ms
from kaibo.sandbox.wechatpay.errors import Refusal
from kaibo.sandbox.wechatpay.platform import Platform, parse, platform_of, read_bytes
from kaibo.sandbox.wechatpay.settings import is_allowed, origin_of
from kaibo.sandbox.wechatpay.store import Row
from kaibo.sandbox.wechatpay.words import EN, ZH, Words

PATH = "/cgi-bin/mmpayweb-bin/checkmweb"
PAGE = Template((Path(__file__).parent / "cashier.html").read_text("utf-8"))


class Choice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    outcome: Literal["success", "failure"] = "success"


async def show(request: Request) -> Response:
    trade = platform_of(request).store.trade_by_prepay(request.query_params.get("prepay_id", ""))
    return _page(request, trade, request.query_params.get("redirect_url", ""))


async def choose(request: Request) -> Response:
    """The form: pay or give up, then back to the merchant's page, exactly as the real cashier leaves."""
    platform = platform_of(request)
    form = parse_qs((await read_bytes(request)).decode("utf-8", "replace"))
    redirect_url = form.get("redirect_url", [""])[0]
    trade = platform.store.trade_by_prepay(request.path_params["prepay_id"])
    if trade is None:
        return _page(request, None, redirect_url)
    if form.get("outcome", [""])[0] == "success":
        try:
            trade = trades.pay(platform, trade)
        except Refusal as refusal:
            # Two taps on one button, or the back button: paying twice is one payment, the buyer goes on.
            if refusal.code != "ORDERPAID":
                return _page(request, trade, redirect_url)
    if is_allowed(redirect_url, platform.settings.return_origins):
        return RedirectResponse(redirect_url, 303)
    return _page(request, trade, redirect_url)


async def choose_json(request: Request) -> Response:
    """`{"outcome": "success" | "failure"}`; whoever knows the prepay_id may pay, as with the page itself."""
    platform = platform_of(request)
    choice = parse(Choice, await read_bytes(request) or b"{}")
    trade = platform.store.trade_by_prepay(request.path_params["prepay_id"])
    if trade is None:
        raise Refusal("ORDER_NOT_EXIST", "订单不存在")
    if choice.outcome == "success":
        trade = trades.pay(platform, trade)
    return JSONResponse(trades.document(platform, trade))


def yuan(fen: int) -> str:
    """`¥1,234.50`"""
    return f"¥{fen // 100:,}.{fen % 100:02d}"


def _page(request: Request, trade: Row | None, redirect_url: str) -> Response:
    platform = platform_of(request)
    words = _words(request)
    back = redirect_url if is_allowed(redirect_url, platform.settings.return_origins) else ""
    if trade is None:
        content, status = f'<div class="card"><h1 class="status bad">{escape(words.not_found)}</h1></div>', 404
    else:
        content, status = _trade(platform, trade, words, redirect_url, back), 200
    other = EN if words is ZH else ZH
    prepay_id = trade["prepay_id"] if trade else ""
    parameters = {"prepay_id": prepay_id, "redirect_url": redirect_url, "lang": other.lang}
    nonce = secrets.token_urlsafe(16)
    page = PAGE.substitute(
        lang=words.lang,
        title=escape(words.title),
        nonce=nonce,
        mark=escape(words.mark),
        other_url=escape(f"{PATH}?{urlencode(parameters)}"),
        other_lang=other.lang,
        other_name=other.name,
        content=content,
    )
    # Browsers apply form-action to the redirect after the form too, so the merchant's origin has to be named.
    target = origin_of(back) if back else None
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self' {target or ''}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Vary": "Accept-Language",
    }
    return HTMLResponse(page, status, headers=headers)


def _trade(platform: Platform, trade: Row, words: Words, redirect_url: str, back: str) -> str:
    rows = (
        (words.merchant, platform.settings.merchant_name),
        (words.description, trade["description"]),
        (words.number, trade["out_trade_no"]),
    )
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    if trade["state"] == "SUCCESS":
        status = f'<p class="status" role="status">{escape(words.paid)}</p>'
    elif trade["state"] == "CLOSED" or trade["expires_ms"] <= now_ms():
        status = f'<p class="status bad" role="status">{escape(words.over)}</p>'
    else:
        status = ""
    card = (
        f'<section class="card" aria-labelledby="what"><h1 id="what">{escape(words.amount)}</h1>'
        f'<p class="amount">{yuan(trade["total_fen"])}</p><dl>{listed}</dl>{status}</section>'
    )
    if status:
        return card + (f'<a class="back" href="{escape(back)}">{escape(words.back)}</a>' if back else "")
    return card + (
        f'<form method="post" action="{PATH}/{quote(trade["prepay_id"])}?lang={words.lang}">'
        f'<input type="hidden" name="redirect_url" value="{escape(redirect_url)}">'
        f'<button class="go" name="outcome" value="success">{escape(words.confirm)}</button>'
        f'<button class="no" name="outcome" value="failure">{escape(words.give_up)}</button></form>'
    )


def _words(request: Request) -> Words:
    asked = request.query_params.get("lang") or request.headers.get("accept-language", "zh")
    return EN if asked.lower().startswith("en") else ZH
