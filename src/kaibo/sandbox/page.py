"""The cashier's page, in which a buyer pays or gives up: one page for all providers, in each one's name and colour."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Literal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from kaibo.sandbox.addresses import origin_of
from kaibo.sandbox.words import EN, ZH, Words

PAGE = Template((Path(__file__).parent / "cashier.html").read_text("utf-8"))
COLOURS = {"wechatpay": "#06743b", "alipay": "#0b57d0", "stripe": "#4b44c4"}
"""Dark enough for white letters (WCAG AA)."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What is to be paid. `action` is where the form goes."""

    amount: str
    merchant: str
    description: str
    number: str
    state: Literal["open", "paid", "over"]
    action: str


def yuan(fen: int) -> str:
    """`¥1,234.50`"""
    return f"¥{fen // 100:,}.{fen % 100:02d}"


def show(
    request: Request, brand: str, bill: Bill | None, *, address: str, query: Mapping[str, str], back: str
) -> Response:
    """`address` with `query` is this page itself, for the other language; `back` is the merchant's address, or empty."""
    words = _words(request)
    if bill is None:
        content, status = f'<div class="card"><h1 class="status bad">{escape(words.not_found)}</h1></div>', 404
    else:
        content, status = _content(bill, words, query.get("redirect_url", ""), back), 200
    other = EN if words is ZH else ZH
    nonce = secrets.token_urlsafe(16)
    page = PAGE.substitute(
        lang=words.lang,
        title=escape(words.title),
        nonce=nonce,
        go=COLOURS[brand],
        brand=escape(words.brands[brand]),
        mark=escape(words.mark),
        other_url=escape(f"{address}?{urlencode({**query, 'lang': other.lang})}"),
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


def _content(bill: Bill, words: Words, redirect_url: str, back: str) -> str:
    rows = ((words.merchant, bill.merchant), (words.description, bill.description), (words.number, bill.number))
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    told = {
        "paid": f'<p class="status" role="status">{escape(words.paid)}</p>',
        "over": f'<p class="status bad" role="status">{escape(words.over)}</p>',
        "open": "",
    }
    status = told[bill.state]
    card = (
        f'<section class="card" aria-labelledby="what"><h1 id="what">{escape(words.amount)}</h1>'
        f'<p class="amount">{escape(bill.amount)}</p><dl>{listed}</dl>{status}</section>'
    )
    if status:
        return card + (f'<a class="back" href="{escape(back)}">{escape(words.back)}</a>' if back else "")
    return card + (
        f'<form method="post" action="{escape(bill.action)}?lang={words.lang}">'
        f'<input type="hidden" name="redirect_url" value="{escape(redirect_url)}">'
        f'<button class="go" name="outcome" value="success">{escape(words.confirm)}</button>'
        f'<button class="no" name="outcome" value="failure">{escape(words.give_up)}</button></form>'
    )


def _words(request: Request) -> Words:
    asked = request.query_params.get("lang") or request.headers.get("accept-language", "zh")
    return EN if asked.lower().startswith("en") else ZH
